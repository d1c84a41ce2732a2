"""Policy files: what a fleet is held to, written by hand in TOML.

A file may extend another one, and take waivers from files of their own. All of that is read into
one ``Policy``, whose rules say where they stand.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

from msgspec import UNSET, UnsetType

from vpcmetactl.domain.checks import CHECKS, Check
from vpcmetactl.domain.default_policy import DEFAULT_POLICY
from vpcmetactl.domain.errors import InvalidInputError
from vpcmetactl.domain.policy import Parameters, Policy, Rule, UnknownMeans, Waiver
from vpcmetactl.domain.restarts import Verdict
from vpcmetactl.domain.servers import ServerKind
from vpcmetactl.domain.subject_selection import EVERY_SERVER, SubjectSelector
from vpcmetactl.files.mistakes import Mistakes, meant, shown
from vpcmetactl.files.policy_shapes import (
    PolicyFile,
    RuleTable,
    Servers,
    WaiversFile,
    WaiverTable,
)
from vpcmetactl.files.storage import read_bytes

T = TypeVar("T")

# What stands for the policy that is in the program, where a file's name is expected.
DEFAULT = "default"
MOST_DEPTH = 10
MOST_BYTES = 4 * 1024 * 1024

_CHECKS = {check.id: check for check in CHECKS}
_KINDS = {
    "instance": ServerKind.INSTANCE,
    "bare-metal": ServerKind.BARE_METAL_SERVER,
    "bare_metal_server": ServerKind.BARE_METAL_SERVER,
}
_PARAMETERS = tuple(field.name for field in fields(Parameters))
_GLOBS = ("name", "address")


def read_policy(path: Path) -> Policy:
    """Return the policy in a file, with everything it extends.

    Raises InvalidInputError, naming the file, the key and what may have been meant, for whatever
    is wrong with it: also where files extend each other in a circle, or judge nothing.
    """
    policy = _read(path, ())
    if not any(rule.enabled and _CHECKS[rule.check].judge is not None for rule in policy.rules):
        raise InvalidInputError(
            f"{path}: no rule lets a check judge anything",
            hint='add rules, or say extends = "default"',
        )
    _refuse_twice(str(path), policy.waivers)
    return policy


def read_waivers(path: Path) -> Sequence[Waiver]:
    """Return the waivers in a file of their own; raises as ``read_policy`` does."""
    mistakes = Mistakes(str(path))
    raw = _parse(_content(path), mistakes)
    waivers = _waivers(raw.pop("waivers", []), mistakes)
    mistakes.convert(raw, WaiversFile, "")
    mistakes.check()
    _refuse_twice(str(path), waivers)
    return waivers


def default_policy_text() -> str:
    """Return the default policy as a file would have it, with the reasons for it."""
    return files("vpcmetactl.files").joinpath("default_policy.toml").read_text("utf-8")


def with_waivers(policy: Policy, waivers: Sequence[Waiver]) -> Policy:
    """Return the policy with more waivers; raises InvalidInputError for one that it has."""
    together = replace(policy, waivers=(*policy.waivers, *waivers))
    _refuse_twice("the waivers", together.waivers)
    return together


def _read(path: Path, below: tuple[Path, ...]) -> Policy:
    """Read a file that the files ``below`` extend, the first of them being the user's own."""
    content = _content(path)
    here = path.resolve()
    if here in below:
        chain = " → ".join(str(one) for one in (*below[below.index(here) :], here))
        raise InvalidInputError(
            f"{path}: the files extend each other in a circle: {chain}",
            hint="take one extends out",
        )
    if len(below) >= MOST_DEPTH:
        raise InvalidInputError(
            f"{path}: it is the {len(below) + 1}th file in a row that extends another; "
            f"{MOST_DEPTH} are the most",
            hint="put some of them together",
        )
    file, rules, waivers = _decode(content, str(path))
    unknown = _given(file.unknown)
    policy = Policy(
        rules=tuple(rules),
        waivers=(*waivers, *_more_waivers(path, file)),
        unknown=unknown or UnknownMeans.WARN,
        name=_given(file.name),
    )
    if isinstance(file.extends, UnsetType):
        return policy
    parent = _parent(path, file.extends, (*below, here))
    return Policy(
        rules=(*policy.rules, *parent.rules),
        waivers=(*policy.waivers, *parent.waivers),
        unknown=unknown or parent.unknown,
        name=policy.name or parent.name,
    )


def _parent(path: Path, extends: str, below: tuple[Path, ...]) -> Policy:
    if extends == DEFAULT:
        return DEFAULT_POLICY
    parent = path.parent / extends
    _require(parent, f"{path}: extends")
    return _read(parent, below)


def _more_waivers(path: Path, file: PolicyFile) -> Sequence[Waiver]:
    found: list[Waiver] = []
    for name in _words(file.waiver_files):
        _require(path.parent / name, f"{path}: waiver_files")
        found += read_waivers(path.parent / name)
    return found


def _require(path: Path, said: str) -> None:
    """Raise InvalidInputError, naming who asks for it, where a file cannot be read."""
    try:
        _content(path)
    except InvalidInputError as error:
        raise InvalidInputError(f"{said}: {error}", hint=error.hint) from None


def _content(path: Path) -> bytes:
    content = read_bytes(path)
    if len(content) > MOST_BYTES:
        raise InvalidInputError(
            f"{path} is larger than {MOST_BYTES // 1024**2} MiB", hint="is it the right file?"
        )
    return content


def _parse(content: bytes, mistakes: Mistakes) -> dict[str, Any]:
    try:
        return tomllib.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        why, hint = "it is not UTF-8 text", "save it as UTF-8"
    except RecursionError:
        why, hint = "it is nested too deep", "docs/reference/policy.md has every key"
    except ValueError as error:
        why, hint = str(error), "mend the place it names"
    raise InvalidInputError(f"{mistakes.name} is no TOML: {why}", hint=hint)


def _decode(content: bytes, name: str) -> tuple[PolicyFile, Sequence[Rule], Sequence[Waiver]]:
    mistakes = Mistakes(name)
    raw = _parse(content, mistakes)
    rules = _rules(raw.pop("rules", []), mistakes)
    waivers = _waivers(raw.pop("waivers", []), mistakes)
    file = mistakes.convert(raw, PolicyFile, "")
    mistakes.check()
    if file is None:  # then there were mistakes
        raise InvalidInputError(f"{name} cannot be read")
    return file, rules, waivers


def _tables(raw: object, key: str, mistakes: Mistakes) -> Mapping[str, object]:
    """Return the tables of a list by their place."""
    if not isinstance(raw, list):
        mistakes.add(key, f"must be a list of tables: write [[{key}]] above each")
        return {}
    return {f"{key}[{number}]": table for number, table in enumerate(raw)}


# Rules.


def _rules(raw: object, mistakes: Mistakes) -> Sequence[Rule]:
    rules: dict[str, Rule] = {}
    for place, table in _tables(raw, "rules", mistakes).items():
        rule = _rule(table, place, mistakes)
        if rule is not None:
            _find_decided_before(rule, place, rules, mistakes)
            rules[place] = rule
    return list(rules.values())


def _rule(raw: object, place: str, mistakes: Mistakes) -> Rule | None:
    servers = _selector(raw, place, mistakes)
    table = mistakes.convert(raw, RuleTable, place)
    check = _check(raw, place, mistakes)
    if table is None or check is None or servers is None:
        return None
    given = [name for name in _PARAMETERS if getattr(table, name) is not UNSET]
    for name in given:
        if name != check.parameter:
            takes = f"it takes {check.parameter}" if check.parameter else "it takes none"
            mistakes.add(f"{place}.{name}", f"{check.id} does not take this; {takes}")
    if table.enabled and check.needs_parameter and check.parameter not in given:
        mistakes.add(place, f"{check.id} needs {check.parameter}")
    if check.is_about_waivers and not servers.is_empty:
        mistakes.add(f"{place}.servers", f"{check.id} is about waivers, not about servers")
    _check_globs(_words(table.profiles), f"{place}.profiles", mistakes)
    return Rule(
        check=check.id,
        servers=servers,
        enabled=table.enabled,
        severity=_given(table.severity),
        parameters=_parameters(table),
        source=f"{mistakes.name}: {place}",
    )


def _parameters(table: RuleTable) -> Parameters:
    return Parameters(
        protocol=_given(table.protocol),
        max_response_hop_limit=_given(table.max_response_hop_limit),
        profiles=_words(table.profiles) or None,
        verdicts=tuple(Verdict(word) for word in _words(table.verdicts)) or None,
    )


def _find_decided_before(
    rule: Rule, place: str, rules: Mapping[str, Rule], mistakes: Mistakes
) -> None:
    """Find that a rule is never asked, because one above it decides for all of its servers."""
    for earlier_place, earlier in rules.items():
        if earlier.check == rule.check and (
            earlier.servers.is_empty or earlier.servers == rule.servers
        ):
            mistakes.add(
                place,
                f"is never asked: {earlier_place} stands above it and decides about "
                f"{earlier.servers.words}",
            )
            return


# Waivers.


def _waivers(raw: object, mistakes: Mistakes) -> Sequence[Waiver]:
    tables = _tables(raw, "waivers", mistakes)
    found = [_waiver(table, place, mistakes) for place, table in tables.items()]
    return [waiver for waiver in found if waiver is not None]


def _waiver(raw: object, place: str, mistakes: Mistakes) -> Waiver | None:
    servers = _selector(raw, place, mistakes)
    table = mistakes.convert(raw, WaiverTable, place)
    check = _check(raw, place, mistakes)
    if table is None or check is None or servers is None:
        return None
    if check.is_about_waivers:
        mistakes.add(f"{place}.check", f"{check.id} is about waivers, and cannot be waived")
    if servers.is_empty:
        mistakes.add(f"{place}.servers", 'must say which servers; name = "*" is all of them')
    for key in ("owner", "reason"):
        if not getattr(table, key).strip():
            mistakes.add(f"{place}.{key}", "must not be blank")
    return Waiver(
        check=check.id,
        servers=servers,
        owner=table.owner.strip(),
        reason=table.reason.strip(),
        expires=table.expires,
        source=f"{mistakes.name}: {place}",
    )


def _refuse_twice(name: str, waivers: Sequence[Waiver]) -> None:
    mistakes = Mistakes(name)
    known: dict[tuple[str, SubjectSelector, str], Waiver] = {}
    for waiver in waivers:
        key = (waiver.check, waiver.servers, waiver.owner)
        if key in known:
            mistakes.add(waiver.source, f"says the same as {known[key].source}; delete one")
        known.setdefault(key, waiver)
    mistakes.check()


# What both have.


def _check(raw: object, place: str, mistakes: Mistakes) -> Check | None:
    """Return the check that a table names; what is no text was told of already."""
    word = raw.get("check") if isinstance(raw, dict) else None
    if not isinstance(word, str) or not word:
        return None
    check = _CHECKS.get(word.upper())
    if check is None:
        mistakes.add(
            f"{place}.check", f"there is no check {shown(word)}{meant(word, tuple(_CHECKS))}"
        )
    return check


def _selector(raw: object, place: str, mistakes: Mistakes) -> SubjectSelector | None:
    """Take the servers out of a table, so that mistakes in them are told by themselves."""
    if not isinstance(raw, dict) or "servers" not in raw:
        return EVERY_SERVER
    place = f"{place}.servers"
    table = mistakes.convert(raw["servers"], Servers, place)
    raw["servers"] = {}
    if table is None:
        return None
    for key in _GLOBS:
        _check_globs(_words(getattr(table, key)), f"{place}.{key}", mistakes)
    return SubjectSelector(
        servers=_words(table.server),
        regions=_words(table.region),
        kinds=tuple(dict.fromkeys(_KINDS[word] for word in _words(table.kind))),
        vpcs=_words(table.vpc),
        resource_groups=_words(table.resource_group),
        zones=_words(table.zone),
        names=_words(table.name),
        statuses=_words(table.status),
        instance_groups=_words(table.instance_group),
        addresses=_words(table.address),
        where=_given(table.where),
    )


def _check_globs(globs: Sequence[str], place: str, mistakes: Mistakes) -> None:
    """Find a bracket that is not closed: it would stand for itself, which nobody means."""
    for glob in globs:
        rest = glob
        while (start := rest.find("[")) >= 0:
            end = rest.find("]", start + 2)
            if end < 0:
                mistakes.add(place, f"{shown(glob)} has a bracket that is not closed")
                break
            rest = rest[end + 1 :]


def _words(said: str | tuple[T, ...] | UnsetType) -> tuple[Any, ...]:
    if isinstance(said, UnsetType):
        return ()
    return (said,) if isinstance(said, str) else tuple(dict.fromkeys(said))


def _given(value: T | UnsetType) -> T | None:
    return None if isinstance(value, UnsetType) else value

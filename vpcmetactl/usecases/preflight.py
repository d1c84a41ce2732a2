"""Checking a plan against what surrounds its servers, before anything is sent.

What the platform would refuse becomes a skip, what a reader should know becomes a note; both stand
in the plan, which is then applied as it is.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from vpcmetactl.domain.allowed_use import CannotTell, Value, evaluate, mentions
from vpcmetactl.domain.errors import AuthenticationError, VpcmetactlError
from vpcmetactl.domain.plans import MetadataChange, Note, NoteCode, Plan, PlanItem, Skip, SkipReason
from vpcmetactl.domain.servers import (
    Instance,
    MetadataService,
    Reference,
    Server,
    ServerIdentity,
    ServerKind,
)
from vpcmetactl.usecases.bulk import Step, Task, run_tasks
from vpcmetactl.usecases.ports import Observer, PreflightReader

# What a boot volume's allowed_use can speak of (platform notes 1.8): not the hop limit.
_CONSTRAINED = ("enabled", "protocol")
# What an instance gets whose template does not say (platform notes 1.1).
_DEFAULTS = MetadataService(enabled=False, protocol="http", response_hop_limit=1)


@dataclass(frozen=True, slots=True)
class _Place:
    """A volume or an instance group."""

    region: str
    id: str


T = TypeVar("T")
AllowedUse = str | None | VpcmetactlError
GroupMetadata = MetadataService | VpcmetactlError


def preflight(
    plan: Plan,
    servers: Sequence[Server],
    reader: PreflightReader,
    observer: Observer,
    max_workers: int,
) -> Plan:
    """Return the plan with what was found of each change; what cannot be read is a note.

    ``servers`` are those that the plan was made from; a change of any other is left as it is. Reads
    the boot volume of an instance where the change may matter to it, and each instance group once,
    ``max_workers`` at a time. Raises AuthenticationError; any other error is told in the plan.
    """
    changes = [item for item in plan.items if isinstance(item, MetadataChange)]
    instances = _instances(changes, servers)
    volumes = {
        _Place(change.server.region, volume): None
        for change in changes
        if (volume := _boot_volume(change, instances)) is not None
    }
    groups = {
        _Place(instance.region, group): None
        for instance in instances.values()
        if (group := _id(instance.instance_group)) is not None
    }
    found = _Found(
        _read_all(reader.get_allowed_use, volumes, max_workers),
        _read_all(reader.get_group_metadata, groups, max_workers),
    )
    _warn(found, observer)
    return replace(plan, items=tuple(_checked(item, instances, found) for item in plan.items))


@dataclass(frozen=True, slots=True)
class _Found:
    """What was read, or why it was not."""

    allowed_use: Mapping[_Place, AllowedUse]
    groups: Mapping[_Place, GroupMetadata]


def _read_all(
    read: Callable[[str, str], T], places: Iterable[_Place], max_workers: int
) -> Mapping[_Place, T | VpcmetactlError]:
    tasks: Sequence[Task[tuple[_Place, T | VpcmetactlError]]] = [
        partial(_read, read, place) for place in places
    ]
    return dict(run_tasks(tasks, max_workers))


def _read(read: Callable[[str, str], T], place: _Place) -> Step[tuple[_Place, T | VpcmetactlError]]:
    try:
        return Step([(place, read(place.region, place.id))])
    except AuthenticationError:
        raise
    except VpcmetactlError as error:
        return Step([(place, error)])


def _instances(
    changes: Sequence[MetadataChange], servers: Sequence[Server]
) -> Mapping[ServerIdentity, Instance]:
    """Return the instances that are to be changed; nothing here concerns bare metal servers."""
    wanted = {change.server for change in changes if change.server.kind is ServerKind.INSTANCE}
    return {
        server.identity: server
        for server in servers
        if isinstance(server, Instance) and server.identity in wanted
    }


def _boot_volume(
    change: MetadataChange, instances: Mapping[ServerIdentity, Instance]
) -> str | None:
    """Return the id of the boot volume whose allowed_use the change may matter to."""
    instance = instances.get(change.server)
    if instance is None or not any(field.field in _CONSTRAINED for field in change.fields):
        return None
    return _id(instance.boot_volume)


def _id(reference: Reference | None) -> str | None:
    return reference.id if reference is not None else None


def _checked(
    item: PlanItem, instances: Mapping[ServerIdentity, Instance], found: _Found
) -> PlanItem:
    instance = instances.get(item.server)
    if not isinstance(item, MetadataChange) or instance is None:
        return item
    notes: list[Note] = []
    volume = _boot_volume(item, instances)
    if volume is not None:
        verdict = check_allowed_use(item, found.allowed_use[_Place(instance.region, volume)])
        if isinstance(verdict, Skip):
            return verdict
        notes += [verdict] if verdict else []
    group = instance.instance_group
    if group is not None and group.id is not None:
        template = found.groups[_Place(instance.region, group.id)]
        differs = check_group(item, group.name or group.id, template)
        notes += [differs] if differs else []
    return replace(item, notes=(*item.notes, *notes))


def check_allowed_use(change: MetadataChange, allowed_use: AllowedUse) -> Skip | Note | None:
    """Say what a boot volume's expression means for a change; ``None`` where it permits it."""
    if isinstance(allowed_use, VpcmetactlError):
        message = (
            "whether its boot volume's allowed_use permits this is not known, for the volume could "
            f"not be read ({allowed_use.code})"
        )
        return Note(NoteCode.ALLOWED_USE_UNKNOWN, message)
    verdict = True if allowed_use is None else evaluate(allowed_use, _variables(change.after))
    if verdict is False:
        message = f"its boot volume's allowed_use forbids this: {allowed_use}"
        return Skip(change.server, SkipReason.ALLOWED_USE, message, refused=True)
    changed = [field.field for field in change.fields]
    if isinstance(verdict, CannotTell) and mentions(allowed_use or "", changed):
        message = (
            f"whether its boot volume's allowed_use permits this cannot be told, for "
            f"{verdict.reason}: {allowed_use}"
        )
        return Note(NoteCode.ALLOWED_USE_UNKNOWN, message)
    return None


def _variables(after: MetadataService) -> Mapping[str, Value]:
    """Return what is known of the state that a change leads to; the rest is not reported to us."""
    known: dict[str, Value | None] = {
        "metadata_service.enabled": after.enabled,
        "metadata_service.protocol": after.protocol,
    }
    return {name: value for name, value in known.items() if value is not None}


def check_group(change: MetadataChange, group: str, template: GroupMetadata) -> Note | None:
    """Say where an instance group's template gives new members something else than the change."""
    if isinstance(template, VpcmetactlError):
        message = (
            f"what the template of its instance group {group} says is not known, for it could not "
            f"be read ({template.code})"
        )
        return Note(NoteCode.INSTANCE_GROUP_UNKNOWN, message)
    differing = [
        f"{name} {_word(given)} (here: {_word(after)})"
        for name in ("enabled", "protocol", "response_hop_limit")
        for given in [_given(template, name)]
        for after in [getattr(change.after, name)]
        if after not in (None, given)
    ]
    if not differing:
        return None
    message = (
        f"the template of its instance group {group} says {', '.join(differing)}: the next "
        "scale-out repeats that; a template cannot be changed, so make a new one and give it to "
        "the group"
    )
    return Note(NoteCode.INSTANCE_GROUP_DIFFERS, message)


def _given(template: MetadataService, name: str) -> bool | str | int:
    said: bool | str | int | None = getattr(template, name)
    default: bool | str | int = getattr(_DEFAULTS, name)
    return default if said is None else said


def _word(value: bool | str | int) -> str:  # noqa: FBT001 - a field's value, no switch
    return str(value).lower()


def _warn(found: _Found, observer: Observer) -> None:
    """Tell once of each kind what could not be read; the plan tells the rest."""
    for what, answers in (
        ("boot volumes", found.allowed_use),
        ("instance groups or their templates", found.groups),
    ):
        errors = [answer for answer in answers.values() if isinstance(answer, VpcmetactlError)]
        if errors:
            first = errors[0]
            hint = f" ({first.hint})" if first.hint else ""
            observer.warn(
                f"{len(errors)} of {len(answers)} {what} could not be read, so not everything "
                f"could be checked: {first}{hint}"
            )

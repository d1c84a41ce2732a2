"""Policy and waiver files: what they say, and every mistake with its place."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from tests.files.policy_samples import RULE, WAIVER, WHOLE, complaints
from tests.support.pages import ROOT, text_of
from vpcmetactl.domain.default_policy import DEFAULT_POLICY
from vpcmetactl.domain.errors import InvalidInputError
from vpcmetactl.domain.policy import Parameters, Policy, Rule, Severity, UnknownMeans, Waiver
from vpcmetactl.domain.restarts import Verdict
from vpcmetactl.domain.servers import Protocol, ServerKind
from vpcmetactl.domain.subject_selection import SubjectSelector
from vpcmetactl.files.policies import (
    MOST_BYTES,
    MOST_DEPTH,
    default_policy_text,
    read_policy,
    read_waivers,
    with_waivers,
)

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(text: str | bytes, name: str = "policy.toml") -> Path:
        path = tmp_path / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    return write


def _message(path: Path, read: Callable[[Path], object] = read_policy) -> str:
    with pytest.raises(InvalidInputError) as caught:
        read(path)
    message = str(caught.value)
    assert caught.value.hint
    assert message.startswith(str(path))
    return message.removeprefix(str(path)).removeprefix(": ")


def test_a_policy_says_everything_that_it_can(write: Write) -> None:
    path = write(WHOLE)
    source = f"{path}: rules"

    assert read_policy(path) == Policy(
        name="Production",
        unknown=UnknownMeans.FAIL,
        rules=(
            Rule(
                check="VPCMETA001",
                servers=SubjectSelector(
                    vpcs=("prod",),
                    kinds=(ServerKind.BARE_METAL_SERVER,),
                    names=("db-*", "web-[ab]"),
                ),
                severity=Severity.HIGH,
                parameters=Parameters(protocol=Protocol.HTTPS),
                source=f"{source}[0]",
            ),
            Rule(
                check="VPCMETA004",
                parameters=Parameters(max_response_hop_limit=2),
                source=f"{source}[1]",
            ),
            Rule(
                check="VPCMETA006",
                servers=SubjectSelector(
                    where="zone == 'eu-de-1'", addresses=("module.*",), instance_groups=("web",)
                ),
                parameters=Parameters(profiles=("admin-*",)),
                source=f"{source}[2]",
            ),
            Rule(
                check="VPCMETA007",
                enabled=False,
                parameters=Parameters(verdicts=(Verdict.NEEDED, Verdict.UNKNOWN)),
                source=f"{source}[3]",
            ),
            Rule(check="VPCMETA102", severity=Severity.INFO, source=f"{source}[4]"),
        ),
        waivers=(
            Waiver(
                check="VPCMETA001",
                servers=SubjectSelector(
                    servers=("web-1",),
                    regions=("eu-de",),
                    zones=("eu-de-1",),
                    statuses=("running",),
                    resource_groups=("Default",),
                ),
                owner="platform",
                reason="the old agent speaks http only",
                expires=date(2027, 1, 31),
                source=f"{path}: waivers[0]",
            ),
        ),
    )


def test_the_default_policy_and_its_text_say_the_same(write: Write) -> None:
    written = read_policy(write(default_policy_text()))

    def without_sources(policy: Policy) -> Policy:
        return replace(policy, rules=tuple(replace(rule, source="") for rule in policy.rules))

    assert without_sources(written) == without_sources(DEFAULT_POLICY)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('unknwon = "warn"', "there is no key 'unknwon' (did you mean unknown?)"),
        ('unknown = "wran"', "unknown: 'wran' is none of its values (did you mean warn?)"),
        ("name = 3", "name: must be text, not a whole number"),
        ("[[rules]]\nchek = 1", "rules[1]: there is no key 'chek' (did you mean check?)"),
        ("[[rules]]", "rules[1]: needs check"),
        ("[[rules]]\ncheck = 1", "rules[1].check: must be text, not a whole number"),
        ('[[rules]]\ncheck = ""', "rules[1].check: must not be empty"),
        ('[[rules]]\ncheck = "VPCMETA08"', "rules[1].check: there is no check 'VPCMETA08' (did"),
        ('[[rules]]\ncheck = "VPCMETA002"\nseverity = "hgih"', "rules[1].severity: 'hgih' is none"),
        ('[[rules]]\ncheck = "VPCMETA002"\nenabled = "no"', "enabled: must be true or false, not"),
        (
            '[[rules]]\ncheck = "VPCMETA002"\nprotocol = "https"',
            "rules[1].protocol: VPCMETA002 does not take this; it takes none",
        ),
        (
            '[[rules]]\ncheck = "VPCMETA004"\nprotocol = "https"',
            "rules[1].protocol: VPCMETA004 does not take this; it takes max_response_hop_limit",
        ),
        ('[[rules]]\ncheck = "VPCMETA004"', "rules[1]: VPCMETA004 needs max_response_hop_limit"),
        (
            '[[rules]]\ncheck = "VPCMETA004"\nmax_response_hop_limit = 65',
            "rules[1].max_response_hop_limit: must be a whole number <= 64",
        ),
        (
            '[[rules]]\ncheck = "VPCMETA004"\nmax_response_hop_limit = 2.0',
            "must be a whole number, not a number with a point",
        ),
        (
            '[[rules]]\ncheck = "VPCMETA007"\nverdicts = ["needed", "not_needed"]',
            "rules[1].verdicts[1]: 'not_needed' is none of its values (did you mean needed?)",
        ),
        (
            '[[rules]]\ncheck = "VPCMETA002"\nservers = { regoin = "eu-de" }',
            "rules[1].servers: there is no key 'regoin' (did you mean region?)",
        ),
        (
            '[[rules]]\ncheck = "VPCMETA002"\nservers = { kind = "vm" }',
            "rules[1].servers.kind: 'vm' is none of its values (it may be instance, bare-metal)",
        ),
        (
            '[[rules]]\ncheck = "VPCMETA002"\nservers = { region = [] }',
            "rules[1].servers.region: must not be empty",
        ),
        ('[[rules]]\ncheck = "VPCMETA002"\nservers = "web"', "rules[1].servers: must be a table"),
        (
            '[[rules]]\ncheck = "VPCMETA002"\nservers = { name = "web[a" }',
            "rules[1].servers.name: 'web[a' has a bracket that is not closed",
        ),
        (
            '[[rules]]\ncheck = "VPCMETA006"\nprofiles = ["[!"]',
            "rules[1].profiles: '[!' has a bracket that is not closed",
        ),
        (
            '[[rules]]\ncheck = "VPCMETA101"\nservers = { name = "a" }',
            "rules[1].servers: VPCMETA101 is about waivers, not about servers",
        ),
        (
            '[[rules]]\ncheck = "VPCMETA001"\nservers = { name = "a" }',
            "rules[1]: is never asked: rules[0] stands above it and decides about every server",
        ),
        (WAIVER.replace("owner", "onwer"), "waivers[0]: there is no key 'onwer' (did you mean"),
        (WAIVER.replace('owner = "me"', ""), "waivers[0]: needs owner"),
        (WAIVER.replace('"because"', '" "'), "waivers[0].reason: must not be blank"),
        (WAIVER.replace("2027-01-31", "2027-01-31T00:00:00Z"), "waivers[0].expires: must be a da"),
        (WAIVER.replace("2027-01-31", '"soon"'), "waivers[0].expires: must be a date such as"),
        (WAIVER.replace('{ name = "*" }', "{}"), "waivers[0].servers: must say which servers"),
        (WAIVER.replace('servers = { name = "*" }', ""), "waivers[0]: needs servers"),
        (WAIVER.replace("A001", "A103"), "waivers[0].check: VPCMETA103 is about waivers, and"),
        (WAIVER + WAIVER, "says the same as"),
        ("[waivers]", "waivers: must be a list of tables: write [[waivers]] above each"),
        ("[waivers]\nx = 1\n[rules]", "is no TOML"),
    ],
)
def test_a_mistake_is_told_with_its_place_and_what_may_have_been_meant(
    write: Write, text: str, expected: str
) -> None:
    head = text if not text.startswith("[") and "\n" not in text else ""
    rest = "" if head else text
    path = write(f"format_version = 1\n{head}\n{RULE.partition(chr(10))[2]}{rest}")

    assert expected in _message(path)


def test_every_mistake_is_told_at_once(write: Write) -> None:
    text = 'format_version = 2\nnmae = "x"\n[[rules]]\ncheck = "X"\nseverity = 1\n' + WAIVER

    message = _message(write(text.replace('"me"', "3")))

    assert [mistake.partition(": ")[0] for mistake in message.split("; ")] == [
        *("rules[0].severity", "rules[0].check", "waivers[0].owner"),
        *("there is no key 'nmae' (did you mean name?)", "format_version"),
    ]


def test_very_many_mistakes_are_counted(write: Write) -> None:
    assert _message(write("format_version = 1\n" + "[[rules]]\n" * 30)).endswith("; and 10 more")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"a = [[", "is no TOML: Invalid value"),
        (b"\xff\xfe", "is no TOML: it is not UTF-8 text"),
        (b"a = " + b"[" * 9000, "is no TOML: it is nested too deep"),
        (b"a = " + b"9" * 9000, "is no TOML: Exceeds the limit"),
        (b"format_version = 1", "no rule lets a check judge anything"),
        (b'format_version = 1\n[[rules]]\ncheck = "VPCMETA101"', "no rule lets a check judge"),
        (RULE.encode() + b"enabled = false", "no rule lets a check judge anything"),
        (b"#" * (MOST_BYTES + 1), "is larger than 4 MiB"),
        (b'extends = "default"', "needs format_version"),
    ],
)
def test_what_is_no_policy_is_refused(write: Write, content: bytes, expected: str) -> None:
    assert expected in _message(write(content))


def test_who_has_no_place_to_mend_is_told_how_to_save_the_file(write: Write) -> None:
    with pytest.raises(InvalidInputError) as raised:
        read_policy(write(b"\xff\xfe"))
    assert raised.value.hint == "save it as UTF-8"


def test_a_file_may_have_a_byte_order_mark_and_line_ends_of_any_kind(write: Write) -> None:
    assert read_policy(write(b"\xef\xbb\xbf" + RULE.replace("\n", "\r\n").encode())).rules


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert "No such file" in _message(tmp_path / "policy.toml")
    assert "No such file" in _message(tmp_path / "waivers.toml", read_waivers)


# Files that extend others.


def test_a_file_puts_its_rules_and_waivers_before_those_it_extends(write: Write) -> None:
    write(WHOLE, "base.toml")
    child = write(
        'format_version = 1\nextends = "base.toml"\n'
        '[[rules]]\ncheck = "VPCMETA004"\nmax_response_hop_limit = 9\n' + WAIVER
    )

    policy = read_policy(child)

    assert [rule.parameters.max_response_hop_limit for rule in policy.rules[:3]] == [9, None, 2]
    assert [waiver.owner for waiver in policy.waivers] == ["me", "platform"]
    assert (policy.name, policy.unknown) == ("Production", UnknownMeans.FAIL)
    said = read_policy(write('format_version=1\nname="x"\nunknown="pass"\nextends="base.toml"'))
    assert (said.name, said.unknown) == ("x", UnknownMeans.PASS)


def test_the_policy_in_the_program_can_be_extended(write: Write) -> None:
    policy = read_policy(write('format_version = 1\nextends = "default"'))

    assert policy == DEFAULT_POLICY


def test_files_that_extend_each_other_in_a_circle_are_refused(write: Write) -> None:
    one = write('format_version = 1\nextends = "two.toml"', "one.toml")
    two = write('format_version = 1\nextends = "./one.toml"', "two.toml")

    assert _message(one) == (f"the files extend each other in a circle: {one} → {two} → {one}")


def test_a_long_row_of_files_is_refused(write: Write) -> None:
    for number in range(MOST_DEPTH + 1):
        write(f'format_version = 1\nextends = "{number + 1}.toml"', f"{number}.toml")
    write(RULE, f"{MOST_DEPTH - 1}.toml")
    first = write('format_version = 1\nextends = "1.toml"', "0.toml")
    assert read_policy(first).rules

    write(f'format_version = 1\nextends = "{MOST_DEPTH}.toml"', f"{MOST_DEPTH - 1}.toml")
    with pytest.raises(InvalidInputError, match=r"10.toml: it is the 11th file in a row"):
        read_policy(first)


@pytest.mark.parametrize(
    ("key", "name", "why"),
    [
        ("extends", "missing.toml", "No such file"),
        ("extends", "", "must not be empty"),
        ("extends", r"\u0000", "null byte"),
        ("waiver_files", "missing.toml", "No such file"),
        ("extends", ".", "Is a directory"),
    ],
)
def test_a_file_that_another_names_and_that_cannot_be_read(
    write: Write, key: str, name: str, why: str
) -> None:
    message = _message(write(f'format_version = 1\n{key} = "{name}"'))

    assert message.startswith(f"{key}: ")
    assert why in message


# Waivers in files of their own.


def test_waivers_may_stand_in_files_of_their_own(write: Write) -> None:
    waivers = write("format_version = 1" + WAIVER, "w.toml")
    policy = read_policy(
        write(
            RULE.replace("\n", '\nwaiver_files = ["w.toml"]\n', 1) + WAIVER.replace('"me"', '"i"')
        )
    )

    assert [waiver.owner for waiver in policy.waivers] == ["i", "me"]
    assert read_waivers(waivers) == list(policy.waivers[1:])
    assert policy.waivers[1].source == f"{waivers}: waivers[0]"


def test_a_waiver_that_a_policy_has_already_is_refused(write: Write) -> None:
    waivers = read_waivers(write("format_version = 1" + WAIVER, "w.toml"))
    policy = with_waivers(DEFAULT_POLICY, waivers)

    assert list(policy.waivers) == list(waivers)
    with pytest.raises(InvalidInputError, match=r"w.toml: waivers\[0\]: says the same as"):
        with_waivers(policy, waivers)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "needs format_version"),
        (RULE, "there is no key 'rules' (it may be format_version, waivers)"),
        (
            "format_version = 1" + WAIVER.replace('"me"', '""'),
            "waivers[0].owner: must not be empty",
        ),
    ],
)
def test_what_is_no_file_of_waivers_is_refused(write: Write, text: str, expected: str) -> None:
    assert expected in _message(write(text), read_waivers)


# What the documentation shows.


def test_the_policy_to_begin_with_can_be_used() -> None:
    policy = read_policy(ROOT / "docs/how-to/policy.toml")

    assert {rule.check for rule in policy.rules} == {f"VPCMETA00{n}" for n in range(1, 7)}
    assert policy.rules[-1] == DEFAULT_POLICY.rules[0]
    assert complaints((ROOT / "docs/how-to/policy.toml").read_text("utf-8")) == []


def test_the_example_on_the_page_can_be_used(write: Write) -> None:
    page = text_of("docs/reference/policy.md")
    example = page.partition("```toml\n")[2].partition("```")[0]

    policy = read_policy(write(example))

    assert [rule.check for rule in policy.rules] == ["VPCMETA001", "VPCMETA004", "VPCMETA001"]
    assert [waiver.owner for waiver in policy.waivers] == ["platform team"]

import re

import pytest
from hypothesis import given

from tests.render.report_examples import (
    CLEAN,
    REPORT,
    STRICT,
    TODAY,
    WORDS,
    a_fleet,
    hostile,
    reported,
    reported_with_a_hole,
)
from vpcmetactl.domain.audit import AuditReport, audit
from vpcmetactl.domain.default_policy import policy_of_flags
from vpcmetactl.domain.errors import ExitCode
from vpcmetactl.domain.policy import Requirement
from vpcmetactl.render.options import Format

# A runner takes `::name key=value,key=value::data`, and unescapes what stands in it.
_COMMAND = re.compile(r"::(error|warning|notice) ([^:]*)::(.*)")


def commands(text: str) -> list[tuple[str, dict[str, str], str]]:
    """Read workflow commands as a runner does; every line must be one."""
    found = []
    for line in text.splitlines():
        match = _COMMAND.fullmatch(line)
        assert match is not None, line
        pairs = [pair.split("=", 1) for pair in match[2].split(",")]
        found.append(
            (match[1], {key: unescaped(value) for key, value in pairs}, unescaped(match[3]))
        )
    return found


def unescaped(text: str) -> str:
    for code, char in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(code, char)
    return text


def titles(text: str, level: str) -> list[str]:
    return [properties["title"] for name, properties, _ in commands(text) if name == level]


def test_grave_findings_are_errors_and_the_rest_warns_or_notes() -> None:
    text = reported(Format.GITHUB)
    assert set(titles(text, "error")) == {"VPCMETA002 (high)"}
    assert [one for one in titles(text, "warning") if "(" in one] == ["VPCMETA001 (medium)"] * 3
    assert "VPCMETA004 (low)" in titles(text, "notice")


def test_a_finding_says_what_to_do() -> None:
    finding = next(
        one for one in REPORT.findings if one.label == "web-1" and one.check.id == "VPCMETA001"
    )
    lines = [
        "web-1 (us-south): enabled over http, not https",
        finding.check.title,
        str(finding.command),
        f"Fingerprint: {finding.fingerprint}",
    ]
    expected = ("warning", {"title": "VPCMETA001 (medium)"}, "\n".join(lines))
    assert expected in commands(reported(Format.GITHUB))


def test_a_resource_is_annotated_in_its_file() -> None:
    files = [one["file"] for _, one, _ in commands(reported(Format.GITHUB)) if "file" in one]
    assert files == ["./out/my plan.json"] * 2


def test_waived_findings_are_counted_only() -> None:
    text = reported(Format.GITHUB)
    assert "waived-1 (us-south): enabled over http" not in text
    summary = [data for _, one, data in commands(text) if one["title"] == "vpcmetactl audit"]
    (told,) = summary
    assert told.startswith(f"8 servers judged, {len(REPORT.open_findings)} open findings, 1 waived")
    assert told.endswith("; 6 high, 3 medium, 2 low")


@pytest.mark.parametrize(("report", "level"), [(REPORT, "warning"), (STRICT, "error")])
def test_what_could_not_be_judged_weighs_as_the_policy_says(
    report: AuditReport, level: str
) -> None:
    assert "VPCMETA001 not judged" in titles(reported(Format.GITHUB, report), level)


def test_what_is_missing_is_an_error_before_all_findings() -> None:
    assert titles(reported_with_a_hole(Format.GITHUB), "error")[0] == "Incomplete"


def test_a_clean_audit_is_one_notice() -> None:
    assert reported(Format.GITHUB, CLEAN, exit_code=ExitCode.OK) == (
        "::notice title=vpcmetactl audit::"
        "1 server judged, 0 open findings, 0 waived, 0 not judged\n"
    )


def test_no_more_than_ten_of_a_level_and_the_tenth_counts_the_rest() -> None:
    report = audit(a_fleet(12), policy_of_flags(Requirement.DISABLED), TODAY)
    text = reported(Format.GITHUB, report)
    assert len(titles(text, "error")) == len(titles(text, "warning")) == 10
    assert titles(text, "error")[-1] == "3 more"
    ten = audit(a_fleet(10), policy_of_flags(Requirement.DISABLED), TODAY)
    assert titles(reported(Format.GITHUB, ten), "error") == ["VPCMETA002 (high)"] * 10


@given(word=WORDS)
def test_no_word_makes_a_command_or_a_property(word: str) -> None:
    report, scope = hostile(word)
    told = commands(reported(Format.GITHUB, report, scope=scope))
    assert all(properties.keys() <= {"file", "line", "title"} for _, properties, _ in told)
    assert all("\r" not in data for _, _, data in told)
    assert len(told) == len(report.open_findings) + 2 + len(
        {one.check.id for one in report.open_unknowns}
    )

"""What holds of every report: who has it, that all tell the same, and how large it grows."""

import gzip
import json
import re
import time
from html.parser import HTMLParser

import pytest
from hypothesis import given

from tests.render.examples import PLAIN, rendered
from tests.render.report_examples import (
    HARD,
    REPORT,
    REPORTS,
    TODAY,
    WORDS,
    a_fleet,
    hostile,
    reported,
    reported_with_a_hole,
)
from vpcmetactl.domain.audit import audit
from vpcmetactl.domain.default_policy import policy_of_flags
from vpcmetactl.domain.errors import InvalidInputError
from vpcmetactl.domain.findings import Since
from vpcmetactl.domain.policy import Requirement
from vpcmetactl.render.options import Format, OutputOptions, formats_of
from vpcmetactl.render.sinks import open_sink
from vpcmetactl.render.views.findings import FINDINGS
from vpcmetactl.render.views.servers import SERVERS


def fingerprints(text: str) -> list[str]:
    """Return every fingerprint in a text, in order, each once."""
    return list(dict.fromkeys(re.findall(r"\b[0-9a-f]{64}\b", text.replace("f-", " "))))


ALL = [finding.fingerprint for finding in REPORT.findings]


@pytest.mark.parametrize("format_", REPORTS)
def test_only_audits_have_reports(format_: Format) -> None:
    with pytest.raises(InvalidInputError, match=f"{format_}: only audit run has it") as caught:
        open_sink(SERVERS, format_, PLAIN, print)
    assert caught.value.hint == "the formats here are table, wide, json, jsonl, csv, markdown, ids"
    assert format_ in formats_of("findings")
    assert format_ not in formats_of("plan")


def test_json_csv_and_sarif_tell_the_same_findings_in_the_same_order() -> None:
    told = [item["fingerprint"] for item in json.loads(reported(Format.JSON))["items"]]
    run = json.loads(reported(Format.SARIF))["runs"][0]
    assert told == ALL
    assert [one["fingerprints"]["vpcmetactl/v1"] for one in run["results"]] == ALL
    assert fingerprints(reported(Format.CSV)) == ALL


def test_the_page_has_every_finding_with_its_fingerprint() -> None:
    rows = re.findall(r'<tr id="f-([0-9a-f]{64})"', reported(Format.HTML))
    assert sorted(rows) == sorted(ALL)
    of_one_check = [one.fingerprint for one in REPORT.open_findings if one.check.id == "VPCMETA002"]
    assert [row for row in rows if row in of_one_check] == of_one_check


def test_junit_has_the_fingerprint_of_every_finding_and_of_what_could_not_be_judged() -> None:
    unknown = {one.fingerprint for one in REPORT.unknowns}
    assert set(fingerprints(reported(Format.JUNIT))) - {policy_digest()} == {*ALL, *unknown}


def policy_digest() -> str:
    digest: str = json.loads(reported(Format.SARIF))["runs"][0]["properties"]["policy"]["digest"]
    return digest


@pytest.mark.parametrize("format_", REPORTS)
def test_a_report_is_the_same_each_time_and_ends_with_a_line_end(format_: Format) -> None:
    assert reported(format_) == reported(format_)
    assert reported(format_).endswith("\n")


@pytest.mark.parametrize("format_", [Format.SARIF, Format.JUNIT, Format.GITHUB, Format.HTML])
def test_what_could_not_be_read_is_told(format_: Format) -> None:
    assert "instances in eu-gb could not be read" in reported_with_a_hole(format_)
    assert "could not be read" not in reported(format_)


@pytest.mark.parametrize("format_", [Format.SARIF, Format.JUNIT, Format.GITHUB, Format.HTML])
def test_what_the_limit_leaves_out_is_told(format_: Format) -> None:
    text = reported(format_, options=OutputOptions(limit=1))
    assert f"{len(ALL) - 1} findings left out by --limit" in text


@pytest.mark.parametrize("format_", REPORTS)
@given(word=WORDS)
def test_no_character_that_does_not_print_leaves_a_report(format_: Format, word: str) -> None:
    report, scope = hostile(word)
    text = reported(format_, report, scope=scope).replace("\n", "")
    if format_ is Format.SARIF:
        # JSON keeps what is merely unassigned or a space; the rest is escaped.
        text = "".join(char for char in text if ord(char) < 0xA0 or char in HARD)
        text = text.replace("\ufffe", "").replace("\uffff", "")
    assert text.isprintable()


_LARGEST = {
    Format.SARIF: 10_000_000,  # of gzip, for GitHub
    Format.JUNIT: 30_000_000,  # for GitLab
    Format.GITHUB: 10_000,
    Format.HTML: 15_000_000,
    Format.PROMETHEUS: 10_000,
}


@pytest.mark.parametrize("format_", REPORTS)
def test_a_large_fleet_stays_within_what_readers_take(format_: Format) -> None:
    started = time.process_time()
    text = reported(format_, LARGE)
    assert time.process_time() - started < 20
    data = text.encode()
    assert len(gzip.compress(data, 6) if format_ is Format.SARIF else data) < _LARGEST[format_]
    assert "13000" in text or "26000" in text


LARGE = audit(a_fleet(13_000), policy_of_flags(Requirement.DISABLED), TODAY)


def test_markdown_leaves_out_rows_for_which_there_is_no_room() -> None:
    whole = reported(Format.MARKDOWN)
    table, _, rest = whole.partition("\n\n")
    room = len(table.encode()) // 2
    small = reported(Format.MARKDOWN, options=OutputOptions(room=room))
    kept = small.partition("\n\n")[0]
    rows = len(table.splitlines()) - len(kept.splitlines())
    assert small == f"{kept}\n\n{rows} more are left out here, for want of room.\n\n{rest}"
    assert len(kept.encode()) <= room
    assert reported(Format.MARKDOWN, options=OutputOptions(room=len(whole.encode()))) == whole


class _Tags(HTMLParser):
    """Counts elements and attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, tuple[str, ...]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, tuple(name for name, _ in attrs)))


def structure(text: str) -> set[tuple[str, tuple[str, ...]]]:
    tags = _Tags()
    tags.feed(text)
    return set(tags.seen)


_OF_A_QUIET_PAGE = structure(
    reported(Format.HTML, *hostile("plain")[:1], scope=hostile("plain")[1])
)


@given(word=WORDS)
def test_no_word_adds_an_element_or_an_attribute_to_the_page(word: str) -> None:
    report, scope = hostile(word)
    assert structure(reported(Format.HTML, report, scope=scope)) <= _OF_A_QUIET_PAGE


@given(word=WORDS)
def test_a_row_of_markdown_stays_a_row(word: str) -> None:
    report, scope = hostile(word)
    text = reported(Format.MARKDOWN, report, scope=scope)
    head, rule, *rows = text.partition("\n\n")[0].splitlines()
    assert len(rows) == len(report.findings)
    for row in (head, rule, *rows):
        assert row.replace("\\\\", "").replace("\\|", "").count("|") == head.count("|")


def test_a_report_without_an_audit_has_no_policy() -> None:
    for format_ in REPORTS:
        assert "digest" not in rendered(FINDINGS, format_, ()).partition("<style>")[0]


def test_reports_tell_what_is_new_since_a_baseline() -> None:
    report = audit(a_fleet(2), policy_of_flags(), TODAY)
    for finding, since in zip(report.findings, (Since.NEW, Since.KNOWN), strict=True):
        finding.since = since
    (run,) = json.loads(reported(Format.SARIF, report))["runs"]
    assert [one["baselineState"] for one in run["results"]] == ["new", "unchanged"]
    assert [one["properties"]["since"] for one in run["results"]] == ["new", "known"]
    for format_, said in (
        (Format.GITHUB, "VPCMETA001 (medium, {})"),
        (Format.JUNIT, "Since the baseline: {}"),
        (Format.HTML, "since the baseline: {}"),
    ):
        text = reported(format_, report).replace("%2C", ",")
        assert (said.format("new") in text, said.format("known") in text) == (True, True)
        assert "the baseline" not in reported(format_)

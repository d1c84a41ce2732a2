"""SARIF 2.1.0, as code scanners read it.

GitHub takes at most 25,000 results and 10 MB of gzip, shows the gravest 5,000, wants a physical
location of every result, and knows a result again by ``primaryLocationLineHash`` (GitHub Docs:
SARIF support for code scanning). A server has no file, so it gets a path made of its region, kind
and id, which stays the same from one audit to the next, and its CRN as a logical location.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from vpcmetactl import __version__
from vpcmetactl.domain.findings import Since
from vpcmetactl.domain.policy import Severity, UnknownMeans
from vpcmetactl.domain.servers import ServerKind
from vpcmetactl.render.envelope import encodable
from vpcmetactl.render.formats.reports.gathering import (
    EXIT_MEANINGS,
    Report,
    left_out,
    place_words,
    unread_words,
    waiver_words,
)
from vpcmetactl.render.items.audits import Check, Finding
from vpcmetactl.render.text import markdown_escaped, printable, printable_json
from vpcmetactl.render.views.words import counted

MOST_RESULTS = 25_000
MOST_SHOWN = 5_000

_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_FINGERPRINT = "vpcmetactl/v1"
_NAMED = 10
_LEVELS = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
    Severity.INFO: "note",
}
# Scores in the middle of what GitHub shows as each severity; it has no word for less than low.
_SCORES = {
    Severity.CRITICAL: "9.5",
    Severity.HIGH: "8.0",
    Severity.MEDIUM: "5.5",
    Severity.LOW: "2.5",
    Severity.INFO: "0.1",
}
_UNKNOWN_LEVELS = {
    UnknownMeans.PASS: "note",
    UnknownMeans.WARN: "warning",
    UnknownMeans.FAIL: "error",
}

# Of what may or may not have been there before SARIF has no word.
_BASELINE_STATES = {Since.NEW: "new", Since.KNOWN: "unchanged"}

Json = Mapping[str, Any]


def sarif_text(report: Report) -> str:
    """Return the report as a SARIF log of one run."""
    log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [_run(report)]}
    # Without blanks: what is uploaded has a limit.
    text = json.dumps(log, ensure_ascii=False, separators=(",", ":"))
    return printable_json(encodable(text)) + "\n"


def _run(report: Report) -> Json:
    places = {check.id: place for place, check in enumerate(report.checks)}
    severities = _severities(report)
    policy = report.policy
    accounts = "+".join(report.scope.accounts)
    return {
        "tool": {
            "driver": {
                "name": "vpcmetactl",
                "semanticVersion": __version__,
                "rules": [_rule(check, severities[check.id]) for check in report.checks],
            }
        },
        "automationDetails": {"id": f"vpcmetactl/{accounts}/" if accounts else "vpcmetactl/"},
        "invocations": [_invocation(report, places)],
        "columnKind": "utf16CodeUnits",
        "results": [_result(finding, places) for finding in kept(report.findings)],
        "properties": {
            "generatedAt": report.time,
            "asOf": report.as_of.isoformat() if report.as_of is not None else None,
            "policy": policy and {"name": policy.name, "digest": policy.digest},
            "accounts": list(report.scope.accounts),
            "regions": list(report.scope.regions),
            "servers": report.summary.servers,
            "findings": report.summary.total,
            "waived": report.summary.waived,
            "unknown": report.summary.unknown,
        },
    }


def kept(findings: Sequence[Finding]) -> Sequence[Finding]:
    """Return as many findings as are taken, in their order: waived ones give way first."""
    if len(findings) <= MOST_RESULTS:
        return findings
    open_ones = [finding for finding in findings if finding.waived is None][:MOST_RESULTS]
    room = MOST_RESULTS - len(open_ones)
    waived = [finding for finding in findings if finding.waived is not None][:room]
    chosen = {finding.fingerprint for finding in (*open_ones, *waived)}
    return [finding for finding in findings if finding.fingerprint in chosen]


def _severities(report: Report) -> Mapping[str, Severity]:
    """Return how grave each check is at the most: GitHub takes one severity for a rule."""
    found: dict[str, list[Severity]] = defaultdict(list)
    for finding in report.findings:
        found[finding.check.id].append(finding.check.severity)
    return {
        check.id: max(found[check.id], key=lambda severity: severity.rank)
        if found[check.id]
        else check.severity
        for check in report.checks
    }


def _rule(check: Check, severity: Severity) -> Json:
    tags = ["ibm-cloud", "vpc", "policy" if check.about == "waivers" else "security"]
    properties: dict[str, object] = {
        "tags": tags,
        "precision": "very-high",
        "problem.severity": {"error": "error", "warning": "warning"}.get(
            _LEVELS[severity], "recommendation"
        ),
    }
    if check.about == "servers":
        properties["security-severity"] = _SCORES[severity]
    return {
        "id": check.id,
        "name": check.id,
        "shortDescription": {"text": check.title},
        "fullDescription": {"text": check.rationale},
        "help": {"text": _help(check), "markdown": _help_markdown(check)},
        "defaultConfiguration": {"level": _LEVELS[check.severity]},
        "properties": properties,
    }


def _help(check: Check) -> str:
    parts = [check.title + ".", check.rationale, f"What to do: {check.remedy}"]
    parts += [f"Command: {check.command}"] if check.command else []
    parts += [f"Terraform: {check.terraform}"] if check.terraform else []
    return "\n\n".join([*parts, f"Source: {check.source}"])


def _help_markdown(check: Check) -> str:
    parts = [f"**{_marked(check.title)}.**", _marked(check.rationale), _marked(check.remedy)]
    parts += [f"```sh\n{check.command}\n```"] if check.command else []
    parts += [f"```hcl\n{check.terraform}\n```"] if check.terraform else []
    return "\n\n".join([*parts, f"Source: {_marked(check.source)}"])


def _marked(text: str) -> str:
    return markdown_escaped(printable(text))


def _result(finding: Finding, places: Mapping[str, int]) -> Json:
    message = f"{place_words(finding)}: {finding.message}"
    result: dict[str, object] = {
        "ruleId": finding.check.id,
        "ruleIndex": places[finding.check.id],
        "level": _LEVELS[finding.check.severity],
        "message": {"text": printable(message)},
        "locations": [_location(finding)],
        "partialFingerprints": {"primaryLocationLineHash": finding.fingerprint},
        "fingerprints": {_FINGERPRINT: finding.fingerprint},
        "properties": {
            key: value
            for key, value in {
                "severity": finding.check.severity.value,
                "since": finding.since,
                "command": finding.command,
                "terraform": finding.terraform,
                "rule": finding.rule,
            }.items()
            if value is not None
        },
    }
    if finding.since in _BASELINE_STATES:
        result["baselineState"] = _BASELINE_STATES[finding.since]
    if finding.waived is not None:
        justification = printable(waiver_words(finding.waived))
        result["suppressions"] = [
            {"kind": "external", "status": "accepted", "justification": justification}
        ]
    return result


def _location(finding: Finding) -> Json:
    location: dict[str, object] = {
        "physicalLocation": {
            "artifactLocation": {"uri": artifact_uri(finding)},
            "region": {"startLine": 1, "startColumn": 1, "endLine": 1, "endColumn": 1},
        }
    }
    server = finding.server
    if server is not None:
        address = finding.place.address if finding.place is not None else None
        location["logicalLocations"] = [
            {
                "name": printable(finding.label),
                "fullyQualifiedName": printable(
                    address or server.crn or f"{server.kind}/{server.region}/{server.id}"
                ),
                "kind": "resource",
            }
        ]
    return location


def artifact_uri(finding: Finding) -> str:
    """Return the file of a finding as a URI, relative where it can be.

    A server, which no file tells of, gets a path of its own.
    """
    if finding.place is not None and finding.place.file:
        return _file_uri(finding.place.file)
    server = finding.server
    if server is None:
        file = finding.waiver.source.rpartition(": ")[0] if finding.waiver is not None else ""
        return _file_uri(file or "policy")
    kind = "instances" if server.kind is ServerKind.INSTANCE else "bare_metal_servers"
    if finding.origin == "instance_template":
        kind = "instance/templates"
    path = f"ibm-cloud/{server.region or 'unknown-region'}/{kind}/{server.id}"
    return quote(encodable(path), safe="/")


def _file_uri(file: str) -> str:
    path = quote(encodable(file), safe="/")
    while path.startswith("./"):
        path = path.removeprefix("./")
    return f"file://{path}" if path.startswith("/") else path


def _invocation(report: Report, places: Mapping[str, int]) -> Json:
    return {
        "executionSuccessful": report.is_complete,
        "exitCode": report.exit_code,
        "exitCodeDescription": EXIT_MEANINGS.get(report.exit_code, "the audit failed"),
        "endTimeUtc": report.time,
        "toolExecutionNotifications": list(_notifications(report, places)),
    }


def _notifications(report: Report, places: Mapping[str, int]) -> Iterator[Json]:
    for unread in report.scope.incomplete:
        yield _notification("error", f"Incomplete: {unread_words(unread)}")
    yield from _unjudged(report, places)
    if hidden := left_out(report):
        yield _notification("note", f"{counted(hidden, 'finding')} left out by --limit.")
    count = len(report.findings)
    if count > MOST_RESULTS:
        yield _notification(
            "warning",
            f"{count - MOST_RESULTS} of {count} findings are not here, for code scanning takes "
            f"{MOST_RESULTS} at most: those that are waived, and then the lightest. The formats "
            "json and csv have all of them.",
        )
    elif count > MOST_SHOWN:
        yield _notification(
            "note", f"{count} findings: code scanning may show the gravest {MOST_SHOWN} only."
        )


def _unjudged(report: Report, places: Mapping[str, int]) -> Iterator[Json]:
    """Tell what could not be judged: SARIF has no result for it that code scanning leaves alone."""
    found: dict[str, list[Finding]] = defaultdict(list)
    for finding in report.open_unknowns:
        found[finding.check.id].append(finding)
    means = report.policy.unknown if report.policy is not None else UnknownMeans.WARN
    for check_id, findings in found.items():
        names = ", ".join(place_words(finding) for finding in findings[:_NAMED])
        more = len(findings) - _NAMED
        who = f"{names} and {more} more" if more > 0 else names
        yield {
            **_notification(_UNKNOWN_LEVELS[means], f"{check_id} could not judge {who}."),
            "associatedRule": {"id": check_id, "index": places[check_id]},
        }


def _notification(level: str, text: str) -> dict[str, object]:
    return {"level": level, "message": {"text": printable(text)}}

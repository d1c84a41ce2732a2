"""JUnit XML, as GitLab and Jenkins read it: a suite for each check.

A subject that fails is a failed test case and one whose finding is waived a skipped one. What could
not be judged is skipped too, or an error where the policy counts it as a failure. Those that pass
are one case together: listing a fleet would be past what readers take (GitLab: 30 MB a file and
250,000 XML objects). Names of cases must differ, or GitLab drops all but the first.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from xml.etree import ElementTree as ET

from vpcmetactl.render.formats.reports.gathering import (
    Report,
    left_out,
    totals,
    unread_words,
    waiver_words,
)
from vpcmetactl.render.items.audits import CheckCounts, Finding
from vpcmetactl.render.text import printable
from vpcmetactl.render.views.words import counted

MOST_CASES = 10_000

_SHORT = 8


def junit_text(report: Report) -> str:
    """Return the report as XML."""
    root = ET.Element("testsuites", name="vpcmetactl audit")
    root.extend(_suites(report))
    for key in ("tests", "failures", "errors", "skipped"):
        root.set(key, str(sum(int(suite.get(key, "0")) for suite in root)))
    ET.indent(root)
    body = ET.tostring(root, encoding="unicode", short_empty_elements=True)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n'


def _suites(report: Report) -> Iterator[ET.Element]:
    found: dict[str, list[tuple[Finding, bool]]] = defaultdict(list)
    listed = [(finding, False) for finding in report.findings]
    # What is waived and what is unknown gives way before what fails.
    listed.sort(key=lambda one: one[0].waived is not None)
    listed += [(finding, True) for finding in report.unknowns]
    for finding, is_unknown in listed[:MOST_CASES]:
        found[finding.check.id].append((finding, is_unknown))
    for check in report.checks:
        cases = found[check.id]
        counts = report.counts.get(check.id)
        if cases or counts is not None:
            yield _suite(report, f"{check.id} {check.title}", cases, counts)
    remarks = list(_remarks(report, max(len(listed) - MOST_CASES, 0)))
    if remarks:
        yield _closed("vpcmetactl", report, remarks)


def _suite(
    report: Report,
    name: str,
    cases: Sequence[tuple[Finding, bool]],
    counts: CheckCounts | None,
) -> ET.Element:
    made = [_case(report, finding, is_unknown=is_unknown) for finding, is_unknown in cases]
    check_id = name.partition(" ")[0]
    if counts is not None and counts.passed:
        what = "waiver" if check_id.startswith("VPCMETA1") else "server"
        made.append(_element("testcase", classname=check_id, name=_passed(counts.passed, what)))
    return _closed(name, report, made, counts)


def _passed(count: int, what: str) -> str:
    return f"{counted(count, what)} passed"


def _closed(
    name: str, report: Report, cases: Sequence[ET.Element], counts: CheckCounts | None = None
) -> ET.Element:
    """Return a suite that counts its cases."""
    suite = _element("testsuite", name=name, timestamp=report.time.removesuffix("Z"), time="0")
    suite.set("tests", str(len(cases)))
    for key, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(key, str(sum(case.find(tag) is not None for case in cases)))
    suite.append(_properties(report, counts))
    suite.extend(cases)
    return suite


def _properties(report: Report, counts: CheckCounts | None) -> ET.Element:
    said: dict[str, object] = {"summary": totals(report)}
    if report.policy is not None:
        said |= {"policy": report.policy.name, "policy digest": report.policy.digest}
    if counts is not None:
        said |= {
            "failed": counts.failed,
            "waived": counts.waived,
            "passed": counts.passed,
            "unknown": counts.unknown,
            "not applicable": counts.not_applicable,
        }
    properties = ET.Element("properties")
    properties.extend(
        _element("property", name=name, value=str(value)) for name, value in said.items()
    )
    return properties


def _case(report: Report, finding: Finding, *, is_unknown: bool) -> ET.Element:
    case = _element("testcase", classname=finding.check.id, name=_name(finding), time="0")
    if finding.place is not None and finding.place.file:
        case.set("file", _clean(finding.place.file))
    if finding.waived is not None:
        case.append(_passed_over(finding, waiver_words(finding.waived)))
    elif not is_unknown:
        case.append(_told("failure", finding, finding.message))
    elif report.unknown_fails:
        case.append(_told("error", finding, f"could not be judged: {finding.message}"))
    else:
        case.append(_passed_over(finding, f"could not be judged: {finding.message}"))
    return case


def _passed_over(finding: Finding, message: str) -> ET.Element:
    element = _element("skipped", message=message)
    element.text = f"Fingerprint: {finding.fingerprint}"
    return element


def _name(finding: Finding) -> str:
    """Return a name that no other case of the check has: it ends with the fingerprint's head."""
    server = finding.server
    where = f" {server.region}" if server is not None and server.region else ""
    return f"{finding.label}{where} [{finding.fingerprint[:_SHORT]}]"


def _told(tag: str, finding: Finding, message: str) -> ET.Element:
    element = _element(tag, message=message, type=finding.check.severity.value)
    parts: Mapping[str, str | None] = {
        "Finding": f"{finding.check.title} ({finding.check.severity})",
        "About": (finding.server.crn or finding.server.id) if finding.server else finding.label,
        "Address": finding.place.address if finding.place else None,
        "Fingerprint": finding.fingerprint,
        "Since the baseline": finding.since,
        "Remedy": finding.remedy,
        "Command": finding.command,
        "Terraform": finding.terraform,
        "Source": finding.source,
    }
    element.text = "\n".join(f"{key}: {_clean(said)}" for key, said in parts.items() if said)
    return element


def _remarks(report: Report, cut: int) -> Iterator[ET.Element]:
    """Tell as cases of their own what is missing from the rest."""
    for unread in report.scope.incomplete:
        place = f"{unread.words} of {unread.account_id or 'the account'}"
        case = _element("testcase", classname="vpcmetactl", name=f"{place} can be read")
        case.append(_element("error", message=unread_words(unread), type="incomplete"))
        yield case
    if hidden := left_out(report):
        yield _skipped("findings left out", f"{counted(hidden, 'finding')} left out by --limit")
    if cut:
        message = f"{cut} more, waived and unknown ones first; the formats json and csv have all"
        yield _skipped("cases left out", message)


def _skipped(name: str, message: str) -> ET.Element:
    case = _element("testcase", classname="vpcmetactl", name=name)
    case.append(_element("skipped", message=message))
    return case


def _element(tag: str, **attributes: str) -> ET.Element:
    return ET.Element(tag, {name: _clean(value) for name, value in attributes.items()})


def _clean(text: str) -> str:
    """Return text that XML can hold: it has no way to write most controls."""
    return printable(text)

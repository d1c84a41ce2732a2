"""One HTML page that needs nothing else: no network, no fonts, no script to be read.

Its script filters and sorts, and what it may do is bound by the page's own security policy, which
knows the one script and the one style sheet by their hashes.
"""

from base64 import b64encode
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path

from vpcmetactl import __version__
from vpcmetactl.domain.policy import UnknownMeans
from vpcmetactl.render.formats.reports.charts import charts
from vpcmetactl.render.formats.reports.gathering import (
    EXIT_MEANINGS,
    Report,
    left_out,
    totals,
    unread_words,
)
from vpcmetactl.render.formats.reports.markup import NEW_LINE, Markup, joined, tag
from vpcmetactl.render.items.audits import Check, Finding
from vpcmetactl.render.views.words import counted, moment

MOST_ROWS = 10_000

_SHORT = 12
_FOLDER = Path(__file__).parent
_NOTHING = "-"
_UNKNOWNS = {
    UnknownMeans.PASS: "passes",
    UnknownMeans.WARN: "passes, with a warning",
    UnknownMeans.FAIL: "fails",
}
_Table = Callable[[Sequence[Finding]], Markup]


def page_text(report: Report) -> str:
    """Return the report as a page."""
    body = tag(
        "body",
        tag("a", "Skip to the findings", href="#findings", class_="skip"),
        _header(report),
        tag("main", *_sections(report)),
        tag("footer", _footer()),
        tag("script", _asset("page.js")),
    )
    return f"<!DOCTYPE html>\n{tag('html', _head(report), body, lang='en')}\n"


@cache
def _asset(name: str) -> Markup:
    return Markup(_FOLDER.joinpath(name).read_text("utf-8"))


def _hash(name: str) -> str:
    return f"'sha256-{b64encode(sha256(_asset(name).encode()).digest()).decode()}'"


def _head(report: Report) -> Markup:
    policy = (
        f"default-src 'none'; style-src {_hash('page.css')}; script-src {_hash('page.js')}; "
        "base-uri 'none'; form-action 'none'"
    )
    # A meta element has no end tag.
    return tag(
        "head",
        Markup('<meta charset="utf-8">'),
        Markup(f'<meta http-equiv="Content-Security-Policy" content="{policy}">'),
        Markup('<meta name="viewport" content="width=device-width, initial-scale=1">'),
        Markup('<meta name="referrer" content="no-referrer">'),
        tag("title", f"Metadata service audit, {report.time}"),
        tag("style", _asset("page.css")),
    )


def _header(report: Report) -> Markup:
    scope, policy = report.scope, report.policy
    said = {
        "Accounts": ", ".join(scope.accounts),
        "Regions": ", ".join(scope.regions),
        "Left out": ", ".join(scope.excluded),
        "API": scope.endpoint,
        "Read from": scope.snapshot,
        "Taken at": scope.taken_at and f"{moment(scope.taken_at)}",
        "Made at": report.time,
        "Waivers judged as of": report.as_of and f"{report.as_of} (UTC)",
        "Policy": policy and policy.name,
        "Policy digest": policy and policy.digest,
        "What cannot be judged": policy and _UNKNOWNS[policy.unknown],
        "Exit code": f"{report.exit_code}: {EXIT_MEANINGS.get(report.exit_code, 'it failed')}",
    }
    rows = [
        part
        for name, value in said.items()
        if value
        for part in (tag("dt", name), tag("dd", value))
    ]
    lead = tag("p", f"{totals(report)}.")
    return tag("header", tag("h1", "Metadata service audit"), lead, tag("dl", *rows))


def _sections(report: Report) -> Iterator[Markup]:
    if report.scope.incomplete:
        lines = [tag("li", unread_words(unread)) for unread in report.scope.incomplete]
        yield _section("incomplete", "Incomplete", tag("ul", *lines), class_="alarm")
    yield _section("totals", "Totals", _totals(report))
    if report.shapes:
        yield _section("fleet", "The fleet", charts(report.shapes))
    yield _section("findings", "Open findings", *_findings(report))
    if waived := report.waived_findings:
        yield _section("waived", "Waived findings", *_cut(waived, _waived))
    if unknowns := report.unknowns:
        yield _section("unknown", "Not judged", *_cut(unknowns, _unknown))
    yield _section("checks", "Checks", _checks(report))


def _section(name: str, title: str, *parts: str, class_: str | None = None) -> Markup:
    heading = tag("h2", title, id=f"{name}-title")
    section = tag(
        "section", heading, *parts, id=name, class_=class_, aria_labelledby=f"{name}-title"
    )
    return joined(section, NEW_LINE)


def _totals(report: Report) -> Markup:
    summary = report.summary
    open_ones = report.open_findings
    counts = {
        severity: sum(finding.check.severity == severity for finding in open_ones)
        for severity in ("critical", "high", "medium", "low", "info")
    }
    cards = [
        *((name, count) for name, count in counts.items()),
        ("waived", summary.waived),
        ("not judged", summary.unknown),
        ("servers judged", summary.servers),
    ]
    made = [tag("li", tag("b", str(count)), f" {name}") for name, count in cards]
    return tag("ul", *made, class_="totals")


def _findings(report: Report) -> Iterator[Markup]:
    findings = report.open_findings
    if hidden := left_out(report):
        yield tag("p", f"{counted(hidden, 'finding')} left out by --limit.")
    if not findings:
        yield tag("p", "There are none.")
        return
    shown = findings[:MOST_ROWS]
    yield _filter(shown)
    yield tag("p", _showing(len(shown), len(findings)), id="shown", aria_live="polite")
    titles = (("severity", "Severity"), ("name", "Server"), ("region", "Region"))
    heads = [tag("th", title, scope="col", data_sort=key) for key, title in titles]
    heads += [tag("th", title, scope="col") for title in ("Finding", "What to do", "Fingerprint")]
    groups: dict[str, list[Finding]] = defaultdict(list)
    for finding in shown:
        groups[finding.check.id].append(finding)
    bodies = [_group(check_id, group) for check_id, group in groups.items()]
    yield _scrolled("Open findings by check", heads, bodies, id="findings-table")


def _showing(shown: int, total: int) -> str:
    if shown == total:
        return f"Showing {shown} of {total}"
    return f"Showing the first {shown} of {total}; the formats json and csv have all of them"


def _filter(findings: Sequence[Finding]) -> Markup:
    regions = sorted({finding.server.region for finding in findings if finding.server})
    severities = list(dict.fromkeys(finding.check.severity.value for finding in findings))
    checks = sorted({finding.check.id for finding in findings})
    text = Markup('<input name="text" type="search" autocomplete="off">')
    return tag(
        "form",
        tag("label", "Text", text),
        _select("Severity", "severity", severities),
        _select("Check", "check", checks),
        _select("Region", "region", [region for region in regions if region]),
        tag("button", "Show all", type="reset"),
        id="filter",
        hidden=True,
    )


def _select(label: str, name: str, values: Sequence[str]) -> Markup:
    options = [tag("option", "all", value="")]
    options += [tag("option", value, value=value) for value in values]
    return tag("label", label, tag("select", *options, name=name, autocomplete="off"))


def _group(check_id: str, findings: Sequence[Finding]) -> Markup:
    title = f"{check_id}: {findings[0].check.title} ({len(findings)})"
    head = tag("tr", tag("th", title, colspan=6, scope="rowgroup", class_="group"))
    return tag("tbody", head, NEW_LINE, *map(_row, findings))


def _row(finding: Finding) -> Markup:
    severity = finding.check.severity.value
    mending = finding.command or finding.terraform
    row = tag(
        "tr",
        tag("td", severity, class_=severity),
        tag("td", *_subject(finding), class_="name"),
        tag("td", _region(finding), class_="region"),
        tag("td", *_told(finding), class_="text"),
        tag("td", tag("code", mending) if mending else finding.remedy, class_="text"),
        tag("td", tag("code", finding.fingerprint[:_SHORT])),
        id=f"f-{finding.fingerprint}",
        data_severity=severity,
        data_check=finding.check.id,
        data_name=finding.label,
        data_region=finding.server.region if finding.server else "",
    )
    return joined(row, NEW_LINE)


def _subject(finding: Finding) -> Iterator[str]:
    yield finding.label
    server = finding.server
    if server is not None and server.id != finding.label:
        yield Markup("<br>")
        yield tag("code", server.id, class_="quiet")


def _told(finding: Finding) -> Iterator[str]:
    yield finding.message
    if finding.since is not None:
        yield Markup("<br>")
        yield tag("span", f"since the baseline: {finding.since}", class_="quiet")


def _region(finding: Finding) -> str:
    return (finding.server.region if finding.server else "") or _NOTHING


def _waived(findings: Sequence[Finding]) -> Markup:
    titles = ("Check", "Severity", "Server", "Region", "Finding", "Owner", "Reason", "Until")
    rows = [
        tag(
            "tr",
            tag("td", finding.check.id),
            tag("td", finding.check.severity.value),
            tag("td", *_subject(finding), class_="name"),
            tag("td", _region(finding), class_="region"),
            tag("td", finding.message, class_="text"),
            tag("td", finding.waived.owner),
            tag("td", finding.waived.reason, class_="text"),
            tag("td", f"{finding.waived.expires}"),
            id=f"f-{finding.fingerprint}",
        )
        for finding in findings
        if finding.waived is not None
    ]
    return _scrolled("Findings that are accepted until a day", _heads(titles), [_body(rows)])


def _unknown(findings: Sequence[Finding]) -> Markup:
    rows = [
        tag(
            "tr",
            tag("td", finding.check.id),
            tag("td", *_subject(finding), class_="name"),
            tag("td", _region(finding), class_="region"),
            tag("td", finding.message, class_="text"),
            tag("td", finding.waived.owner if finding.waived is not None else _NOTHING),
        )
        for finding in findings
    ]
    titles = ("Check", "Server", "Region", "What is missing", "Waived by")
    return _scrolled("What could not be judged", _heads(titles), [_body(rows)])


def _cut(findings: Sequence[Finding], table: _Table) -> Iterator[Markup]:
    shown = findings[:MOST_ROWS]
    if len(shown) < len(findings):
        yield tag("p", _showing(len(shown), len(findings)))
    yield table(shown)


def _checks(report: Report) -> Markup:
    titles = ("Check", "Severity", "What fails it")
    numbers = ("Failed", "Waived", "Passed", "Not judged", "Not applicable")
    heads = [*_heads(titles), *_heads(numbers, "number"), *_heads(("Source",))]
    counts = report.counts
    rows = [
        tag(
            "tr",
            tag("th", check.id, scope="row"),
            tag("td", check.severity.value),
            tag("td", *_explained(check), class_="text"),
            *(
                tag("td", str(number), class_="number")
                for number in (
                    counts[check.id].failed,
                    counts[check.id].waived,
                    counts[check.id].passed,
                    counts[check.id].unknown,
                    counts[check.id].not_applicable,
                )
            ),
            tag("td", check.source),
        )
        for check in report.checks
        if check.id in counts
    ]
    return _scrolled("Every check of the policy", heads, [_body(rows)])


def _explained(check: Check) -> Iterator[Markup]:
    yield tag("strong", check.title)
    yield tag("div", check.rationale)
    yield tag("div", f"What to do: {check.remedy}")


def _heads(titles: Sequence[str], class_: str | None = None) -> list[Markup]:
    return [tag("th", title, scope="col", class_=class_) for title in titles]


def _body(rows: Sequence[Markup]) -> Markup:
    return tag("tbody", *(joined(row, NEW_LINE) for row in rows))


def _scrolled(
    caption: str, heads: Sequence[Markup], bodies: Sequence[Markup], **attributes: object
) -> Markup:
    head = tag("thead", tag("tr", *heads))
    table = tag("table", tag("caption", caption), head, *bodies, **attributes)
    # A keyboard can scroll what takes the focus.
    return tag("div", table, class_="scroll", tabindex=0, role="region", aria_label=caption)


def _footer() -> Markup:
    return tag(
        "p",
        f"Made by vpcmetactl {__version__}. A finding keeps its fingerprint until it is mended; "
        "the first digits are shown, and the other formats have all 64.",
    )

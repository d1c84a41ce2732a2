"""Who can become what: pairs of server and trusted profile, and what stands out among them."""

from collections.abc import Sequence
from itertools import groupby

from vpcmetactl.domain import access
from vpcmetactl.domain.access_findings import EXPLANATIONS, FindingCode
from vpcmetactl.domain.claims import DOUBT_MEANINGS, DoubtReason
from vpcmetactl.render.documents import Column, Document, Fit, Group, Line, Style, Trailer, View
from vpcmetactl.render.items.access import (
    Access,
    AccessSummary,
    Finding,
    access_item,
    finding_items,
)
from vpcmetactl.render.views.trust_words import (
    OTHER_ACCOUNTS,
    code_words,
    usable_style,
    usable_words,
    ways_words,
)
from vpcmetactl.render.views.words import counted, listed, server_sort_key, servers_listed

# As many profiles as a finding names before it counts the rest.
_NAMED = 5

COLUMNS = (
    Column[Access](
        key="server.name",
        title="SERVER",
        text=lambda item: item.server.label,
        fit=Fit.SHORTEN,
        least=16,
    ),
    Column[Access](key="server.id", title="ID", text=lambda item: item.server.id, wide_only=True),
    Column[Access](
        key="server.region", title="REGION", text=lambda item: item.server.region, wide_only=True
    ),
    Column[Access](
        key="profile.name",
        title="PROFILE",
        text=lambda item: item.profile.label,
        fit=Fit.SHORTEN,
        least=16,
    ),
    Column[Access](
        key="profile.id", title="PROFILE ID", text=lambda item: item.profile.id, wide_only=True
    ),
    Column[Access](
        key="ways",
        title="THROUGH",
        text=lambda item: ways_words(item.ways),
        style=lambda item: None if item.certain else Style.FAINT,
        fit=Fit.WRAP,
        least=16,
    ),
    Column[Access](
        key="is_default",
        title="DEFAULT",
        text=lambda item: "yes" if item.is_default else "",
        optional=True,
    ),
    Column[Access](
        key="usable.now",
        title="USABLE",
        text=lambda item: usable_words(item.usable),
        style=lambda item: usable_style(item.usable),
        fit=Fit.WRAP,
        least=24,
    ),
)


def _sort_key(item: Access) -> tuple[object, ...]:
    return (*server_sort_key(item.server), item.profile.label, item.profile.id)


def _summarize(items: Sequence[Access], trailer: Trailer) -> AccessSummary:
    certain = sum(item.certain for item in items)
    return AccessSummary(
        total=len(items),
        servers=len({(item.server.kind, item.server.id) for item in items}),
        profiles=len({item.profile.id for item in items}),
        certain=certain,
        cannot_tell=len(items) - certain,
        usable_now=sum(item.certain and item.usable.now is True for item in items),
        findings=finding_items(trailer),
    )


def _remarks(document: Document[Access]) -> Sequence[Group]:
    summary: AccessSummary = document.summary
    found = groupby(summary.findings or (), key=lambda finding: finding.code)
    return [
        *_doubts(document.items),
        *(_told(code, list(findings)) for code, findings in found),
        Group([Line(_totals(summary)), Line(OTHER_ACCOUNTS)]),
    ]


def _doubts(items: Sequence[Access]) -> Sequence[Group]:
    """Explain each reason why something cannot be told, once."""
    there = {way.doubt.reason for item in items for way in item.ways if way.doubt}
    lines = [
        Line(DOUBT_MEANINGS[reason], label=code_words(reason))
        for reason in DoubtReason
        if reason in there
    ]
    return [Group(lines, title="What cannot be told")] if lines else []


def _totals(summary: AccessSummary) -> str:
    if not summary.total:
        return "No trusted profile is known to trust any server that was asked about."
    counts = listed(
        [
            (summary.certain, "certain"),
            (summary.cannot_tell, "that cannot be told"),
            (summary.usable_now, "usable now"),
        ]
    )
    return (
        f"{counted(summary.total, 'pair')} of {counted(summary.servers, 'server')} and "
        f"{counted(summary.profiles, 'profile')}: {counts}."
    )


def _told(code: FindingCode, findings: Sequence[Finding]) -> Group:
    explanation = EXPLANATIONS[code]
    return Group(
        [*_about_servers(findings), *_about_profiles(findings), Line(explanation.remedy)],
        title=f"{explanation.title}: {len(findings)}",
    )


def _about_servers(findings: Sequence[Finding]) -> Sequence[Line]:
    servers = [finding.server for finding in findings if finding.server]
    return [Line(servers_listed(servers))] if servers else []


def _about_profiles(findings: Sequence[Finding]) -> Sequence[Line]:
    """Tell of each profile what was found once, or how often."""
    by_profile: dict[str, list[Finding]] = {}
    for finding in findings:
        if finding.profile:
            by_profile.setdefault(finding.profile.label, []).append(finding)
    named = list(by_profile.items())[:_NAMED]
    lines = [Line(_about_profile(label, found)) for label, found in named]
    more = len(by_profile) - len(named)
    return [*lines, Line(f"and {counted(more, 'profile')} more")] if more else lines


def _about_profile(label: str, findings: Sequence[Finding]) -> str:
    message = findings[0].message
    if len(findings) > 1:
        return f"{label}: {len(findings)}"
    return message if label in message else f"{label}: {message}"


ACCESS = View[access.Access, Access](
    kind="access",
    account_key="server.account_id",
    to_item=access_item,
    sort_key=_sort_key,
    identity=lambda item: item.server.id,
    columns=COLUMNS,
    summarize=_summarize,
    remarks=_remarks,
)

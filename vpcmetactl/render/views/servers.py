"""Servers as a list, and one server as a page."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from vpcmetactl.domain.restarts import AssessedServer, Verdict
from vpcmetactl.domain.servers import ServerKind, Support
from vpcmetactl.render.documents import (
    Column,
    Document,
    Fit,
    Group,
    Line,
    Style,
    Trailer,
    View,
)
from vpcmetactl.render.items.servers import Server, ServersSummary, server_item
from vpcmetactl.render.views.server_page import server_page
from vpcmetactl.render.views.trust_words import profile_names
from vpcmetactl.render.views.words import (
    NOT_APPLICABLE,
    UNREPORTED,
    counted,
    hop_limit_word,
    kind_word,
    named,
    on_off,
    restart_word,
)


def _metadata(server: Server) -> str:
    service = server.metadata_service
    return on_off(service.enabled if service else None)


def _metadata_style(server: Server) -> Style | None:
    service = server.metadata_service
    return Style.FAINT if service is None or not service.enabled else None


def _protocol(server: Server) -> str:
    service = server.metadata_service
    return (service and service.protocol) or UNREPORTED


def _protocol_style(server: Server) -> Style | None:
    service = server.metadata_service
    if service is None or not service.enabled:
        return Style.FAINT
    return Style.ATTENTION if service.protocol == "http" else None


def _restart(server: Server) -> str:
    return restart_word(server.restart.verdict)


def _restart_style(server: Server) -> Style | None:
    return Style.ATTENTION if server.restart.verdict is Verdict.NEEDED else Style.FAINT


def _support(server: Server) -> str:
    return server.support.value.replace("_", " ")


def _group_name(server: Server) -> str:
    if server.kind is ServerKind.BARE_METAL_SERVER:
        return NOT_APPLICABLE
    return named(server.instance_group)


def _tags(server: Server) -> str:
    if server.tags is None:
        return ""
    return ", ".join(server.tags) or "none"


COLUMNS = (
    Column[Server](
        key="name",
        title="NAME",
        text=lambda server: server.label,
        fit=Fit.SHORTEN,
        least=20,
    ),
    Column[Server](key="id", title="ID", text=lambda server: server.id, wide_only=True),
    Column[Server](
        key="kind",
        title="KIND",
        text=lambda server: kind_word(server.kind),
        optional=True,
    ),
    Column[Server](key="zone", title="ZONE", text=lambda server: server.zone or server.region),
    Column[Server](
        key="status",
        title="STATUS",
        text=lambda server: server.status or UNREPORTED,
        fit=Fit.SHORTEN,
    ),
    Column[Server](
        key="metadata_service.enabled", title="METADATA", text=_metadata, style=_metadata_style
    ),
    Column[Server](
        key="metadata_service.protocol", title="PROTOCOL", text=_protocol, style=_protocol_style
    ),
    Column[Server](
        key="metadata_service.response_hop_limit", title="HOPS", text=hop_limit_word, right=True
    ),
    Column[Server](key="restart.verdict", title="RESTART", text=_restart, style=_restart_style),
    Column[Server](
        key="vpc.name",
        title="VPC",
        text=lambda server: named(server.vpc),
        fit=Fit.SHORTEN,
        optional=True,
    ),
    Column[Server](
        key="resource_group.name",
        title="RESOURCE GROUP",
        text=lambda server: named(server.resource_group),
        wide_only=True,
    ),
    Column[Server](
        key="profile",
        title="PROFILE",
        text=lambda server: server.profile or UNREPORTED,
        wide_only=True,
    ),
    Column[Server](
        key="architecture",
        title="ARCHITECTURE",
        text=lambda server: server.architecture or UNREPORTED,
        wide_only=True,
    ),
    Column[Server](key="support", title="SUPPORT", text=_support, wide_only=True),
    Column[Server](
        key="instance_group.name", title="INSTANCE GROUP", text=_group_name, wide_only=True
    ),
    Column[Server](
        key="created_at",
        title="CREATED",
        text=lambda server: server.created_at or UNREPORTED,
        wide_only=True,
    ),
    Column[Server](
        key="tags",
        title="TAGS",
        text=_tags,
        fit=Fit.SHORTEN,
        least=20,
        optional=True,
    ),
    Column[Server](
        key="profiles",
        title="TRUSTED BY",
        text=lambda server: profile_names(server.profiles),
        fit=Fit.SHORTEN,
        least=20,
        optional=True,
    ),
)


def _sort_key(server: Server) -> tuple[str, str, str]:
    return (server.region, server.name or "", server.id)


def _summarize(servers: Sequence[Server], _: Trailer) -> ServersSummary:
    states = Counter(
        (service.enabled, service.protocol)
        if (service := server.metadata_service)
        else (None, None)
        for server in servers
    )
    verdicts = Counter(server.restart.verdict for server in servers)
    by_state: Counter[bool | None] = Counter()
    for (enabled, _protocol), count in states.items():
        by_state[enabled] += count
    return ServersSummary(
        total=len(servers),
        enabled=by_state[True],
        enabled_http=states[True, "http"],
        enabled_https=states[True, "https"],
        disabled=by_state[False],
        not_reported=by_state[None],
        unsupported_architecture=sum(
            server.support is Support.UNSUPPORTED_ARCHITECTURE for server in servers
        ),
        restart_needed=verdicts[Verdict.NEEDED],
        restart_unknown=verdicts[Verdict.UNKNOWN],
    )


def _remarks(document: Document[Server]) -> Sequence[Group]:
    counts: ServersSummary = document.summary
    if not counts.total:
        return [Group([Line("No servers.")])]
    lines = [Line(_totals(counts))]
    if counts.restart_needed:
        advised = counted(counts.restart_needed, "server")
        said = (
            f"Restart advised for {advised}, presumed from what was seen: "
            "vpcmetactl servers show SERVER gives the evidence."
        )
        lines.append(Line(said, style=Style.ATTENTION))
    return [Group([*lines, *_trusted(document.items)])]


def _trusted(servers: Sequence[Server]) -> Sequence[Line]:
    """Count those that profiles trust, where that was asked: a narrow table has no room for it."""
    asked = [server.profiles for server in servers if server.profiles is not None]
    if not asked:
        return []
    certain = sum(any(one.certain for one in profiles) for profiles in asked)
    perhaps = sum(not any(one.certain for one in profiles) for profiles in asked if profiles)
    said = f"Trusted by profiles: {certain} for certain, {perhaps} perhaps. -o wide names them."
    return [Line(said)]


def _totals(counts: ServersSummary) -> str:
    parts = [f"{counts.enabled} enabled{_protocols(counts)}", f"{counts.disabled} disabled"]
    if counts.not_reported:
        parts.append(f"{counts.not_reported} not reported")
    said = f"{counted(counts.total, 'server')}: {', '.join(parts)}"
    if counts.unsupported_architecture:
        said += f"; {counts.unsupported_architecture} on an unsupported architecture"
    return f"{said}."


def _protocols(counts: ServersSummary) -> str:
    if not counts.enabled:
        return ""
    return f" ({counts.enabled_http} http, {counts.enabled_https} https)"


def _nothing_said(_: Document[Server]) -> Sequence[Group]:
    return ()


SERVERS = View[AssessedServer, Server](
    kind="servers",
    account_key="account_id",
    to_item=server_item,
    sort_key=_sort_key,
    identity=lambda server: server.id,
    columns=COLUMNS,
    summarize=_summarize,
    remarks=_remarks,
)
SERVER = replace(SERVERS, page=server_page, remarks=_nothing_said)

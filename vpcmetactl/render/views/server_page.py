"""Everything known of one server, on a page."""

from collections.abc import Sequence

from vpcmetactl.domain.restarts import Reason, Verdict
from vpcmetactl.domain.servers import ServerKind, Support
from vpcmetactl.render.documents import Group, Line, Style
from vpcmetactl.render.items.access import ServerProfile
from vpcmetactl.render.items.servers import Disk, Restart, Server
from vpcmetactl.render.views.restart_words import restart_lines
from vpcmetactl.render.views.trust_words import OTHER_ACCOUNTS, usable_words, ways_words
from vpcmetactl.render.views.words import (
    NOT_APPLICABLE,
    RESTART_ADVICE,
    UNREPORTED,
    hop_limit_word,
    kind_word,
    named,
    on_off,
)


def server_page(server: Server) -> Sequence[Group]:
    """Return what an operator looks for first, first."""
    return [
        Group(_headline(server), title=server.label),
        Group(_metadata_lines(server), title="Metadata service"),
        Group(_restart_lines(server.restart), title="Restart"),
        *_trust(server.profiles),
        Group(_detail_lines(server), title="Server"),
    ]


def _headline(server: Server) -> Sequence[Line]:
    status = server.status or "status not reported"
    states = [status]
    if server.lifecycle_state:
        states.append(f"lifecycle {server.lifecycle_state}")
    if server.health_state:
        states.append(f"health {server.health_state}")
    where = server.zone or server.region
    return [
        Line(f"{kind_word(server.kind)} in {where}: {', '.join(states)}"),
        *(
            Line(f"{reason.code or 'reason'}: {reason.message or UNREPORTED}", style=Style.BAD)
            for reason in server.status_reasons or ()
        ),
    ]


def _metadata_lines(server: Server) -> Sequence[Line]:
    service = server.metadata_service
    if service is None:
        return [Line("not reported", label="Service"), Line(_support(server), label="Support")]
    over_http = service.enabled and service.protocol == "http"
    return [
        Line(on_off(service.enabled), label="Service"),
        Line(
            service.protocol or UNREPORTED,
            label="Protocol",
            style=Style.ATTENTION if over_http else None,
        ),
        Line(hop_limit_word(server), label="Response hop limit"),
        Line(_support(server), label="Support"),
    ]


def _support(server: Server) -> str:
    if server.support is Support.SUPPORTED:
        return f"supported on {server.architecture}"
    if server.support is Support.UNSUPPORTED_ARCHITECTURE:
        return f"not supported on {server.architecture}"
    return f"architecture {server.architecture or 'not reported'}: supported on amd64 only"


def _restart_lines(restart: Restart) -> Sequence[Line]:
    lines = restart_lines(restart)
    open_ = restart.verdict is not Verdict.NOT_NEEDED and restart.reason is not Reason.NOT_REPORTED
    return [*lines, Line(RESTART_ADVICE, label="IBM says")] if open_ else lines


def _trust(profiles: Sequence[ServerProfile] | None) -> Sequence[Group]:
    if profiles is None:
        return []
    lines = [Line("; ".join(ways_words(one.ways)), label=one.label) for one in profiles]
    # What stands in the way is about the server alone, and the same for each profile.
    usable = [Line(f"Usable now: {usable_words(one.usable)}") for one in profiles[:1]]
    none = [] if lines else [Line("No trusted profile of the account trusts it.")]
    return [Group([*lines, *usable, *none, Line(OTHER_ACCOUNTS)], title="Trusted profiles")]


def _detail_lines(server: Server) -> Sequence[Line]:
    bare_metal = server.kind is ServerKind.BARE_METAL_SERVER
    lines = [
        ("VPC", named(server.vpc)),
        ("Resource group", named(server.resource_group)),
        ("Profile", server.profile or UNREPORTED),
        ("Architecture", server.architecture or UNREPORTED),
        ("Instance group", NOT_APPLICABLE if bare_metal else named(server.instance_group)),
        ("Availability", NOT_APPLICABLE if bare_metal else server.availability_class or UNREPORTED),
        ("Boot volume", NOT_APPLICABLE if bare_metal else named(server.boot_volume)),
        ("Disks", _disks(server.disks)),
        ("Created", server.created_at or UNREPORTED),
        ("Account", server.account_id or UNREPORTED),
        ("ID", server.id),
        ("CRN", server.crn or UNREPORTED),
    ]
    copied = ("Account", "ID", "CRN")
    return [Line(text, label=label, keep=label in copied) for label, text in lines]


def _disks(disks: Sequence[Disk] | None) -> str:
    if disks is None:
        return UNREPORTED
    return ", ".join(map(_disk, disks)) or "none"


def _disk(disk: Disk) -> str:
    size = "size not reported" if disk.size is None else f"{disk.size} GB"
    return f"{disk.name or disk.id or UNREPORTED} ({size})"

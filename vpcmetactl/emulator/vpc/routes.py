"""Which VPC operations there are, and what is known to differ from the platform."""

from vpcmetactl.emulator.routing import Route, Service
from vpcmetactl.emulator.vpc import changes, handlers, initialization
from vpcmetactl.emulator.vpc.errors import refusal_for
from vpcmetactl.emulator.vpc.fallback import fallback
from vpcmetactl.emulator.vpc.requests import guard
from vpcmetactl.emulator.vpc.resources import BARE_METAL_FILTERS, INSTANCE_FILTERS, VPC_FILTERS
from vpcmetactl.emulator.vpc.state import VpcState

_PAGING = frozenset({"start", "limit"})

ROUTES: tuple[Route[VpcState], ...] = (
    Route(
        "list_regions",
        "GET",
        "/regions",
        handlers.list_regions,
        "All 13 regions.",
    ),
    Route(
        "get_region",
        "GET",
        "/regions/<name>",
        handlers.get_region,
        "Any region from any region.",
    ),
    Route(
        "list_instances",
        "GET",
        "/instances",
        handlers.list_instances,
        "Every filter of IBM's SDK; limit 1 to 100, 50 unless given; `next` without version, "
        "generation and filters.",
        INSTANCE_FILTERS | _PAGING,
    ),
    Route(
        "get_instance",
        "GET",
        "/instances/<id>",
        handlers.get_instance,
        "With a weak ETag of everything the body shows.",
    ),
    Route(
        "get_instance_initialization",
        "GET",
        "/instances/<id>/initialization",
        initialization.get_instance_initialization,
        "The default trusted profile as it was at creation, if one was given; an invented key and "
        "password. Servers loaded from a file answer 501.",
    ),
    Route(
        "update_instance",
        "PATCH",
        "/instances/<id>",
        changes.update_instance,
        "`name` and `metadata_service`; other documented fields answer 501. Validates types, "
        "ranges, `allowed_use` of the boot volume, If-Match. The codes of these refusals are "
        "guesses, as is the refusal to enable the service on s390x.",
    ),
    Route(
        "create_instance_action",
        "POST",
        "/instances/<id>/actions",
        changes.create_instance_action,
        "Start, stop, reboot; statuses walk within seconds. A group makes another member for one "
        "that has stopped, and lets it go. Starts fail on demand: see troubles.",
    ),
    Route(
        "list_bare_metal_servers",
        "GET",
        "/bare_metal_servers",
        handlers.list_bare_metal_servers,
        "Every filter of IBM's SDK; paging as for instances.",
        BARE_METAL_FILTERS | _PAGING,
    ),
    Route(
        "get_bare_metal_server",
        "GET",
        "/bare_metal_servers/<id>",
        handlers.get_bare_metal_server,
        "Without ETag, as on the platform.",
    ),
    Route(
        "get_bare_metal_server_initialization",
        "GET",
        "/bare_metal_servers/<id>/initialization",
        initialization.get_bare_metal_server_initialization,
        "As for instances; with an image and one user account.",
    ),
    Route(
        "update_bare_metal_server",
        "PATCH",
        "/bare_metal_servers/<id>",
        changes.update_bare_metal_server,
        "`name` and `metadata_service` (no hop limit); other documented fields answer 501. "
        "If-Match is not looked at.",
    ),
    Route(
        "start_bare_metal_server",
        "POST",
        "/bare_metal_servers/<id>/start",
        changes.start_bare_metal_server,
        "From `stopped` only.",
    ),
    Route(
        "stop_bare_metal_server",
        "POST",
        "/bare_metal_servers/<id>/stop",
        changes.stop_bare_metal_server,
        "Soft and hard; the status stays `running` until it is `stopped`, for some servers "
        "forever after a soft stop, which a hard one ends. On demand for others: see troubles.",
    ),
    Route(
        "restart_bare_metal_server",
        "POST",
        "/bare_metal_servers/<id>/restart",
        changes.restart_bare_metal_server,
        "From `running` only.",
    ),
    Route(
        "get_volume",
        "GET",
        "/volumes/<id>",
        handlers.get_volume,
        "Boot volumes of instances that were not loaded from a file; with `allowed_use`.",
    ),
    Route(
        "list_instance_groups",
        "GET",
        "/instance_groups",
        handlers.list_instance_groups,
        "Paging as for instances. Groups replace members that stop and do not scale; they have no "
        "managers and no load balancer.",
        _PAGING,
    ),
    Route(
        "get_instance_group",
        "GET",
        "/instance_groups/<id>",
        handlers.get_instance_group,
        "`membership_count` counts the members there are. Groups of servers that were loaded from "
        "a file are not there.",
    ),
    Route(
        "list_instance_group_memberships",
        "GET",
        "/instance_groups/<id>/memberships",
        handlers.list_instance_group_memberships,
        "Paging as for instances. Each is `healthy`, whatever its instance is.",
        _PAGING,
    ),
    Route(
        "list_instance_templates",
        "GET",
        "/instance/templates",
        handlers.list_instance_templates,
        "All on one page: the operation takes neither start nor limit.",
    ),
    Route(
        "get_instance_template",
        "GET",
        "/instance/templates/<id>",
        handlers.get_instance_template,
        "`metadata_service` as it was given at creation: in parts, or not at all.",
    ),
    Route(
        "list_vpcs",
        "GET",
        "/vpcs",
        handlers.list_vpcs,
        "Every filter of IBM's SDK; paging as for instances.",
        VPC_FILTERS | _PAGING,
    ),
)

PREFIX = "/vpc/<region>/v1"


def service(state: VpcState) -> Service[VpcState]:
    """Make the VPC service of one state."""
    return Service(
        name="vpc",
        prefix=PREFIX,
        state=state,
        routes=ROUTES,
        guard=guard,
        refusal=refusal_for,
        fallback=fallback,
    )

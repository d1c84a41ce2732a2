"""Which operations a server reaches at its metadata address, here below its own path."""

from werkzeug.wrappers import Response

from vpcmetactl.emulator.guest import bodies, metadata
from vpcmetactl.emulator.guest.errors import refusal_for
from vpcmetactl.emulator.guest.identity import (
    create_access_token,
    create_certificate,
    create_iam_token,
)
from vpcmetactl.emulator.guest.presence import require_presence
from vpcmetactl.emulator.guest.requests import guard, path_not_found
from vpcmetactl.emulator.guest.state import GuestCall, GuestState, server_of
from vpcmetactl.emulator.routing import Route, Service

PREFIX = "/guest/<server_id>"

_IDENTITY: tuple[Route[GuestState], ...] = (
    Route(
        "create_access_token",
        "PUT",
        "/identity/v1/token",
        create_access_token,
        "A token is signed with a key that is published, and counts for its own server only.",
        aliases=("/instance_identity/v1/token",),
    ),
    Route(
        "create_iam_token",
        "POST",
        "/identity/v1/iam_tokens",
        create_iam_token,
        "For a trusted profile by id, CRN or name, or for the default one; linked profiles only.",
        aliases=("/instance_identity/v1/iam_token",),
    ),
    Route(
        "create_certificate",
        "POST",
        "/identity/v1/certificates",
        create_certificate,
        "Signed by a seeded authority; a common name or an extension in the request is refused.",
        aliases=("/instance_identity/v1/certificates",),
    ),
)


def _collection(
    path: str, operation: str, what: str, members: metadata.Members, *aliases: str
) -> tuple[Route[GuestState], ...]:
    """Return the routes of a collection, whose name the path ends with, and of its members."""
    name = path.rpartition("/")[2]
    return (
        Route(
            f"metadata.list_{operation}s",
            "GET",
            path,
            metadata.listing(name, members),
            "All at once.",
        ),
        Route(
            f"metadata.get_{operation}",
            "GET",
            f"{path}/<id>",
            metadata.retrieval(what, members),
            "With the same properties as in the listing.",
            aliases=aliases,
        ),
    )


_METADATA: tuple[Route[GuestState], ...] = (
    Route(
        "metadata.get_instance",
        "GET",
        "/metadata/v1/instance",
        metadata.get_instance,
        "What IBM's pages name of it, as the VPC API has it, without addresses.",
    ),
    Route(
        "metadata.get_instance_initialization",
        "GET",
        "/metadata/v1/instance/initialization",
        metadata.get_instance_initialization,
        "As in the VPC API, and with the user data, which members of a group have from its "
        "template.",
    ),
    *_collection(
        "/metadata/v1/instance/network_interfaces",
        "instance_network_interface",
        "network interface",
        bodies.network_interfaces,
    ),
    *_collection(
        "/metadata/v1/instance/network_attachments",
        "instance_network_attachment",
        "network attachment",
        bodies.network_attachments,
    ),
    *_collection(
        "/metadata/v1/instance/volume_attachments",
        "instance_volume_attachment",
        "volume attachment",
        bodies.volume_attachments,
        # As one of IBM's pages prints it.
        "/metadata/v1/instance/volume_attachment/<id>",
    ),
    *_collection(
        "/metadata/v1/instance/cluster_network_attachments",
        "instance_cluster_network_attachment",
        "cluster network attachment",
        bodies.cluster_network_attachments,
    ),
    *_collection(
        "/metadata/v1/instance/software_attachments",
        "instance_software_attachment",
        "software attachment",
        bodies.software_attachments,
    ),
    *_collection("/metadata/v1/keys", "key", "key", bodies.keys),
    Route(
        "metadata.list_placement_groups",
        "GET",
        "/metadata/v1/placement_groups",
        metadata.list_placement_groups,
        "One page: an instance is in one group at most.",
        frozenset({"start", "limit"}),
    ),
    Route(
        "metadata.get_placement_group",
        "GET",
        "/metadata/v1/placement_groups/<id>",
        metadata.retrieval("placement group", bodies.placement_groups),
        "With an invented strategy.",
    ),
    *_collection(
        "/metadata/v1/virtual_network_interfaces",
        "virtual_network_interface",
        "virtual network interface",
        bodies.virtual_network_interfaces,
    ),
)

ROUTES = (*_IDENTITY, *_METADATA)


def service(state: GuestState) -> Service[GuestState]:
    """Make the service that every server has for itself."""
    return Service(
        name="guest",
        prefix=PREFIX,
        state=state,
        routes=ROUTES,
        guard=guard,
        refusal=refusal_for,
        fallback=_fallback,
        reach=_reach,
    )


def _reach(call: GuestCall) -> None:
    require_presence(
        server_of(call),
        call.request.scheme,
        now=call.state.now(),
        rule=call.state.vpc.restart_rule,
        absence=call.state.absence,
    )


def _fallback(_call: GuestCall) -> Response:
    raise path_not_found()

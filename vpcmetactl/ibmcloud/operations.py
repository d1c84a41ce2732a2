"""What is asked of an API, in the words that messages and hints use."""

from dataclasses import dataclass
from enum import StrEnum

from vpcmetactl.domain.servers import ServerKind


class Api(StrEnum):
    """The APIs, which tell their errors differently."""

    VPC = "VPC"
    IAM = "IAM"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One call as a user would say it: ``text`` completes "cannot …".

    ``host`` is who is asked. ``permission`` is the IAM action that the call needs. ``changes``
    marks a call that alters something, so that an answer that got lost leaves a doubt;
    ``one_resource`` one that names a resource, so that a 404 means this resource.
    """

    text: str
    host: str
    region: str | None = None
    permission: str | None = None
    api: Api = Api.VPC
    changes: bool = False
    one_resource: bool = False


# The IAM actions, platform notes 4.4.
_SERVICE = {
    ServerKind.INSTANCE: "is.instance.instance",
    ServerKind.BARE_METAL_SERVER: "is.bare-metal-server.bare-metal-server",
}


def get_token(host: str) -> Operation:
    """Describe the request for an IAM token."""
    return Operation(text="get an IAM token", host=host, api=Api.IAM)


def list_regions(host: str) -> Operation:
    """Describe the list of regions, which every caller may read."""
    return Operation(text="list regions", host=host)


def list_vpcs(host: str, region: str) -> Operation:
    """Describe the list of a region's VPCs."""
    return Operation(
        text=f"list VPCs in {region}", host=host, region=region, permission="is.vpc.vpc.list"
    )


def list_servers(host: str, region: str, kind: ServerKind) -> Operation:
    """Describe one page of a region's servers of one kind."""
    return Operation(
        text=f"list {kind.words}s in {region}",
        host=host,
        region=region,
        permission=f"{_SERVICE[kind]}.list",
    )


def get_server(host: str, region: str, kind: ServerKind, server_id: str) -> Operation:
    """Describe the reading of one server."""
    return Operation(
        text=f"read {kind.words} {server_id} in {region}",
        host=host,
        region=region,
        permission=f"{_SERVICE[kind]}.read",
        one_resource=True,
    )


def update_metadata(host: str, region: str, kind: ServerKind, label: str) -> Operation:
    """Describe the change of one server's metadata service."""
    return Operation(
        text=f"change the metadata service of {kind.words} {label} in {region}",
        host=host,
        region=region,
        permission=f"{_SERVICE[kind]}.update",
        changes=True,
        one_resource=True,
    )


def get_volume(host: str, region: str, volume_id: str) -> Operation:
    """Describe the reading of one volume."""
    return Operation(
        text=f"read volume {volume_id} in {region}",
        host=host,
        region=region,
        permission="is.volume.volume.read",
        one_resource=True,
    )


def get_instance_group(host: str, region: str, group_id: str) -> Operation:
    """Describe the reading of one instance group."""
    return Operation(
        text=f"read instance group {group_id} in {region}",
        host=host,
        region=region,
        permission="is.instance-group.instance-group.read",
        one_resource=True,
    )


def get_instance_template(host: str, region: str, template_id: str) -> Operation:
    """Describe the reading of one instance template."""
    return Operation(
        text=f"read instance template {template_id} in {region}",
        host=host,
        region=region,
        permission="is.instance.instance-template.read",
        one_resource=True,
    )

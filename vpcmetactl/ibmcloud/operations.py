"""What is asked of an API, in the words that messages and hints use."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from vpcmetactl.domain.servers import ServerKind


class Api(StrEnum):
    """The APIs, which tell their errors differently."""

    VPC = "VPC API"
    IAM = "IAM Identity API"
    TOKENS = "token endpoint of IAM"
    METADATA = "metadata service of this server"
    SEARCH = "Global Search API"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One call as a user would say it: ``text`` completes "cannot …".

    ``host`` is who is asked. ``permission`` is the IAM action that the call needs, and
    ``permission_note`` goes on after it. ``changes`` marks a call that alters something, so that an
    answer that got lost leaves a doubt, and ``where_to_look`` says what settles it; ``repeatable``
    one that comes to the same however often it arrives. ``one_resource`` marks one that names a
    resource, so that a 404 means this resource.
    """

    text: str
    host: str
    region: str | None = None
    permission: str | None = None
    permission_note: str = ""
    api: Api = Api.VPC
    changes: bool = False
    repeatable: bool = True
    where_to_look: str = "read the server to see"
    one_resource: bool = False


# The IAM actions, platform notes 4.4.
_SERVICE = {
    ServerKind.INSTANCE: "is.instance.instance",
    ServerKind.BARE_METAL_SERVER: "is.bare-metal-server.bare-metal-server",
}
_OPERATE_NOTE = {
    ServerKind.INSTANCE: (
        ", which comes with the roles Operator, Editor and Administrator, and, by a known issue of "
        "IBM's, is.instance.instance.update, which does not come with Operator"
    ),
    ServerKind.BARE_METAL_SERVER: ", which comes with the roles Operator, Editor and Administrator",
}


def get_token(host: str) -> Operation:
    """Describe the request for an IAM token."""
    return Operation(text="get an IAM token", host=host, api=Api.TOKENS)


def get_token_of_this_server(host: str) -> Operation:
    """Describe the request for an IAM token of a trusted profile of the server we run on."""
    return Operation(
        text="get an IAM token from the metadata service of this server",
        host=host,
        api=Api.METADATA,
    )


def list_regions(host: str) -> Operation:
    """Describe the list of regions, which every caller may read."""
    return Operation(text="list regions", host=host)


def list_vpcs(host: str, region: str) -> Operation:
    """Describe the list of a region's VPCs."""
    return Operation(text=f"list VPCs in {region}", host=host, region=region)


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


def switch_power(host: str, region: str, kind: ServerKind, verb: str, label: str) -> Operation:
    """Describe the stop or the start of one server."""
    return Operation(
        text=f"{verb} {kind.words} {label} in {region}",
        host=host,
        region=region,
        permission=f"{_SERVICE[kind]}.operate",
        permission_note=_OPERATE_NOTE[kind],
        changes=True,
        repeatable=False,
        one_resource=True,
    )


def get_initialization(host: str, region: str, kind: ServerKind, server_id: str) -> Operation:
    """Describe the reading of how one server was initialized."""
    return Operation(
        text=f"read the initialization of {kind.words} {server_id} in {region}",
        host=host,
        region=region,
        permission=f"{_SERVICE[kind]}.read",
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


def list_instance_templates(host: str, region: str) -> Operation:
    """Describe the list of a region's instance templates."""
    return Operation(
        text=f"list instance templates in {region}",
        host=host,
        region=region,
        permission="is.instance.instance-template.read",
    )


def list_instance_groups(host: str, region: str) -> Operation:
    """Describe one page of a region's instance groups."""
    return Operation(
        text=f"list instance groups in {region}",
        host=host,
        region=region,
        permission="is.instance-group.instance-group.read",
    )


_PROFILE_NOTE = ", which comes with the roles Viewer, Operator, Editor and Administrator"
_LINK_NOTE = (
    ", and iam-identity.profile.linkToResource: both come with the roles Operator, Editor and "
    "Administrator"
)


def list_profiles(host: str) -> Operation:
    """Describe one page of an account's trusted profiles."""
    return Operation(
        text="list trusted profiles",
        host=host,
        permission="iam-identity.profile.get",
        permission_note=_PROFILE_NOTE,
        api=Api.IAM,
    )


def read_profile(host: str, profile_id: str, part: str) -> Operation:
    """Describe the reading of a trusted profile's links, claim rules or identities."""
    return Operation(
        text=f"read the {part} of trusted profile {profile_id}",
        host=host,
        permission="iam-identity.profile.get",
        permission_note=_PROFILE_NOTE,
        api=Api.IAM,
        one_resource=True,
    )


def list_limits(host: str, account_id: str) -> Operation:
    """Describe the reading of an account's limits; which IAM action it needs is not published."""
    return Operation(
        text=f"read the limits of account {account_id}", host=host, api=Api.IAM, one_resource=True
    )


def create_link(host: str, profile_id: str, crn: str) -> Operation:
    """Describe the making of a link."""
    return _change_of_links(f"link {crn} to trusted profile {profile_id}", host)


def delete_link(host: str, profile_id: str, link_id: str) -> Operation:
    """Describe the taking away of a link."""
    return _change_of_links(f"delete link {link_id} of trusted profile {profile_id}", host)


def _change_of_links(text: str, host: str) -> Operation:
    return Operation(
        text=text,
        host=host,
        permission="iam-identity.profile.update",
        permission_note=_LINK_NOTE,
        api=Api.IAM,
        changes=True,
        repeatable=False,
        where_to_look="list the profile's links to see",
        one_resource=True,
    )


def search_tags(host: str, tags: Sequence[str], *, first: bool) -> Operation:
    """Describe a page of the search for tagged servers.

    A page after the ``first`` is not asked for twice: where its cursor is a live one, the answer
    that was lost would be passed over. Which IAM action the search itself needs is not published:
    it shows each caller what they may read.
    """
    wanted = f"find the servers tagged {' or '.join(tags)}" if tags else "read the tags of servers"
    return Operation(
        text=wanted,
        host=host,
        permission="is.instance.instance.read",
        permission_note=" to see the tags of an instance, and "
        "is.bare-metal-server.bare-metal-server.read those of a bare metal server",
        api=Api.SEARCH,
        repeatable=first,
    )


def get_key_details(host: str) -> Operation:
    """Describe the question whose account an API key belongs to."""
    return Operation(text="tell the account of the API key", host=host, api=Api.IAM)

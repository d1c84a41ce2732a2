"""The lines of a snapshot, one JSON object each; ``kind`` comes first and says what a line is.

``snapshot`` opens the file. Then follows one account after the other: servers, sorted by region,
kind and id, trusted profiles, by id, and instance templates, by region and id. ``end`` closes it
with a table of what stands where: pages of lines, each with its digest, and a digest of the rest.
Fields are named as in our JSON output.
"""

from typing import Annotated, Final, Literal

import msgspec

from vpcmetactl.domain.evidence import EventKind, Source
from vpcmetactl.domain.restarts import Confidence, Reason, RestartRule, Verdict
from vpcmetactl.domain.servers import ServerKind
from vpcmetactl.domain.snapshots import Content
from vpcmetactl.files.shapes import (
    Count,
    Digest,
    MetadataService,
    Moment,
    RegionName,
    Shape,
    Word,
    about,
)

FORMAT: Final = "vpcmetactl-snapshot"
VERSION: Final = 1
DIGEST_PREFIX = "sha256:"

# Bytes and lines of what may be very large, within what any reader of JSON can hold.
Size = Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)]
_ReadingNumber = Annotated[
    Count, about("The place, from 0, of its reading among those of its account in the first line.")
]


class Failure(Shape, frozen=True):
    """Why something could not be read."""

    code: Annotated[str, about("The stable code of the error.")]
    message: Annotated[str, about("What went wrong.")]
    hint: Annotated[str | None, about("What to do about it.")]
    trace: Annotated[str | None, about("The API's trace id, for IBM support.")]
    status: Annotated[Count | None, about("The HTTP status.")]


class Incomplete(Shape, frozen=True):
    """A part that could not be read, or only in part."""

    content: Annotated[Content, about("What it is a part of.")]
    region: Annotated[RegionName | None, about("Its region; `null` for trusted profiles.")]
    server_kind: Annotated[ServerKind | None, about("The kind of server; `null`: of any kind.")]
    error: Annotated[Failure, about("Why it could not be read.")]


class ReadingShape(Shape, frozen=True):
    """One visit to one account."""

    account_id: Annotated[str | None, about("The account; `null` where the token named none.")]
    vpc_endpoint: Annotated[Word, about("The VPC API that was asked.")]
    iam_host: Annotated[Word, about("The IAM that was asked.")]
    taken_at: Annotated[Moment, about("When it was read.")]
    restart_rule: Annotated[RestartRule, about("What restarts were judged by.")]
    contents: Annotated[tuple[Content, ...], about("What was read.")]
    regions: Annotated[tuple[RegionName, ...], about("The regions that were asked.")]
    everywhere: Annotated[bool, about("Whether those were all regions of the account.")]
    server_kinds: Annotated[tuple[ServerKind, ...], about("The kinds of server asked for.")]
    selection: Annotated[
        tuple[str, ...], about("The words by which servers were chosen; none: all of them.")
    ]
    incomplete: Annotated[tuple[Incomplete, ...], about("What could not be read in full.")]


class Header(Shape, frozen=True, tag_field="kind", tag="snapshot"):
    """The first line."""

    format: Annotated[Literal["vpcmetactl-snapshot"], about("What the file is.")]
    format_version: Annotated[Literal[1], about("The version of this format.")]
    tool_version: Annotated[Word, about("The vpcmetactl that wrote the file.")]
    readings: Annotated[
        tuple[ReadingShape, ...], about("One for each visit to an account, in their order.")
    ]


class ReferenceShape(Shape, frozen=True):
    """Another resource."""

    id: Annotated[str | None, about("Its id.")]
    name: Annotated[str | None, about("Its name.")]
    crn: Annotated[str | None, about("Its CRN.")]


class StatusReasonShape(Shape, frozen=True):
    """Why a server is in its status."""

    code: Annotated[str | None, about("The API's code of the reason.")]
    message: Annotated[str | None, about("The reason in the API's words.")]


class DiskShape(Shape, frozen=True):
    """A disk of instance storage, or of a bare metal server."""

    id: Annotated[str | None, about("Its id.")]
    name: Annotated[str | None, about("Its name.")]
    size: Annotated[int | None, about("Its size in gigabytes.")]


class Sight(Shape, frozen=True, tag_field="type", tag="observation"):
    """What was seen of the server at a moment."""

    observed_at: Annotated[Moment, about("When it was seen.")]
    enabled: Annotated[bool | None, about("Whether the service was enabled.")]
    status: Annotated[str | None, about("The server's status.")]
    otherwise_until: Annotated[
        Moment | None, about("When it was last seen otherwise; `null` for a first sight.")
    ]


class Event(Shape, frozen=True, tag_field="type", tag="event"):
    """Something that happened to the server, as somebody recorded it."""

    at: Annotated[Moment, about("When it happened.")]
    event: Annotated[EventKind, about("What happened.")]
    source: Annotated[Source, about("Who says so.")]
    key: Annotated[str, about("What tells it from others of its kind and moment.")]
    note: Annotated[str | None, about("A remark of whoever recorded it.")]


class Restart(Shape, frozen=True):
    """Whether a stop and start is outstanding, as it was judged when the server was read."""

    verdict: Annotated[Verdict, about("The verdict.")]
    confidence: Annotated[Confidence | None, about("How much it can be relied on.")]
    reason: Annotated[Reason, about("The stable code of its reason.")]
    since: Annotated[Moment | None, about("When the service was seen or set enabled.")]
    not_before: Annotated[Moment | None, about("When it was last known to be otherwise.")]
    evidence: Annotated[tuple[Sight | Event, ...], about("What it rests on, oldest first.")]


class ServerLine(Shape, frozen=True):
    """What both kinds of server have; ``null`` is what the API did not report."""

    reading: _ReadingNumber
    id: Annotated[Word, about("The server's id.")]
    crn: Annotated[str | None, about("The server's CRN.")]
    name: Annotated[str | None, about("The server's name.")]
    account_id: Annotated[str | None, about("The account that the server's CRN names.")]
    region: Annotated[RegionName, about("The region the server is in.")]
    zone: Annotated[str | None, about("The zone the server is in.")]
    status: Annotated[str | None, about("The server's status.")]
    status_reasons: Annotated[
        tuple[StatusReasonShape, ...] | None, about("Why the server is in its status.")
    ]
    lifecycle_state: Annotated[str | None, about("The server's lifecycle state.")]
    health_state: Annotated[str | None, about("The server's health.")]
    vpc: Annotated[ReferenceShape | None, about("The VPC the server is in.")]
    resource_group: Annotated[ReferenceShape | None, about("The server's resource group.")]
    profile: Annotated[str | None, about("The profile of the server's hardware.")]
    architecture: Annotated[str | None, about("The architecture of the server's processors.")]
    created_at: Annotated[str | None, about("When the server was created, as the API wrote it.")]
    disks: Annotated[tuple[DiskShape, ...] | None, about("The server's own disks.")]
    metadata_service: Annotated[MetadataService | None, about("The server's metadata service.")]
    restart: Annotated[Restart, about("Whether a restart is outstanding.")]


class InstanceLine(ServerLine, frozen=True, tag_field="kind", tag="instance"):
    """A virtual server instance."""

    availability_class: Annotated[str | None, about("`standard` or `spot`.")]
    boot_volume: Annotated[ReferenceShape | None, about("The volume it boots from.")]
    instance_group: Annotated[ReferenceShape | None, about("The instance group it is in.")]
    dedicated_host: Annotated[ReferenceShape | None, about("The dedicated host it is on.")]
    gpu_count: Annotated[int | None, about("How many GPUs it has.")]
    has_reserved_ip: Annotated[bool | None, about("Whether its address is a reserved IP.")]
    subnet_ids: Annotated[tuple[str, ...] | None, about("The subnets it is in.")]


class BareMetalLine(ServerLine, frozen=True, tag_field="kind", tag="bare_metal_server"):
    """A bare metal server."""


class LinkShape(Shape, frozen=True):
    """A link of a trusted profile to a compute resource."""

    id: Annotated[str, about("The link's id.")]
    profile_id: Annotated[str, about("The profile's id.")]
    cr_type: Annotated[str | None, about("The type of the compute resource.")]
    crn: Annotated[str | None, about("The CRN of the compute resource.")]
    name: Annotated[str | None, about("The link's own name.")]
    created_at: Annotated[str | None, about("When the link was made, as the API wrote it.")]
    is_cross_account: Annotated[bool | None, about("Whether it may reach into other accounts.")]
    namespace: Annotated[str | None, about("The namespace of a cluster's service account.")]
    resource_name: Annotated[str | None, about("The name of a cluster's service account.")]
    component_type: Annotated[str | None, about("The type of a part of Code Engine.")]
    component_name: Annotated[str | None, about("The name of a part of Code Engine.")]


class ConditionShape(Shape, frozen=True):
    """A condition of a claim rule."""

    claim: Annotated[str, about("The claim.")]
    operator: Annotated[str, about("How it is compared.")]
    value: Annotated[str, about("With what: JSON in a string, as the API has it.")]


class RuleShape(Shape, frozen=True):
    """A claim rule of a trusted profile."""

    id: Annotated[str, about("The rule's id.")]
    profile_id: Annotated[str, about("The profile's id.")]
    type: Annotated[str | None, about("The type of the rule.")]
    cr_type: Annotated[str | None, about("The type of compute resource it is about.")]
    name: Annotated[str | None, about("The rule's name.")]
    conditions: Annotated[tuple[ConditionShape, ...], about("All of these must hold.")]


class IdentityShape(Shape, frozen=True):
    """An identity that may assume a trusted profile."""

    profile_id: Annotated[str, about("The profile's id.")]
    type: Annotated[str | None, about("The type of identity.")]
    identifier: Annotated[str | None, about("The identity, as its type names it.")]
    iam_id: Annotated[str | None, about("The identity's IAM id.")]
    description: Annotated[str | None, about("What somebody wrote about it.")]
    accounts: Annotated[tuple[str, ...], about("The accounts it may come from.")]


class ProfileErrors(Shape, frozen=True):
    """Why parts of a trusted profile could not be read; ``null`` where they could."""

    links: Annotated[Failure | None, about("Why the links could not.")]
    rules: Annotated[Failure | None, about("Why the claim rules could not.")]
    identities: Annotated[Failure | None, about("Why the identities could not.")]


class ProfileLine(Shape, frozen=True, tag_field="kind", tag="trusted_profile"):
    """A trusted profile with everything that makes it trust somebody."""

    reading: _ReadingNumber
    id: Annotated[Word, about("The profile's id.")]
    name: Annotated[str | None, about("The profile's name.")]
    account_id: Annotated[str | None, about("The account it belongs to.")]
    iam_id: Annotated[str | None, about("The profile's IAM id.")]
    crn: Annotated[str | None, about("The profile's CRN.")]
    description: Annotated[str | None, about("What somebody wrote about it.")]
    created_at: Annotated[str | None, about("When it was made, as the API wrote it.")]
    modified_at: Annotated[str | None, about("When it was changed, as the API wrote it.")]
    links: Annotated[tuple[LinkShape, ...], about("Its links.")]
    rules: Annotated[tuple[RuleShape, ...], about("Its claim rules.")]
    identities: Annotated[tuple[IdentityShape, ...], about("Its identities.")]
    errors: Annotated[ProfileErrors, about("What of it could not be read.")]


class DefaultProfileShape(Shape, frozen=True):
    """The trusted profile that servers are given when they are made."""

    profile_id: Annotated[str | None, about("The profile's id.")]
    crn: Annotated[str | None, about("The profile's CRN.")]
    auto_link: Annotated[bool | None, about("Whether each server gets a link to it.")]


class GroupShape(Shape, frozen=True):
    """An instance group that makes servers from the template."""

    id: Annotated[str, about("The group's id.")]
    name: Annotated[str | None, about("The group's name.")]
    crn: Annotated[str | None, about("The group's CRN.")]
    membership_count: Annotated[int | None, about("How many members it has.")]


class TemplateLine(Shape, frozen=True, tag_field="kind", tag="instance_template"):
    """An instance template, without its user data."""

    reading: _ReadingNumber
    id: Annotated[Word, about("The template's id.")]
    region: Annotated[RegionName, about("The region it is in.")]
    name: Annotated[str | None, about("The template's name.")]
    crn: Annotated[str | None, about("The template's CRN.")]
    account_id: Annotated[str | None, about("The account it belongs to.")]
    zone: Annotated[str | None, about("The zone its servers will be in.")]
    vpc: Annotated[ReferenceShape | None, about("The VPC its servers will be in.")]
    resource_group: Annotated[ReferenceShape | None, about("Its resource group.")]
    profile: Annotated[str | None, about("The profile of its servers' hardware.")]
    architecture: Annotated[str | None, about("The architecture of its servers.")]
    created_at: Annotated[str | None, about("When it was made, as the API wrote it.")]
    metadata_service: Annotated[
        MetadataService | None, about("What it sets of the metadata service.")
    ]
    default_trusted_profile: Annotated[
        DefaultProfileShape | None, about("The trusted profile that it gives its servers.")
    ]
    groups: Annotated[tuple[GroupShape, ...], about("The instance groups that use it.")]


class PageShape(Shape, frozen=True):
    """Some lines of one account, content, region and kind of server, one after the other."""

    content: Annotated[Content, about("What its lines are about.")]
    account_id: Annotated[str | None, about("The account of their readings.")]
    region: Annotated[RegionName | None, about("Their region; `null` for trusted profiles.")]
    server_kind: Annotated[ServerKind | None, about("Their kind of server; `null`: no servers.")]
    first_id: Annotated[str, about("The id in the first of its lines.")]
    lines: Annotated[Size, about("How many lines it has.")]
    bytes: Annotated[Size, about("How many bytes they take, without compression.")]
    digest: Annotated[Digest, about("SHA-256 over those bytes.")]


class End(Shape, frozen=True, tag_field="kind", tag="end"):
    """The last line."""

    servers: Annotated[Size, about("How many lines are about servers.")]
    profiles: Annotated[Size, about("How many are about trusted profiles.")]
    templates: Annotated[Size, about("How many are about instance templates.")]
    pages: Annotated[
        tuple[PageShape, ...], about("Where what stands: every line but the first and the last.")
    ]
    page_size: Annotated[Size, about("How many lines a page has at most.")]
    digest: Annotated[
        Digest, about("SHA-256 over the first line, and every byte of this one before this member.")
    ]


def before_digest(end: bytes) -> bytes:
    """Return as much of the last line as its digest covers."""
    return end[: end.rfind(b'"digest":')]


Line = Header | InstanceLine | BareMetalLine | ProfileLine | TemplateLine | End

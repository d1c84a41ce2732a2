"""What policy and waiver files look like: TOML, closed, and described for their JSON Schemas.

These are written by hand, so what has a usual value may be left out; TOML has no null.
"""

from datetime import date
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from vpcmetactl.domain.policy import Severity, UnknownMeans
from vpcmetactl.domain.servers import Protocol
from vpcmetactl.files.shapes import Word, about

VERSION = 1

FormatVersion = Annotated[Literal[1], about("The version of this format.")]
OneOrMany = Word | Annotated[tuple[Word, ...], Meta(min_length=1)] | UnsetType
KindWord = Literal["instance", "bare-metal", "bare_metal_server"]
VerdictWord = Literal["needed", "unknown"]
CheckId = Annotated[Word, about("The check's id, such as `VPCMETA001`.")]


class _Written(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of what is written by hand."""


class Servers(_Written, frozen=True):
    """The servers meant: several words of a key mean *or*, different keys mean *and*."""

    server: Annotated[OneOrMany, about("Id, CRN or exact name.")] = UNSET
    region: Annotated[OneOrMany, about("The region, such as `eu-de`.")] = UNSET
    kind: Annotated[
        KindWord | Annotated[tuple[KindWord, ...], Meta(min_length=1)] | UnsetType,
        about("The kind of server."),
    ] = UNSET
    vpc: Annotated[OneOrMany, about("The VPC's id, CRN or exact name.")] = UNSET
    resource_group: Annotated[OneOrMany, about("The resource group's id, CRN or exact name.")] = (
        UNSET
    )
    zone: Annotated[OneOrMany, about("The zone, such as `eu-de-1`.")] = UNSET
    name: Annotated[OneOrMany, about("A glob of the server's name, such as `web-*`.")] = UNSET
    status: Annotated[OneOrMany, about("The server's status; what is not made yet has none.")] = (
        UNSET
    )
    instance_group: Annotated[
        OneOrMany,
        about("The id, CRN or exact name of its instance group, or of one that uses a template."),
    ] = UNSET
    address: Annotated[
        OneOrMany, about("A glob of the Terraform resource's address, such as `module.web.*`.")
    ] = UNSET
    where: Annotated[
        Word | UnsetType, about("A JMESPath expression over the server's JSON item.")
    ] = UNSET


class RuleTable(_Written, frozen=True):
    """That a check judges these servers; the first rule of a check that is about one decides."""

    check: CheckId
    servers: Annotated[
        Servers | UnsetType, about("The servers it is about; every server where it is left out.")
    ] = UNSET
    enabled: Annotated[
        bool, about("`false`: the check does not judge these servers. Else `true`.")
    ] = True
    severity: Annotated[
        Severity | UnsetType, about("How much a finding weighs, in place of the check's own.")
    ] = UNSET
    protocol: Annotated[
        Protocol | UnsetType, about("VPCMETA001: what the service must speak; `https` if not said.")
    ] = UNSET
    max_response_hop_limit: Annotated[
        Annotated[int, Meta(ge=1, le=64)] | UnsetType,
        about("VPCMETA004: the highest hop limit allowed."),
    ] = UNSET
    profiles: Annotated[
        OneOrMany,
        about(
            "VPCMETA005: one of these trusted profiles must trust the server; VPCMETA006: none "
            "may. By id, or by a glob of the name."
        ),
    ] = UNSET
    verdicts: Annotated[
        VerdictWord | Annotated[tuple[VerdictWord, ...], Meta(min_length=1)] | UnsetType,
        about("VPCMETA007: the restart verdicts that fail; `needed` if not said."),
    ] = UNSET


class WaiverTable(_Written, frozen=True):
    """That the findings of a check on these servers are accepted until a day."""

    check: CheckId
    servers: Annotated[Servers, about("The servers it is about; it must say something.")]
    owner: Annotated[Word, about("Who accepts the findings.")]
    reason: Annotated[Word, about("Why.")]
    expires: Annotated[date, about("The day at the end of which, in UTC, it ends.")]


class PolicyFile(_Written, frozen=True):
    """What a fleet is held to."""

    format_version: FormatVersion
    name: Annotated[Word | UnsetType, about("What reports call the policy.")] = UNSET
    extends: Annotated[
        Word | UnsetType,
        about(
            "Another policy file, relative to this one, or `default`: its rules come after these."
        ),
    ] = UNSET
    unknown: Annotated[
        UnknownMeans | UnsetType,
        about("What it means for the gate that a check could not judge; `warn` if not said."),
    ] = UNSET
    waiver_files: Annotated[OneOrMany, about("Files with more waivers, relative to this one.")] = (
        UNSET
    )
    rules: Annotated[tuple[RuleTable, ...], about("The rules, in the order they are asked.")] = ()
    waivers: Annotated[tuple[WaiverTable, ...], about("What is accepted, and until when.")] = ()


class WaiversFile(_Written, frozen=True):
    """Waivers in a file of their own."""

    format_version: FormatVersion
    waivers: Annotated[tuple[WaiverTable, ...], about("What is accepted, and until when.")] = ()

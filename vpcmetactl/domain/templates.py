"""Instance templates: what the next servers of an instance group will be like.

A template cannot be changed, except for its name, and one that a group names cannot be deleted
(platform notes 1.6). The remedy is another template, which the group is then given.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vpcmetactl.domain.findings import Finding
from vpcmetactl.domain.plans import MetadataServicePatch
from vpcmetactl.domain.servers import Instance, MetadataService, Reference
from vpcmetactl.domain.subjects import Origin, Subject, Trust, TrustingProfile
from vpcmetactl.domain.trust import DefaultProfile

PLATFORM_DEFAULTS = MetadataService(enabled=False, protocol="http", response_hop_limit=1)
"""What a new instance gets where nobody says otherwise (platform notes 1.1)."""

# What the API says of a template that it does not take when one is made.
_READ_ONLY = ("created_at", "crn", "href", "id")
_LONGEST_NAME = 63
_SUFFIX = "-replacement"


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateGroup:
    """An instance group that makes servers from a template; ``membership_count`` it has now."""

    id: str
    name: str | None = None
    crn: str | None = None
    membership_count: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceTemplate:
    """A template, without its user data.

    Every field that the API may leave out is ``None`` when it did; a template that sets nothing of
    the metadata service leaves it to the platform's defaults. ``groups`` are those that use it.
    """

    id: str
    region: str
    name: str | None = None
    crn: str | None = None
    account_id: str | None = None
    zone: str | None = None
    vpc: Reference | None = None
    resource_group: Reference | None = None
    profile: str | None = None
    architecture: str | None = None
    created_at: str | None = None
    metadata_service: MetadataService | None = None
    default_trusted_profile: DefaultProfile | None = None
    groups: tuple[TemplateGroup, ...] = ()


@dataclass(frozen=True, slots=True)
class JudgedTemplate:
    """A template with what its next servers would be found to be."""

    template: InstanceTemplate
    findings: tuple[Finding, ...] = ()


def with_defaults(said: MetadataService | None) -> MetadataService:
    """Return what a new instance gets: what is said, and the platform's defaults for the rest."""
    said = said or MetadataService()
    defaults = PLATFORM_DEFAULTS
    return MetadataService(
        enabled=defaults.enabled if said.enabled is None else said.enabled,
        protocol=defaults.protocol if said.protocol is None else said.protocol,
        response_hop_limit=(
            defaults.response_hop_limit
            if said.response_hop_limit is None
            else said.response_hop_limit
        ),
    )


def template_subject(template: InstanceTemplate) -> Subject:
    """Return a template as what an audit judges: the server that it makes next.

    A default profile that is linked at once trusts each such server. Which claim rules let them in
    is not known, so trust is never complete.
    """
    default = template.default_trusted_profile
    trust = None
    if default is not None and default.auto_link is not False:
        trust = Trust((TrustingProfile(_profile_id(default)),), is_complete=False)
    return Subject(
        Instance(
            id=template.id,
            region=template.region,
            crn=template.crn,
            account_id=template.account_id,
            name=template.name,
            zone=template.zone,
            vpc=template.vpc,
            resource_group=template.resource_group,
            profile=template.profile,
            architecture=template.architecture,
            created_at=template.created_at,
            metadata_service=with_defaults(template.metadata_service),
        ),
        Origin.INSTANCE_TEMPLATE,
        trust=trust,
        groups=tuple(Reference(one.id, one.name, one.crn) for one in template.groups),
    )


def replacement_body(
    body: Mapping[str, object], wish: MetadataServicePatch, name: str | None = None
) -> Mapping[str, object]:
    """Return what to create a template with that is like another but for its metadata service.

    ``body`` is what the API says of that other one. What ``wish`` leaves open stays as the template
    says, or as the platform has it by default. Names are unique, so it gets another one: ``name``,
    or the old name with an ending. It holds the user data.
    """
    said = body.get("metadata_service")
    service: dict[str, object] = {
        "enabled": PLATFORM_DEFAULTS.enabled,
        "protocol": PLATFORM_DEFAULTS.protocol,
        "response_hop_limit": PLATFORM_DEFAULTS.response_hop_limit,
    }
    service |= {k: v for k, v in said.items() if v is not None} if isinstance(said, Mapping) else {}
    wished = {
        "enabled": wish.enabled,
        "protocol": None if wish.protocol is None else wish.protocol.value,
        "response_hop_limit": wish.response_hop_limit,
    }
    service |= {key: value for key, value in wished.items() if value is not None}
    made = {key: value for key, value in body.items() if key not in _READ_ONLY}
    group = made.get("resource_group")
    if isinstance(group, Mapping) and "id" in group:
        # It is told with its name and address, and taken by its id.
        made["resource_group"] = {"id": group["id"]}
    old = body.get("name")
    made["name"] = name or f"{str(old or 'template')[: _LONGEST_NAME - len(_SUFFIX)]}{_SUFFIX}"
    made["metadata_service"] = service
    return made


def hindrances(body: Mapping[str, object]) -> Sequence[str]:
    """Return why an instance group would refuse a template of this body; mostly nothing.

    Groups take none whose default trusted profile is linked at once, which it is unless the
    template says otherwise (platform notes 1.5, 1.6).
    """
    default = body.get("default_trusted_profile")
    if not isinstance(default, Mapping) or default.get("auto_link") is False:
        return ()
    why = (
        "an instance group refuses a template whose default_trusted_profile has auto_link true: "
        "set it to false, and let the servers in by a claim rule on instance_group_name"
    )
    return (why,)


def _profile_id(default: DefaultProfile) -> str | None:
    """Return the id of a profile that may be told by its CRN only, which ends with it."""
    tail = (default.crn or "").rpartition(":")[2]
    return default.profile_id or (tail if tail.startswith("Profile-") else None)

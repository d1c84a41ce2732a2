"""Instance templates: what the next servers of an instance group will be like."""

from dataclasses import dataclass

from vpcmetactl.domain.servers import MetadataService, Reference
from vpcmetactl.domain.trust import DefaultProfile


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

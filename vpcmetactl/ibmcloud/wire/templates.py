"""The bodies of instance templates and instance groups, as far as an audit reads them.

What a template leaves out it leaves to the platform's defaults, so that nothing is salvaged here:
a field that is not as documented must not be taken for one that is absent. User data is skipped,
never decoded.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from vpcmetactl.domain.identifiers import account_of_crn
from vpcmetactl.domain.servers import MetadataService, Reference
from vpcmetactl.domain.templates import InstanceTemplate, TemplateGroup
from vpcmetactl.ibmcloud.wire.initialization import DefaultProfileBody, default_profile
from vpcmetactl.ibmcloud.wire.tolerant import Id, NotAsDocumentedError
from vpcmetactl.ibmcloud.wire.vpc import Body, NamedBody, NextBody, start_of


class TemplateBody(Body):
    """An instance template, in lists."""

    id: Id
    crn: str | None = None
    name: str | None = None
    zone: NamedBody | None = None
    vpc: Reference | None = None
    resource_group: Reference | None = None
    profile: NamedBody | None = None
    created_at: str | None = None
    metadata_service: MetadataService | None = None
    default_trusted_profile: DefaultProfileBody | None = None


class TemplatesBody(Body):
    """The answer of ``GET /instance/templates``: mostly one page (platform notes 1.3)."""

    templates: list[TemplateBody]
    next: NextBody | None = None


class NamedTemplateBody(Body):
    """The template that an instance group names."""

    id: Id


class GroupBody(Body):
    """An instance group, in lists."""

    id: Id
    instance_template: NamedTemplateBody
    crn: str | None = None
    name: str | None = None
    membership_count: int | None = None


class GroupsBody(Body):
    """A page of instance groups."""

    instance_groups: list[GroupBody]
    next: NextBody | None = None


_TEMPLATES = msgspec.json.Decoder(TemplatesBody)
_GROUPS = msgspec.json.Decoder(GroupsBody)
_WHOLE = msgspec.json.Decoder(dict[str, Any])


def templates_from_wire(body: bytes, region: str) -> tuple[Sequence[InstanceTemplate], str | None]:
    """Read a page of templates, and the token that the next page starts at."""
    page = _TEMPLATES.decode(body)
    return [_template(item, region) for item in page.templates], start_of(page.next)


def groups_from_wire(body: bytes) -> tuple[Sequence[tuple[str, TemplateGroup]], str | None]:
    """Read a page of groups, each with its template's id, and where the next page starts."""
    page = _GROUPS.decode(body)
    groups = [
        (
            item.instance_template.id,
            TemplateGroup(
                id=item.id, name=item.name, crn=item.crn, membership_count=item.membership_count
            ),
        )
        for item in page.instance_groups
    ]
    return groups, start_of(page.next)


def whole_template_from_wire(body: bytes, template_id: str) -> dict[str, Any]:
    """Read a template with everything in it.

    Raises NotAsDocumentedError for another one than was asked for.
    """
    whole = _WHOLE.decode(body)
    if whole.get("id") != template_id:
        raise NotAsDocumentedError(f"it is not about {template_id}, which was asked for")
    return whole


def _template(body: TemplateBody, region: str) -> InstanceTemplate:
    return InstanceTemplate(
        id=body.id,
        region=region,
        name=body.name,
        crn=body.crn,
        account_id=account_of_crn(body.crn),
        zone=body.zone.name if body.zone else None,
        vpc=body.vpc,
        resource_group=body.resource_group,
        profile=body.profile.name if body.profile else None,
        created_at=body.created_at,
        metadata_service=body.metadata_service,
        default_trusted_profile=default_profile(body.default_trusted_profile),
    )

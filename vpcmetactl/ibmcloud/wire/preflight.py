"""The bodies of volumes, instance groups and instance templates, as far as preflight reads them.

What is asked for decides whether a change is made, so that nothing is salvaged here: a field that
is not as documented is an answer that cannot be used. A field that is absent says nothing.
"""

from typing import TypeVar

import msgspec

from vpcmetactl.domain.servers import MetadataService, Reference
from vpcmetactl.ibmcloud.wire.tolerant import Id, NotAsDocumentedError, decode_object

T = TypeVar("T")


class AllowedUseBody(msgspec.Struct):
    """``allowed_use`` of a volume."""

    instance: str | None = None


class VolumeBody(msgspec.Struct):
    """A volume, as in ``GET /volumes/{id}``."""

    id: Id
    allowed_use: AllowedUseBody | None = None


class InstanceGroupBody(msgspec.Struct):
    """An instance group, as in ``GET /instance_groups/{id}``."""

    id: Id
    instance_template: Reference | None = None


class InstanceTemplateBody(msgspec.Struct):
    """An instance template, as in ``GET /instance/templates/{id}``."""

    id: Id
    metadata_service: MetadataService | None = None


def allowed_use_from_wire(body: bytes) -> str | None:
    """Return the expression about instances that a volume carries; ``None`` without one."""
    allowed_use = _whole(body, VolumeBody).allowed_use
    return allowed_use.instance if allowed_use is not None else None


def template_id_from_wire(body: bytes) -> str:
    """Return the id of the template that an instance group makes its members from."""
    template = _whole(body, InstanceGroupBody).instance_template
    if template is None or not template.id:
        raise NotAsDocumentedError("an instance group that names no template")
    return template.id


def template_metadata_from_wire(body: bytes) -> MetadataService:
    """Return what a template says of the metadata service; what it leaves out is ``None``."""
    return _whole(body, InstanceTemplateBody).metadata_service or MetadataService()


def _whole(body: bytes, kind: type[T]) -> T:
    item, unreadable = decode_object(body, kind)
    if unreadable:
        raise NotAsDocumentedError(unreadable[0].message)
    return item

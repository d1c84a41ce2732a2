"""What a resource says of the metadata service, and what that comes to.

===========================  =====================================================================
the plan says                then
===========================  =====================================================================
a value                      it is that
unknown until apply, and     it is unknown
written
not written, new server      the platform's default: disabled, http, 1 (platform notes 1.1)
not written, existing        what the state has, for Terraform keeps that; unknown without it
not written, made from an    unknown: the template may say something else
instance template
===========================  =====================================================================

Whether it is written is in the configuration that the plan holds; without one it may be. Servers
made from an instance template that says nothing get the defaults, so the template has them too.
Where the block and the deprecated attribute contradict each other the one that is written counts;
where it is not known which one is, the service's state is unknown.
"""

from collections.abc import Mapping
from typing import Any

from msgspec import UNSET

from vpcmetactl.domain.servers import MetadataService
from vpcmetactl.domain.templates import PLATFORM_DEFAULTS
from vpcmetactl.domain.terraform import AttributeForm
from vpcmetactl.files.terraform.resources import Resource
from vpcmetactl.files.terraform.shapes import BARE_METAL, TEMPLATE, MetadataBlock

BLOCK, DEPRECATED = AttributeForm.BLOCK.value, AttributeForm.DEPRECATED.value
_FROM_TEMPLATE = "instance_template"

Written = Mapping[str, Any] | None


def metadata_of(resource: Resource, written: Written) -> MetadataService:
    """Return the service of a server or template; ``written`` is what its configuration says."""
    service = _Service(resource, written)
    is_metal = resource.type == BARE_METAL
    return MetadataService(
        enabled=service.enabled(),
        protocol=service.field("protocol"),
        response_hop_limit=None if is_metal else service.field("response_hop_limit"),
    )


def form_of(resource: Resource, written: Written) -> AttributeForm:
    """Return the attribute by which a resource sets the service, or the one that it has to."""
    for form in (AttributeForm.DEPRECATED, AttributeForm.BLOCK):
        if form.value in (written or {}):
            return form
    attributes = resource.attributes
    has_block = attributes.metadata_service is not UNSET
    if attributes.metadata_service_enabled is not UNSET and not has_block:
        return AttributeForm.DEPRECATED
    return AttributeForm.BLOCK


class _Service:
    def __init__(self, resource: Resource, written: Written) -> None:
        self._resource = resource
        self._written = written
        blocks = resource.attributes.metadata_service
        self._block: MetadataBlock | None = blocks[0] if blocks and blocks is not UNSET else None
        told = resource.attributes.metadata_service_enabled
        self._deprecated: bool | None = None if told is UNSET else told
        self._gets_defaults = self._will_get_defaults()

    def enabled(self) -> bool | None:
        """Whether it is enabled."""
        told = self._block.enabled if self._block else None
        if self._is_written(DEPRECATED) and not self._is_written(BLOCK):
            return self._deprecated
        if self._is_written(BLOCK):
            return told if told is not None else self._default_enabled()
        values = {value for value in (told, self._deprecated) if value is not None}
        if values:
            return values.pop() if len(values) == 1 else None
        if self._is_unknown(DEPRECATED) and self._written is None:
            return None
        return self._default_enabled()

    def _default_enabled(self) -> bool | None:
        found: bool | None = self._default("enabled")
        return found

    def field(self, name: str) -> Any:  # noqa: ANN401 - each field has its type
        """Return another field; zero and the empty word are how the provider says nothing."""
        told = getattr(self._block, name) if self._block else None
        return told or self._default(name)

    def _default(self, name: str) -> Any:  # noqa: ANN401 - each field has its type
        if not self._gets_defaults or self._may_be_written(name):
            return None
        return getattr(PLATFORM_DEFAULTS, name)

    def _will_get_defaults(self) -> bool:
        resource = self._resource
        attributes, hidden = resource.attributes, resource.hidden
        if hidden & {BLOCK, DEPRECATED, _FROM_TEMPLATE}:
            return False
        if resource.type == TEMPLATE and not resource.is_new:
            # A provider that cannot tell of the service leaves out both.
            return not (attributes.metadata_service is UNSET and self._is_silent())
        is_from_template = bool(attributes.instance_template) or (
            self._is_unknown(_FROM_TEMPLATE)
            and (self._written is None or self._is_written(_FROM_TEMPLATE))
        )
        return resource.is_new and not is_from_template

    def _is_silent(self) -> bool:
        return self._resource.attributes.metadata_service_enabled is UNSET

    def _is_written(self, name: str) -> bool:
        return self._written is not None and name in self._written

    def _is_unknown(self, name: str) -> bool:
        return self._resource.unknown.get(name) is True

    def _may_be_written(self, name: str) -> bool:
        """Whether a field that has no value yet may get one that somebody wrote down."""
        unknown = self._resource.unknown.get(BLOCK)
        parts = unknown[0] if isinstance(unknown, list) and unknown else None
        in_part = isinstance(parts, dict) and parts.get(name) is True
        if unknown is not True and not in_part:
            return False
        if self._written is None:
            return True
        given = self._written.get(BLOCK)
        if given is None:
            # A block that is there and not written comes from a dynamic one.
            return self._block is not None
        return not isinstance(given, list) or any(
            not isinstance(one, dict) or name in one for one in given
        )

"""From a file of Terraform's to what an audit judges."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import UnsetType

from vpcmetactl.domain.identifiers import account_of_crn, region_of_zone
from vpcmetactl.domain.servers import BareMetalServer, Instance, Reference, Server
from vpcmetactl.domain.subjects import Location, Origin, Subject
from vpcmetactl.domain.terraform import ManagedBy, TerraformReading
from vpcmetactl.files.terraform import resources, shapes
from vpcmetactl.files.terraform.configuration import Configured
from vpcmetactl.files.terraform.documents import Source, open_source
from vpcmetactl.files.terraform.resources import Resource
from vpcmetactl.files.terraform.services import form_of, metadata_of
from vpcmetactl.files.terraform.trust import find_trust

_AUDITED = (*shapes.SERVERS, shapes.TEMPLATE)
# All that Terraform shows of a state in which there is nothing.
_OF_EMPTY_STATE = frozenset({"format_version", "terraform_version", "checks"})


def read_terraform(path: Path) -> TerraformReading:
    """Read the servers and templates of a plan or a state; which of the two, the content tells.

    Raises InvalidInputError, naming the file and the JSON path, for whatever is wrong with it.
    """
    source = open_source(path)
    if not _is_plan(source):
        found = _in_state(source)
        return TerraformReading(
            Origin.TERRAFORM_STATE, _subjects(source, found, None, Origin.TERRAFORM_STATE)
        )
    found = list(resources.planned(source))
    _refuse_stripped(source)
    subjects = _subjects(source, found, Configured(source), Origin.TERRAFORM_PLAN)
    return TerraformReading(Origin.TERRAFORM_PLAN, subjects, tuple(resources.gaps_of(source)))


def addresses_by_server_id(path: Path) -> Mapping[str, ManagedBy]:
    """Return which resource manages each server that exists, by the server's id.

    ``path`` is a state, or a plan. A state does not tell which of two attributes is written, so
    the block is meant where the provider has it. Raises as ``read_terraform`` does.
    """
    source = open_source(path)
    is_plan = _is_plan(source)
    found = list(resources.planned(source)) if is_plan else _in_state(source)
    configured = Configured(source) if is_plan else None
    return {
        one.attributes.id: ManagedBy(
            one.address, form_of(one, configured.expressions_of(one) if configured else None)
        )
        for one in found
        if one.type in shapes.SERVERS and one.attributes.id and not one.is_new
    }


def _is_plan(source: Source) -> bool:
    document = source.document
    parts = (document.resource_changes, document.planned_values, document.configuration)
    return any(not isinstance(part, UnsetType) for part in parts)


def _in_state(source: Source) -> Sequence[Resource]:
    document = source.document
    if document.format_version is None:
        return list(resources.stored(source))
    if isinstance(document.values, UnsetType) and not source.keys <= _OF_EMPTY_STATE:
        source.reject("$", "it is neither a plan nor a state of Terraform")
    return list(resources.shown(source))


def _refuse_stripped(source: Source) -> None:
    """Refuse a plan from which the changes were cut: there would be nothing to find in it."""
    if not isinstance(source.document.resource_changes, UnsetType):
        return
    values = source.decode(source.document.planned_values, shapes.ShownValues, "$.planned_values")
    if values is not None and any(resources.shown_in(values.root_module)):
        source.reject("$.resource_changes", "it is missing, and planned_values has resources")


def _subjects(
    source: Source, found: Sequence[Resource], configured: Configured | None, origin: Origin
) -> Sequence[Subject]:
    servers = {one.address: _server(one, configured) for one in found if one.type in _AUDITED}
    trust = find_trust(found, servers, configured)
    return [
        Subject(
            servers[address],
            origin,
            location=Location(address, source.name),
            trust=trust[address],
        )
        for address in sorted(servers)
    ]


def _server(resource: Resource, configured: Configured | None) -> Server:
    attributes = resource.attributes
    written = configured.expressions_of(resource) if configured else None
    is_metal = resource.type == shapes.BARE_METAL
    processor = attributes.cpu if is_metal else attributes.vcpu
    crn = attributes.crn or None
    values: dict[str, Any] = {
        "id": attributes.id or resource.address,
        "region": _region(resource, configured),
        "crn": crn,
        "account_id": account_of_crn(crn),
        "name": attributes.name or None,
        "zone": attributes.zone or None,
        "status": attributes.status or None,
        "vpc": _reference(attributes.vpc),
        "resource_group": _reference(
            attributes.resource_group, attributes.resource_group_name or None
        ),
        "profile": attributes.profile or None,
        "architecture": _architecture(processor),
        "metadata_service": metadata_of(resource, written),
    }
    return BareMetalServer(**values) if is_metal else Instance(**values)


def _region(resource: Resource, configured: Configured | None) -> str:
    """Return the region, or nothing where the resource and its provider do not tell it."""
    attributes = resource.attributes
    if attributes.zone:
        return region_of_zone(attributes.zone)
    parts = (attributes.crn or "").split(":")
    if len(parts) > 5 and parts[5]:  # noqa: PLR2004 - the location is the sixth part
        return region_of_zone(parts[5])
    return (configured.region_of(resource) if configured else None) or ""


def _reference(reference_id: str | None, name: str | None = None) -> Reference | None:
    if not reference_id and name is None:
        return None
    return Reference(id=reference_id or None, name=name)


def _architecture(processor: object) -> str | None:
    """Return the architecture from a list of one block; new resources have none yet."""
    first = processor[0] if isinstance(processor, list) and processor else None
    found = first.get("architecture") if isinstance(first, dict) else None
    return found if isinstance(found, str) and found else None

"""Changes to servers that Terraform manages: its next apply would take them back.

The provider sets ``metadata_service`` in place (platform notes 7.2), so what its configuration
says wins, whoever changed the server in between.
"""

from collections.abc import Mapping
from dataclasses import replace

from vpcmetactl.domain.plans import MetadataChange, Note, NoteCode, Plan
from vpcmetactl.domain.servers import ServerKind
from vpcmetactl.domain.terraform import AttributeForm, ManagedBy


def mark_managed(plan: Plan, managed: Mapping[str, ManagedBy]) -> Plan:
    """Return the plan with a note on each change that Terraform would take back.

    ``managed`` says which resource manages a server, by the server's id.
    """
    items = [
        replace(item, notes=(*item.notes, _note(item, managed[item.server.id])))
        if isinstance(item, MetadataChange) and item.server.id in managed
        else item
        for item in plan.items
    ]
    return replace(plan, items=tuple(items))


def _note(change: MetadataChange, by: ManagedBy) -> Note:
    return Note(
        NoteCode.MANAGED_BY_TERRAFORM,
        f"Terraform manages it as {by.address}: unless that says the same, its next apply takes "
        "this back",
        hcl=hcl_of(change, by.attribute_form),
    )


def hcl_of(change: MetadataChange, form: AttributeForm) -> str:
    """Return what the resource has to say so that it agrees with the change.

    The deprecated attribute can only say whether the service is enabled, and conflicts with the
    block (platform notes 7.2), so anything else needs the block in its place.
    """
    after = change.after
    only_enabled = all(field.field == "enabled" for field in change.fields)
    if form is AttributeForm.DEPRECATED and only_enabled:
        return f"metadata_service_enabled = {_word(after.enabled)}"
    said: dict[str, bool | int | str | None] = {
        "enabled": after.enabled,
        "protocol": after.protocol,
    }
    if change.server.kind is ServerKind.INSTANCE:
        said["response_hop_limit"] = after.response_hop_limit
    known = {name: value for name, value in said.items() if value is not None}
    width = max(map(len, known), default=0)
    lines = [f"  {name:<{width}} = {_word(value)}" for name, value in known.items()]
    first = ["# in the place of metadata_service_enabled, which conflicts with it"]
    head = first if form is AttributeForm.DEPRECATED else []
    return "\n".join([*head, "metadata_service {", *lines, "}"])


def _word(value: bool | int | str | None) -> str:  # noqa: FBT001 - a field's value, no switch
    return f'"{value}"' if isinstance(value, str) else str(value).lower()

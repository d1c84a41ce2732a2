"""The instances of resources that there will be, or are: from a plan, or from either kind of state.

Data sources are passed over, and what is deposed: Terraform is about to destroy it. So is what will
be destroyed, or will not be Terraform's any more. What will be replaced counts as new.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from msgspec import Raw, UnsetType

from vpcmetactl.files.terraform import shapes
from vpcmetactl.files.terraform.addresses import Step, address_of, steps_of
from vpcmetactl.files.terraform.documents import Source

_ACTIONS = frozenset({"no-op", "create", "read", "update", "delete", "forget"})
_MANAGED = "managed"

Values = Mapping[str, Any]


# Not frozen for the reason that servers are not: there may be many.
@dataclass(slots=True, eq=False)
class Resource:
    """An instance of a resource.

    ``attributes`` are those of its type. ``unknown`` has those that are not known before the plan
    is applied, as the plan tells them, and ``hidden`` those that are sensitive: both are ``None``
    or absent in ``attributes``. ``is_new`` is true for what the plan makes.
    """

    address: str
    type: str
    name: str
    key: shapes.Key
    steps: tuple[Step, ...]
    attributes: Any
    unknown: Values = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()
    is_new: bool = False


def planned(source: Source) -> Iterator[Resource]:
    """Give what there will be once a plan is applied."""
    place = "$.resource_changes"
    changes = source.decode(source.document.resource_changes, list[shapes.ResourceChange], place)
    for number, change in enumerate(changes or ()):
        if not _is_read(change.type, change.mode, change.deposed):
            continue
        here = f"{place}[{number}].change"
        actions = set(change.change.actions)
        if not actions or actions - _ACTIONS:
            source.reject(f"{here}.actions", f"{change.change.actions!r} is not known")
        is_new = "create" in actions
        if not is_new and actions & {"delete", "forget"}:
            continue
        unknown: object = source.decode(change.change.after_unknown, Any, f"{here}.after_unknown")
        hidden = _hidden(
            source.decode(change.change.after_sensitive, Any, f"{here}.after_sensitive")
        )
        yield Resource(
            address=change.address,
            type=change.type,
            name=change.name,
            key=change.index,
            steps=steps_of(change.module_address),
            attributes=_attributes(
                source, change.type, change.change.after, f"{here}.after", hidden
            ),
            unknown=unknown if isinstance(unknown, dict) else {},
            hidden=hidden,
            is_new=is_new,
        )


def shown(source: Source) -> Iterator[Resource]:
    """Give what is in a state that Terraform has shown."""
    values = source.decode(source.document.values, shapes.ShownValues, "$.values")
    if values is not None:
        yield from _shown(source, values.root_module, "$.values.root_module")


def shown_in(module: shapes.ShownModule) -> Iterator[shapes.ShownResource]:
    """Give the resources of a module and of those in it that would be read."""
    yield from (one for one in module.resources if _is_read(one.type, one.mode, one.deposed_key))
    for child in module.child_modules:
        yield from shown_in(child)


def _shown(source: Source, module: shapes.ShownModule, place: str) -> Iterator[Resource]:
    steps = steps_of(module.address)
    for number, one in enumerate(module.resources):
        if not _is_read(one.type, one.mode, one.deposed_key):
            continue
        here = f"{place}.resources[{number}]"
        hidden = _hidden(source.decode(one.sensitive_values, Any, f"{here}.sensitive_values"))
        attributes = _attributes(source, one.type, one.values, f"{here}.values", hidden)
        yield Resource(one.address, one.type, one.name, one.index, steps, attributes, hidden=hidden)
    for number, child in enumerate(module.child_modules):
        yield from _shown(source, child, f"{place}.child_modules[{number}]")


def stored(source: Source) -> Iterator[Resource]:
    """Give what is in a state file."""
    place = "$.resources"
    resources = source.decode(source.document.resources, list[shapes.StoredResource], place)
    for number, one in enumerate(resources or ()):
        if one.type not in shapes.ATTRIBUTES or one.mode != _MANAGED:
            continue
        steps = steps_of(one.module)
        for position, instance in enumerate(one.instances):
            if instance.deposed is not None:
                continue
            here = f"{place}[{number}].instances[{position}]"
            paths = source.decode(
                instance.sensitive_attributes, Any, f"{here}.sensitive_attributes"
            )
            hidden = frozenset(_first_of(paths))
            yield Resource(
                address_of(one.module, one.type, one.name, instance.index_key),
                one.type,
                one.name,
                instance.index_key,
                steps,
                _attributes(source, one.type, instance.attributes, f"{here}.attributes", hidden),
                hidden=hidden,
            )


def gaps_of(source: Source) -> Iterator[str]:
    """Give the reasons why a plan may not tell of everything that there will be."""
    if source.document.errored is True:
        yield "the plan ended in an error, and tells of what was planned before it"
    place = "$.deferred_changes"
    deferred = source.decode(source.document.deferred_changes, list[shapes.DeferredChange], place)
    changes = [one.resource_change for one in deferred or () if one.resource_change]
    later = [one.address for one in changes if _is_read(one.type, one.mode, one.deposed)]
    if later:
        yield f"the plan leaves changes to a later one: {', '.join(later)}"
    elif source.document.complete is False and source.document.errored is not True:
        yield "the plan is not complete: there is more to plan once it is applied"


def _is_read(kind: str, mode: str, deposed: str | None) -> bool:
    return kind in shapes.ATTRIBUTES and mode == _MANAGED and deposed is None


def _attributes(
    source: Source, kind: str, raw: Raw | UnsetType, place: str, hidden: Iterable[str]
) -> shapes.Part:
    shape = shapes.ATTRIBUTES[kind]
    attributes = source.decode(raw, shape, place)
    if attributes is None:
        source.reject(place, "it is missing")
    for name in hidden:
        if name in shape.__struct_fields__:
            setattr(attributes, name, None)
    return attributes


def _hidden(sensitive: object) -> frozenset[str]:
    """Return the attributes that are sensitive, as a whole or in part."""
    if not isinstance(sensitive, dict):
        return frozenset()
    return frozenset(name for name, value in sensitive.items() if _has_truth(value))


def _has_truth(value: object) -> bool:
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if one is True:
            return True
        if isinstance(one, dict):
            waiting.extend(one.values())
        if isinstance(one, list):
            waiting.extend(one)
    return False


def _first_of(paths: object) -> Iterator[str]:
    """Give the attributes that paths begin with; a step is ``{"type": …, "value": "id"}``."""
    for path in paths if isinstance(paths, list) else ():
        first = path[0] if isinstance(path, list) and path else None
        if isinstance(first, dict) and isinstance(first.get("value"), str):
            yield first["value"]

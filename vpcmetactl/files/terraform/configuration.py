"""What is written in the configuration that a plan was made from, as far as the plan holds it.

Of an expression the plan has the constant, or what it refers to. That is enough to see whether an
attribute is written at all, and to follow a reference through outputs and variables of modules.
Local values are not in the plan, and neither are ``dynamic`` blocks.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec
from msgspec import Raw, UnsetType

from vpcmetactl.files.terraform import shapes
from vpcmetactl.files.terraform.addresses import Reference, Step, references_in
from vpcmetactl.files.terraform.documents import Source
from vpcmetactl.files.terraform.resources import Resource

# So many references are followed for one expression; nobody writes more.
_MOST_FOLLOWED = 100

Expression = Any


class Target(NamedTuple):
    """A resource that an expression refers to, ``rest`` being the attribute.

    ``key`` is ``None`` where no instance is named: it may be any of them.
    """

    steps: tuple[Step, ...]
    type: str
    name: str
    key: shapes.Key
    rest: str


@dataclass(frozen=True, slots=True)
class Trail:
    """What an expression refers to; ``is_exact``: to that alone, and it is the value itself."""

    targets: tuple[Target, ...] = ()
    is_exact: bool = False


class Configured:
    """The configuration of one plan."""

    def __init__(self, source: Source) -> None:
        place = "$.configuration"
        found = source.decode(source.document.configuration, shapes.Configuration, place)
        self._is_there = found is not None
        self._configuration = found or shapes.Configuration()
        self._variables = (
            source.decode(source.document.variables, dict[str, shapes.Variable], "$.variables")
            or {}
        )
        self._resources: dict[tuple[str, ...], Mapping[tuple[str, str], Any]] = {}
        self._expressions: dict[int, Mapping[str, Expression] | None] = {}
        self._regions: dict[str, str | None] = {}

    def expressions_of(self, resource: Resource) -> Mapping[str, Expression] | None:
        """Return what is written in a resource; ``None`` where that is not known."""
        written = self._written(resource)
        if written is None:
            return None
        if id(written) not in self._expressions:
            self._expressions[id(written)] = _members(written.expressions)
        return self._expressions[id(written)]

    def region_of(self, resource: Resource) -> str | None:
        """Return the region that the provider of a resource is set up with."""
        written = self._written(resource)
        key = written.provider_config_key if written else None
        if key is None:
            return None
        if key not in self._regions:
            self._regions[key] = self._provider_region(key)
        return self._regions[key]

    def follow(self, expression: Expression, resource: Resource) -> Trail:
        """Return which resources of the plan an expression in a resource refers to."""
        return _Walk(self, resource).follow(expression, resource.steps)

    def module(self, steps: tuple[Step, ...]) -> shapes.ConfiguredModule | None:
        """Return a module as it is written."""
        module: shapes.ConfiguredModule | None = self._configuration.root_module
        for step in steps:
            call = module.module_calls.get(step.name) if module else None
            module = call.module if call else None
        return module

    def for_each_of(self, resource: Resource) -> Expression:
        """Return the expression that says which instances of a resource there are."""
        written = self._written(resource)
        return _value(written.for_each_expression) if written else None

    def _written(self, resource: Resource) -> shapes.ConfiguredResource | None:
        if not self._is_there:
            return None
        names = tuple(step.name for step in resource.steps)
        if names not in self._resources:
            module = self.module(resource.steps)
            self._resources[names] = {
                (one.type, one.name): one
                for one in (module.resources if module else ())
                if one.type in shapes.ATTRIBUTES and one.mode == "managed"
            }
        return self._resources[names].get((resource.type, resource.name))

    def _provider_region(self, key: str) -> str | None:
        provider = self._configuration.provider_config.get(key)
        expression = (_members(provider.expressions) or {}).get("region") if provider else None
        if not isinstance(expression, dict):
            return None
        value = expression.get("constant_value")
        references = references_in(_texts(expression))
        # A module's own provider refers to the module's variables, and these are not told.
        if value is None and len(references) == 1 and ":" not in key:
            first = references[0]
            if first is not None and (first.kind, first.rest) == ("var", ""):
                variable = self._variables.get(first.name)
                value = _value(variable.value) if variable else None
        return value if isinstance(value, str) and value else None


class _Walk:
    """Follows the references of one expression, of which there may be many in a crafted file."""

    def __init__(self, configured: Configured, resource: Resource) -> None:
        self._configured = configured
        self._resource = resource
        self._left = _MOST_FOLLOWED

    def follow(self, expression: Expression, steps: tuple[Step, ...]) -> Trail:
        references = references_in(_texts(expression))
        targets: list[Target] = []
        is_exact = len(references) == 1
        for reference in references:
            self._left -= 1
            trail = Trail()
            if reference is not None and self._left > 0:
                trail = self._one(reference, steps)
            targets += trail.targets
            is_exact = is_exact and trail.is_exact
        return Trail(tuple(dict.fromkeys(targets)), is_exact)

    def _one(self, reference: Reference, steps: tuple[Step, ...]) -> Trail:
        kind, name, key, rest = reference
        if kind in shapes.ATTRIBUTES:
            return Trail((Target(steps, kind, name, key, rest),), is_exact=True)
        if kind == "module":
            return self._output(reference, steps)
        if kind == "var" and steps:
            return self._variable(name, rest, steps)
        if (kind, name) == ("each", "value") and steps == self._resource.steps:
            return self._each(rest, steps)
        return Trail()

    def _output(self, reference: Reference, steps: tuple[Step, ...]) -> Trail:
        """Go on in a module that is called; one of several, where none is named, may be meant."""
        step = Step(reference.name, reference.key, any_key=not reference.is_indexed)
        module = self._configured.module((*steps, step))
        output, _, more = reference.rest.partition(".")
        written = module.outputs.get(output) if module else None
        if written is None:
            return Trail()
        trail = self.follow(_value(written.expression), (*steps, step))
        return Trail(trail.targets, trail.is_exact and not more)

    def _variable(self, name: str, rest: str, steps: tuple[Step, ...]) -> Trail:
        """Go on where the module is called."""
        caller = self._configured.module(steps[:-1])
        call = caller.module_calls.get(steps[-1].name) if caller else None
        given = (_members(call.expressions) or {}).get(name) if call else None
        trail = self.follow(given, steps[:-1])
        return Trail(trail.targets, trail.is_exact and not rest)

    def _each(self, rest: str, steps: tuple[Step, ...]) -> Trail:
        """Go on with the instance of the same key, where there is one for each of a resource."""
        expression = self._configured.for_each_of(self._resource)
        trail = self.follow(expression, steps) if expression is not None else Trail()
        targets = tuple(
            Target(one.steps, one.type, one.name, self._resource.key, rest)
            for one in trail.targets
            if not one.rest and one.key is None
        )
        return Trail(targets, trail.is_exact and bool(rest))


def _texts(expression: Expression) -> list[str]:
    references = expression.get("references") if isinstance(expression, dict) else None
    return [one for one in references or () if isinstance(one, str)]


def _members(raw: Raw | UnsetType) -> Mapping[str, Expression] | None:
    value = _value(raw)
    return value if isinstance(value, dict) else None


def _value(raw: Raw | UnsetType) -> Any:  # noqa: ANN401 - any JSON
    """Return the value of a part that only helps to find out more: ``None`` if it is unreadable."""
    if isinstance(raw, UnsetType):
        return None
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None

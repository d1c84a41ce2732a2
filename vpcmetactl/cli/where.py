"""``--where``: a JMESPath expression over the item that ``-o json`` prints, made a predicate.

Checked before anything is read: its syntax, its field names against the schema, and, on a sample
item, the functions and types it uses.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError, JMESPathTypeError
from jmespath.visitor import TreeInterpreter

from vpcmetactl.domain.errors import InvalidInputError
from vpcmetactl.domain.restarts import NOT_ASKED, AssessedServer
from vpcmetactl.domain.subjects import Subject
from vpcmetactl.render.choices import near_fields
from vpcmetactl.render.query import Query
from vpcmetactl.render.schemas.reading import SchemaField, schema_fields

_LITERALS = ("true", "false", "null")

Node = Any  # a node of jmespath's tree: a dict of type, value and children
Warn = Callable[[str], None]


def server_predicate(
    expression: str, *, warn: Warn | None = None, with_tags: bool = False
) -> Callable[[AssessedServer], bool]:
    """Return a predicate over assessed servers, which come ``with_tags`` or have none to look at.

    ``warn`` is given by commands that change something. The result must then be a boolean, or
    null, which never selects; InvalidInputError is raised by the predicate when it is not. And a
    server that is selected because a field of it is *not* something, while the field is null, is
    warned of once. Raises InvalidInputError at once for an expression that cannot be right.
    """
    where = Where(expression, schema_fields("servers"))
    if "tags" in where.fields and not with_tags:
        raise InvalidInputError(
            f"--where {expression!r}: user tags are not read unless they are asked for",
            hint="choose by them with --tag KEY:VALUE; servers list reads them --with tags",
        )

    def selects(assessed: AssessedServer) -> bool:
        # Imported when the first server has come: a usage error must not pay for msgspec.
        from vpcmetactl.render.items.servers import server_as_builtins  # noqa: PLC0415

        item = server_as_builtins(assessed)
        return where.matches(item) if warn is None else where.matches_strictly(item, warn)

    return selects


def server_value(expression: str, option: str) -> Callable[[AssessedServer], str | None]:
    """Return a function that gives the value of an expression for a server, as text.

    ``None`` where it gives null. Raises InvalidInputError at once for an expression that cannot be
    right, naming ``option``.
    """
    where = Where(expression, schema_fields("servers"), option)

    def value_of(assessed: AssessedServer) -> str | None:
        from vpcmetactl.render.items.servers import server_as_builtins  # noqa: PLC0415

        value = where.value(server_as_builtins(assessed))
        return value if value is None or isinstance(value, str) else repr(value)

    return value_of


def subject_predicate(expression: str, source: str) -> Callable[[Subject], bool | None]:
    """Return a predicate over subjects of an audit, for an expression that stands in a file.

    It gives ``None`` where the expression gives null: then it cannot be told. Raises
    InvalidInputError at once for an expression that cannot be right, naming ``source``.
    """
    where = Where(expression, schema_fields("servers"), f"{source}: where")

    def selects(subject: Subject) -> bool | None:
        from vpcmetactl.render.items.servers import server_as_builtins  # noqa: PLC0415

        assessed = AssessedServer(subject.server, subject.restart or NOT_ASKED)
        return where.truth(server_as_builtins(assessed))

    return selects


class Where:
    """A checked expression over items of one kind; ``option`` is how the user gave it.

    ``fields`` are those of the item that it names.
    """

    def __init__(
        self, expression: str, fields: Mapping[str, SchemaField], option: str = "--where"
    ) -> None:
        self._said = f"{option} {expression!r}"
        self._query = Query(expression, option)
        self._parsed = jmespath.compile(expression)
        parsed = self._parsed.parsed
        names = _Names(self._said, fields)
        names.check(parsed, "")
        self.fields: Collection[str] = names.found
        self._query.search(_sample(fields, ""))
        self._negated = tuple(_negated(parsed))
        self._warned = False

    def matches(self, item: object) -> bool:
        """Return whether the expression holds, in JMESPath's own sense of truth."""
        return bool(self._search(item))

    def matches_strictly(self, item: object, warn: Warn) -> bool:
        """Return whether the expression is true; null is not, and anything else is an error."""
        result = self._search(item)
        if not isinstance(result, bool | None):
            raise InvalidInputError(
                f"{self._said} gives {_type_name(result)}, not true or false",
                hint="a command that changes something wants a comparison, "
                "such as metadata_service.protocol == 'http'",
            )
        if result and not self._warned and self._negates_null(item):
            self._warned = True
            warn(f"{self._said} selects servers of which the field it negates is not reported")
        return bool(result)

    def value(self, item: object) -> object:
        """Return what the expression gives."""
        return self._search(item)

    def truth(self, item: object) -> bool | None:
        """Return whether the expression holds; raises InvalidInputError where it gives else."""
        result = self._search(item)
        if not isinstance(result, bool | None):
            raise InvalidInputError(
                f"{self._said} gives {_type_name(result)}, not true or false",
                hint="write a comparison, such as metadata_service.protocol == 'http'",
            )
        return result

    def _search(self, item: object) -> object:
        """Evaluate; a function that is given what was not reported makes nothing of it."""
        try:
            return self._parsed.search(item)
        except JMESPathTypeError as error:
            return None if error.actual_type == "null" else self._query.search(item)
        except (JMESPathError, RecursionError):
            return self._query.search(item)  # which says it in a user's words

    def _negates_null(self, item: object) -> bool:
        return any(TreeInterpreter().visit(node, item) is None for node in self._negated)


class _Names:
    """Walks an expression and looks every field up in the schema.

    A scope is the path of the object in which names are looked up, with a dot behind it; ``None``
    where it is not known.
    """

    def __init__(self, said: str, fields: Mapping[str, SchemaField]) -> None:
        self._said = said
        self._fields = fields
        self.found: set[str] = set()

    def check(self, node: Node, scope: str | None) -> str | None:
        """Return the scope that the node gives."""
        handler = getattr(self, f"_{node['type']}", None)
        if handler is not None:
            result: str | None = handler(node, scope)
            return result
        for child in _children(node):
            self.check(child, scope)
        return None

    def _field(self, node: Node, scope: str | None) -> str | None:
        if scope is None:
            return None
        path = f"{scope}{node['value']}"
        self.found.add(path)
        field = self._fields.get(path)
        if field is None and node["value"] in _LITERALS:
            raise InvalidInputError(
                f"{self._said}: {node['value']} is taken for a field's name",
                hint=f"JMESPath wants backticks around it: `{node['value']}`",
            )
        if field is None:
            near = near_fields(path, tuple(self._fields))
            inside = [known for known in self._fields if known.startswith(scope)]
            raise InvalidInputError(
                f"{self._said}: servers have no field {path!r}",
                hint=f"did you mean {' or '.join(near)}?"
                if near
                else f"the fields are {', '.join(inside)}",
            )
        if field.is_list:
            return f"{path}[]."
        return f"{path}." if field.is_object else None

    def _subexpression(self, node: Node, scope: str | None) -> str | None:
        for child in _children(node):
            scope = self.check(child, scope)
        return scope

    _pipe = _subexpression

    def _index_expression(self, node: Node, scope: str | None) -> str | None:
        return self.check(_children(node)[0], scope)

    _flatten = _index_expression

    def _projection(self, node: Node, scope: str | None) -> None:
        outer, inner = _children(node)
        self.check(inner, self.check(outer, scope))

    def _value_projection(self, node: Node, scope: str | None) -> None:
        self.check(_children(node)[0], scope)

    def _filter_projection(self, node: Node, scope: str | None) -> None:
        outer, inner, condition = _children(node)
        elements = self.check(outer, scope)
        self.check(inner, elements)
        self.check(condition, elements)

    def _expref(self, node: Node, scope: str | None) -> None:
        """Names below ``&`` are looked up in the elements that the function goes through."""

    def _not_expression(self, node: Node, scope: str | None) -> None:
        negated = self.check(_children(node)[0], scope)
        # A list may be negated: that asks whether it is empty.
        if negated and not negated.endswith("[]."):
            raise InvalidInputError(
                f"{self._said}: '!' negates a whole object here",
                hint="'!' binds tighter than '.': write metadata_service.enabled == `false`",
            )

    def _current(self, node: Node, scope: str | None) -> str | None:
        del node
        return scope

    _identity = _current


def _type_name(value: object) -> str:
    """Name a type as JSON does."""
    match value:
        case dict():
            return "an object"
        case list():
            return "an array"
        case str():
            return "a string"
        case _:
            return "a number"


def _children(node: Node) -> Sequence[Node]:
    return [child for child in node.get("children", ()) if isinstance(child, dict)]


# Below these, names are looked up elsewhere than in the item.
_OTHER_SCOPES = frozenset(
    {"filter_projection", "projection", "value_projection", "expref", "pipe", "subexpression"}
)


def _negated(node: Node) -> Sequence[Node]:
    """Collect what of the item an expression negates: below ``!``, and on both sides of ``!=``."""
    if node["type"] in _OTHER_SCOPES:
        return []
    found = [operand for child in _children(node) for operand in _negated(child)]
    if node["type"] == "not_expression" or (node["type"] == "comparator" and node["value"] == "ne"):
        found += [child for child in _children(node) if child["type"] != "literal"]
    return found


def _sample(fields: Mapping[str, SchemaField], scope: str) -> Mapping[str, object]:
    """Make an item that has every field of the schema, with a value of its type."""
    names = {
        path.removeprefix(scope): field
        for path, field in fields.items()
        if path.startswith(scope) and "." not in path.removeprefix(scope)
    }
    return {name: _sample_value(fields, field) for name, field in names.items()}


def _sample_value(fields: Mapping[str, SchemaField], field: SchemaField) -> object:
    if field.is_list:
        return [_sample(fields, f"{field.path}[].")]
    if field.is_object:
        return _sample(fields, f"{field.path}.")
    values: dict[str, object] = {"boolean": True, "integer": 1, "number": 1.0}
    return next((values[name] for name in field.types if name in values), "text")

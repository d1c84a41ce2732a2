from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.builders import OFF, ON, ON_HTTPS, a_bare_metal_server, an_instance
from vpcmetactl.cli.where import server_predicate
from vpcmetactl.domain.errors import InvalidInputError
from vpcmetactl.domain.restarts import AssessedServer, assess_restart
from vpcmetactl.domain.servers import Disk, MetadataService, Server, StatusReason

_ON = an_instance("on", metadata_service=ON)
_OFF = an_instance("off", metadata_service=OFF, vpc=None)
_SILENT = an_instance("silent", metadata_service=None)
_METAL = a_bare_metal_server("metal")
_DISKS = an_instance(
    "disks",
    metadata_service=ON_HTTPS,
    disks=(Disk("d1", "data", 100), Disk("d2", "scratch", 20)),
    status_reasons=(StatusReason("cannot_start", "no room"),),
)
_FLEET = (_ON, _OFF, _SILENT, _METAL, _DISKS)


def selected(expression: str, warnings: list[str] | None = None) -> Sequence[str | None]:
    """Return the names of the servers that an expression selects; strictly, to take warnings."""
    predicate = server_predicate(expression, warn=None if warnings is None else warnings.append)
    return [server.name for server in _FLEET if predicate(_assessed(server))]


def _assessed(server: Server) -> AssessedServer:
    return AssessedServer(server, assess_restart(server))


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ("metadata_service.enabled", ["on", "disks"]),
        ("metadata_service.enabled == `false`", ["off", "metal"]),
        ("metadata_service.enabled == `null`", ["silent"]),
        ("name == 'on' || name == 'off'", ["on", "off"]),
        ("kind == 'instance' && metadata_service.enabled", ["on", "disks"]),
        ("vpc.name == 'prod' && kind == 'bare_metal_server'", ["metal"]),
        ("starts_with(name, 'o')", ["on", "off"]),
        ("contains(['on', 'metal'], name)", ["on", "metal"]),
        ("metadata_service.response_hop_limit > `0` && name != 'off'", ["on", "disks"]),
        ("restart.verdict == 'unknown'", ["on", "silent", "disks"]),
        ("restart.reason == 'not_reported'", ["silent"]),
        # Lists: projections, filters, slices, flattening, functions over them.
        ("disks", ["disks"]),
        ("!disks", ["on", "off", "silent", "metal"]),
        ("disks[0].size == `100`", ["disks"]),
        ("disks[-1:].name | [0] == 'scratch'", ["disks"]),
        ("disks[?size > `50`]", ["disks"]),
        ("disks[?size > `500`]", []),
        ("contains(disks[*].name, 'scratch')", ["disks"]),
        ("length(disks[]) > `1`", ["disks"]),
        ("sort_by(disks, &size)[0].name == 'scratch'", ["disks"]),
        ("max_by(disks, &size).name == 'data'", ["disks"]),
        ("status_reasons[].code | contains(@, 'cannot_start')", ["disks"]),
        ("{a: name, b: vpc.name}.a == 'on'", ["on"]),
        ("[name, vpc.name] | [0] == 'on'", ["on"]),
        ("vpc | name == 'prod'", ["on", "silent", "metal", "disks"]),
        ("metadata_service.* | contains(@, 'https')", ["disks"]),
        # A function that is given what was not reported makes nothing of it.
        ("starts_with(vpc.name, 'p')", ["on", "silent", "metal", "disks"]),
        ("!starts_with(vpc.name, 'x')", ["on", "silent", "metal", "disks"]),
        ("@.name == 'on'", ["on"]),
        ("\"name\" == 'on'", ["on"]),
    ],
)
def test_an_expression_selects_the_servers_of_which_it_holds(
    expression: str, names: Sequence[str]
) -> None:
    assert selected(expression) == names


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("", "the expression is empty"),
        ("name ==", "it ends too early"),
        ("name = 'x'", "'=' at column 6 is not expected there"),
        ("name 'x'", "'x' at column 6 is not expected there"),
    ],
)
def test_a_broken_expression_says_where_it_breaks(expression: str, words: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        server_predicate(expression)

    assert str(caught.value) == f"--where {expression!r}: {words}"
    assert "JMESPath" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("expression", "field", "suggestion"),
    [
        ("enabled", "enabled", "metadata_service.enabled"),
        ("metadata_service.enable", "metadata_service.enable", "metadata_service.enabled"),
        ("metadata.enabled", "metadata", "metadata_service"),
        ("nam == 'x'", "nam", "name"),
        ("disks[0].sise == `1`", "disks[].sise", "disks[].size"),
        ("disks[?sise > `1`]", "disks[].sise", "disks[].size"),
        ("disks[].sise", "disks[].sise", "disks[].size"),
        ("kind == 'instance' && nam == 'x'", "nam", "name"),
        ("length(nam) > `1`", "nam", "name"),
        ("!nam", "nam", "name"),
        ("{a: nam}", "nam", "name"),
        ("[nam]", "nam", "name"),
        ("vpc | nam == 'x'", "vpc.nam", "vpc.name"),
        ("(vpc || vpc).name == nam", "nam", "name"),
    ],
)
def test_an_unknown_field_is_refused_with_a_suggestion(
    expression: str, field: str, suggestion: str
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        server_predicate(expression)

    assert str(caught.value) == f"--where {expression!r}: servers have no field {field!r}"
    assert suggestion in (caught.value.hint or "")


def test_a_field_unlike_any_other_is_refused_with_the_fields_there_are() -> None:
    with pytest.raises(InvalidInputError) as caught:
        server_predicate("vpc.qqqqqq == 'x'")

    assert caught.value.hint == "the fields are vpc.id, vpc.name"


@pytest.mark.parametrize(
    "expression", ["!metadata_service.enabled", "!vpc", "!(metadata_service).enabled"]
)
def test_the_negation_of_a_whole_object_is_refused_with_the_hint(expression: str) -> None:
    with pytest.raises(InvalidInputError, match="negates a whole object here") as caught:
        server_predicate(expression)

    assert caught.value.hint == (
        "'!' binds tighter than '.': write metadata_service.enabled == `false`"
    )


@pytest.mark.parametrize(
    "expression",
    ["!(metadata_service.enabled)", "metadata_service.enabled && !(name == 'x')", "!name"],
)
def test_the_negation_of_a_value_is_not(expression: str) -> None:
    server_predicate(expression)


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("nosuch(name)", "Unknown function: nosuch()"),
        ("length(metadata_service.enabled)", "invalid type for value: True"),
        ("starts_with(name)", "Expected 2 arguments for function starts_with(), received 1"),
        ("abs(name) > `1`", "invalid type for value: text"),
    ],
)
def test_functions_and_types_are_tried_before_anything_is_read(expression: str, words: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        server_predicate(expression)

    assert words in str(caught.value)


# On commands that change something.


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ("metadata_service.enabled", ["on", "disks"]),
        ("metadata_service.enabled == `false`", ["off", "metal"]),
        ("vpc.name == 'prod'", ["on", "silent", "metal", "disks"]),
    ],
)
def test_null_never_selects_what_is_to_be_changed(expression: str, names: Sequence[str]) -> None:
    warnings: list[str] = []

    assert selected(expression, warnings) == names
    assert warnings == []


@pytest.mark.parametrize(
    ("expression", "kind"),
    [
        ("name", "a string"),
        ("disks", "an array"),
        ("vpc", "an object"),
        ("length(name)", "a number"),
    ],
)
def test_what_is_to_be_changed_must_be_chosen_by_true_or_false(expression: str, kind: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        selected(expression, [])

    assert str(caught.value) == f"--where {expression!r} gives {kind}, not true or false"
    assert "comparison" in (caught.value.hint or "")


@pytest.mark.parametrize("literal", ["true", "false", "null"])
def test_a_literal_without_backticks_is_told_from_a_field(literal: str) -> None:
    with pytest.raises(InvalidInputError, match=f"{literal} is taken for a field's name") as caught:
        selected(f"metadata_service.enabled == {literal}")

    assert caught.value.hint == f"JMESPath wants backticks around it: `{literal}`"


@pytest.mark.parametrize(
    "expression",
    [
        "!(metadata_service.enabled)",
        "metadata_service.protocol != 'https'",
        "'https' != metadata_service.protocol",
        "kind == 'instance' && metadata_service.protocol != 'https'",
    ],
)
def test_selecting_what_was_not_reported_by_negation_warns_once(expression: str) -> None:
    warnings: list[str] = []
    predicate = server_predicate(expression, warn=warnings.append)

    assert predicate(_assessed(_SILENT))
    assert predicate(_assessed(_SILENT))

    assert warnings == [
        f"--where {expression!r} selects servers of which the field it negates is not reported"
    ]


@pytest.mark.parametrize(
    "expression",
    [
        "vpc.name != `null`",
        "!(metadata_service.enabled)",
        "name != 'x'",
        "!(disks[?size != `1`])",
    ],
)
def test_a_negation_of_what_was_reported_warns_of_nothing(expression: str) -> None:
    warnings: list[str] = []
    reported = an_instance(metadata_service=OFF)

    assert server_predicate(expression, warn=warnings.append)(_assessed(reported))
    assert warnings == []


_METADATA = st.builds(
    MetadataService,
    enabled=st.sampled_from([True, False, None]),
    protocol=st.sampled_from(["http", "https", None]),
)


@given(_METADATA)
def test_an_expression_says_of_the_service_what_the_api_said(metadata: MetadataService) -> None:
    server = _assessed(an_instance(metadata_service=metadata))

    def holds(expression: str) -> bool:
        return server_predicate(expression)(server)

    assert holds("metadata_service.enabled == `true`") == (metadata.enabled is True)
    assert holds("metadata_service.enabled == `false`") == (metadata.enabled is False)
    assert holds("metadata_service.protocol == 'http'") == (metadata.protocol == "http")


@given(st.text())
def test_whatever_the_expression_it_is_compiled_or_refused_as_invalid_input(text: str) -> None:
    try:
        server_predicate(text)
    except InvalidInputError:
        return


_PIECES = (
    *("name", "vpc", "disks", "enabled", "metadata_service", ".", "[", "]", "[?", "[]", "[0]"),
    *("*", "@", "&", "|", "||", "&&", "!", "==", "!=", "<", "(", ")", "{", "}", ",", ":"),
    *("`1`", "'x'", "`null`", '"name"', "length(", "sort_by(", "contains(", "map("),
)


@given(st.lists(st.sampled_from(_PIECES), max_size=8).map("".join))
def test_whatever_its_pieces_an_expression_is_compiled_or_refused_as_invalid_input(
    text: str,
) -> None:
    try:
        predicate = server_predicate(text)
        predicate(_assessed(_ON))
    except InvalidInputError:
        return

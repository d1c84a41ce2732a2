import pytest

from vpcmetactl.domain.errors import InvalidInputError
from vpcmetactl.render.choices import near_fields, parse_columns, parse_sort
from vpcmetactl.render.options import SortKey
from vpcmetactl.render.schemas.reading import column_keys


def test_sort_words_may_be_joined_by_commas_and_turned_by_a_minus() -> None:
    assert parse_sort(["-created_at,name", " vpc.name "], "servers") == (
        SortKey("created_at", descending=True),
        SortKey("name"),
        SortKey("vpc.name"),
    )


def test_no_words_are_no_choice() -> None:
    assert parse_sort([""], "servers") == ()
    assert parse_columns([" , "], "servers") == ()


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("protocol", "did you mean metadata_service.protocol?"),
        ("nmae", "did you mean name?"),
        ("created", "did you mean created_at?"),
        ("metadata.enabled", "did you mean metadata_service.enabled?"),
    ],
)
def test_a_word_that_names_no_field_gets_the_ones_that_may_be_meant(word: str, hint: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        parse_columns([word], "servers")
    assert str(refused.value) == f"--columns {word}: servers have no such field"
    assert refused.value.hint == hint


def test_an_object_is_no_column_but_its_fields_are() -> None:
    with pytest.raises(InvalidInputError) as refused:
        parse_columns(["vpc"], "servers")
    assert str(refused.value) == "--columns vpc: it is an object, not a single value"
    assert refused.value.hint == "did you mean vpc.id or vpc.name?"


def test_nothing_is_sorted_by_a_list() -> None:
    with pytest.raises(InvalidInputError) as refused:
        parse_sort(["-disks"], "servers")
    assert str(refused.value) == "--sort disks: it is a list, not a single value"


def test_a_word_like_no_field_gets_them_all() -> None:
    with pytest.raises(InvalidInputError) as refused:
        parse_columns(["qqqqqq"], "checks")
    assert refused.value.hint == (
        "the fields are id, about, title, severity, rationale, remedy, command, terraform, "
        "parameter, parameter_required, source"
    )


def test_at_most_three_fields_are_suggested() -> None:
    assert near_fields("id", column_keys("servers")) == ["id", "vpc.id", "resource_group.id"]

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpcmetactl.domain.errors import InvalidInputError
from vpcmetactl.domain.identifiers import (
    BUILT_IN_REGIONS,
    Crn,
    ServerRef,
    account_of_crn,
    region_of_zone,
)

_UUID = "1e09281b-f177-46fb-baf1-bc152b2e391a"
_CRN = f"crn:v1:bluemix:public:is:us-south-1:a/abc123::instance:0717_{_UUID}"

# Text that is nearly a CRN reaches more of the parser than text that is anything.
_CRN_LIKE = st.lists(
    st.one_of(st.sampled_from(["crn", "v1", "is", "us-south-1", "a/1", "", "instance"]), st.text()),
    max_size=12,
).map(":".join)


def test_a_crn_is_read_into_its_parts() -> None:
    assert Crn.parse(_CRN) == Crn(
        text=_CRN,
        location="us-south-1",
        account_id="abc123",
        resource_type="instance",
        resource_id=f"0717_{_UUID}",
    )


def test_the_region_of_a_crn_is_that_of_its_zone() -> None:
    assert Crn.parse(_CRN).region == "us-south"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "crn:",
        "crn:v1:bluemix:public:is:us-south-1:a/abc123::instance:",
        "crn:v1:bluemix:public:is::a/abc123::instance:id",
        "crn:v1:bluemix:public:is:us-south-1:a/abc123:::id",
        "crn:v1:bluemix:public:is:us-south-1:a/abc123::instance",
        "xrn:v1:bluemix:public:is:us-south-1:a/abc123::instance:id",
    ],
)
def test_a_crn_that_lacks_a_part_a_server_needs_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError, match="is not the CRN of a server") as caught:
        Crn.parse(text)

    assert caught.value.hint is not None
    assert "crn:v1:bluemix:public:is:" in caught.value.hint


@pytest.mark.parametrize(
    "location", ["evil.example/us-south-1", "us-south-1@evil.example", "us south-1", "US-SOUTH-1"]
)
def test_a_crn_whose_location_is_no_place_is_refused_for_it_becomes_part_of_a_host_name(
    location: str,
) -> None:
    with pytest.raises(InvalidInputError):
        Crn.parse(f"crn:v1:bluemix:public:is:{location}:a/abc123::instance:id")


@given(st.one_of(st.text(), _CRN_LIKE))
def test_whatever_the_text_a_crn_is_read_or_refused_as_invalid_input(text: str) -> None:
    try:
        crn = Crn.parse(text)
    except InvalidInputError:
        return
    assert crn.text == text


@given(st.one_of(st.text(), _CRN_LIKE, _CRN_LIKE.map("crn:".__add__)))
def test_whatever_the_word_a_server_reference_is_read_or_refused_as_invalid_input(
    word: str,
) -> None:
    try:
        ref = ServerRef.parse(word)
    except InvalidInputError:
        return
    assert ref.text == word.strip()
    assert (ref.crn is not None) == ref.text.startswith("crn:")


@pytest.mark.parametrize("word", ["", " ", "\t\n"])
def test_an_empty_word_names_no_server(word: str) -> None:
    with pytest.raises(InvalidInputError, match="an empty word names no server"):
        ServerRef.parse(word)


def test_space_around_a_word_does_not_count() -> None:
    assert ServerRef.parse(" web-1\n") == ServerRef("web-1")


def test_a_word_that_begins_like_a_crn_is_read_as_one() -> None:
    assert ServerRef.parse(_CRN) == ServerRef(_CRN, Crn.parse(_CRN))
    with pytest.raises(InvalidInputError):
        ServerRef.parse("crn:v1:broken")


@pytest.mark.parametrize(
    ("word", "looks_like_id", "may_be_name"),
    [
        (f"0717_{_UUID}", True, False),
        (f"0717-{_UUID}", True, True),
        (f"02c7_{_UUID}", True, False),
        (f"0717_{_UUID}0", False, False),
        (f"x0717_{_UUID}", False, False),
        (_UUID, False, True),
        ("web-1", False, True),
        ("Web 1", False, False),
        ("web_1", False, False),
        ("a" * 63, False, True),
        ("a" * 64, False, False),
    ],
)
def test_the_form_of_a_word_tells_ids_and_names(
    word: str,
    looks_like_id: bool,  # noqa: FBT001 - a column of the table
    may_be_name: bool,  # noqa: FBT001 - a column of the table
) -> None:
    ref = ServerRef.parse(word)

    assert (ref.looks_like_id, ref.may_be_name) == (looks_like_id, may_be_name)


@pytest.mark.parametrize(
    ("zone", "region"),
    [
        ("us-south-1", "us-south"),
        ("eu-de-10", "eu-de"),
        ("us-south", "us-south"),
        ("us-south-1-2", "us-south-1"),
        ("", ""),
    ],
)
def test_a_zone_is_a_region_and_a_number(zone: str, region: str) -> None:
    assert region_of_zone(zone) == region


@given(st.sampled_from(BUILT_IN_REGIONS), st.integers(0, 99))
def test_every_zone_of_a_region_lies_in_it(region: str, number: int) -> None:
    assert region_of_zone(f"{region}-{number}") == region
    assert region_of_zone(region) == region


def test_the_built_in_regions_are_the_thirteen_that_ibm_names() -> None:
    assert set(BUILT_IN_REGIONS) == {
        *("us-south", "us-east", "br-sao", "ca-tor", "ca-mon", "eu-gb", "eu-de", "eu-es"),
        *("jp-tok", "jp-osa", "au-syd", "in-che", "in-mum"),
    }


@pytest.mark.parametrize(
    ("crn", "account"),
    [
        (_CRN, "abc123"),
        ("crn:v1:bluemix:public:is:us-south-1:o/org::instance:id", None),
        ("crn:v1:bluemix:public:is:us-south-1:::instance:id", None),
        ("crn:v1:bluemix", None),
        ("", None),
        (None, None),
    ],
)
def test_the_account_of_a_crn_is_told_where_the_crn_tells_it(
    crn: str | None, account: str | None
) -> None:
    assert account_of_crn(crn) == account


@given(st.one_of(st.text(), _CRN_LIKE))
def test_asking_for_an_account_never_fails(text: str) -> None:
    account_of_crn(text)

"""Templates of many regions, with what can be read where not all of it can."""

from dataclasses import replace

import pytest

from tests.support.fake_cloud import InMemoryCloud
from vpcmetactl.domain.errors import (
    AuthenticationError,
    InvalidInputError,
    NotFoundError,
    PermissionDeniedError,
    RefusedError,
    UnavailableError,
    VpcmetactlError,
)
from vpcmetactl.domain.servers import Region
from vpcmetactl.domain.templates import InstanceTemplate, TemplateGroup
from vpcmetactl.usecases.templates import TemplatesRead, find_template, read_templates

REGIONS = ("us-south", "eu-de", "jp-tok")
WORKERS = TemplateGroup(id="g-1", name="workers")
BATCH = TemplateGroup(id="g-2", name="batch")


@pytest.fixture
def cloud() -> InMemoryCloud:
    found = InMemoryCloud(regions=[Region(name) for name in REGIONS])
    found.templates = [
        InstanceTemplate(id="t-2", region="us-south", name="b", groups=(WORKERS, BATCH)),
        InstanceTemplate(id="t-1", region="us-south", name="a", crn="crn:t-1"),
        InstanceTemplate(id="t-3", region="eu-de", name="a", groups=(BATCH,)),
    ]
    return found


def test_templates_come_sorted_and_with_their_groups(cloud: InMemoryCloud) -> None:
    read = read_templates(cloud, REGIONS, 2)
    assert [(one.region, one.name, one.groups) for one in read.templates] == [
        ("eu-de", "a", (BATCH,)),
        ("us-south", "a", ()),
        ("us-south", "b", (BATCH, WORKERS)),
    ]
    assert list(read.unread) == []


def test_a_region_without_templates_is_not_asked_for_groups(cloud: InMemoryCloud) -> None:
    read_templates(cloud, REGIONS, 2)
    asked = [call.region for call in cloud.calls if call.operation == "list_groups"]
    assert sorted(str(region) for region in asked) == ["eu-de", "us-south"]


def test_where_groups_cannot_be_read_templates_still_are(cloud: InMemoryCloud) -> None:
    cloud.fail("list_groups", PermissionDeniedError("no"), region="us-south")
    read = read_templates(cloud, REGIONS, 2)
    assert len(read.templates) == 3
    assert [(part.region, part.kind, part.error.code) for part in read.unread] == [
        ("us-south", None, "forbidden")
    ]
    assert all(not one.groups for one in read.templates if one.region == "us-south")


def test_a_region_that_fails_leaves_the_others(cloud: InMemoryCloud) -> None:
    cloud.fail("list_templates", UnavailableError("down"), region="eu-de")
    read = read_templates(cloud, REGIONS, 2)
    assert {one.region for one in read.templates} == {"us-south"}
    assert [part.region for part in read.unread] == ["eu-de"]


def test_where_nothing_could_be_read_the_error_is_raised(cloud: InMemoryCloud) -> None:
    cloud.fail("list_templates", UnavailableError("down"), times=3)
    with pytest.raises(UnavailableError, match="down"):
        read_templates(cloud, REGIONS, 2)


@pytest.mark.parametrize("operation", ["list_templates", "list_groups"])
@pytest.mark.parametrize("error", [AuthenticationError("who?"), InvalidInputError("damaged")])
def test_some_errors_end_everything(
    cloud: InMemoryCloud, operation: str, error: VpcmetactlError
) -> None:
    cloud.fail(operation, error, region="us-south")
    with pytest.raises(type(error)):
        read_templates(cloud, REGIONS, 2)


def test_no_regions_have_no_templates(cloud: InMemoryCloud) -> None:
    assert read_templates(cloud, (), 2) == TemplatesRead([], [])


@pytest.mark.parametrize(("word", "found"), [("t-2", "t-2"), ("crn:t-1", "t-1"), ("b", "t-2")])
def test_a_template_is_found_by_id_crn_or_name(cloud: InMemoryCloud, word: str, found: str) -> None:
    assert find_template(read_templates(cloud, REGIONS, 2), word).id == found


def test_a_name_that_several_bear_is_refused(cloud: InMemoryCloud) -> None:
    with pytest.raises(RefusedError, match="t-3 in eu-de, t-1 in us-south"):
        find_template(read_templates(cloud, REGIONS, 2), "a")


def test_a_template_that_is_not_there_may_be_where_nobody_could_look(
    cloud: InMemoryCloud,
) -> None:
    cloud.fail("list_templates", UnavailableError("down"), region="eu-de")
    read = read_templates(cloud, REGIONS, 2)
    with pytest.raises(NotFoundError) as caught:
        find_template(read, "c")
    assert "eu-de could not be read" in (caught.value.hint or "")
    with pytest.raises(NotFoundError) as caught:
        find_template(replace(read, unread=[]), "c")
    assert "must be exact" in (caught.value.hint or "")

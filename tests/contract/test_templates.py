"""What every cloud tells of instance templates, in memory as over HTTP."""

import pytest

from tests.contract.clouds import Subject
from vpcmetactl.domain.errors import NotFoundError
from vpcmetactl.domain.servers import MetadataService
from vpcmetactl.domain.templates import InstanceTemplate


def test_a_template_tells_what_it_says_and_no_more(mixed: Subject) -> None:
    templates = _templates(mixed)
    assert templates.keys() == {"frontend", "frontend-hardened"}
    assert templates["frontend"].metadata_service is None
    assert templates["frontend"].default_trusted_profile is None
    hardened = templates["frontend-hardened"]
    assert hardened.metadata_service == MetadataService(enabled=True, protocol="https")
    default = hardened.default_trusted_profile
    assert default is not None
    assert (default.profile_id or "").startswith("Profile-")
    assert default.auto_link is False


def test_a_template_is_of_its_region_and_account(mixed: Subject) -> None:
    template = _templates(mixed)["frontend"]
    assert (template.region, template.zone, template.profile) == (
        "us-south",
        "us-south-1",
        "bx2-2x8",
    )
    assert template.account_id == mixed.cloud.get_caller().account_id
    assert template.vpc is not None
    assert template.resource_group is not None
    assert mixed.cloud.list_templates("eu-de") == []


def test_groups_are_told_by_the_template_that_they_use(mixed: Subject) -> None:
    template = _templates(mixed)["frontend"]
    found = mixed.cloud.list_groups("us-south")
    assert {key: [group.name for group in groups] for key, groups in found.items()} == {
        template.id: ["frontends"]
    }
    assert [group.membership_count for group in found[template.id]] == [6]
    assert not mixed.cloud.list_groups("eu-de")


def test_the_list_has_no_groups_and_no_user_data(mixed: Subject) -> None:
    for template in _templates(mixed).values():
        assert template.groups == ()
        assert "cloud-config" not in repr(template)


def test_a_whole_body_has_everything(mixed: Subject) -> None:
    template = _templates(mixed)["frontend-hardened"]
    body = mixed.cloud.get_template_body("us-south", template.id)
    assert (body["id"], body["name"]) == (template.id, "frontend-hardened")
    assert str(body["user_data"]).startswith("#cloud-config")
    assert body["metadata_service"] == {"enabled": True, "protocol": "https"}


def test_a_template_that_is_not_there_is_not_found(mixed: Subject) -> None:
    with pytest.raises(NotFoundError) as caught:
        mixed.cloud.get_template_body("eu-de", _templates(mixed)["frontend"].id)
    assert (caught.value.region, caught.value.status) == ("eu-de", 404)


def _templates(subject: Subject) -> dict[str | None, InstanceTemplate]:
    return {template.name: template for template in subject.cloud.list_templates("us-south")}

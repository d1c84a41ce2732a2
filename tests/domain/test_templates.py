"""What servers a template makes, and what a template that replaces it is made from."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpcmetactl.domain.plans import MetadataServicePatch
from vpcmetactl.domain.servers import MetadataService, Protocol, Reference
from vpcmetactl.domain.subjects import Origin, Trust, TrustingProfile
from vpcmetactl.domain.templates import (
    PLATFORM_DEFAULTS,
    InstanceTemplate,
    TemplateGroup,
    hindrances,
    replacement_body,
    template_subject,
)
from vpcmetactl.domain.trust import DefaultProfile

CRN = "crn:v1:bluemix:public:iam-identity::a/acct::profile:Profile-1"
BODY: dict[str, Any] = {
    "id": "0717-t",
    "crn": "crn:template",
    "href": "https://here",
    "created_at": "2026-01-01T00:00:00Z",
    "name": "worker",
    "metadata_service": {"enabled": True, "response_hop_limit": 3},
    "resource_group": {"id": "g", "name": "Default", "href": "https://there"},
    "user_data": "secret",
    "zone": {"name": "us-south-1"},
}
FIVE_HOPS = MetadataService(enabled=False, protocol="https", response_hop_limit=5)
HTTPS = MetadataServicePatch(protocol=Protocol.HTTPS)


@pytest.mark.parametrize(
    ("said", "given_to_members"),
    [
        (None, PLATFORM_DEFAULTS),
        (MetadataService(), PLATFORM_DEFAULTS),
        (
            MetadataService(enabled=True),
            MetadataService(enabled=True, protocol="http", response_hop_limit=1),
        ),
        (FIVE_HOPS, FIVE_HOPS),
    ],
)
def test_what_a_template_leaves_out_is_the_platforms_default(
    said: MetadataService | None, given_to_members: MetadataService
) -> None:
    subject = template_subject(InstanceTemplate(id="t", region="eu-de", metadata_service=said))
    assert subject.server.metadata_service == given_to_members
    assert subject.origin is Origin.INSTANCE_TEMPLATE


def test_a_subject_has_the_groups_of_its_template_and_no_location() -> None:
    group = TemplateGroup(id="g", name="workers", crn="crn:g", membership_count=3)
    subject = template_subject(
        InstanceTemplate(id="t", region="eu-de", crn="crn:t", name="worker", groups=(group,))
    )
    assert subject.groups == (Reference("g", "workers", "crn:g"),)
    assert (subject.key, subject.label, subject.location) == ("crn:t", "worker", None)


@pytest.mark.parametrize(
    ("default", "trust"),
    [
        (None, None),
        (DefaultProfile("Profile-1", None, auto_link=False), None),
        (
            DefaultProfile("Profile-1", None, auto_link=True),
            Trust((TrustingProfile("Profile-1"),), is_complete=False),
        ),
        (
            DefaultProfile(None, CRN, auto_link=None),
            Trust((TrustingProfile("Profile-1"),), is_complete=False),
        ),
        (
            DefaultProfile(None, None, auto_link=True),
            Trust((TrustingProfile(None),), is_complete=False),
        ),
    ],
)
def test_a_default_profile_trusts_the_servers_only_where_it_is_linked_at_once(
    default: DefaultProfile | None, trust: Trust | None
) -> None:
    template = InstanceTemplate(id="t", region="eu-de", default_trusted_profile=default)
    assert template_subject(template).trust == trust


def test_a_replacement_has_what_the_template_has_but_what_the_api_makes() -> None:
    assert replacement_body(BODY, HTTPS) == {
        "name": "worker-replacement",
        "metadata_service": {"enabled": True, "protocol": "https", "response_hop_limit": 3},
        "resource_group": {"id": "g"},
        "user_data": "secret",
        "zone": {"name": "us-south-1"},
    }


def test_a_replacement_of_a_template_that_says_nothing_says_the_defaults() -> None:
    body = {key: value for key, value in BODY.items() if key != "metadata_service"}
    made = replacement_body(body, MetadataServicePatch(enabled=True), name="mine")
    assert made["metadata_service"] == {
        "enabled": True,
        "protocol": "http",
        "response_hop_limit": 1,
    }
    assert made["name"] == "mine"


@given(name=st.text(max_size=80) | st.none())
def test_a_replacement_never_has_the_name_of_what_it_replaces_and_fits(name: str | None) -> None:
    made = replacement_body({**BODY, "name": name}, HTTPS)
    assert made["name"] != name
    assert 0 < len(str(made["name"])) <= 63


def test_the_body_that_was_read_stays_as_it_is() -> None:
    before = {**BODY, "metadata_service": dict(BODY["metadata_service"])}
    replacement_body(BODY, MetadataServicePatch(enabled=False))
    assert before == BODY


@pytest.mark.parametrize(
    ("default", "refused"),
    [
        (None, False),
        ({"auto_link": False, "target": {"id": "Profile-1"}}, False),
        ({"auto_link": True, "target": {"id": "Profile-1"}}, True),
        ({"target": {"id": "Profile-1"}}, True),
    ],
)
def test_groups_refuse_what_links_itself(default: object, *, refused: bool) -> None:
    assert bool(hindrances({**BODY, "default_trusted_profile": default})) is refused

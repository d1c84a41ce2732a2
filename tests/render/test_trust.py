"""Trusted profiles, links and who can become what, as users and scripts see them."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.render.examples import NOON, rendered, rendered_example
from tests.render.test_schemas import assert_valid
from tests.render.trust_examples import ACCESSES, BACKUP, HOSTILE, IDLE, SERVERS, SIGHTS, TRUSTED
from tests.support.builders import an_instance
from tests.support.trust import PROFILE as A_PROFILE
from tests.support.trust import a_link, a_trust, assessed
from vpcmetactl.domain.access import Access, Obstacle, TrustIndex, Way, WayKind
from vpcmetactl.domain.access_findings import EXPLANATIONS, AccessReview, FindingCode
from vpcmetactl.domain.claims import DOUBT_MEANINGS, Doubt, DoubtReason
from vpcmetactl.domain.link_sights import Visibility
from vpcmetactl.domain.trust import (
    ClaimRule,
    ProfileIdentity,
    ProfileLink,
    ProfileTrust,
    RuleCondition,
    TrustedProfile,
)
from vpcmetactl.render.documents import Trailer
from vpcmetactl.render.items.servers import server_item
from vpcmetactl.render.items.trust import ClaimRule as RuleItem
from vpcmetactl.render.items.trust import RuleCondition as ConditionItem
from vpcmetactl.render.options import Format, OutputOptions
from vpcmetactl.render.schemas.reading import load_schema
from vpcmetactl.render.text import display_width
from vpcmetactl.render.views.access import ACCESS
from vpcmetactl.render.views.links import LINKS
from vpcmetactl.render.views.profiles import PROFILE, PROFILES
from vpcmetactl.render.views.servers import SERVERS as SERVERS_VIEW
from vpcmetactl.render.views.trust_words import OTHER_ACCOUNTS, age, rule_words

ONE_LINE = OutputOptions(width=400)
NEW = ("profiles", "profile", "profile-half-read", "links", "access", "access-part")


def document(name: str) -> Any:  # noqa: ANN401 - whatever JSON holds
    return json.loads(rendered_example(name, Format.JSON))


def flat(name: str, format_: Format = Format.TABLE) -> str:
    """Return an example as one line, without what keeps columns apart."""
    return " ".join(rendered_example(name, format_, ONE_LINE).split())


@pytest.mark.parametrize("name", [*NEW, "server-trusted"])
def test_tables_and_pages_fit_a_terminal_except_what_is_to_be_copied(name: str) -> None:
    for line in rendered_example(name, Format.TABLE).splitlines():
        assert display_width(line) <= 80 or "crn:" in line
        assert line.isprintable()


def test_a_profile_is_counted_in_parts_and_what_was_not_read_is_no_zero() -> None:
    lines = rendered_example("profiles", Format.TABLE, ONE_LINE).splitlines()
    assert lines[0].split() == ["NAME", "LINKS", "RULES", "IDENTITIES", "CREATED", "DESCRIPTION"]
    assert lines[2].split() == ["backup-writer", "6", "4", "2", "2025-10-18", "Writes", "backups"]
    assert lines[3].split()[-4:] == ["not", "read", "0", "-"]
    assert "Of 1 profile not everything could be read." in lines
    assert document("profiles")["summary"] == {
        "total": 3,
        "links": 6,
        "rules": 5,
        "identities": 2,
        "incomplete": 1,
    }
    assert document("profiles")["items"][2]["errors"] == [
        {
            "part": "rules",
            "code": "forbidden",
            "message": f"cannot read the rules of profile {HOSTILE}: HTTP 403",
            "hint": "the IAM action is iam-identity.profile.get",
            "trace": "9d1e",
        }
    ]


def test_the_page_of_a_profile_tells_whom_it_trusts_in_words() -> None:
    text = flat("profile")
    assert 'all of production: VSI: vpc_id EQUALS "r006-none" and zone IN ' in text
    assert '["us-south-1", "us-south-2"]' in text
    assert "zone EQUALS us-south-1 (no JSON of a known meaning)" in text
    assert 'in us-south, "nightly", made 2026-10-23' in text
    assert "IKS_SA default/agent of crn:v1:bluemix:public:containers-kubernetes" in text
    assert "user IBMid-12 (the operator on call)" in text
    half = flat("profile-half-read")
    assert "Rules could not be read: cannot read the rules" in half
    assert "Links: none" in half


def test_json_has_the_value_of_a_condition_as_the_api_has_it() -> None:
    (item,) = document("profile")["items"]
    conditions = [condition for rule in item["rules"] for condition in rule["conditions"]]
    assert [one["value"] for one in conditions] == [
        '"r006-none"',
        '["us-south-1",  "us-south-2"]',
        "us-south-1",
    ]


@given(st.text(max_size=6) | st.lists(st.text(max_size=3), max_size=3))
def test_the_words_of_a_condition_are_json_that_means_the_same(value: str | list[str]) -> None:
    condition = ConditionItem("zone", "IN", json.dumps(value))
    words = rule_words(RuleItem("r", None, "Profile-CR", "VSI", (condition,)))
    if "known meaning" not in words:
        assert json.loads(words.removeprefix("VSI: zone IN ")) == value


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("2026-11-21T11:48+0000", "12 min"),
        ("2026-11-01T12:00:00Z", "20 d"),
        ("2026-11-01T12:00:00", "2026-11-01"),
        ("some day", "some day"),
        (None, "-"),
    ],
)
def test_an_age_is_told_only_where_the_api_told_a_point_in_time(
    text: str | None, shown: str
) -> None:
    assert age(text, NOON) == shown


def test_links_tell_whether_their_server_is_seen_and_that_unseen_is_not_gone() -> None:
    rows = rendered_example("links", Format.TABLE, ONE_LINE).splitlines()
    assert [" ".join(row.split()) for row in rows[3:5]] == [
        "batch-1 backup-writer 12 min visible",
        "web-1 backup-writer 29 d visible nightly",
    ]
    text = flat("links")
    assert "is not therefore gone" in text
    assert "vpcmetactl links prune --dry-run" in text
    assert document("links")["summary"] == {
        "total": 6,
        "profiles": 1,
        "visible": 2,
        "not_visible": 1,
        "not_read": 1,
        "other_compute_type": 2,
    }
    seen = [sight for sight in SIGHTS if sight.visibility is Visibility.VISIBLE]
    text = rendered(LINKS, Format.TABLE, seen)
    assert ("prune" in text, "gone" in text) == (False, False)


def test_a_pair_tells_how_and_whether_it_is_usable() -> None:
    rows = [
        " ".join(row.split())
        for row in rendered_example("access", Format.TABLE, ONE_LINE).splitlines()
    ]
    assert "metal-1 backup-writer identity yes" in rows
    assert "batch-1 backup-writer link no: service disabled, not running" in rows
    assert "rule all: cannot tell: value unreadable" in rows
    assert "web-1 Profile-3 rule all perhaps: restart unknown" in rows


def test_each_doubt_is_explained_once_and_what_nobody_can_see_is_said() -> None:
    text = flat("access")
    for reason in (DoubtReason.VALUE_UNREADABLE, DoubtReason.CLAIMS_UNPUBLISHED):
        assert text.count(DOUBT_MEANINGS[reason]) == 1
    for name in ("access", "access-part", "access-none", "server-trusted", "server-untrusted"):
        assert flat(name).count(OTHER_ACCOUNTS) == 1


def test_pairs_are_counted() -> None:
    summary = document("access")["summary"]
    assert {key: value for key, value in summary.items() if key != "findings"} == {
        "total": 9,
        "servers": 5,
        "profiles": 2,
        "certain": 7,
        "cannot_tell": 2,
        "usable_now": 1,
    }
    assert document("access-part")["summary"]["findings"] is None
    assert document("access-none")["summary"]["findings"] == []


def test_what_stands_out_is_grouped_with_what_merely_informs_last() -> None:
    other = assessed(an_instance("free-1", metadata_service=IDLE.metadata_service))
    review = AccessReview(TrustIndex([*SERVERS, *other]), many=1)
    gone = [a_link(an_instance(name)) for name in ("gone-1", "gone-2")]
    batch = SERVERS[1].server
    accesses = list(review.reach(a_trust(links=(*gone, a_link(batch)))))
    trailer = Trailer(generated_at=NOON, whole=review.findings())
    text = rendered(ACCESS, Format.TABLE, accesses, ONE_LINE, trailer)
    codes = [
        finding["code"]
        for finding in json.loads(rendered(ACCESS, Format.JSON, accesses, trailer=trailer))[
            "summary"
        ]["findings"]
    ]
    assert codes == sorted(codes, key=list(FindingCode).index)
    titles = [EXPLANATIONS[code].title for code in FindingCode if code.value in codes]
    assert [text.index(title) for title in titles] == sorted(map(text.index, titles))
    assert f"{EXPLANATIONS[FindingCode.LINK_NOT_VISIBLE].title}: 2\n  backup-writer: 2\n" in text
    assert f"{EXPLANATIONS[FindingCode.TRUSTED_SERVICE_OFF].title}: 1\n  batch-1\n" in text
    assert "\n  1 servers can become backup-writer\n" in text
    untrusted = EXPLANATIONS[FindingCode.SERVICE_ON_UNTRUSTED].title
    assert f"{untrusted}: 5\n" in text


def test_of_many_profiles_the_first_by_name_are_named() -> None:
    review = AccessReview(TrustIndex(SERVERS))
    gone = a_link(an_instance("gone-1"))
    for number in reversed(range(9)):
        profile = replace(A_PROFILE, id=f"Profile-{number}", name=None)
        list(review.reach(ProfileTrust(profile=profile, links=(gone,))))
    trailer = Trailer(generated_at=NOON, whole=review.findings())
    text = rendered(ACCESS, Format.TABLE, (), ONE_LINE, trailer)
    assert ("Profile-4: link" in text, "Profile-5" in text) == (True, False)
    assert "  and 4 profiles more\n" in text


def test_whether_it_is_the_default_is_shown_where_that_was_asked() -> None:
    assert "DEFAULT" in rendered_example("access", Format.WIDE)
    unasked = [replace(access, is_default=None) for access in ACCESSES]
    assert "DEFAULT" not in rendered(ACCESS, Format.WIDE, unasked)


def test_ids_are_those_of_servers_once_and_of_links_and_profiles() -> None:
    ids = rendered_example("access", Format.IDS).splitlines()
    assert sorted(ids) == sorted({access.server.server.id for access in ACCESSES})
    assert rendered_example("links", Format.IDS).splitlines()[2] == "link-batch-1"
    assert rendered_example("profile", Format.IDS) == f"{BACKUP.profile.id}\n"


def test_a_server_has_its_profiles_only_where_they_were_asked_for() -> None:
    assert server_item(SERVERS[0]).profiles is None
    assert "TRUSTED BY" not in rendered(SERVERS_VIEW, Format.WIDE, SERVERS)
    wide = rendered_example("servers-trusted", Format.WIDE)
    assert "TRUSTED BY" in wide
    assert "Profile-3, backup-writer (?)" in wide
    assert "TRUSTED BY" in rendered_example("servers-trusted", Format.TABLE, ONE_LINE)
    narrow = rendered_example("servers-trusted", Format.TABLE)
    assert "TRUSTED BY" not in narrow
    assert "for certain" in narrow
    told = server_item(TRUSTED[0]).profiles
    assert told is not None
    assert [(one.label, one.certain) for one in told] == [
        ("Profile-3", True),
        ("backup-writer", True),
    ]


def test_the_page_of_a_server_tells_its_profiles_and_once_whether_they_are_usable() -> None:
    page = flat("server-trusted")
    assert "backup-writer link nightly; rule all: cannot tell: value unreadable" in page
    assert page.count("Usable now: perhaps: restart unknown") == 1
    assert "No trusted profile of the account trusts it." in flat("server-untrusted")
    assert "Trusted profiles" not in flat("server")


def test_lines_are_written_as_pairs_arrive() -> None:
    lines = rendered_example("access", Format.JSONL).splitlines()
    names = [json.loads(line)["profile"]["name"] for line in lines]
    assert names == [access.profile.name for access in ACCESSES]


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.just(HOSTILE)
MAYBE = st.none() | TEXTS
PROFILE_VALUES = st.builds(
    TrustedProfile, id=TEXTS, name=MAYBE, crn=MAYBE, description=MAYBE, created_at=MAYBE
)
LINK_VALUES = st.builds(
    ProfileLink,
    id=TEXTS,
    profile_id=TEXTS,
    cr_type=st.none() | st.sampled_from(["VSI", "BMS", "CE"]),
    crn=MAYBE | st.just(IDLE.crn),
    name=MAYBE,
    created_at=MAYBE,
    is_cross_account=st.none() | st.booleans(),
    component_name=MAYBE,
)
RULE_VALUES = st.builds(
    ClaimRule,
    id=TEXTS,
    profile_id=TEXTS,
    type=MAYBE,
    cr_type=MAYBE,
    name=MAYBE,
    conditions=st.lists(st.builds(RuleCondition, TEXTS, TEXTS, TEXTS), max_size=2).map(tuple),
)
IDENTITY_VALUES = st.builds(
    ProfileIdentity, profile_id=TEXTS, type=MAYBE, identifier=MAYBE, description=MAYBE
)
TRUSTS = st.builds(
    ProfileTrust,
    profile=PROFILE_VALUES,
    links=st.lists(LINK_VALUES, max_size=2).map(tuple),
    rules=st.lists(RULE_VALUES, max_size=2).map(tuple),
    identities=st.lists(IDENTITY_VALUES, max_size=2).map(tuple),
)
WAYS = st.builds(
    Way,
    st.sampled_from(WayKind),
    TEXTS,
    MAYBE,
    st.none() | st.builds(Doubt, st.sampled_from(DoubtReason), TEXTS),
)
ACCESS_VALUES = st.builds(
    Access,
    st.sampled_from(SERVERS),
    PROFILE_VALUES,
    st.lists(WAYS, min_size=1, max_size=3).map(tuple),
    st.none() | st.booleans(),
    st.lists(st.sampled_from(Obstacle), unique=True, max_size=3).map(tuple),
)


@given(st.lists(TRUSTS, max_size=2))
def test_profiles_are_what_their_schema_says_and_print(trusts: list[ProfileTrust]) -> None:
    for view in (PROFILES, PROFILE):
        assert_valid(json.loads(rendered(view, Format.JSON, trusts)), load_schema(view.kind))
        assert rendered(view, Format.TABLE, trusts).replace("\n", "").isprintable()


@given(st.lists(ACCESS_VALUES, max_size=3))
def test_accesses_are_what_their_schema_says_and_print(values: list[Access]) -> None:
    found = json.loads(rendered(ACCESS, Format.JSON, values))
    assert_valid(found, load_schema("access"))
    text = rendered(ACCESS, Format.TABLE, values)
    assert text.replace("\n", "").isprintable()
    summary = found["summary"]
    assert summary["certain"] + summary["cannot_tell"] == summary["total"] == len(values)
    for item in found["items"]:
        assert item["certain"] == any(way["certain"] for way in item["ways"])
        assert (item["usable"]["now"] is True) == (not item["usable"]["obstacles"])

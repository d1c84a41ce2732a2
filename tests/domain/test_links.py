from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.builders import ACCOUNT, a_bare_metal_server, an_instance
from tests.support.trust import PROFILE, a_link
from vpcmetactl.domain.links import (
    PRUNE_AGE,
    SightedLink,
    Sighting,
    invert_links,
    plan_links,
    plan_prune,
    plan_unlinks,
)
from vpcmetactl.domain.plans import (
    Action,
    LinkChange,
    LinkOperation,
    MetadataServicePatch,
    NoteCode,
    Plan,
    Skip,
    SkipReason,
)
from vpcmetactl.domain.servers import Server, ServerIdentity, ServerKind
from vpcmetactl.domain.trust import ProfileLink

WEB, DB, METAL = an_instance("web-1"), an_instance("db-1"), a_bare_metal_server()
FOREIGN = replace(WEB, account_id="other", crn=(WEB.crn or "").replace(ACCOUNT, "other"))
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
OLD = "2026-11-20T12:00:00.000Z"


def only_skip(plan: Plan) -> tuple[SkipReason, bool]:
    [skip] = plan.items
    assert isinstance(skip, Skip)
    return skip.reason, skip.refused


def only_change(plan: Plan) -> LinkChange:
    [change] = plan.items
    assert isinstance(change, LinkChange)
    return change


def test_servers_without_a_link_get_one_in_order_of_region_and_name() -> None:
    elsewhere = an_instance("aaa", region="us-west")

    plan = plan_links([elsewhere, WEB, METAL, DB], PROFILE, [], named=True, link_name="ours")

    assert plan.action is Action.CREATE_LINKS
    assert plan.patch == MetadataServicePatch()
    assert [item.server for item in plan.items] == [
        server.identity for server in (DB, METAL, WEB, elsewhere)
    ]
    assert plan.items[1] == LinkChange(
        server=METAL.identity,
        operation=LinkOperation.CREATE,
        profile_id="Profile-1",
        profile_name="backup-writer",
        cr_type="BMS",
        crn=METAL.crn or "",
        link_name="ours",
    )
    assert [change.cr_type for change in plan.changes if isinstance(change, LinkChange)] == [
        "VSI",
        "BMS",
        "VSI",
        "VSI",
    ]


@pytest.mark.parametrize(
    ("server", "skipped"),
    [
        (replace(WEB, crn=None, account_id=None), (SkipReason.NO_CRN, True)),
        (FOREIGN, (SkipReason.FOREIGN_ACCOUNT, True)),
        (replace(WEB, account_id=None), (SkipReason.FOREIGN_ACCOUNT, True)),
        (replace(WEB, status="deleting"), (SkipReason.DELETING, True)),
        (replace(WEB, lifecycle_state="deleting"), (SkipReason.DELETING, True)),
        (replace(WEB, architecture="s390x"), (SkipReason.UNSUPPORTED_ARCHITECTURE, False)),
    ],
)
def test_a_server_that_cannot_be_linked_is_left_out(
    server: Server, skipped: tuple[SkipReason, bool]
) -> None:
    assert only_skip(plan_links([server], PROFILE, [], named=False)) == skipped


def test_a_server_named_for_what_its_architecture_cannot_have_is_refused() -> None:
    plan = plan_links([replace(WEB, architecture="s390x")], PROFILE, [], named=True)

    assert only_skip(plan) == (SkipReason.UNSUPPORTED_ARCHITECTURE, True)


def test_a_profile_of_an_account_that_is_not_told_is_foreign_to_every_server() -> None:
    profile = replace(PROFILE, account_id=None)

    skipped = only_skip(plan_links([replace(WEB, account_id=None)], profile, [], named=True))

    assert skipped == (SkipReason.FOREIGN_ACCOUNT, True)


def test_servers_of_other_accounts_are_linked_on_request_and_only_they_say_so() -> None:
    plan = plan_links([FOREIGN, DB], PROFILE, [], named=True, cross_account=True)

    db, web = plan.changes
    assert isinstance(db, LinkChange)
    assert isinstance(web, LinkChange)
    assert not db.is_cross_account
    assert web.is_cross_account


def test_a_link_that_is_there_is_not_made_again() -> None:
    for server in (WEB, replace(WEB, status="deleting"), replace(WEB, crn=None, account_id=None)):
        plan = plan_links([server], PROFILE, [a_link(DB), a_link(WEB)], named=True)

        assert only_skip(plan) == (SkipReason.ALREADY_SO, False)
        assert plan.skips[0].message == "already linked, by link-web-1"


@pytest.mark.parametrize(
    "link",
    [a_link(WEB, cr_type="PVS"), a_link(WEB, cr_type=None), a_link(FOREIGN), a_link(DB)],
)
def test_a_link_to_something_else_does_not_count_and_is_not_touched(link: ProfileLink) -> None:
    assert only_change(plan_links([WEB], PROFILE, [link], named=True)).server == WEB.identity
    skipped = only_skip(plan_unlinks([WEB], PROFILE, [link]))
    assert skipped == (SkipReason.ALREADY_SO, False)


def test_an_architecture_that_is_not_reported_is_noted() -> None:
    change = only_change(plan_links([replace(WEB, architecture=None)], PROFILE, [], named=True))

    assert [note.code for note in change.notes] == [NoteCode.ARCHITECTURE_NOT_REPORTED]


def test_every_link_of_a_server_is_taken_away_by_its_id() -> None:
    links = [a_link(WEB, id="one", name="mine"), a_link(DB), a_link(WEB, id="two")]

    plan = plan_unlinks([WEB], PROFILE, links)

    assert plan.action is Action.DELETE_LINKS
    one, two = plan.changes
    assert one == LinkChange(
        server=WEB.identity,
        operation=LinkOperation.DELETE,
        profile_id="Profile-1",
        profile_name="backup-writer",
        cr_type="VSI",
        crn=WEB.crn or "",
        link_id="one",
        link_name="mine",
    )
    assert isinstance(two, LinkChange)
    assert two.link_id == "two"
    assert one.subject != two.subject


def pruned(
    *links: ProfileLink, sighting: Sighting = Sighting.NOT_FOUND, now: datetime = NOW
) -> Plan:
    sighted = [SightedLink(PROFILE, link, sighting) for link in links]
    return plan_prune(sighted, account_id=ACCOUNT, now=now)


def test_the_link_of_a_server_that_is_gone_is_taken_away() -> None:
    change = only_change(pruned(a_link(METAL, created_at=OLD, name="mine")))

    assert change == LinkChange(
        server=ServerIdentity(
            kind=ServerKind.BARE_METAL_SERVER,
            id=METAL.id,
            crn=METAL.crn,
            name=None,
            account_id=ACCOUNT,
            region="us-south",
        ),
        operation=LinkOperation.DELETE,
        profile_id="Profile-1",
        profile_name="backup-writer",
        cr_type="BMS",
        crn=METAL.crn or "",
        link_id="link-metal-1",
        link_name="mine",
    )


@pytest.mark.parametrize(
    ("sighting", "skipped"),
    [
        (Sighting.FOUND, (SkipReason.VISIBLE, False)),
        (Sighting.UNREADABLE, (SkipReason.NOT_REPORTED, True)),
        (Sighting.NOT_ASKED, (SkipReason.NOT_REPORTED, True)),
    ],
)
def test_a_server_that_is_not_known_to_be_gone_keeps_its_link(
    sighting: Sighting, skipped: tuple[SkipReason, bool]
) -> None:
    assert only_skip(pruned(a_link(WEB, created_at=OLD), sighting=sighting)) == skipped


@pytest.mark.parametrize(
    ("link", "skipped"),
    [
        (a_link(FOREIGN, created_at=OLD), (SkipReason.FOREIGN_ACCOUNT, False)),
        (
            a_link(WEB, created_at=OLD, crn=(WEB.crn or "").replace(f"a/{ACCOUNT}", "")),
            (SkipReason.FOREIGN_ACCOUNT, False),
        ),
        (a_link(WEB, created_at=OLD, cr_type="PVS"), (SkipReason.OTHER_COMPUTE_TYPE, False)),
        (a_link(WEB, created_at=OLD, cr_type="BMS"), (SkipReason.OTHER_COMPUTE_TYPE, False)),
        (a_link(WEB, created_at=OLD, cr_type=None), (SkipReason.OTHER_COMPUTE_TYPE, False)),
        (a_link(WEB, created_at="2026-11-21T11:00:00Z"), (SkipReason.TOO_RECENT, False)),
        (a_link(WEB, created_at="2026-11-22T11:00:00Z"), (SkipReason.TOO_RECENT, False)),
        (a_link(WEB, created_at=None), (SkipReason.TOO_RECENT, True)),
        (a_link(WEB, created_at="yesterday"), (SkipReason.TOO_RECENT, True)),
        (a_link(WEB, created_at="2026-11-20T12:00:00"), (SkipReason.TOO_RECENT, True)),
    ],
)
def test_a_link_that_may_not_be_pruned_is_kept(
    link: ProfileLink, skipped: tuple[SkipReason, bool]
) -> None:
    assert only_skip(pruned(link)) == skipped


@pytest.mark.parametrize("text", ["2026-11-21T10:59:59.999Z", "2026-11-21T11:59+0100"])
def test_a_link_is_old_enough_after_an_hour(text: str) -> None:
    link = a_link(WEB, created_at=text)
    old_enough = datetime.fromisoformat(text) + PRUNE_AGE

    assert only_change(pruned(link)).link_id == link.id
    assert only_skip(pruned(link, now=old_enough)) == (SkipReason.TOO_RECENT, False)
    assert only_change(pruned(link, now=old_enough + timedelta(seconds=1))).link_id == link.id


def test_links_that_name_no_server_are_left_out_of_a_prune() -> None:
    crn = f"crn:v1:bluemix:public:containers-kubernetes:us-east:a/{ACCOUNT}:cluster::"

    assert pruned(a_link(WEB, crn=crn, cr_type="IKS_SA", created_at=OLD)).items == ()
    assert pruned(a_link(WEB, crn=None, created_at=OLD)).items == ()


def test_a_prune_is_in_order_of_servers_and_profiles() -> None:
    links = [a_link(server, created_at=OLD) for server in (WEB, METAL, DB)]
    sighted = [
        SightedLink(replace(PROFILE, id=profile_id), link, Sighting.NOT_FOUND)
        for profile_id in ("b", "a")
        for link in links
    ]

    changes = plan_prune(sighted, account_id=ACCOUNT, now=NOW).changes

    order = [(c.server.id, c.profile_id) for c in changes if isinstance(c, LinkChange)]
    assert order == sorted(order)
    assert len(order) == 6


def changes_of(plan: Plan) -> Sequence[LinkChange]:
    return [change for change in plan.changes if isinstance(change, LinkChange)]


MADE = changes_of(plan_links([WEB], PROFILE, [], named=True, link_name="mine"))
TAKEN = changes_of(plan_unlinks([WEB], PROFILE, [a_link(WEB, name="mine")]))


def test_a_link_that_was_made_is_taken_away() -> None:
    [made] = MADE
    known = replace(made, link_id="link-7")

    plan = invert_links(Action.CREATE_LINKS, [known])

    assert plan.action is Action.DELETE_LINKS
    assert only_change(plan) == replace(known, operation=LinkOperation.DELETE)
    assert only_change(invert_links(Action.CREATE_LINKS, MADE)).link_id is None


@pytest.mark.parametrize("action", [Action.DELETE_LINKS, Action.PRUNE_LINKS])
def test_a_link_that_was_taken_away_is_made_anew_with_a_note(action: Action) -> None:
    plan = invert_links(action, TAKEN)

    assert plan.action is Action.CREATE_LINKS
    change = only_change(plan)
    assert [note.code for note in change.notes] == [NoteCode.NEW_LINK_ID]
    assert replace(change, notes=()) == MADE[0]


@pytest.mark.parametrize(
    ("link_id", "present", "expected"),
    [
        ("link-7", ["link-7"], "link-7"),
        ("link-7", ["link-8", "link-7"], "link-7"),
        (None, ["link-8"], "link-8"),
        ("link-7", [], (SkipReason.ALREADY_SO, False)),
        (None, [], (SkipReason.ALREADY_SO, False)),
        ("link-7", ["link-8"], (SkipReason.DRIFTED, True)),
        (None, ["link-7", "link-8"], (SkipReason.DRIFTED, True)),
    ],
)
def test_only_the_link_that_was_made_is_taken_away_again(
    link_id: str | None, present: list[str], expected: object
) -> None:
    links = {PROFILE.id: [a_link(WEB, id=one) for one in present]}

    plan = invert_links(Action.CREATE_LINKS, [replace(MADE[0], link_id=link_id)], links)

    found = only_change(plan).link_id if plan.changes else only_skip(plan)
    assert found == expected


def test_a_link_that_is_there_again_is_not_made_anew() -> None:
    there = invert_links(Action.DELETE_LINKS, TAKEN, {PROFILE.id: [a_link(WEB, id="link-9")]})
    gone = invert_links(Action.DELETE_LINKS, TAKEN, {PROFILE.id: [a_link(DB)]})

    assert only_skip(there) == (SkipReason.ALREADY_SO, False)
    assert only_change(gone).operation is LinkOperation.CREATE


def test_an_action_without_links_has_no_inverse_here() -> None:
    with pytest.raises(KeyError):
        invert_links(Action.ENABLE, [])

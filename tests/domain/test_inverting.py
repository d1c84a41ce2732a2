from dataclasses import replace

import pytest

from tests.support.builders import OFF, ON, ON_HTTPS, a_bare_metal_server, an_instance
from vpcmetactl.domain.metadata_plans import invert_plan, plan_metadata
from vpcmetactl.domain.plans import (
    Action,
    FieldChange,
    FieldValue,
    MetadataChange,
    MetadataServicePatch,
    Note,
    NoteCode,
    Plan,
    Skip,
    SkipReason,
)
from vpcmetactl.domain.servers import MetadataService, Protocol

WEB = an_instance("web-1")
HTTPS = MetadataServicePatch(enabled=True, protocol=Protocol.HTTPS)


def metadata_changes(plan: Plan) -> list[MetadataChange]:
    return [change for change in plan.changes if isinstance(change, MetadataChange)]


def change_of(before: MetadataService = OFF, patch: MetadataServicePatch = HTTPS) -> MetadataChange:
    server = an_instance("web-1", metadata_service=before)
    [change] = metadata_changes(plan_metadata(Action.SET, patch, [server], named=False))
    return change


def test_every_field_gets_its_old_value_and_no_other_is_touched() -> None:
    change = change_of()

    assert invert_plan([change]) == Plan(
        Action.RESTORE,
        MetadataServicePatch(),
        (
            MetadataChange(
                server=WEB.identity,
                before=ON_HTTPS,
                after=OFF,
                patch=MetadataServicePatch(enabled=False, protocol=Protocol.HTTP),
                fields=(
                    FieldChange("enabled", before=True, after=False),
                    FieldChange("protocol", "https", "http"),
                ),
                notes=(Note(NoteCode.WEAKENS, "weakens: goes back from https to http"),),
            ),
        ),
    )


def test_nothing_is_the_inverse_of_nothing() -> None:
    assert invert_plan([]).items == ()
    assert invert_plan([], []).items == ()


def test_changes_stay_in_their_order() -> None:
    changes = [replace(change_of(), server=an_instance(name).identity) for name in "cab"]

    assert [item.server.name for item in invert_plan(changes).items] == ["c", "a", "b"]


@pytest.mark.parametrize(
    ("now", "reason", "message", "refused"),
    [
        (OFF, SkipReason.ALREADY_SO, "already so", False),
        (
            MetadataService(enabled=True, protocol="http", response_hop_limit=1),
            SkipReason.DRIFTED,
            "was changed since: it no longer has the values that were set",
            True,
        ),
        (
            MetadataService(),
            SkipReason.DRIFTED,
            "was changed since: it no longer has the values that were set",
            True,
        ),
    ],
)
def test_what_no_longer_has_the_values_that_were_set_is_left_alone(
    now: MetadataService, reason: SkipReason, message: str, *, refused: bool
) -> None:
    present = [an_instance("web-1", metadata_service=now)]

    assert invert_plan([change_of()], present).items == (
        Skip(WEB.identity, reason, message, refused=refused),
    )


def test_what_still_has_the_values_that_were_set_is_restored() -> None:
    present = [an_instance("web-1", metadata_service=ON_HTTPS)]

    assert invert_plan([change_of()], present) == invert_plan([change_of()])


def test_a_field_that_was_not_set_may_have_changed_since() -> None:
    other_hops = MetadataService(enabled=True, protocol="https", response_hop_limit=9)
    present = [an_instance("web-1", metadata_service=other_hops)]

    assert invert_plan([change_of()], present).changes == invert_plan([change_of()]).changes


def test_a_server_that_is_gone_is_told() -> None:
    assert invert_plan([change_of()], [an_instance("web-2")]).items == (
        Skip(WEB.identity, SkipReason.GONE, "is no longer there", refused=True),
    )


def test_a_server_of_this_id_in_another_region_is_another() -> None:
    elsewhere = an_instance("web-1", region="eu-de", metadata_service=ON_HTTPS)

    [item] = invert_plan([change_of()], [elsewhere]).items

    assert isinstance(item, Skip)
    assert item.reason is SkipReason.GONE


@pytest.mark.parametrize(
    "before",
    [MetadataService(enabled=None, protocol="http"), MetadataService(enabled=False, protocol=None)],
)
def test_a_value_that_was_not_known_cannot_be_given_back(before: MetadataService) -> None:
    [item] = invert_plan([change_of(before)]).items

    assert item == Skip(
        WEB.identity, SkipReason.NOT_REPORTED, "its value before is not known", refused=True
    )


def test_a_protocol_that_cannot_be_set_cannot_be_given_back() -> None:
    [item] = invert_plan([change_of(MetadataService(enabled=False, protocol="gopher"))]).items

    assert isinstance(item, Skip)
    assert (item.reason, item.refused) == (SkipReason.NOT_REPORTED, True)
    assert "gopher" in item.message


@pytest.mark.parametrize(
    ("before", "patch", "words"),
    [
        (ON, MetadataServicePatch(enabled=False), ["weakens: turns the service on"]),
        (OFF, MetadataServicePatch(enabled=True), []),
        (
            ON,
            MetadataServicePatch(protocol=Protocol.HTTPS),
            ["weakens: goes back from https to http"],
        ),
        (ON_HTTPS, MetadataServicePatch(protocol=Protocol.HTTP), []),
        (
            MetadataService(enabled=True, protocol="https", response_hop_limit=5),
            MetadataServicePatch(response_hop_limit=2),
            ["weakens: lets answers travel farther"],
        ),
        (ON, MetadataServicePatch(response_hop_limit=2), []),
    ],
)
def test_a_restore_that_weakens_a_server_says_so(
    before: MetadataService, patch: MetadataServicePatch, words: list[FieldValue]
) -> None:
    [change] = metadata_changes(invert_plan([change_of(before, patch)]))

    assert [(note.code, note.message) for note in change.notes] == [
        (NoteCode.WEAKENS, word) for word in words
    ]


def test_a_bare_metal_server_is_restored_like_any_other() -> None:
    metal = a_bare_metal_server("metal-1")
    [change] = metadata_changes(plan_metadata(Action.ENABLE, HTTPS, [metal], named=False))
    now = a_bare_metal_server("metal-1", metadata_service=change.after)

    [undo] = metadata_changes(invert_plan([change], [now]))

    assert (undo.before, undo.after) == (change.after, change.before)
    assert undo.patch == MetadataServicePatch(enabled=False, protocol=Protocol.HTTP)


def test_the_inverse_of_an_inverse_makes_the_same_change() -> None:
    change = change_of()

    again = invert_plan(metadata_changes(invert_plan([change])))

    assert replace(again.changes[0], notes=change.notes) == change

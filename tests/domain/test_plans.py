from dataclasses import replace
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.builders import (
    OFF_BARE_METAL,
    ON,
    ON_HTTPS,
    a_bare_metal_server,
    an_instance,
)
from vpcmetactl.domain.metadata_plans import patched, plan_metadata
from vpcmetactl.domain.plans import (
    Action,
    FieldChange,
    MetadataChange,
    MetadataServicePatch,
    Note,
    NoteCode,
    Plan,
    Skip,
    SkipReason,
)
from vpcmetactl.domain.servers import MetadataService, Protocol, Server

_ENABLE = MetadataServicePatch(enabled=True)
_ENABLE_HTTPS = MetadataServicePatch(enabled=True, protocol=Protocol.HTTPS)
_DISABLE = MetadataServicePatch(enabled=False)
_SET_HTTPS = MetadataServicePatch(protocol=Protocol.HTTPS)
_SET_HTTP = MetadataServicePatch(protocol=Protocol.HTTP)
_SET_HOPS = MetadataServicePatch(response_hop_limit=2)
_EVERYTHING = MetadataServicePatch(enabled=True, protocol=Protocol.HTTPS, response_hop_limit=2)

_OFF_HTTPS = MetadataService(enabled=False, protocol="https", response_hop_limit=1)
_HTTP_NOTE = NoteCode.PROTOCOL_STAYS_HTTP
_HOST_NOTE = NoteCode.HTTPS_NEEDS_HOST_NAME
_OFF_TO_ON = FieldChange("enabled", before=False, after=True)
_ON_TO_OFF = FieldChange("enabled", before=True, after=False)
_TO_HTTPS = FieldChange("protocol", "http", "https")
_TO_2_HOPS = FieldChange("response_hop_limit", 1, 2)


class Row(NamedTuple):
    """A patch and a server, and the change that follows, with its notes."""

    asked: MetadataServicePatch
    server: Server
    sent: MetadataServicePatch
    fields: tuple[FieldChange, ...]
    notes: tuple[NoteCode, ...] = ()


_METAL = a_bare_metal_server()
_CHANGES = {
    "enable what is disabled": Row(_ENABLE, an_instance(), _ENABLE, (_OFF_TO_ON,), (_HTTP_NOTE,)),
    "enable what was told to speak https": Row(
        _ENABLE, an_instance(metadata_service=_OFF_HTTPS), _ENABLE, (_OFF_TO_ON,)
    ),
    "enable with https": Row(
        _ENABLE_HTTPS, an_instance(), _ENABLE_HTTPS, (_OFF_TO_ON, _TO_HTTPS), (_HOST_NOTE,)
    ),
    "enable with https what is enabled over http": Row(
        _ENABLE_HTTPS,
        an_instance(metadata_service=ON),
        _SET_HTTPS,
        (_TO_HTTPS,),
        (_HOST_NOTE,),
    ),
    "enable what is stopped": Row(
        _ENABLE,
        an_instance(status="stopped"),
        _ENABLE,
        (_OFF_TO_ON,),
        (_HTTP_NOTE, NoteCode.APPLIES_AT_NEXT_START),
    ),
    "enable where the architecture is not reported": Row(
        _ENABLE,
        an_instance(architecture=None),
        _ENABLE,
        (_OFF_TO_ON,),
        (_HTTP_NOTE, NoteCode.ARCHITECTURE_NOT_REPORTED),
    ),
    "enable with everything": Row(
        _EVERYTHING,
        an_instance(),
        _EVERYTHING,
        (_OFF_TO_ON, _TO_HTTPS, _TO_2_HOPS),
        (_HOST_NOTE,),
    ),
    "enable where the field is not reported": Row(
        _ENABLE,
        an_instance(metadata_service=MetadataService(protocol="https")),
        _ENABLE,
        (FieldChange("enabled", before=None, after=True),),
    ),
    "enable bare metal": Row(_ENABLE, _METAL, _ENABLE, (_OFF_TO_ON,), (_HTTP_NOTE,)),
    "enable bare metal in a selection, with a hop limit": Row(
        _EVERYTHING,
        _METAL,
        _ENABLE_HTTPS,
        (_OFF_TO_ON, _TO_HTTPS),
        (NoteCode.RESPONSE_HOP_LIMIT_SKIPPED, _HOST_NOTE),
    ),
    "disable what is enabled": Row(
        _DISABLE, an_instance(metadata_service=ON), _DISABLE, (_ON_TO_OFF,)
    ),
    "disable what is stopped": Row(
        _DISABLE, an_instance(metadata_service=ON, status="stopped"), _DISABLE, (_ON_TO_OFF,)
    ),
    "disable where the architecture has no service": Row(
        _DISABLE,
        an_instance(metadata_service=ON, architecture="s390x"),
        _DISABLE,
        (_ON_TO_OFF,),
    ),
    "set https on what is disabled": Row(
        _SET_HTTPS, an_instance(), _SET_HTTPS, (_TO_HTTPS,), (_HOST_NOTE,)
    ),
    "set http": Row(
        _SET_HTTP,
        an_instance(metadata_service=ON_HTTPS),
        _SET_HTTP,
        (FieldChange("protocol", "https", "http"),),
    ),
    "set the hop limit": Row(_SET_HOPS, an_instance(metadata_service=ON), _SET_HOPS, (_TO_2_HOPS,)),
    "set https on bare metal": Row(_SET_HTTPS, _METAL, _SET_HTTPS, (_TO_HTTPS,), (_HOST_NOTE,)),
}


def metadata_changes(plan: Plan) -> list[MetadataChange]:
    return [change for change in plan.changes if isinstance(change, MetadataChange)]


@pytest.mark.parametrize("row", _CHANGES.values(), ids=_CHANGES.keys())
def test_a_plan_changes_what_differs_from_what_is_asked(row: Row) -> None:
    plan = plan_metadata(Action.SET, row.asked, [row.server], named=False)

    [change] = plan.changes
    assert plan == Plan(Action.SET, row.asked, (change,))
    assert change == MetadataChange(
        server=row.server.identity,
        before=row.server.metadata,
        after=patched(row.server.metadata, row.sent),
        patch=row.sent,
        fields=row.fields,
        notes=change.notes,
    )
    assert tuple(note.code for note in change.notes) == row.notes


_SKIPS: dict[str, tuple[MetadataServicePatch, Server, SkipReason, bool, bool]] = {
    # Whether it is refused: in a selection, and where the server was named.
    "enable what is enabled": (
        *(_ENABLE, an_instance(metadata_service=ON)),
        *(SkipReason.ALREADY_SO, False, False),
    ),
    "disable what is disabled": (_DISABLE, an_instance(), SkipReason.ALREADY_SO, False, False),
    "set https on what speaks it": (
        *(_SET_HTTPS, an_instance(metadata_service=ON_HTTPS)),
        *(SkipReason.ALREADY_SO, False, False),
    ),
    "disable bare metal that is disabled": (
        *(_DISABLE, _METAL),
        *(SkipReason.ALREADY_SO, False, False),
    ),
    "enable on s390x": (
        *(_ENABLE, an_instance(architecture="s390x")),
        *(SkipReason.UNSUPPORTED_ARCHITECTURE, False, True),
    ),
    "set on s390x": (
        *(_SET_HTTPS, an_instance(architecture="s390x")),
        *(SkipReason.UNSUPPORTED_ARCHITECTURE, False, True),
    ),
    "set a hop limit on bare metal": (
        *(_SET_HOPS, _METAL),
        *(SkipReason.NO_RESPONSE_HOP_LIMIT, False, True),
    ),
    "enable what is being deleted": (
        *(_ENABLE, an_instance(status="deleting")),
        *(SkipReason.DELETING, True, True),
    ),
    "disable what is being deleted, by its lifecycle": (
        *(_DISABLE, an_instance(metadata_service=ON, lifecycle_state="deleting")),
        *(SkipReason.DELETING, True, True),
    ),
    "enable what reports no metadata service": (
        *(_ENABLE, an_instance(metadata_service=None)),
        *(SkipReason.NOT_REPORTED, True, True),
    ),
    "disable bare metal that reports no metadata service": (
        *(_DISABLE, a_bare_metal_server(metadata_service=None)),
        *(SkipReason.NOT_REPORTED, True, True),
    ),
}


@pytest.mark.parametrize("named", [False, True], ids=["selected", "named"])
@pytest.mark.parametrize("row", _SKIPS.values(), ids=_SKIPS.keys())
def test_a_plan_skips_what_needs_no_change_or_cannot_have_it_and_says_why(
    row: tuple[MetadataServicePatch, Server, SkipReason, bool, bool],
    named: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    patch, server, reason, refused_in_selection, refused_by_name = row

    plan = plan_metadata(Action.SET, patch, [server], named=named)

    [skip] = plan.skips
    assert plan.changes == []
    refused = refused_by_name if named else refused_in_selection
    assert skip == Skip(server.identity, reason, skip.message, refused=refused)
    assert skip.message


def test_bare_metal_that_is_named_is_refused_rather_than_changed_without_its_hop_limit() -> None:
    plan = plan_metadata(Action.ENABLE, _EVERYTHING, [_METAL], named=True)

    message = "a bare metal server has no response hop limit"
    assert plan.items == (
        Skip(_METAL.identity, SkipReason.NO_RESPONSE_HOP_LIMIT, message, refused=True),
    )


def test_what_a_selection_cannot_have_does_not_keep_the_rest_from_changing() -> None:
    servers: list[Server] = [an_instance("a", architecture="s390x"), _METAL, an_instance("web-1")]

    plan = plan_metadata(Action.SET, _SET_HOPS, servers, named=False)

    assert [change.server.name for change in plan.changes] == ["web-1"]
    assert [(skip.server.name, skip.refused) for skip in plan.skips] == [
        ("a", False),
        ("metal-1", False),
    ]


def test_items_stand_in_order_of_region_name_and_id() -> None:
    servers: list[Server] = [
        an_instance("b", region="us-south"),
        an_instance("a", region="us-south", id="0717_2"),
        a_bare_metal_server("a", region="us-south", id="0717_1"),
        an_instance("z", region="au-syd"),
        an_instance(None, region="us-south", id="0717_3"),
    ]

    plan = plan_metadata(Action.ENABLE, _ENABLE, servers, named=False)

    assert [(item.server.region, item.server.name, item.server.id) for item in plan.items] == [
        ("au-syd", "z", servers[3].id),
        ("us-south", None, "0717_3"),
        ("us-south", "a", "0717_1"),
        ("us-south", "a", "0717_2"),
        ("us-south", "b", servers[0].id),
    ]


def test_notes_say_what_a_reader_should_know() -> None:
    plan = plan_metadata(Action.ENABLE, _ENABLE, [an_instance(status="stopped")], named=True)

    assert plan.changes[0].notes == (
        Note(_HTTP_NOTE, "keeps protocol http; --protocol https is what IBM advises"),
        Note(NoteCode.APPLIES_AT_NEXT_START, "is stopped: applies at its next start"),
    )


def test_a_patch_is_empty_until_it_sets_anything() -> None:
    assert MetadataServicePatch().is_empty
    assert not any(patch.is_empty for patch in (_DISABLE, _SET_HTTP, _SET_HOPS))


_METADATA = st.builds(
    MetadataService,
    enabled=st.sampled_from([True, False, None]),
    protocol=st.sampled_from(["http", "https", "gopher", None]),
    response_hop_limit=st.sampled_from([1, 2, 64, None]),
)
_PATCHES = st.builds(
    MetadataServicePatch,
    enabled=st.sampled_from([True, False, None]),
    protocol=st.sampled_from([*Protocol, None]),
    response_hop_limit=st.sampled_from([1, 2, None]),
)
_MADE_OF = {
    "status": st.sampled_from(["running", "stopped", "deleting", "unheard_of", None]),
    "architecture": st.sampled_from(["amd64", "s390x", None]),
}
_SERVERS: st.SearchStrategy[Server] = st.one_of(
    st.builds(an_instance, metadata_service=_METADATA, **_MADE_OF),
    st.builds(
        a_bare_metal_server,
        metadata_service=st.sampled_from([OFF_BARE_METAL, MetadataService(), None]),
        **_MADE_OF,
    ),
)


@given(_PATCHES, _SERVERS, st.booleans())
def test_a_change_tells_exactly_what_sending_its_patch_does(
    patch: MetadataServicePatch,
    server: Server,
    named: bool,  # noqa: FBT001 - drawn
) -> None:
    for change in metadata_changes(plan_metadata(Action.SET, patch, [server], named=named)):
        assert change.before == server.metadata
        assert change.after == patched(change.before, change.patch)
        assert change.fields == tuple(
            FieldChange(name, getattr(change.before, name), getattr(change.after, name))
            for name in ("enabled", "protocol", "response_hop_limit")
            if getattr(change.before, name) != getattr(change.after, name)
        )
        assert change.fields


@given(_PATCHES, _SERVERS, st.booleans())
def test_planning_again_after_a_change_changes_nothing(
    patch: MetadataServicePatch,
    server: Server,
    named: bool,  # noqa: FBT001 - drawn
) -> None:
    for change in metadata_changes(plan_metadata(Action.SET, patch, [server], named=named)):
        again = plan_metadata(
            Action.SET, patch, [replace(server, metadata_service=change.after)], named=named
        )
        assert [item.reason for item in again.skips] == [SkipReason.ALREADY_SO]


@given(st.lists(_SERVERS, max_size=5), _PATCHES, st.booleans())
def test_every_server_has_its_place_in_the_plan(
    servers: list[Server],
    patch: MetadataServicePatch,
    named: bool,  # noqa: FBT001 - drawn
) -> None:
    plan = plan_metadata(Action.SET, patch, servers, named=named)

    assert sorted(item.server.id for item in plan.items) == sorted(s.id for s in servers)
    assert len(plan.changes) + len(plan.skips) == len(servers)

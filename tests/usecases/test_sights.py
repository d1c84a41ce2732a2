"""What a reading remembers of servers, and what it makes of what was remembered."""

from dataclasses import replace

import pytest

from tests.support.builders import OFF, ON, an_instance
from tests.support.clock import ManualClock
from tests.support.fake_cloud import InMemoryCloud
from tests.support.journal import InMemoryJournal
from tests.usecases.fleets import Scene, a_scene
from vpcmetactl.domain.errors import NotFoundError, UnavailableError
from vpcmetactl.domain.evidence import History, Observation, Sights
from vpcmetactl.domain.restarts import Reason, RestartRule
from vpcmetactl.domain.selection import ServerSelector
from vpcmetactl.domain.servers import MetadataService

_WEB = an_instance("web-1")
_HOUR = 3600


def _sight(clock: ManualClock, *, enabled: bool | None, status: str = "running") -> Observation:
    return Observation(_WEB.id, clock.now(), enabled, status)


def test_a_server_seen_for_the_first_time_is_written_down() -> None:
    scene = a_scene([_WEB])

    scene.read()

    assert scene.log.observations == [_sight(scene.clock, enabled=False)]


def test_of_a_server_seen_as_before_only_the_time_is_written_down() -> None:
    scene = a_scene([_WEB])
    scene.read()
    first = scene.clock.now()
    scene.clock.advance(_HOUR)

    scene.read()

    now = scene.clock.now()
    told = [about for name, about in scene.log.calls if name == "record_sights"]
    assert told[1:] == [Sights([], [(_WEB.id, now)])]
    seen = Observation(_WEB.id, first, enabled=False, status="running")
    assert scene.log.load_histories([_WEB.id]) == {_WEB.id: History((seen,), (), now)}


@pytest.mark.parametrize(
    "changed", [replace(_WEB, metadata_service=ON), replace(_WEB, status="stopped")]
)
def test_a_server_that_changed_is_written_down_again(changed: object) -> None:
    assert isinstance(changed, type(_WEB))
    scene = a_scene([_WEB])
    scene.read()
    scene.clock.advance(_HOUR)
    scene.read()
    seen_until = scene.clock.now()
    scene.clock.advance(_HOUR)
    scene.cloud.put(changed)

    scene.read()

    now = scene.clock.now()
    assert scene.log.observations[1:] == [
        Observation(_WEB.id, now, changed.metadata.enabled, changed.status, seen_until)
    ]


@pytest.mark.parametrize("metadata", [None, MetadataService(protocol="http")])
def test_what_the_api_did_not_report_is_no_sight(metadata: MetadataService | None) -> None:
    scene = a_scene([an_instance(metadata_service=metadata)])

    scene.read()

    assert scene.log.observations == []


def test_servers_are_written_down_in_one_go_though_they_come_in_many_pages() -> None:
    scene = a_scene([an_instance(f"web-{n}") for n in range(9)], limit=2)

    scene.read()

    assert len(scene.log.observations) == 9
    assert scene.log.operations().count("record_sights") == 1


def test_servers_that_the_selection_leaves_out_are_written_down_all_the_same() -> None:
    scene = a_scene([_WEB, an_instance("db-1")])

    scene.read(where=lambda _: False)

    assert len(scene.log.observations) == 2


def test_the_log_is_asked_once_for_every_page() -> None:
    fleet = [an_instance(f"web-{n}") for n in range(4)]
    scene = a_scene(fleet, limit=2)

    scene.read(selector=ServerSelector(kinds=(_WEB.kind,)))

    asked = [about for name, about in scene.log.calls if name == "load_histories"]
    assert asked == [tuple(one.id for one in fleet[:2]), tuple(one.id for one in fleet[2:])]


def test_a_reading_that_fails_writes_nothing_down_of_servers_it_did_not_yield() -> None:
    scene = a_scene([_WEB])

    with pytest.raises(NotFoundError):
        scene.read("web-1", "nobody")

    assert scene.log.observations == []


def test_what_was_read_is_written_down_though_a_region_failed() -> None:
    scene = a_scene([_WEB, an_instance("db-1", region="eu-de")])
    scene.cloud.fail("list_page", UnavailableError("gone"), region="eu-de", times=2)

    scene.read()

    assert [seen.server_id for seen in scene.log.observations] == [_WEB.id]


def test_the_first_sight_with_the_service_on_is_evidence_for_the_verdict_at_once() -> None:
    clock = ManualClock()
    off = _sight(clock, enabled=False)
    clock.advance(_HOUR)
    on = replace(_WEB, metadata_service=ON)
    scene = Scene(InMemoryCloud([on]), InMemoryJournal([off]), clock=clock)

    [found] = scene.read()

    assert found.restart.reason is Reason.ENABLED_WHILE_RUNNING
    assert found.restart.since == clock.now()
    assert found.restart.evidence == (
        off,
        replace(_sight(clock, enabled=True), otherwise_until=off.observed_at),
    )


def test_the_rule_decides_what_becomes_of_the_evidence() -> None:
    clock = ManualClock()
    scene = Scene(
        InMemoryCloud([replace(_WEB, metadata_service=ON)]),
        InMemoryJournal([_sight(clock, enabled=False)]),
        clock=clock,
    )

    [found] = scene.read(rule=RestartRule.NONE)

    assert found.restart.reason is Reason.RULE_OFF


def test_a_server_with_the_service_off_needs_nothing() -> None:
    [found] = a_scene([replace(_WEB, metadata_service=OFF)]).read()

    assert found.restart.reason is Reason.SERVICE_DISABLED

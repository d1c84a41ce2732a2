from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.builders import OFF, ON, a_bare_metal_server, an_instance
from vpcmetactl.domain.restarts import (
    MEANINGS,
    Confidence,
    Observation,
    Reason,
    RestartAssessment,
    RestartRule,
    Verdict,
    assess_restart,
)
from vpcmetactl.domain.servers import Instance, MetadataService, Server

_NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
_WEB = an_instance(metadata_service=ON)


def sights(words: str) -> tuple[Observation, ...]:
    """Read ``off@running on@stopped ?@running`` into sights an hour apart."""
    enabled = {"on": True, "off": False, "?": None}
    pairs = [word.split("@") for word in words.split()]
    return tuple(
        Observation(_WEB.id, _NOON + timedelta(hours=hour), enabled[state], status)
        for hour, (state, status) in enumerate(pairs)
    )


@pytest.mark.parametrize(
    ("server", "reason", "confidence"),
    [
        (a_bare_metal_server(), Reason.NO_RULE_FOR_BARE_METAL, Confidence.PRESUMED),
        (
            an_instance(architecture="s390x", metadata_service=ON),
            *(Reason.UNSUPPORTED_ARCHITECTURE, Confidence.CERTAIN),
        ),
        (an_instance(metadata_service=OFF), Reason.SERVICE_DISABLED, Confidence.CERTAIN),
        (
            an_instance(metadata_service=ON, status="stopped"),
            *(Reason.APPLIES_AT_NEXT_START, Confidence.CERTAIN),
        ),
        (
            an_instance(metadata_service=ON, status="stopping"),
            *(Reason.APPLIES_AT_NEXT_START, Confidence.CERTAIN),
        ),
    ],
)
def test_some_servers_are_judged_by_what_they_are_now_whatever_was_seen_before(
    server: Server, reason: Reason, confidence: Confidence
) -> None:
    expected = RestartAssessment(Verdict.NOT_NEEDED, reason, confidence)

    assert assess_restart(server) == expected
    assert assess_restart(server, sights("off@running on@running")) == expected


@pytest.mark.parametrize("metadata", [None, MetadataService(protocol="http")])
def test_what_the_api_does_not_report_is_unknown(metadata: MetadataService | None) -> None:
    server = an_instance(metadata_service=metadata)

    expected = RestartAssessment(Verdict.UNKNOWN, Reason.NOT_REPORTED)
    assert assess_restart(server, sights("off@running on@running")) == expected


@pytest.mark.parametrize("server", [_WEB, a_bare_metal_server(), an_instance(metadata_service=OFF)])
def test_with_the_rule_turned_off_no_server_needs_a_restart(server: Server) -> None:
    history = sights("off@running on@running")

    assert assess_restart(server, history, RestartRule.NONE) == RestartAssessment(
        Verdict.NOT_NEEDED, Reason.RULE_OFF, Confidence.CERTAIN
    )


_NEEDED = (Verdict.NEEDED, Reason.ENABLED_WHILE_RUNNING)
_SETTLED = (Verdict.NOT_NEEDED, Reason.STOPPED_SINCE)
_BEFORE = (Verdict.NOT_NEEDED, Reason.ENABLED_BEFORE)
_FIRST_SIGHT = (Verdict.UNKNOWN, Reason.ENABLED_AT_FIRST_SIGHT)
_ORDER = (Verdict.UNKNOWN, Reason.ORDER_UNKNOWN)


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        ("", _FIRST_SIGHT),
        ("on@running", _FIRST_SIGHT),
        ("?@running on@running", _FIRST_SIGHT),
        ("on@running on@stopped on@running", _FIRST_SIGHT),
        # Seen disabled, now enabled, and nothing in between.
        ("off@running", _NEEDED),
        ("off@running on@running", _NEEDED),
        ("off@running ?@stopped on@running", _NEEDED),
        ("off@running off@stopped off@running on@running", _NEEDED),
        # A reboot is no stop.
        ("off@running on@running on@restarting on@running", _NEEDED),
        # Off and on again settles nothing.
        ("off@running on@running off@running on@running", _NEEDED),
        # A stop after it was enabled does.
        ("off@running on@running on@stopped on@running", _SETTLED),
        ("off@running on@running on@stopping on@running", _SETTLED),
        ("off@running on@running on@starting on@running", _SETTLED),
        ("off@running on@running on@stopped", _SETTLED),
        ("off@running on@running off@stopped on@running on@stopped on@running", _SETTLED),
        # Enabled while it was down: it started with the service.
        ("off@stopped on@stopped on@running", _SETTLED),
        ("off@running on@stopped on@running", _SETTLED),
        ("off@running on@stopping on@running", _SETTLED),
        ("off@stopped on@stopped off@running on@running", _SETTLED),
        # Down and enabled between two sights, in whichever order.
        ("off@stopped", _ORDER),
        ("off@stopped on@running", _ORDER),
        ("off@stopping on@running", _ORDER),
        ("off@starting on@running", _ORDER),
        ("off@running on@starting on@running", _ORDER),
        ("off@running on@starting on@starting", _ORDER),
        # The stop fell into a gap in which the service was off.
        ("off@running on@running off@stopped on@running", _ORDER),
        ("off@running on@running off@starting on@running", _ORDER),
        ("off@running on@running off@running on@starting on@running", _ORDER),
        # Enabled at first sight, disabled, enabled: not the first time.
        ("on@running off@running on@running", _BEFORE),
        ("on@running off@stopped on@running", _BEFORE),
        ("on@stopped on@running off@running", _BEFORE),
    ],
)
def test_the_history_of_a_running_instance_with_the_service_on_gives_the_verdict(
    history: str, expected: tuple[Verdict, Reason]
) -> None:
    found = assess_restart(_WEB, sights(history))

    assert (found.verdict, found.reason) == expected
    assert found.confidence is (None if found.verdict is Verdict.UNKNOWN else Confidence.PRESUMED)


def test_an_instance_that_starts_after_it_was_enabled_is_settled() -> None:
    starting = an_instance(metadata_service=ON, status="starting")

    assert assess_restart(starting, sights("off@running on@running")).reason is Reason.STOPPED_SINCE
    assert assess_restart(starting, sights("off@running")).reason is Reason.ORDER_UNKNOWN


def test_a_needed_restart_says_since_when_and_shows_the_step_as_evidence() -> None:
    history = sights("off@running on@running on@restarting")

    assert assess_restart(_WEB, history) == RestartAssessment(
        *(Verdict.NEEDED, Reason.ENABLED_WHILE_RUNNING, Confidence.PRESUMED),
        since=_NOON + timedelta(hours=1),
        evidence=history[:2],
    )


def test_where_only_the_present_shows_the_service_on_nobody_knows_since_when() -> None:
    history = sights("off@stopped off@running")

    assert assess_restart(_WEB, history) == RestartAssessment(
        *(Verdict.NEEDED, Reason.ENABLED_WHILE_RUNNING, Confidence.PRESUMED),
        evidence=history[1:],
    )


@pytest.mark.parametrize(
    ("history", "shown"),
    [
        ("off@running on@running on@restarting on@stopped on@running", (0, 1, 3)),
        ("off@running on@stopped on@running", (0, 1)),
        ("off@stopped on@running", (0, 1)),
        ("off@running on@running off@stopped on@running", (0, 1, 2)),
        ("on@running on@stopped off@running on@running", (0, 2)),
        ("on@running", ()),
    ],
)
def test_a_verdict_shows_the_sights_it_rests_on(history: str, shown: tuple[int, ...]) -> None:
    seen = sights(history)

    assert assess_restart(_WEB, seen).evidence == tuple(seen[i] for i in shown)


def test_every_reason_has_its_meaning() -> None:
    assert set(MEANINGS) == set(Reason)


_STATUSES = ("running", "stopped", "stopping", "starting", "restarting", "pending", None)
_HISTORIES = st.lists(
    st.tuples(st.sampled_from([True, False, None]), st.sampled_from(_STATUSES)), max_size=7
).map(
    lambda pairs: tuple(
        Observation(_WEB.id, _NOON + timedelta(hours=hour), enabled, status)
        for hour, (enabled, status) in enumerate(pairs)
    )
)
_INSTANCES = st.builds(
    an_instance, metadata_service=st.sampled_from([ON, OFF]), status=st.sampled_from(_STATUSES)
)


@given(_INSTANCES, _HISTORIES)
def test_the_same_evidence_always_gives_the_same_verdict(
    server: Instance, history: tuple[Observation, ...]
) -> None:
    assert assess_restart(server, history) == assess_restart(server, list(history))


@given(_INSTANCES, _HISTORIES)
def test_no_restart_is_needed_where_nobody_saw_the_service_off_and_then_on(
    server: Instance, history: tuple[Observation, ...]
) -> None:
    if assess_restart(server, history).verdict is Verdict.NEEDED:
        assert server.metadata.enabled
        assert next(seen.enabled for seen in history if seen.enabled is not None) is False


@given(_INSTANCES, _HISTORIES)
def test_it_makes_no_difference_whether_the_present_sight_is_in_the_history(
    server: Instance, history: tuple[Observation, ...]
) -> None:
    present = Observation(
        server.id, _NOON + timedelta(days=1), server.metadata.enabled, server.status
    )

    without = assess_restart(server, history)
    within = assess_restart(server, (*history, present))

    assert (without.verdict, without.confidence, without.reason) == (
        *(within.verdict, within.confidence, within.reason),
    )


@given(_HISTORIES)
def test_a_stop_with_the_service_on_settles_whatever_was_before(
    history: tuple[Observation, ...],
) -> None:
    later = _NOON + timedelta(days=1)
    down = Observation(_WEB.id, later, enabled=True, status="stopped")

    verdict = assess_restart(_WEB, (*history, down)).verdict

    nothing_known = all(seen.enabled is not False for seen in history)
    assert verdict is (Verdict.UNKNOWN if nothing_known else Verdict.NOT_NEEDED)


@given(_HISTORIES)
def test_seeing_the_same_twice_changes_no_verdict(history: tuple[Observation, ...]) -> None:
    doubled = tuple(seen for seen in history for _ in range(2))

    assert assess_restart(_WEB, doubled).reason is assess_restart(_WEB, history).reason

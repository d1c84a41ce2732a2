from datetime import UTC, datetime, timedelta

import pytest

from tests.support.builders import OFF, ON, ON_HTTPS, a_bare_metal_server, an_instance
from vpcmetactl.domain.evidence import (
    CLOCK_TOLERANCE,
    NOTHING_KNOWN,
    EventKind,
    Evidence,
    History,
    Observation,
    ServerEvent,
    Source,
)
from vpcmetactl.domain.restarts import (
    EXPLANATIONS,
    Confidence,
    Reason,
    RestartAssessment,
    RestartRule,
    Verdict,
    assess_restart,
)
from vpcmetactl.domain.servers import MetadataService, Server

_NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
_WEB = an_instance(metadata_service=ON)
_ENABLED = {"on": True, "off": False, "?": None}


def _at(minutes: float) -> datetime:
    return _NOON + timedelta(minutes=minutes)


def known(words: str, *, until: float | None = None) -> History:
    """Read sights ``off@running``, an hour apart, and imported events ``started+61``.

    The number of an event is its minutes after noon; ``acknowledged`` is an operator's.
    """
    sights: list[Observation] = []
    events: list[ServerEvent] = []
    for word in words.split():
        kind, plus, minutes = word.partition("+")
        if plus:
            is_ack = kind == EventKind.ACKNOWLEDGED
            source = Source.OPERATOR if is_ack else Source.ACTIVITY_TRACKER
            events.append(ServerEvent(_WEB.id, _at(float(minutes)), EventKind(kind), source))
            continue
        state, _, status = word.partition("@")
        at = _at(60 * len(sights))
        sights.append(Observation(_WEB.id, at, _ENABLED[state], status))
    return History(tuple(sights), tuple(events), None if until is None else _at(until))


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
    assert assess_restart(server, known("off@running on@running updated+30")) == expected


@pytest.mark.parametrize("metadata", [None, MetadataService(protocol="http")])
def test_what_the_api_does_not_report_is_unknown(metadata: MetadataService | None) -> None:
    server = an_instance(metadata_service=metadata)

    expected = RestartAssessment(Verdict.UNKNOWN, Reason.NOT_REPORTED)
    assert assess_restart(server, known("off@running on@running")) == expected


@pytest.mark.parametrize("server", [_WEB, a_bare_metal_server(), an_instance(metadata_service=OFF)])
def test_with_the_rule_turned_off_no_server_needs_a_restart(server: Server) -> None:
    history = known("off@running on@running")

    assert assess_restart(server, history, RestartRule.NONE) == RestartAssessment(
        Verdict.NOT_NEEDED, Reason.RULE_OFF, Confidence.CERTAIN
    )


@pytest.mark.parametrize(
    ("server", "history", "rule", "expected"),
    [
        # Each row of the table of platform notes 2.2, in its order.
        (_WEB, "off@running", RestartRule.FAQ, Verdict.NEEDED),
        (_WEB, "off@running", RestartRule.NONE, Verdict.NOT_NEEDED),
        (an_instance(metadata_service=OFF), "on@running", RestartRule.FAQ, Verdict.NOT_NEEDED),
        (_WEB, "on@running off@running", RestartRule.FAQ, Verdict.NOT_NEEDED),
        (
            an_instance(metadata_service=ON_HTTPS),
            *("off@running on@running on@stopped on@running", RestartRule.FAQ),
            Verdict.NOT_NEEDED,
        ),
        (
            an_instance(
                metadata_service=MetadataService(
                    enabled=True, protocol="http", response_hop_limit=9
                )
            ),
            *("off@running on@running on@stopped on@running", RestartRule.FAQ),
            Verdict.NOT_NEEDED,
        ),
        (a_bare_metal_server(), "off@running", RestartRule.FAQ, Verdict.NOT_NEEDED),
        (
            an_instance(metadata_service=ON, status="stopped"),
            *("off@running", RestartRule.FAQ),
            Verdict.NOT_NEEDED,
        ),
    ],
    ids=[
        *("first enable, as the FAQ has it", "first enable, as the release note has it"),
        *("disable", "enable again", "protocol", "hop limit", "bare metal", "stopped"),
    ],
)
def test_case_by_case(server: Server, history: str, rule: RestartRule, expected: Verdict) -> None:
    assert assess_restart(server, known(history), rule).verdict is expected


_NEEDED = (Verdict.NEEDED, Reason.ENABLED_WHILE_RUNNING)
_SETTLED = (Verdict.NOT_NEEDED, Reason.STOPPED_SINCE)
_BEFORE = (Verdict.NOT_NEEDED, Reason.ENABLED_BEFORE)
_SAID = (Verdict.NOT_NEEDED, Reason.ACKNOWLEDGED)
_FIRST_SIGHT = (Verdict.UNKNOWN, Reason.ENABLED_AT_FIRST_SIGHT)
_ORDER = (Verdict.UNKNOWN, Reason.ORDER_UNKNOWN)


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        ("", _FIRST_SIGHT),
        ("on@running", _FIRST_SIGHT),
        ("?@running on@running", _FIRST_SIGHT),
        ("on@pending on@running", _FIRST_SIGHT),
        # It came up with the service, whatever was before.
        ("on@running on@stopped on@running", _SETTLED),
        ("on@stopped on@running off@running", _SETTLED),
        # Seen disabled, now enabled, and nothing in between.
        ("off@running", _NEEDED),
        ("off@pending off@running on@running", _NEEDED),
        ("off@running on@running", _NEEDED),
        ("off@running off@stopped off@running on@running", _NEEDED),
        ("off@running on@failed on@running", _NEEDED),
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
        # Down and enabled between two sights, in whichever order.
        ("off@stopped", _ORDER),
        ("off@stopped on@running", _ORDER),
        ("off@stopping on@running", _ORDER),
        ("off@running ?@stopped on@running", _ORDER),
        # Enabled while it came up: nothing says when it is read.
        ("off@starting on@running", _ORDER),
        ("off@running on@starting on@running", _ORDER),
        ("off@running on@starting on@starting", _ORDER),
        ("off@pending on@running", _ORDER),
        # It came up when the service was disabled.
        ("off@stopped on@stopped off@running on@running", _ORDER),
        ("off@running on@running off@stopped on@running", _ORDER),
        ("off@running on@running off@starting on@running", _ORDER),
        ("off@running on@running off@running on@starting on@running", _ORDER),
        # Enabled at first sight, disabled, enabled: not the first time.
        ("on@running off@running on@running", _BEFORE),
        ("on@running off@stopped on@running", _BEFORE),
    ],
)
def test_sights_alone_give_the_verdict(history: str, expected: tuple[Verdict, Reason]) -> None:
    found = assess_restart(_WEB, known(history))

    assert (found.verdict, found.reason) == expected
    assert found.confidence is (None if found.verdict is Verdict.UNKNOWN else Confidence.PRESUMED)


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        # An update bounds the enabling, so that a start has its place beside it.
        ("off@running on@running updated+20 stopped+30 started+31", _SETTLED),
        ("off@running on@running stopped+20 started+21 updated+30", _NEEDED),
        ("off@running on@running updated+10 stopped+20 started+21 updated+30", _ORDER),
        ("off@running on@running stopped+20 started+21", _ORDER),
        ("off@running on@running enabled+20 stopped+21 started+22", _SETTLED),
        ("off@running on@running stopped+20 started+21 enabled+22", _NEEDED),
        # A stop alone means a start that was not imported.
        ("off@running on@running stopped+70", _SETTLED),
        ("off@running on@running started+70", _SETTLED),
        # Within five minutes of a sight, the order of an event and the sight is open.
        ("off@running on@running stopped+62 started+63", _ORDER),
        ("off@running on@running stopped+65 started+66", _SETTLED),
        ("off@running off@running on@running stopped+54 started+55", _NEEDED),
        ("off@running off@running on@running stopped+56 started+57", _ORDER),
        # Events of before the first sight.
        ("on@running enabled+-60", _NEEDED),
        ("on@running enabled+-60 stopped+-50 started+-49", _SETTLED),
        ("on@running stopped+-60 started+-59 enabled+-50", _NEEDED),
        ("on@running updated+-60 stopped+-50 started+-49", _SETTLED),
        ("on@running stopped+-60 started+-59 updated+-50", _FIRST_SIGHT),
        ("on@running stopped+-60 started+-59", _FIRST_SIGHT),
        ("on@running updated+-60", _FIRST_SIGHT),
        ("off@running updated+-60 stopped+-50 started+-49", _NEEDED),
        ("off@running disabled+-60", _BEFORE),
        ("enabled+10 stopped+20 started+21", _SETTLED),
        # Asked for, and done: both are told.
        ("on@running enabled+-60 stopped+-50 stopped+-49 started+-40 started+-39", _SETTLED),
        ("on@running stopped+-60 stopped+-59 started+-50 started+-49 enabled+-40", _NEEDED),
        ("on@running started+-60 enabled+-50 started+-40", _FIRST_SIGHT),
        # Off and on between sights, and what that means for a start between them.
        ("off@running on@running disabled+70 stopped+80 started+81 enabled+90", _NEEDED),
        # What an operator says counts where the service was enabled.
        ("off@running on@running acknowledged+70", _SAID),
        ("off@running on@running acknowledged+-10", _NEEDED),
        ("off@running off@running on@running acknowledged+70", _ORDER),
        ("on@running acknowledged+70", _SAID),
        ("off@running on@running stopped+20 started+21 acknowledged+90", _SAID),
        ("off@running off@running enabled+70 acknowledged+72", _ORDER),
        ("off@running off@running enabled+70 acknowledged+75", _SAID),
        # At one time, either may have been first.
        ("off@running on@running enabled+20 started+20", _ORDER),
    ],
)
def test_events_give_the_verdict_where_sights_do_not(
    history: str, expected: tuple[Verdict, Reason]
) -> None:
    found = assess_restart(_WEB, known(history))

    assert (found.verdict, found.reason) == expected


@pytest.mark.parametrize(
    ("kind", "source", "reason"),
    [
        (EventKind.ANSWERED, Source.GUEST_PROBE, Reason.SERVICE_ANSWERED),
        (EventKind.ANSWERED, Source.ACTIVITY_TRACKER, Reason.SERVICE_ANSWERED),
        (EventKind.RESTARTED, Source.OWN_RUN, Reason.RESTARTED),
    ],
)
@pytest.mark.parametrize(
    "words", ["", "off@running on@running", "off@running on@running off@stopped"]
)
def test_proof_is_certain_whatever_else_is_known(
    words: str, kind: EventKind, source: Source, reason: Reason
) -> None:
    history = known(words)
    proof = ServerEvent(_WEB.id, _at(30), kind, source)

    assert assess_restart(_WEB, History(history.sights, (proof,))) == RestartAssessment(
        Verdict.NOT_NEEDED, reason, Confidence.CERTAIN, evidence=(proof,)
    )


def test_an_instance_that_starts_after_it_was_enabled_is_settled() -> None:
    starting = an_instance(metadata_service=ON, status="starting")

    enabled_first = assess_restart(starting, known("off@running on@running"))
    assert enabled_first.reason is Reason.STOPPED_SINCE
    assert assess_restart(starting, known("off@running")).reason is Reason.ORDER_UNKNOWN


@pytest.mark.parametrize(
    ("history", "since", "not_before", "shown"),
    [
        ("off@running on@running on@restarting", 60, 0, "off@0 on@60"),
        ("off@stopped off@running", None, 60, "off@60"),
        ("off@running on@running off@running on@running", 180, 120, "off@120 on@180"),
        ("off@running on@running updated+20", 20, 0, "off@0 updated@20"),
        ("off@running on@running enabled+20 updated+30", 20, 0, "off@0 enabled@20"),
        ("off@running on@running updated+63", 60, 0, "off@0 updated@63"),
        ("off@running on@running updated+-3", 0, 0, "updated@-3 off@0"),
        ("on@running enabled+-60", -60, None, "enabled@-60"),
        (
            "off@running on@running enabled+10 disabled+70 enabled+90",
            *(90, 70, "off@0 disabled@70 enabled@90"),
        ),
    ],
)
def test_a_needed_restart_says_since_when_and_on_what_evidence(
    history: str, since: float | None, not_before: float | None, shown: str
) -> None:
    found = assess_restart(_WEB, known(history))

    assert (found.verdict, found.confidence) == (Verdict.NEEDED, Confidence.PRESUMED)
    assert found.since == (None if since is None else _at(since))
    assert found.not_before == (None if not_before is None else _at(not_before))
    assert _words(found) == shown


def test_the_last_sight_of_it_disabled_bounds_the_enabling() -> None:
    off = Observation(_WEB.id, _at(0), enabled=False, status="running")
    on = Observation(_WEB.id, _at(240), enabled=True, status="running", otherwise_until=_at(180))

    assert assess_restart(_WEB, History((off, on))).not_before == _at(180)
    assert assess_restart(_WEB, History((off,), seen_until=_at(99))).not_before == _at(99)
    assert assess_restart(_WEB, History((off,))).not_before == _at(0)


def _words(found: RestartAssessment) -> str:
    return " ".join(_word(one) for one in found.evidence)


def _word(one: Evidence) -> str:
    if isinstance(one, ServerEvent):
        return f"{one.kind}@{(one.at - _NOON) // timedelta(minutes=1)}"
    state = "on" if one.enabled else "off"
    return f"{state}@{(one.observed_at - _NOON) // timedelta(minutes=1)}"


@pytest.mark.parametrize(
    ("history", "shown"),
    [
        ("on@running", ""),
        # Enabled, and what settled it.
        ("off@running on@running on@restarting on@stopped on@running", "off@0 on@60 on@180"),
        ("off@running on@stopped on@running", "off@0 on@60"),
        ("off@running on@running updated+20 stopped+30 started+31", "off@0 updated@20 started@31"),
        ("off@running on@running acknowledged+70", "off@0 on@60 acknowledged@70"),
        ("off@running on@stopped on@running off@running on@running", "off@0 on@60"),
        # What conflicts.
        ("off@stopped on@running", "off@0 on@60"),
        ("off@running on@running off@stopped on@running", "off@120 on@180"),
        ("off@running on@running off@starting on@running", "off@0 on@60 off@120"),
        ("off@running on@running stopped+20 started+21", "off@0 started@21 on@60"),
        # That it was enabled, and no longer.
        ("on@running on@restarting off@running on@running", "on@0 off@120"),
        ("off@running disabled+-60", "disabled@-60 off@0"),
    ],
)
def test_a_verdict_shows_the_evidence_it_rests_on(history: str, shown: str) -> None:
    assert _words(assess_restart(_WEB, known(history))) == shown


def test_events_of_one_clock_prove_order_and_those_of_two_within_the_tolerance_do_not() -> None:
    assert timedelta(minutes=5) == CLOCK_TOLERANCE
    same = assess_restart(_WEB, known("off@running on@running enabled+20 started+20.1"))
    assert same.reason is Reason.STOPPED_SINCE


def test_every_reason_is_explained_and_what_is_open_has_a_remedy() -> None:
    assert set(EXPLANATIONS) == set(Reason)
    open_reasons = {Reason.ENABLED_WHILE_RUNNING, Reason.ENABLED_AT_FIRST_SIGHT}
    open_reasons |= {Reason.ORDER_UNKNOWN, Reason.NOT_REPORTED}
    assert {reason for reason in Reason if EXPLANATIONS[reason].remedy} == open_reasons
    assert assess_restart(_WEB).remedy == EXPLANATIONS[Reason.ENABLED_AT_FIRST_SIGHT].remedy


def test_of_what_nothing_is_known_nothing_is_said() -> None:
    assert assess_restart(_WEB, NOTHING_KNOWN) == RestartAssessment(
        Verdict.UNKNOWN, Reason.ENABLED_AT_FIRST_SIGHT
    )

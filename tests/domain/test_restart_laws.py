"""What holds of verdicts on any life of an instance, however little is known of it.

A certain verdict is right. A presumed one is wrong only where the service had been enabled before
anyone looked, or where, between two looks, a switch changed more than once and events do not tell
of all of it; or changed once, and an imported event of that switch is of something else.
"""

from datetime import timedelta

from hypothesis import assume, event, example, given, settings
from hypothesis import strategies as st

from tests.domain.lives import LIVES, PROVABLE_LIVES, WELL_KNOWN_LIVES, Deed, Life, live
from vpcmetactl.domain.evidence import CLOCK_TOLERANCE, Evidence, ServerEvent
from vpcmetactl.domain.restarts import Confidence, RestartAssessment, Verdict, assess_restart

_MANY = settings(max_examples=200, deadline=None)


def judge(life: Life) -> RestartAssessment:
    return assess_restart(life.server, life.history())


def is_right(life: Life, found: RestartAssessment) -> bool:
    if found.verdict is Verdict.UNKNOWN:
        return True
    return life.truth.needs_restart is (found.verdict is Verdict.NEEDED)


@_MANY
@given(PROVABLE_LIVES)
def test_a_certain_verdict_agrees_with_the_truth(life: Life) -> None:
    found = judge(life)

    assume(found.confidence is Confidence.CERTAIN)
    assert not life.truth.needs_restart
    assert found.verdict is Verdict.NOT_NEEDED


@_MANY
@given(LIVES)
def test_a_presumed_verdict_is_wrong_only_where_something_was_not_told(life: Life) -> None:
    assert is_right(life, judge(life)) or life.was_enabled_unseen or not life.is_all_told


@_MANY
@given(WELL_KNOWN_LIVES)
def test_where_all_is_told_it_is_wrong_only_if_it_was_enabled_before_anyone_looked(
    life: Life,
) -> None:
    found = judge(life)

    event(f"{found.verdict} {found.confidence}")
    assert is_right(life, found) or life.was_enabled_unseen


# Disabled and enabled between looks, of which only the second is told for what it was.
_ENABLED_ANEW = live(
    False,  # noqa: FBT003 - how it was created
    [
        Deed(1, "look"),
        *(Deed(1, "enable"), Deed(1, "look"), Deed(1, "enable"), Deed(1, "look")),
        *(Deed(1, "enable"), Deed(1, "look"), Deed(1, "disable", "that")),
        *(Deed(1, "enable", "what"), Deed(7, "start", "what"), Deed(7, "own enable")),
    ],
    timedelta(),
)


@_MANY
@given(WELL_KNOWN_LIVES)
@example(_ENABLED_ANEW)
def test_since_and_not_before_bound_the_enabling(life: Life) -> None:
    found = judge(life)

    if found.verdict is not Verdict.NEEDED or life.was_enabled_unseen:
        return
    assert life.enabled_at is not None
    assert found.since is None or life.enabled_at < found.since + CLOCK_TOLERANCE
    assert found.not_before is not None
    assert life.enabled_at > found.not_before - CLOCK_TOLERANCE
    assert found.since is None or found.not_before <= found.since


@_MANY
@given(PROVABLE_LIVES, st.data())
def test_evidence_in_any_order_gives_the_same_verdict(life: Life, data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(life.evidence))

    assert assess_restart(life.server, life.history(shuffled)) == judge(life)


@_MANY
@given(PROVABLE_LIVES)
def test_evidence_that_is_there_twice_changes_nothing(life: Life) -> None:
    twice = [one for one in life.evidence for _ in range(2)]

    assert assess_restart(life.server, life.history(twice)) == judge(life)


@_MANY
@given(PROVABLE_LIVES, st.data())
def test_more_evidence_leaves_a_certain_verdict_as_it_is(life: Life, data: st.DataObject) -> None:
    some: list[Evidence] = [one for one in life.evidence if data.draw(st.booleans())]
    found = assess_restart(life.server, life.history(some))

    assume(found.confidence is Confidence.CERTAIN)
    with_all = judge(life)
    assert (with_all.verdict, with_all.confidence) == (found.verdict, found.confidence)


@_MANY
@given(LIVES)
def test_a_verdict_shows_known_evidence_in_order_of_time_and_each_piece_once(life: Life) -> None:
    shown = judge(life).evidence

    assert set(shown) <= set(life.evidence)
    assert len(set(shown)) == len(shown)
    times = [one.at if isinstance(one, ServerEvent) else one.observed_at for one in shown]
    assert times == sorted(times)

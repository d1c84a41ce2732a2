"""How fast a region is asked: learnt from its 429s, shared by all workers."""

import heapq
import random
from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpcmetactl.ibmcloud.pacing import Pace, Ticket

# Any slot is early enough.
LATE = 1e9


def _reserved(pace: Pace, now: float) -> float:
    slot = pace.reserve(now, LATE)
    assert slot is not None
    return slot


def _went_well(pace: Pace, count: int, now: float) -> None:
    for number in range(count):
        pace.succeeded(now - 1 + (number + 1) / count)


def test_nothing_is_held_back_before_the_first_429() -> None:
    pace = Pace()
    assert [pace.reserve(5.0, LATE) for _ in range(1000)] == [5.0] * 1000


def test_the_first_429_cuts_to_nine_tenths_of_what_went_well_in_the_last_second() -> None:
    pace = Pace()
    _went_well(pace, 20, now=10.0)
    pace.limited(Ticket(9.9), 10.0, None)
    assert pace.rate(10.0) == 18.0


def test_a_429_of_a_request_that_was_sent_before_the_cut_does_not_cut_again() -> None:
    pace = Pace()
    _went_well(pace, 20, now=10.0)
    pace.limited(Ticket(9.9), 10.0, None)
    for sent in (9.8, 9.95, 10.0):
        pace.limited(Ticket(sent), 10.01, None)
    assert pace.rate(10.0) == 18.0


def test_a_later_429_cuts_by_fifteen_percent() -> None:
    pace = Pace()
    _went_well(pace, 20, now=10.0)
    pace.limited(Ticket(9.9), 10.0, None)
    pace.limited(Ticket(11.0), 12.0, None)
    assert pace.rate(12.0) == pytest.approx((18 + 0.5 * 2) * 0.85)


def test_the_rate_recovers_by_half_a_request_a_second_each_second() -> None:
    pace = Pace()
    _went_well(pace, 20, now=10.0)
    pace.limited(Ticket(9.9), 10.0, None)
    assert pace.rate(14.0) == 20.0


def test_where_nothing_went_well_one_request_a_second_is_left() -> None:
    pace = Pace()
    pace.limited(Ticket(9.9), 10.0, None)
    assert pace.rate(10.0) == 1.0


def test_after_a_cut_requests_are_spread_evenly() -> None:
    pace = Pace()
    _went_well(pace, 11, now=10.0)
    pace.limited(Ticket(9.9), 10.0, None)
    slots = [_reserved(pace, 10.0) for _ in range(4)]
    gaps = [after - before for before, after in pairwise(slots)]
    assert gaps == pytest.approx([1 / 9.9] * 3)


def test_retry_after_pauses_the_whole_region() -> None:
    pace = Pace()
    pace.limited(Ticket(9.9), 10.0, 30.0)
    assert pace.paused_until() == 40.0
    assert pace.reserve(12.0, LATE) == 40.0


def test_a_shorter_retry_after_does_not_end_a_longer_pause() -> None:
    pace = Pace()
    pace.limited(Ticket(9.9), 10.0, 30.0)
    pace.limited(Ticket(9.9), 11.0, 2.0)
    assert pace.paused_until() == 40.0


@given(cap=st.floats(0.5, 100), asked=st.integers(2, 200))
def test_a_cap_holds_from_the_first_request_on(cap: float, asked: int) -> None:
    pace = Pace(cap)
    slots = [_reserved(pace, 0.0) for _ in range(asked)]
    assert slots[-1] == pytest.approx((asked - 1) / cap)


def test_a_slot_that_comes_too_late_for_one_is_left_to_the_next() -> None:
    pace = Pace(1.0)
    slots = [pace.reserve(0.0, latest=5.0) for _ in range(1000)]
    assert slots == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0] + [None] * 994
    assert pace.next_slot(0.0) == 6.0
    assert pace.reserve(1.0, latest=6.0) == 6.0


def test_looking_at_the_next_slot_does_not_take_it() -> None:
    pace = Pace(1.0)
    pace.limited(Ticket(0.0), 0.0, 3.0)
    assert [pace.next_slot(0.0), pace.next_slot(0.0), pace.reserve(0.0, LATE)] == [3.0] * 3


def test_what_is_learnt_never_exceeds_the_cap() -> None:
    pace = Pace(19.0)
    _went_well(pace, 20, now=10.0)
    pace.limited(Ticket(9.9), 10.0, None)
    assert pace.rate(1000.0) == 19.0


@dataclass
class _Simulation:
    """Workers against a server that allows so many requests a second, and tells only by 429."""

    limit: float
    requests: int
    workers: int = 16
    latency: float = 0.05
    pace: Pace = field(default_factory=Pace)
    refused: int = 0

    def run(self) -> float:
        """Return when the last request was answered as it should be."""
        chance = random.Random(1)  # noqa: S311 - the same jitter each time
        events = [(0.0, worker) for worker in range(self.workers)]
        heapq.heapify(events)
        left, tokens, filled, now = self.requests, self.limit, 0.0, 0.0
        while left:
            now, worker = heapq.heappop(events)
            sent = _reserved(self.pace, now)
            tokens = min(self.limit, tokens + (sent - filled) * self.limit)
            filled, answer = sent, sent + self.latency
            if tokens >= 1:
                tokens -= 1
                left -= 1
                self.pace.succeeded(answer)
            else:
                self.refused += 1
                self.pace.limited(Ticket(sent), answer, None)
                answer += chance.uniform(0, 0.5)
            heapq.heappush(events, (answer, worker))
        return now


@pytest.mark.parametrize("limit", [5, 20, 100])
def test_a_limit_that_nobody_published_is_found_and_kept(limit: int) -> None:
    simulation = _Simulation(limit, requests=limit * 75)
    took = simulation.run()
    assert took < 75 * 1.3
    assert simulation.refused < limit * 75 * 0.1

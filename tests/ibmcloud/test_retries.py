"""When an operation is tried again, for how long, and what it ends with."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import msgspec
import pytest
import requests

from tests.ibmcloud.answers import answered
from tests.support.clock import ManualClock
from tests.support.observer import RecordingObserver
from vpcmetactl.domain.errors import (
    AuthenticationError,
    BadRequestError,
    MalformedResponseError,
    PreconditionFailedError,
    RateLimitedError,
    UnavailableError,
    VpcmetactlError,
)
from vpcmetactl.ibmcloud.deadlines import Deadline
from vpcmetactl.ibmcloud.operations import Operation
from vpcmetactl.ibmcloud.pacing import Pace, Ticket
from vpcmetactl.ibmcloud.redaction import Secrets
from vpcmetactl.ibmcloud.retries import Retries
from vpcmetactl.ibmcloud.wire.tolerant import NotAsDocumentedError

READ = Operation(text="read it", host="h", region="us-south")
CHANGE = replace(READ, text="change it", changes=True)
ONCE = replace(CHANGE, repeatable=False, where_to_look="look at it")
LOST = requests.exceptions.ReadTimeout("no answer")
REFUSED = requests.exceptions.ConnectionError(ConnectionRefusedError())


# More than any script here takes: a retry that nothing ends shall fail a test, and not hang it.
MOST_ATTEMPTS = 2000


@dataclass
class Scene:
    """Retries with a clock turned by hand, and an attempt that follows a script."""

    outcomes: Sequence[Exception | str]
    timeout: float = 60
    clock: ManualClock = field(default_factory=ManualClock)
    observer: RecordingObserver = field(default_factory=RecordingObserver)
    pace: Pace = field(default_factory=Pace)
    renewals: int = 0
    attempts: int = 0

    def run(self, operation: Operation = READ) -> str:
        retries = Retries(
            self.clock,
            self.observer,
            random.Random(1),  # noqa: S311 - the same jitter each time
            Secrets(),
            self.timeout,
        )
        return retries.run(operation, self.pace, self._attempt, self._renew)

    def _attempt(self, _: Deadline) -> str:
        outcome = self.outcomes[min(self.attempts, len(self.outcomes) - 1)]
        self.attempts += 1
        if self.attempts > MOST_ATTEMPTS:
            pytest.fail(f"tried more than {MOST_ATTEMPTS} times")
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def _renew(self, _: Deadline) -> None:
        self.renewals += 1


@pytest.mark.parametrize(
    "failure",
    [
        answered(429),
        answered(500),
        answered(502),
        answered(503),
        answered(504),
        LOST,
        requests.exceptions.ChunkedEncodingError(),
        requests.exceptions.ConnectionError(ConnectionResetError()),
        msgspec.DecodeError(),
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"),
    ],
    ids=repr,
)
@pytest.mark.parametrize("operation", [READ, CHANGE], ids=["read", "change"])
def test_what_may_pass_is_tried_again(failure: Exception, operation: Operation) -> None:
    scene = Scene([failure, failure, "done"])
    assert scene.run(operation) == "done"
    assert scene.attempts == 3


@pytest.mark.parametrize(
    "failure",
    [
        answered(500),
        answered(502),
        answered(503),
        answered(504),
        answered(408),
        LOST,
        requests.exceptions.ChunkedEncodingError(),
        requests.exceptions.ConnectionError(ConnectionResetError()),
        requests.exceptions.SSLError("bad record"),
        msgspec.DecodeError(),
        NotAsDocumentedError("other"),
    ],
    ids=repr,
)
def test_what_must_not_be_repeated_is_in_doubt_after_one_lost_answer(failure: Exception) -> None:
    scene = Scene([failure, "done"])
    with pytest.raises(UnavailableError) as caught:
        scene.run(ONCE)
    assert caught.value.maybe_done
    assert caught.value.hint == "it is not known whether the change was made: look at it"
    assert scene.attempts == 1
    assert scene.clock.waits == []


@pytest.mark.parametrize("failure", [answered(429), answered(401), REFUSED], ids=repr)
def test_what_was_certainly_not_done_is_tried_again_even_so(failure: Exception) -> None:
    scene = Scene([failure, "done"])
    assert scene.run(ONCE) == "done"
    assert scene.attempts == 2


@pytest.mark.parametrize("status", [505, 520, 524, 599])
@pytest.mark.parametrize("operation", [CHANGE, ONCE], ids=["repeatable", "once"])
def test_an_answer_of_somebody_on_the_way_leaves_a_change_in_doubt(
    status: int, operation: Operation
) -> None:
    scene = Scene([answered(status)])
    with pytest.raises(UnavailableError) as caught:
        scene.run(operation)
    assert caught.value.maybe_done
    assert scene.attempts == 1


@pytest.mark.parametrize("status", [400, 403, 404, 409, 412, 422, 501])
def test_a_refusal_is_not_tried_again(status: int) -> None:
    scene = Scene([answered(status)])
    with pytest.raises(VpcmetactlError, match=f"HTTP {status}"):
        scene.run()
    assert (scene.attempts, scene.clock.waits) == (1, [])


def test_waits_grow_by_powers_of_two_with_full_jitter_up_to_ten_seconds() -> None:
    scene = Scene([answered(503)] * 8 + ["done"])
    assert scene.run() == "done"
    longest = [0.5, 1, 2, 4, 8, 10, 10, 10]
    assert len(scene.clock.waits) == len(longest)
    assert all(0 <= wait <= most for wait, most in zip(scene.clock.waits, longest, strict=True))
    assert len(set(scene.clock.waits)) == len(longest)


def test_the_observer_is_told_of_every_wait() -> None:
    scene = Scene([answered(503), "done"])
    scene.run()
    [(what, error, seconds)] = scene.observer.retries
    assert (what, str(error), [seconds]) == (
        "read it",
        "cannot read it: h answered HTTP 503",
        scene.clock.waits,
    )


def test_it_ends_when_the_time_is_up_and_says_what_was_tried() -> None:
    scene = Scene([answered(503)])
    with pytest.raises(
        UnavailableError,
        match=r"^cannot read it: h answered HTTP 503; gave up after \d+ attempts in \d+ s$",
    ):
        scene.run()
    assert sum(scene.clock.waits) <= 60


def test_retry_after_is_waited_for() -> None:
    scene = Scene([answered(429, headers={"Retry-After": "7"}), "done"])
    scene.run()
    assert scene.clock.monotonic() == pytest.approx(7, abs=1.01)
    assert scene.clock.monotonic() >= 7


@pytest.mark.parametrize(
    ("date", "seconds"),
    [
        ("Sat, 21 Nov 2026 12:01:20 GMT", 10),
        ("Sat, 21 Nov 2026 11:59:30 GMT", 120),
        ("today", 90),
    ],
)
def test_a_retry_after_date_counts_from_the_answers_own_date(date: str, seconds: float) -> None:
    headers = {"Retry-After": "Sat, 21 Nov 2026 12:01:30 GMT", "Date": date}
    scene = Scene([answered(429, headers=headers), "done"], timeout=300)
    scene.run()
    assert seconds <= scene.clock.monotonic() <= seconds + 1.01


@pytest.mark.parametrize("header", ["0", "Sat, 21 Nov 2026 11:00:00 GMT"])
def test_a_retry_after_that_has_passed_shortens_no_wait(header: str) -> None:
    scene = Scene([answered(503, headers={"Retry-After": header})])
    with pytest.raises(UnavailableError):
        scene.run()
    assert scene.attempts < 40


def test_waits_stay_within_bounds_however_often_it_is_tried() -> None:
    scene = Scene([answered(503)] * 1100 + ["done"], timeout=20_000)
    assert scene.run() == "done"
    assert max(scene.clock.waits) <= 10


def test_a_retry_after_beyond_the_deadline_ends_the_operation_at_once() -> None:
    scene = Scene([answered(429, headers={"Retry-After": "120"})])
    with pytest.raises(RateLimitedError) as caught:
        scene.run()
    assert str(caught.value) == (
        "cannot read it: h answered HTTP 429; gave up after one attempt in 0 s: the next was asked "
        "not to come before 120 s, and --timeout leaves 60 s"
    )
    assert scene.clock.waits == []


def test_a_pause_that_another_worker_was_given_holds_for_all_and_ends_who_cannot_wait() -> None:
    scene = Scene(["done"])
    scene.pace.limited(Ticket(0.0), 0.0, 90.0)
    with pytest.raises(RateLimitedError, match="the turn would come in 90 s, after --timeout"):
        scene.run()
    assert scene.attempts == 0


def test_who_cannot_wait_for_a_turn_takes_none_from_the_next() -> None:
    scene = Scene(["done"], timeout=1.5, pace=Pace(1.0))
    scene.pace.limited(Ticket(0.0), 0.0, 2.0)
    for _ in range(10):
        with pytest.raises(RateLimitedError, match="the turn would come in 2 s"):
            scene.run()
    scene.clock.advance(1)
    assert scene.run() == "done"


def test_a_script_that_never_ends_fails_its_test() -> None:
    with pytest.raises(pytest.fail.Exception, match="tried more than 2000 times"):
        Scene([answered(503)], timeout=1e9).run()


def test_a_401_gets_one_new_token() -> None:
    scene = Scene([answered(401), "done"])
    assert scene.run() == "done"
    assert (scene.renewals, scene.clock.waits) == (1, [])


def test_a_second_401_is_the_end() -> None:
    scene = Scene([answered(401)])
    with pytest.raises(AuthenticationError, match="HTTP 401"):
        scene.run()
    assert (scene.attempts, scene.renewals) == (2, 1)


def test_a_host_that_never_answered_is_not_tried_for_a_whole_minute() -> None:
    scene = Scene([REFUSED])
    with pytest.raises(UnavailableError, match="refused the connection; gave up after 4 attempts"):
        scene.run()
    assert sum(scene.clock.waits) < 4


def test_a_host_that_has_answered_is_tried_until_the_time_is_up() -> None:
    scene = Scene([REFUSED])
    scene.pace.succeeded(0.0)
    with pytest.raises(UnavailableError):
        scene.run()
    assert scene.attempts > 4


@pytest.mark.parametrize(
    "later",
    [answered(412), answered(409), answered(400), answered(429, headers={"Retry-After": "99"})],
)
def test_after_a_lost_answer_to_a_change_no_later_answer_tells_what_became_of_it(
    later: Exception,
) -> None:
    scene = Scene([LOST, later])
    with pytest.raises(UnavailableError) as caught:
        scene.run(CHANGE)
    assert caught.value.maybe_done
    assert (
        caught.value.hint == "it is not known whether the change was made: read the server to see"
    )


def test_a_412_that_follows_no_lost_answer_is_somebody_elses_change() -> None:
    scene = Scene([answered(429), answered(412)])
    with pytest.raises(PreconditionFailedError):
        scene.run(CHANGE)


def test_a_change_that_never_left_is_not_in_doubt() -> None:
    scene = Scene([REFUSED])
    with pytest.raises(UnavailableError) as caught:
        scene.run(CHANGE)
    assert not caught.value.maybe_done


def test_a_change_whose_answer_is_no_json_may_have_been_made() -> None:
    scene = Scene([msgspec.DecodeError()])
    with pytest.raises(UnavailableError) as caught:
        scene.run(CHANGE)
    assert caught.value.maybe_done


def test_a_read_that_is_never_json_ends_as_malformed() -> None:
    with pytest.raises(MalformedResponseError, match="is no JSON, or broke off; gave up after"):
        Scene([msgspec.DecodeError()]).run()


def test_a_lost_answer_to_a_read_leaves_no_doubt() -> None:
    with pytest.raises(BadRequestError):
        Scene([LOST, answered(400)]).run()


def test_an_exception_that_nobody_expects_passes_untouched() -> None:
    mistake = KeyError("a mistake")
    with pytest.raises(KeyError) as caught:
        Scene([mistake]).run()
    assert caught.value is mistake


def test_the_cause_stays_with_the_error() -> None:
    failure = answered(400)
    with pytest.raises(BadRequestError) as caught:
        Scene([failure]).run()
    assert caught.value.__cause__ is failure


def test_an_error_of_our_own_inside_an_attempt_ends_the_operation() -> None:
    scene = Scene([AuthenticationError("no token")])
    with pytest.raises(AuthenticationError, match="no token"):
        scene.run()
    assert scene.attempts == 1

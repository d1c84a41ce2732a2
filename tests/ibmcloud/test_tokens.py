"""One token for all workers: requested once, renewed in time, a refusal told to everybody."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeVar

import jwt
import pytest

from tests.support.builders import ACCOUNT
from tests.support.clock import ManualClock, RealClock
from tests.support.gateways import API_KEY, a_connection, a_gateway
from tests.support.observer import RecordingObserver
from tests.support.scripted_server import Answer, Reset, ScriptedServer, Step, a_token_answer
from tests.support.tokens import a_token
from vpcmetactl.domain.errors import (
    AuthenticationError,
    MalformedResponseError,
    UnavailableError,
    VpcmetactlError,
)
from vpcmetactl.ibmcloud.connection import BearerToken
from vpcmetactl.ibmcloud.deadlines import Deadline
from vpcmetactl.ibmcloud.tokens import Token, Tokens, read_token
from vpcmetactl.usecases.ports import Caller

T = TypeVar("T")
REGIONS = Answer(body={"regions": []})
REFUSED = Answer(
    400,
    {"errorCode": "BXNIM0415E", "errorMessage": f"API key {API_KEY} could not be found"},
)


def test_the_claims_of_a_token_are_read_and_not_verified() -> None:
    value = a_token()
    assert read_token(value) == Token(
        value,
        Caller(ACCOUNT, "IBMid-550000TEST", datetime(2026, 11, 21, 13, tzinfo=UTC)),
        3600.0,
    )


def test_a_token_shows_neither_its_value_nor_a_part_of_it() -> None:
    assert a_token()[:20] not in repr(read_token(a_token()))


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"account": "x", "iam_id": 5, "exp": "soon"},
        {"account": {"bss": None}, "exp": 1e30, "iat": None},
    ],
)
def test_claims_that_are_missing_or_odd_are_unknown(claims: dict[str, object]) -> None:
    value = jwt.encode(claims, key="", algorithm="none")
    assert read_token(value) == Token(value, Caller(None, None, None), None)


@dataclass
class Issuer:
    """Issues one token after the other, or fails."""

    outcomes: Sequence[Token | Exception]
    hold: Callable[[], object] = lambda: None
    requests: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self) -> Token:
        with self.lock:
            number = self.requests
            self.requests += 1
        self.hold()
        outcome = self.outcomes[min(number, len(self.outcomes) - 1)]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


def _token(serial: int, seconds: int = 3600) -> Token:
    return read_token(a_token(serial=serial, seconds=seconds))


def test_a_token_is_used_until_a_fifth_of_its_life_is_left() -> None:
    clock, issuer = ManualClock(), Issuer([_token(1), _token(2)])
    tokens = Tokens(issuer, clock)
    assert tokens.get() == _token(1)
    clock.advance(2879)
    assert (tokens.get(), issuer.requests) == (_token(1), 1)
    clock.advance(2)
    assert tokens.get() == _token(1)
    _wait_until(lambda: tokens.get() == _token(2))
    assert issuer.requests == 2


def test_a_local_clock_that_is_wrong_does_not_make_every_call_ask_for_a_token() -> None:
    """The SDK compares the token's expiry with the local clock, and asked twice at each call."""
    clock = ManualClock(datetime(2031, 1, 1, tzinfo=UTC))
    issuer = Issuer([_token(1)])
    tokens = Tokens(issuer, clock)
    for _ in range(10):
        tokens.get()
    assert issuer.requests == 1


def test_workers_that_need_a_token_at_the_same_time_share_one_request() -> None:
    issuer = Issuer([_token(1)], hold=lambda: threading.Event().wait(0.1))
    tokens = Tokens(issuer, RealClock())
    assert _in_threads(16, lambda: tokens.get().value) == [_token(1).value] * 16
    assert issuer.requests == 1


def test_a_renewal_asks_once_for_all_whose_token_was_rejected() -> None:
    issuer = Issuer([_token(1), _token(2)], hold=lambda: threading.Event().wait(0.05))
    tokens = Tokens(issuer, RealClock())
    first = tokens.get().value
    assert _in_threads(8, lambda: tokens.renew(first).value) == [_token(2).value] * 8
    assert issuer.requests == 2


def test_a_worker_whose_old_token_was_rejected_gets_the_one_that_is_there() -> None:
    issuer = Issuer([_token(1), _token(2), _token(3)])
    tokens = Tokens(issuer, ManualClock())
    old = tokens.get().value
    tokens.renew(old)
    assert tokens.renew(old) == _token(2)
    assert issuer.requests == 2


def test_a_refusal_is_remembered() -> None:
    issuer = Issuer([AuthenticationError("no", hint="h")])
    tokens = Tokens(issuer, ManualClock())
    for _ in range(3):
        with pytest.raises(AuthenticationError, match="no") as caught:
            tokens.get()
        assert caught.value.hint == "h"
    assert issuer.requests == 1


def test_a_token_service_that_is_down_is_asked_again_by_the_next_operation() -> None:
    issuer = Issuer([UnavailableError("down"), _token(1)])
    tokens = Tokens(issuer, ManualClock())
    with pytest.raises(UnavailableError):
        tokens.get()
    assert tokens.get() == _token(1)


def test_a_token_that_could_not_be_renewed_early_is_used_as_long_as_it_lives() -> None:
    clock = ManualClock()
    issuer = Issuer([_token(1), UnavailableError("down")])
    tokens = Tokens(issuer, clock)
    tokens.get()
    clock.advance(3000)
    assert tokens.get() == _token(1)
    _wait_until(lambda: issuer.requests == 2)
    assert (tokens.get(), issuer.requests) == (_token(1), 2)
    clock.advance(601)
    with pytest.raises(UnavailableError):
        tokens.get()


def test_a_token_whose_early_renewal_was_refused_is_used_as_long_as_it_lives() -> None:
    clock = ManualClock()
    tokens, issuer = _refused_early(clock)
    clock.advance(599)
    assert (tokens.get(), issuer.requests) == (_token(1), 2)
    clock.advance(2)
    with pytest.raises(AuthenticationError, match="no more"):
        tokens.get()
    assert issuer.requests == 2


def test_a_refused_early_renewal_is_told_when_the_api_no_longer_accepts_the_token() -> None:
    tokens, issuer = _refused_early(ManualClock())
    with pytest.raises(AuthenticationError, match="no more"):
        tokens.renew(_token(1).value)
    with pytest.raises(AuthenticationError, match="no more"):
        tokens.get()
    assert issuer.requests == 2


def test_a_token_that_the_api_rejected_is_given_to_nobody_else_while_it_is_renewed() -> None:
    enough = threading.Event()
    issuer = Issuer([_token(1), _token(2)])
    tokens = Tokens(issuer, ManualClock())
    first = tokens.get().value
    issuer.hold = enough.wait
    leader = threading.Thread(target=tokens.renew, args=[first])
    leader.start()
    _wait_until(lambda: issuer.requests == 2)
    with pytest.raises(UnavailableError, match="no IAM token came in time"):
        tokens.get(Deadline.after(ManualClock(), 0.05))
    enough.set()
    leader.join()
    assert tokens.get() == _token(2)


def _refused_early(clock: ManualClock) -> tuple[Tokens, Issuer]:
    """Return tokens of which the first has 600 seconds left, and the second was refused."""
    issuer = Issuer([_token(1), AuthenticationError("no more")])
    tokens = Tokens(issuer, clock)
    tokens.get()
    clock.advance(3000)
    assert tokens.get() == _token(1)
    _wait_until(lambda: issuer.requests == 2)
    for _ in range(50):
        assert tokens.get() == _token(1)
        threading.Event().wait(0.001)
    return tokens, issuer


def test_waiting_for_a_token_ends_with_the_operations_time() -> None:
    enough = threading.Event()
    issuer = Issuer([_token(1)], hold=enough.wait)
    clock = RealClock()
    tokens = Tokens(issuer, clock)
    leader = threading.Thread(target=tokens.get)
    leader.start()
    while not issuer.requests:
        clock.wait(0.005)
    with pytest.raises(UnavailableError, match="no IAM token came in time"):
        tokens.get(Deadline.after(clock, 0.05))
    enough.set()
    leader.join()


def test_a_refused_key_ends_sixteen_workers_at_once_after_one_request() -> None:
    """The SDK's own token manager makes the second thread wait for a minute."""
    with (
        ScriptedServer([REGIONS], [REFUSED]) as server,
        a_gateway(a_connection(server.url), RealClock()) as gateway,
    ):
        began = time.monotonic()
        errors = _in_threads(16, lambda: _error_of(gateway.list_regions))
        assert time.monotonic() - began < 2
    assert [type(error) for error in errors] == [AuthenticationError] * 16
    assert len(server.token_requests) == 1
    assert server.requests == []


def test_a_refusal_tells_iams_words_without_the_key() -> None:
    with (
        ScriptedServer([REGIONS], [REFUSED]) as server,
        a_gateway(a_connection(server.url)) as gateway,
        pytest.raises(AuthenticationError) as caught,
    ):
        gateway.get_caller()
    assert str(caught.value) == (
        "cannot get an IAM token: API key <redacted> could not be found (HTTP 400, BXNIM0415E)"
    )


@pytest.mark.parametrize(
    "step",
    [
        Answer(429, headers={"Retry-After": "3"}),
        Answer(500),
        Answer(503),
        Reset(),
        Answer(body=b"<html>"),
        Answer(body=b'{"access_'),
    ],
    ids=repr,
)
def test_a_token_request_is_tried_again_like_a_read(step: Step) -> None:
    observer = RecordingObserver()
    with (
        ScriptedServer([REGIONS], [step, a_token_answer()]) as server,
        a_gateway(a_connection(server.url), observer=observer) as gateway,
    ):
        assert gateway.list_regions() == []
    assert [what for what, _, _ in observer.retries] == ["get an IAM token"]


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_a_refusal_is_not_tried_again(status: int) -> None:
    with (
        ScriptedServer([REGIONS], [Answer(status)]) as server,
        a_gateway(a_connection(server.url)) as gateway,
        pytest.raises(AuthenticationError, match=f"HTTP {status}"),
    ):
        gateway.list_regions()
    assert len(server.token_requests) == 1


@pytest.mark.parametrize("body", [{}, {"access_token": None}, {"access_token": "opaque"}, []])
def test_an_answer_without_a_token_is_malformed(body: object) -> None:
    with (
        ScriptedServer([REGIONS], [Answer(body=body)]) as server,
        a_gateway(a_connection(server.url)) as gateway,
        pytest.raises(MalformedResponseError, match="cannot get an IAM token"),
    ):
        gateway.list_regions()


def test_after_a_401_the_call_is_repeated_with_a_new_token() -> None:
    first, second = a_token(serial=1), a_token(serial=2)
    with (
        ScriptedServer(
            [Answer(401), REGIONS], [a_token_answer(first), a_token_answer(second)]
        ) as server,
        a_gateway(a_connection(server.url)) as gateway,
    ):
        assert gateway.list_regions() == []
    sent = [request.headers["authorization"] for request in server.requests]
    assert sent == [f"Bearer {first}", f"Bearer {second}"]


def test_a_401_that_a_new_token_does_not_help_is_the_end() -> None:
    with (
        ScriptedServer(
            [Answer(401)], [a_token_answer(a_token(serial=n)) for n in (1, 2)]
        ) as server,
        a_gateway(a_connection(server.url)) as gateway,
        pytest.raises(AuthenticationError, match=r"cannot list regions: 127.* answered HTTP 401"),
    ):
        gateway.list_regions()
    assert len(server.requests) == len(server.token_requests) == 2


@pytest.mark.parametrize("form", ["{}", "Bearer {}", "  Bearer {}\n"])
def test_a_token_that_was_brought_is_sent_as_it_is(form: str) -> None:
    token = a_token()
    connection_token = BearerToken(form.format(token))
    with (
        ScriptedServer([REGIONS]) as server,
        a_gateway(a_connection(server.url, credentials=connection_token)) as gateway,
    ):
        gateway.list_regions()
        assert gateway.get_caller().account_id == ACCOUNT
    assert server.requests[0].headers["authorization"] == f"Bearer {token}"
    assert server.token_requests == []


def test_a_token_that_was_brought_cannot_be_renewed_and_says_when_it_ended() -> None:
    with (
        ScriptedServer([Answer(401)]) as server,
        a_gateway(a_connection(server.url, credentials=BearerToken(a_token()))) as gateway,
        pytest.raises(AuthenticationError) as caught,
    ):
        gateway.list_regions()
    assert str(caught.value) == (
        "the IAM token was not accepted; it says that it expires at 2026-11-21 13:00:00Z"
    )


@pytest.mark.parametrize("value", ["", "canary", "eyJcanary.canary", "a.b.c", "eyJ\ncanary.x.y"])
def test_a_malformed_token_is_said_to_be_so_and_not_shown(value: str) -> None:
    with (
        ScriptedServer([REGIONS]) as server,
        a_gateway(a_connection(server.url, credentials=BearerToken(value))) as gateway,
        pytest.raises(AuthenticationError, match="the IAM token given is malformed") as caught,
    ):
        gateway.get_caller()
    assert "canary" not in f"{caught.value} {caught.value.hint}"
    assert server.requests == []


def test_with_one_connection_the_token_is_there_before_the_gateway_is() -> None:
    """Cassettes replay one request at a time: no thread may still be at work beside the first."""
    with (
        ScriptedServer([REGIONS]) as server,
        a_gateway(a_connection(server.url, max_connections=1)),
    ):
        assert len(server.token_requests) == 1
        assert not [t for t in threading.enumerate() if t.name == "iam-token"]


def _wait_until(holds: Callable[[], bool]) -> None:
    for _ in range(1000):
        if holds():
            return
        threading.Event().wait(0.002)
    raise AssertionError


def _error_of(call: Callable[[], object]) -> VpcmetactlError | None:
    try:
        call()
    except VpcmetactlError as error:
        return error
    return None


def _in_threads(count: int, call: Callable[[], T]) -> list[T]:
    results: list[T] = []
    threads = [threading.Thread(target=lambda: results.append(call())) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results

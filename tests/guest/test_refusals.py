"""Every way in which the service says no, or says what is not its own to say."""

import pytest

from tests.support.scripted_server import Answer, ScriptedServer
from vpcmetactl.guest.endpoints import endpoint_of
from vpcmetactl.guest.failures import EXPLANATIONS, GuestError
from vpcmetactl.guest.service import IdentityToken, MetadataClient

TOKEN = IdentityToken("abc", None, None, None, {}, None)


def refusal_of(answer: Answer) -> GuestError:
    with ScriptedServer([answer]) as server, pytest.raises(GuestError) as raised:
        MetadataClient(endpoint_of(server.url)).iam_token(TOKEN, "backup-writer")
    return raised.value


def an_error(status: int, code: object, message: object = "No.", **more: object) -> Answer:
    return Answer(status, {"errors": [{"code": code, "message": message}], **more})


# Platform notes 5.4.
DOCUMENTED = [
    (400, "invalid_request", "invalid_request"),
    (400, "invalid_value", "invalid_value"),
    (404, "invalid_value", "invalid_value"),
    (400, "missing_field", "missing_field"),
    (400, "missing_value", "missing_value"),
    (404, "not_found", "not_found"),
    (400, "not_found", "not_found"),
    (400, "profile_not_linked", "profile_not_linked"),
    (401, "unauthenticated", "token_expired"),
    (403, "unauthorized", "not_enabled"),
    (400, "unknown_field", "unknown_field"),
    (500, "service_error", "service_error"),
]


@pytest.mark.parametrize(("status", "given", "code"), DOCUMENTED)
def test_every_documented_error_is_told_with_a_remedy(status: int, given: str, code: str) -> None:
    failure = refusal_of(an_error(status, given, "It is so.", trace="e37872f6"))

    assert failure.code == code
    assert failure.message == f"the service answered {status} {given}: It is so. (trace e37872f6)"
    assert failure.remedy == EXPLANATIONS[code].remedy


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "invalid_request"),
        (401, "token_expired"),
        (403, "not_enabled"),
        (404, "not_found"),
        (409, "invalid_request"),
        (429, "invalid_request"),
        (500, "service_error"),
        (503, "service_error"),
    ],
)
@pytest.mark.parametrize("given", ["brand_new", None, 7, "two words", "no_route", "\x1b[2J"])
def test_a_code_that_is_not_documented_is_told_by_its_status(
    status: int, code: str, given: object
) -> None:
    failure = refusal_of(an_error(status, given))

    assert failure.code == code
    assert failure.message.startswith(f"the service answered {status}")
    assert failure.message.isprintable()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Answer(200, b"<html>", {"Content-Type": "text/html"}), "200 with text/html"),
        (Answer(407, b"Who?", {"Content-Type": "text/plain"}), "407 with text/plain"),
        (Answer(302, b"", {"Location": "http://evil.example"}), "302 with a redirect"),
        (Answer(200, []), "200 with application/json"),
        (Answer(502, {"error": "gateway"}), "502 with application/json"),
        (Answer(200, {"access_token": ""}), "without an access_token"),
        (Answer(200, {"access_token": "a b"}), "without an access_token"),
        (Answer(200, {"access_token": "a\r\nX-Evil: 1"}), "without an access_token"),
        (Answer(200, b'{"a":' * 20_000), "200 with application/json"),
        (Answer(200, {"errors": [{"code": "x"}]}), "without an access_token"),
    ],
)
def test_what_is_not_as_documented_is_a_bad_answer(answer: Answer, words: str) -> None:
    failure = refusal_of(answer)

    assert failure.code == "bad_answer"
    assert words in failure.message


def test_what_a_service_says_is_shown_harmless_and_without_tokens() -> None:
    token = "eyJhbGciOiJIUzI1NiJ9.eyJhIjoxfQ.c2ln"
    said = f"\x1b[31mno\n\u202e{token} Bearer abcdefghij {'long ' * 200}"
    message = refusal_of(an_error(400, "invalid_value", said)).message

    assert message.isprintable()
    assert message.isascii()
    assert "\\x1b[31mno \\u202e<redacted> <redacted> long" in message
    assert len(message) < 400

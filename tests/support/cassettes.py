"""Cassettes: what is kept of HTTP, how it is written down, and what a request must match.

Everything that would differ between two recordings, tell a secret or name a machine is left out
before it is written: headers but a few, tokens, keys, the emulator's address.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import yaml
from vcr import VCR, stubs
from vcr.cassette import Cassette
from vcr.record_mode import RecordMode
from vcr.request import Request
from vcr.serializers import yamlserializer

from tests.support.tokens import ISSUED, a_token

FOLDER = Path(__file__).parents[2] / "cassettes" / "emulated"

# The account of the emulator that is recorded.
ACCOUNT = "796fae2efe992b3c55e3453caf128895"
# A token as IAM's look, signed by nobody and valid until 2100: the SDK decodes it.
EXPIRATION = datetime(2100, 1, 1, tzinfo=UTC)
TOKEN = a_token(
    account=ACCOUNT,
    iam_id="IBMid-CASSETTE",
    issued=ISSUED,
    seconds=int((EXPIRATION - ISSUED).total_seconds()),
)
REDACTED = "<redacted>"
MATCH_ON = ("method", "scheme", "host", "port", "path", "query", "body", "condition")

_REQUEST_HEADERS = frozenset({"accept", "content-type", "if-match"})
_RESPONSE_HEADERS = frozenset({"content-type", "date", "etag", "retry-after"})
_SECRET_FIELDS = frozenset({"apikey", "refresh_token", "password", "passcode"})
# What servers were made with, in answers; a password is told with the key it is encrypted with.
_SECRET_MEMBERS = frozenset({"encrypted_password", "password", "user_data"})
_GLOBAL_HOSTS = {
    "iam": "iam.cloud.ibm.com",
    "search": "api.global-search-tagging.cloud.ibm.com",
}
_WIDEST = 1_000_000


@contextmanager
def recording(path: Path) -> Iterator[None]:
    """Write what is asked of IBM Cloud, or of its emulator, into a new cassette."""
    with _vcr().use_cassette(str(path), record_mode=RecordMode.ALL):
        yield


@contextmanager
def replaying(path: Path) -> Iterator[Cassette]:
    """Answer every request from a cassette; one that is not in it raises vcrpy's error."""
    with _vcr().use_cassette(str(path), record_mode=RecordMode.NONE) as cassette:
        yield cassette


def _vcr() -> VCR:
    vcr = VCR(
        serializer="legible",
        match_on=MATCH_ON,
        before_record_request=scrubbed_request,
        before_record_response=scrubbed_response,
        decode_compressed_response=True,
        record_on_exception=False,
        custom_patches=((stubs, "VCRHTTPResponse", _Response),),
    )
    vcr.register_serializer("legible", LegibleYaml)
    vcr.register_matcher("body", same_body)
    vcr.register_matcher("condition", same_condition)
    return vcr


def same_body(one: Request, other: Request) -> None:
    """Fail unless two bodies mean the same: without this a *disable* replays for an *enable*."""
    sent, recorded = _normalised(one.body), _normalised(other.body)
    assert sent == recorded, f"{sent} != {recorded}"


def same_condition(one: Request, other: Request) -> None:
    """Fail unless both are made on the same condition, and as the same kind of patch."""
    for name in ("If-Match", "Content-Type"):
        sent, recorded = one.headers.get(name), other.headers.get(name)
        assert sent == recorded, f"{name}: {sent} != {recorded}"


def _normalised(body: bytes | None) -> object:
    try:
        return json.loads(body or b"null")
    except ValueError:
        return body


def scrubbed_request(request: Request) -> Request:
    """Return a request as it is compared and kept."""
    headers = {
        name: value for name, value in request.headers.items() if name.lower() in _REQUEST_HEADERS
    }
    body = _scrubbed_form(request.body) if _is_form(headers) else request.body
    return Request(request.method, _at_ibm(request.uri), body, headers)


def _is_form(headers: Mapping[str, str]) -> bool:
    return any("form-urlencoded" in value for value in headers.values())


def _scrubbed_form(body: bytes) -> str:
    fields = parse_qsl(body.decode(), keep_blank_values=True)
    return urlencode(
        [(name, REDACTED if name in _SECRET_FIELDS else value) for name, value in fields]
    )


def _at_ibm(uri: str) -> str:
    """Move an address of the emulator to the host at IBM that it stands for."""
    parts = urlsplit(uri)
    if parts.hostname != "127.0.0.1":
        return uri
    _, api, rest = parts.path.split("/", 2)
    if host := _GLOBAL_HOSTS.get(api):
        return urlunsplit(("https", host, f"/{rest}", parts.query, ""))
    region, _, path = rest.partition("/")
    return urlunsplit(("https", f"{region}.iaas.cloud.ibm.com", f"/{path}", parts.query, ""))


def scrubbed_response(response: dict[str, Any]) -> dict[str, Any]:
    """Return an answer as it is kept: JSON indented, so that a difference can be read."""
    text = response["body"]["string"].decode()
    try:
        document = json.loads(text)
    except ValueError:
        pass
    else:
        if isinstance(document, dict) and "access_token" in document:
            document |= {"access_token": TOKEN, "expiration": int(EXPIRATION.timestamp())}
        text = json.dumps(_without_secrets(document), indent=1, ensure_ascii=False) + "\n"
    headers = {
        name: values
        for name, values in response["headers"].items()
        if name.lower() in _RESPONSE_HEADERS
    }
    return {**response, "headers": headers, "body": {"string": text.encode()}}


def _without_secrets(found: Any) -> Any:  # noqa: ANN401 - whatever JSON holds
    match found:
        case dict():
            return {
                name: REDACTED if name in _SECRET_MEMBERS else _without_secrets(value)
                for name, value in found.items()
            }
        case list():
            return [_without_secrets(value) for value in found]
        case _:
            return found


class _Response(stubs.VCRHTTPResponse):  # type: ignore[misc] # vcrpy is untyped
    """vcrpy's answer, which otherwise takes no ``decode_content``; nothing is compressed here."""

    def read1(self, amt: int = -1, *, decode_content: bool | None = None) -> bytes:
        del decode_content
        piece: bytes = super().read1(amt)
        return piece


class _Dumper(yaml.SafeDumper):  # type: ignore[misc] # as above
    """The dumper in Python, not libYAML's: the same bytes whatever is installed."""

    def ignore_aliases(self, data: object) -> bool:
        del data
        return True


def _represent_text(dumper: _Dumper, text: str) -> Any:  # noqa: ANN401 - as above
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)


class LegibleYaml:
    """vcrpy's format, with bodies as blocks of text."""

    deserialize: Callable[[str], dict[str, Any]] = staticmethod(yamlserializer.deserialize)

    @staticmethod
    def serialize(cassette: dict[str, Any]) -> str:
        """Return YAML with sorted keys and no line ever folded."""
        text: str = yaml.dump(
            cassette, Dumper=_Dumper, sort_keys=True, allow_unicode=True, width=_WIDEST
        )
        return text

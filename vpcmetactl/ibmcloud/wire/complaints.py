"""What an API says of a request that it refused: three envelopes, and bodies that are none.

VPC: ``{"errors": [{"code", "message", "target"}], "trace"}`` (platform notes 3.3). IAM's token
endpoint: ``{"errorCode", "errorMessage", "context": {"requestId"}}``. IAM Identity:
``{"errors": [{"message_code", "message"}], "trace"}``. Unknown paths are answered in HTML.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec


class TargetBody(msgspec.Struct):
    """What a VPC error is about."""

    name: str | None = None


class ErrorBody(msgspec.Struct):
    """One error of the ``errors`` list."""

    code: str | None = None
    message_code: str | None = None
    message: str | None = None
    target: TargetBody | None = None


class ContextBody(msgspec.Struct):
    """What IAM's token endpoint knows of the request."""

    requestId: str | None = None  # noqa: N815 - the API's name


class EnvelopeBody(msgspec.Struct):
    """All envelopes in one: each API fills its own part."""

    errors: list[ErrorBody] | None = None
    trace: str | None = None
    errorCode: str | None = None  # noqa: N815 - the API's name
    errorMessage: str | None = None  # noqa: N815 - the API's name
    context: ContextBody | None = None


@dataclass(frozen=True, slots=True)
class Complaint:
    """An API's own account of an error; every part ``None`` where it gave none."""

    code: str | None = None
    message: str | None = None
    target: str | None = None
    trace: str | None = None


_ENVELOPE = msgspec.json.Decoder(EnvelopeBody)
# What IBM's support asks for beside, or instead of, the body's trace (platform notes 3.3, 4.3).
_TRACE_HEADERS = ("X-Request-Id", "Transaction-Id")


def complaint_from_wire(body: bytes, headers: Mapping[str, str]) -> Complaint:
    """Read the body of an error answer, whatever it is."""
    header = next((headers[name] for name in _TRACE_HEADERS if name in headers), None)
    try:
        envelope = _ENVELOPE.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Complaint(trace=header)
    first = envelope.errors[0] if envelope.errors else ErrorBody()
    request_id = envelope.context.requestId if envelope.context else None
    return Complaint(
        code=first.code or first.message_code or envelope.errorCode,
        message=first.message or envelope.errorMessage,
        target=first.target.name if first.target else None,
        trace=envelope.trace or request_id or header,
    )

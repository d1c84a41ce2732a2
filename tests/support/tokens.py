"""Tokens with the claims of IAM's, signed by nobody."""

from datetime import UTC, datetime

import jwt

from tests.support.builders import ACCOUNT

ISSUED = datetime(2026, 11, 21, 12, tzinfo=UTC)


def a_token(
    *,
    account: str | None = ACCOUNT,
    iam_id: str | None = "IBMid-550000TEST",
    issued: datetime = ISSUED,
    seconds: int = 3600,
    serial: int = 1,
) -> str:
    """Return a token; ``serial`` makes it differ from others of the same claims."""
    start = int(issued.timestamp())
    claims = {
        "iam_id": iam_id,
        "account": {"valid": True, "bss": account},
        "iat": start,
        "exp": start + seconds,
        "jti": str(serial),
    }
    return jwt.encode(claims, key="", algorithm="none")

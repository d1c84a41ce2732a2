"""What a token says of itself, read without verification.

The platform does not publish the key that signs identity tokens: a server must take its word for
what they say, and so must whoever reads a proof.
"""

import base64
import json
import re
from typing import Any, Dict, NamedTuple, Optional

from vpcmetactl.guest.texts import word_of

_JWT_PARTS = 3
_CRN_PARTS = 10
_ID = re.compile(r"[0-9A-Za-z_-]{1,128}")
_ZONE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_PROFILE = re.compile(r"(?:iam-)?(Profile-[0-9A-Za-z-]{1,64})")
_PROFILE_CLAIMS = ("profile_id", "sub", "iam_id", "id")


class Identity(NamedTuple):
    """The server that an identity token speaks of, in claims of the form they should have."""

    crn: str
    server_id: str
    account_id: str
    zone: Optional[str]
    region: Optional[str]
    bare_metal: bool


def object_of(content: bytes) -> Optional[Dict[str, Any]]:
    """Return the JSON object in these bytes, or nothing where they are none."""
    try:
        value = json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def claims_of(token: str) -> Dict[str, Any]:
    """Return the claims of a JWT, unverified; none where it is no JWT."""
    parts = token.split(".")
    if len(parts) != _JWT_PARTS:
        return {}
    try:
        payload = base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))
    except ValueError:
        return {}
    return object_of(payload) or {}


def identity_of(claims: Dict[str, Any]) -> Optional[Identity]:
    """Return the server that claims name, or nothing where they name none without contradiction.

    The claims of bare metal servers are not documented: the CRN is enough.
    """
    iaas = claims.get("iaas")
    named = iaas if isinstance(iaas, dict) else {}
    crn = word_of(named.get("crn")) or ""
    parts = crn.split(":", _CRN_PARTS - 1)
    if len(parts) != _CRN_PARTS or parts[0] != "crn" or not parts[6].startswith("a/"):
        return None
    location, account, kind, server = parts[5], parts[6][2:], parts[8], parts[9]
    if not (
        kind and _ID.fullmatch(server) and _ID.fullmatch(account) and _ZONE.fullmatch(location)
    ):
        return None
    if named.get("instanceID", server) != server or named.get("accountID", account) != account:
        return None
    zone = word_of(named.get("zone")) or location
    region = word_of(named.get("region")) or re.sub(r"-[0-9]+$", "", zone)
    return Identity(crn, server, account, zone, region, kind != "instance")


def profile_of(claims: Dict[str, Any], asked: Optional[str] = None) -> Optional[str]:
    """Return the id of the trusted profile that an IAM token speaks for, as far as is known.

    Which claim holds it is not documented for these tokens: all likely ones are looked at, then
    what was ``asked`` for, if that was an id or a CRN.
    """
    said = [word_of(claims.get(name)) or "" for name in _PROFILE_CLAIMS]
    for text in [*said, (asked or "").rpartition(":")[2]]:
        match = _PROFILE.fullmatch(text)
        if match:
            return match.group(1)
    return None

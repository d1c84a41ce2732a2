"""Identity tokens: what a server proves with that it is itself.

Platform notes, section 5.2: JSON web tokens with the documented claims, signed with RS256. A token
is worth something here if it was issued here, for the server that shows it, and has not expired;
anybody else can check its signature with the published keys.

The key pair is made once in a process, for there is no making one from a seed: claims and key ids
are the same in every run, signatures are not. For bare metal, which no document shows a token of,
the issuer's name and the claims are guesses.
"""

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from vpcmetactl.emulator.clock import Clock
from vpcmetactl.emulator.identifiers import Identifiers
from vpcmetactl.emulator.vpc.catalog import REGIONS
from vpcmetactl.emulator.vpc.networking import network, subnet_reference
from vpcmetactl.emulator.vpc.resources import BareMetalServer, Instance

KEY_SIZE = 2048

_ISSUERS = ("VSI-CR", "BMS-CR")


@dataclass(frozen=True, slots=True)
class IdentityToken:
    """A token as it was issued, for one server."""

    text: str
    server_id: str
    created_at: datetime
    expires_at: datetime


class TokenIssuer:
    """The identity tokens of one account's servers. Safe for many threads."""

    def __init__(self, ids: Identifiers, clock: Clock) -> None:
        self._ids = ids
        self._clock = clock
        self._lock = threading.Lock()
        self._issued: dict[str, IdentityToken] = {}

    def clear(self) -> int:
        """Forget every token, so that none is valid any more, and return how many that were."""
        with self._lock:
            count, self._issued = len(self._issued), {}
        return count

    def find(self, text: str) -> IdentityToken | None:
        """Return the token of this text, expired or not; None if it was not issued here."""
        return self._issued.get(text)

    def issue(
        self, server: Instance | BareMetalServer, lifetime: timedelta, nonce: str | None
    ) -> IdentityToken:
        """Issue a token that a server may show for so long. The nonce is one of its claims."""
        now = self._clock.now()
        created_at = now.replace(microsecond=now.microsecond // 1000 * 1000)
        issuer = issuer_of(server)
        claims = {
            "iss": issuer,
            "aud": [issuer, self._audience(server)],
            "iat": int(created_at.timestamp()),
            "exp": int((created_at + lifetime).timestamp()),
            **({} if nonce is None else {"nonce": nonce}),
            **_claims(server),
        }
        text = jwt.encode(claims, _signing_key(), "RS256", headers={"kid": self._key_id(issuer)})
        token = IdentityToken(text, server.id, created_at, created_at + lifetime)
        with self._lock:
            self._issued[text] = token
        return token

    def published_keys(self) -> dict[str, Any]:
        """Return the public keys as a JSON web key set: one id for each issuer, one key pair."""
        key = jwt.algorithms.RSAAlgorithm.to_jwk(_signing_key().public_key(), as_dict=True)
        issuers = [f"{kind}_{region}" for kind in _ISSUERS for region in REGIONS]
        more = {"use": "sig", "alg": "RS256"}
        return {"keys": [{**key, **more, "kid": self._key_id(issuer)} for issuer in issuers]}

    def _key_id(self, issuer: str) -> str:
        return f"{issuer}_{self._ids.uuid(f'key of {issuer}')}"

    def _audience(self, server: Instance | BareMetalServer) -> str:
        """The second audience, whose meaning is not documented: an id and a number."""
        digits = self._ids.hex(f"audience {server.id}")
        return f"{self._ids.uuid('audience')}_{int(digits, 16)}"


def issuer_of(server: Instance | BareMetalServer) -> str:
    """Return the name of who issues a server's tokens."""
    kind = _ISSUERS[0] if isinstance(server, Instance) else _ISSUERS[1]
    return f"{kind}_{server.zone.region}"


def _claims(server: Instance | BareMetalServer) -> dict[str, Any]:
    kind = "instance" if isinstance(server, Instance) else "bare_metal_server"
    interface = network(server, "", kind)["primary_network_interface"]
    subnet = subnet_reference(server.vpc, server.zone)
    return {
        "iaas": {
            "crn": server.crn,
            "accountID": server.vpc.account_id,
            "instanceID": server.id,
            "zone": server.zone.name,
            "region": server.zone.region,
            "profile_name": server.profile.name,
            "resource_group_id": server.resource_group.id,
        },
        "ip_addresses": [{"address": interface["primary_ip"]["address"]}],
        "subnets": [{key: subnet[key] for key in ("crn", "name", "id")}],
        "vpc": {"crn": server.vpc.crn, "name": server.vpc.name, "id": server.vpc.id},
    }


class _Keys:
    lock = threading.Lock()
    signing: rsa.RSAPrivateKey | None = None


def _signing_key() -> rsa.RSAPrivateKey:
    """Return the key of this process, which is made when it is first needed."""
    with _Keys.lock:
        if _Keys.signing is None:
            _Keys.signing = rsa.generate_private_key(public_exponent=65537, key_size=KEY_SIZE)
        return _Keys.signing

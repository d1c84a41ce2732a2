"""Who trusts whom, kept for a few minutes, so that many changes in a row do not ask each time.

Beside the state file, readable by the user alone. Names and ids only; nothing in it is a secret.
A cache that is damaged, old, or of another account is as good as none.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from vpcmetactl.domain.errors import VpcmetactlError
from vpcmetactl.domain.trust import (
    ClaimRule,
    ProfileIdentity,
    ProfileLink,
    ProfileTrust,
    TrustedProfile,
)
from vpcmetactl.files.storage import write_whole
from vpcmetactl.usecases.ports import Realm

LIFE = timedelta(minutes=5)


class _Trust(msgspec.Struct):
    profile: TrustedProfile
    links: tuple[ProfileLink, ...]
    rules: tuple[ClaimRule, ...]
    identities: tuple[ProfileIdentity, ...]


class _Cache(msgspec.Struct):
    format: str
    iam_host: str
    account_id: str
    read_at: datetime
    trusts: list[_Trust]


_FORMAT = "vpcmetactl-trust-1"


class TrustCache:
    """The cache of one realm in one file."""

    def __init__(self, path: Path, realm: Realm) -> None:
        self._path = path
        self._realm = realm

    def load(self, now: datetime) -> Sequence[ProfileTrust] | None:
        """Return what was kept less than five minutes ago, or ``None``."""
        try:
            kept = msgspec.json.decode(self._path.read_bytes(), type=_Cache)
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            return None
        whose = (kept.format, kept.iam_host, kept.account_id)
        if whose != (_FORMAT, self._realm.iam_host, self._realm.account_id):
            return None
        if kept.read_at.tzinfo is None or not timedelta() <= now - kept.read_at < LIFE:
            return None
        return [
            ProfileTrust(
                profile=one.profile,
                links=one.links,
                rules=one.rules,
                identities=one.identities,
            )
            for one in kept.trusts
        ]

    def save(self, trusts: Sequence[ProfileTrust], now: datetime) -> None:
        """Keep what was read whole; what cannot be written is not kept."""
        if any(trust.errors for trust in trusts):
            return
        kept = _Cache(
            _FORMAT,
            self._realm.iam_host,
            self._realm.account_id,
            now,
            [_Trust(one.profile, one.links, one.rules, one.identities) for one in trusts],
        )
        with suppress(OSError, VpcmetactlError):
            write_whole(self._path, msgspec.json.encode(kept))
            self._path.chmod(0o600)

    def forget(self) -> None:
        """Take the cache away: links were changed."""
        with suppress(OSError):
            self._path.unlink(missing_ok=True)

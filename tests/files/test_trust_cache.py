"""The cache of who trusts whom: fresh, whole, of one account, or none."""

import stat
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.builders import ACCOUNT, an_instance
from tests.support.trust import PROFILE, a_link, a_rule, a_trust, an_identity
from vpcmetactl.domain.errors import PermissionDeniedError
from vpcmetactl.files.trust_cache import LIFE, TrustCache
from vpcmetactl.usecases.ports import Realm

WEB = an_instance("web-1")
TRUSTS = [
    a_trust(links=(a_link(WEB),), rules=(a_rule(),), identities=(an_identity(WEB),)),
    replace(a_trust(), profile=replace(PROFILE, id="Profile-2", name=None)),
]
REALM = Realm("iam.cloud.ibm.com", "https://{region}.iaas.cloud.ibm.com/v1", ACCOUNT)
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the cache is."""
    return tmp_path / "state.trust.json"


def _saved(path: Path) -> TrustCache:
    cache = TrustCache(path, REALM)
    cache.save(TRUSTS, NOW)
    return cache


def test_what_was_kept_comes_back_as_it_was(path: Path) -> None:
    assert _saved(path).load(NOW) == TRUSTS


def test_nothing_was_kept_yet(path: Path) -> None:
    assert TrustCache(path, REALM).load(NOW) is None


@pytest.mark.parametrize(
    ("age", "fresh"),
    [
        (timedelta(), True),
        (LIFE - timedelta(seconds=1), True),
        (LIFE, False),
        (timedelta(days=1), False),
        (timedelta(seconds=-1), False),
    ],
)
def test_it_is_good_for_five_minutes_and_not_from_the_future(
    path: Path, age: timedelta, *, fresh: bool
) -> None:
    assert (_saved(path).load(NOW + age) is not None) is fresh


@pytest.mark.parametrize(
    "other",
    [replace(REALM, account_id="b" * 32), replace(REALM, iam_host="private.iam.cloud.ibm.com")],
)
def test_that_of_another_realm_is_as_good_as_none(path: Path, other: Realm) -> None:
    _saved(path)

    assert TrustCache(path, other).load(NOW) is None


@pytest.mark.parametrize(
    "damage",
    [
        lambda kept: kept[: len(kept) // 2],
        lambda kept: kept.replace(b"vpcmetactl-trust-1", b"vpcmetactl-trust-0"),
        lambda kept: kept.replace(b"2026-11-21T12:00:00Z", b"2026-11-21T12:00:00"),
        lambda _: b"",
        lambda _: b"\xff\xfe\x00",
        lambda _: b"[]",
    ],
)
def test_a_damaged_one_is_as_good_as_none(path: Path, damage: object) -> None:
    cache = _saved(path)
    kept = path.read_bytes()
    damaged = damage(kept)  # type: ignore[operator]
    assert damaged != kept
    path.write_bytes(damaged)

    assert cache.load(NOW) is None


def test_what_was_not_read_whole_is_not_kept(path: Path) -> None:
    unread = a_trust(errors={"rules": PermissionDeniedError("no")})  # type: ignore[arg-type]

    TrustCache(path, REALM).save([*TRUSTS, unread], NOW)

    assert not path.exists()


def test_only_the_user_may_read_it(path: Path) -> None:
    _saved(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600

    path.chmod(0o644)
    _saved(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_it_can_be_forgotten_twice(path: Path) -> None:
    cache = _saved(path)
    cache.forget()
    cache.forget()

    assert cache.load(NOW) is None


def test_where_it_cannot_be_written_nothing_is_kept_and_nothing_fails(tmp_path: Path) -> None:
    cache = TrustCache(tmp_path / "no" / "folder" / "trust.json", REALM)
    cache.save(TRUSTS, NOW)

    assert cache.load(NOW) is None

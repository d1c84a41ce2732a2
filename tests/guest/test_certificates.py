"""Keys, requests and chains: what is asked for is what the platform takes, and so is what comes."""

import datetime as dt
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from hypothesis import given
from hypothesis import strategies as st

from tests.guest.authority import Authority
from vpcmetactl.guest.certificates import (
    PARTS,
    MismatchError,
    SubjectPart,
    check_chain,
    new_key_and_request,
    present,
    save,
    subject_of,
    subject_part,
)

SUBJECT = [
    SubjectPart("C", "US"),
    SubjectPart("ST", "New York"),
    SubjectPart("L", "Armonk"),
    SubjectPart("O", "Example"),
    SubjectPart("OU", "payments"),
    SubjectPart("OU", "ledger"),
]
KEY, REQUEST = new_key_and_request(SUBJECT, 2048)


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


# What is asked for.


def test_a_request_is_rsa_with_sha256_and_has_the_subject_and_no_extension() -> None:
    request = x509.load_pem_x509_csr(REQUEST)

    assert request.is_signature_valid
    assert isinstance(request.signature_hash_algorithm, hashes.SHA256)
    assert isinstance(request.public_key(), rsa.RSAPublicKey)
    assert list(request.extensions) == []
    named = [(one.rfc4514_attribute_name, one.value) for one in request.subject]
    assert named == [(part.name, part.value) for part in SUBJECT]


@pytest.mark.parametrize("size", [2048, 3072])
def test_a_key_has_the_size_that_was_asked_for_and_signs_its_request(size: int) -> None:
    key_pem, request_pem = new_key_and_request([], size)

    key = serialization.load_pem_private_key(key_pem, None)
    assert isinstance(key, rsa.RSAPrivateKey)
    assert key.key_size == size
    assert key_pem.startswith(b"-----BEGIN PRIVATE KEY-----")
    request = x509.load_pem_x509_csr(request_pem)
    assert request.public_key() == key.public_key()
    assert list(request.subject) == []


def test_two_keys_are_not_the_same() -> None:
    assert new_key_and_request([], 2048)[0] != new_key_and_request([], 2048)[0]


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("C=US", ("C", "US")),
        ("c=de", ("C", "DE")),
        ("O=Example, Inc.", ("O", "Example, Inc.")),
        ("ou=a=b", ("OU", "a=b")),
        (" L = Böblingen ", ("L", "Böblingen")),
        (f"ST={'x' * 128}", ("ST", "x" * 128)),
    ],
)
def test_a_part_of_a_subject_is_read(text: str, part: tuple[str, str]) -> None:
    assert subject_part(text) == part


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("CN=web-1", "the platform sets the Common Name"),
        ("commonName=web-1", "the platform sets the Common Name"),
        ("emailAddress=a@b", "C, ST, L, O, OU only"),
        ("SAN=DNS:web-1", "C, ST, L, O, OU only"),
        ("/C=US", "C, ST, L, O, OU only"),
        ("US", "NAME=VALUE"),
        ("=US", "NAME=VALUE"),
        ("O=", "no text behind O="),
        ("O=a\nb", "no text behind O="),
        ("C=USA", "two letters"),
        ("C=U1", "two letters"),
        ("C=ÄÖ", "two letters"),
        (f"OU={'x' * 65}", "64 characters"),
    ],
)
def test_what_the_platform_would_refuse_is_refused_before(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        subject_part(text)


def test_only_the_unit_may_be_there_twice() -> None:
    assert subject_of(SUBJECT) == tuple(SUBJECT)
    with pytest.raises(ValueError, match="O is given twice"):
        subject_of([SubjectPart("O", "a"), SubjectPart("C", "US"), SubjectPart("O", "b")])


@given(st.text())
def test_whatever_is_taken_can_be_put_into_a_request(text: str) -> None:
    try:
        part = subject_part(text)
    except ValueError:
        return
    assert part.name in PARTS


@given(st.sampled_from(PARTS), st.text(max_size=70))
def test_whatever_value_is_taken_stands_in_the_name_as_it_is(name: str, value: str) -> None:
    try:
        part = subject_part(f"{name}={value}")
    except ValueError:
        return
    oid = {one.rfc4514_attribute_name: one.oid for one in x509.load_pem_x509_csr(REQUEST).subject}
    assert x509.NameAttribute(oid[name], part.value).value == part.value


# What comes back.


def test_a_chain_for_the_key_is_taken_and_told(authority: Authority) -> None:
    leaf = check_chain(KEY, authority.sign(REQUEST.decode(), "0717_web"))

    assert leaf.subject == "CN=0717_web"
    assert leaf.issuer == "CN=intermediate"
    ends = dt.datetime.fromisoformat(leaf.not_after)
    assert ends - dt.datetime.fromisoformat(leaf.not_before) == dt.timedelta(hours=2)


Spoil = Callable[[Authority, Sequence[str]], list[str]]


def another_key(authority: Authority, _: Sequence[str]) -> list[str]:
    return authority.sign(new_key_and_request([], 2048)[1].decode(), "0717_web")


def another_issuer(_: Authority, chain: Sequence[str]) -> list[str]:
    return [chain[0], Authority().intermediate_pem]


def same_name_by_another_key(authority: Authority, chain: Sequence[str]) -> list[str]:
    return [Authority().sign(REQUEST.decode(), "0717_web")[0], authority.intermediate_pem, *chain]


def a_key_of_another_kind(_: Authority, chain: Sequence[str]) -> list[str]:
    key = ed25519.Ed25519PrivateKey.generate()
    name = x509.Name([])
    now = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    one = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now, now)
        .sign(key, None)
        .public_bytes(serialization.Encoding.PEM)
    )
    return [one.decode(), *chain[1:]]


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (another_key, "for another key"),
        (another_issuer, "certificate 1 of the chain is not signed by certificate 2"),
        (same_name_by_another_key, "certificate 1 of the chain is not signed by certificate 2"),
        (a_key_of_another_kind, "for another key"),
        (lambda _, chain: [chain[1], chain[0]], "for another key"),
        (lambda _, chain: chain[:1], "no intermediate"),
        (lambda _, chain: [*chain, chain[0]], "certificate 2 of the chain is not signed"),
        (lambda *_: [], "no certificate"),
        (lambda _, chain: [chain[0] + chain[1]], "certificate 1 of the chain cannot be read"),
        (lambda _, chain: [chain[0], "-----BEGIN"], "certificate 2 of the chain cannot be read"),
        (lambda _, chain: [chain[0].replace("M", "N"), chain[1]], "1 of the chain cannot be read"),
    ],
)
def test_a_chain_that_is_no_answer_is_refused(
    authority: Authority, spoil: Spoil, complaint: str
) -> None:
    chain = spoil(authority, authority.sign(REQUEST.decode(), "0717_web"))

    with pytest.raises(MismatchError, match=complaint):
        check_chain(KEY, chain)


# What is saved.

CONTENTS = {"key.pem": KEY, "request.pem": REQUEST, "chain.pem": b"chain\n"}


def held(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


@pytest.fixture(params=[0o022, 0o000, 0o077], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def test_the_key_is_for_its_owner_alone_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    folder = tmp_path / "identity"

    save(folder, CONTENTS, replace=False)

    assert held(folder) == CONTENTS
    assert mode(folder / "key.pem") == 0o600
    assert mode(folder / "chain.pem") == mode(folder / "request.pem") == 0o666 & ~umask
    assert mode(folder) == 0o700
    assert present(folder) == list(CONTENTS)


def test_the_key_is_for_its_owner_alone_from_the_first_byte(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def look(descriptor: int) -> None:
        seen.append(stat.S_IMODE(os.fstat(descriptor).st_mode))

    monkeypatch.setattr("os.fsync", look)
    before = os.umask(0)
    save(tmp_path / "identity", CONTENTS, replace=False)
    os.umask(before)

    assert seen == [0o600, 0o666, 0o666]


@pytest.mark.parametrize("name", CONTENTS)
def test_what_is_there_is_left_alone_and_nothing_beside_it(tmp_path: Path, name: str) -> None:
    tmp_path.joinpath(name).write_bytes(b"mine")

    with pytest.raises(FileExistsError):
        save(tmp_path, CONTENTS, replace=False)

    assert held(tmp_path) == {name: b"mine"}
    assert present(tmp_path) == [name]


def test_a_link_to_nowhere_is_something_that_is_there(tmp_path: Path) -> None:
    tmp_path.joinpath("key.pem").symlink_to(tmp_path / "elsewhere")

    assert present(tmp_path) == ["key.pem"]
    with pytest.raises(FileExistsError):
        save(tmp_path, CONTENTS, replace=False)
    assert not tmp_path.joinpath("elsewhere").exists()


def test_what_is_there_is_replaced_where_that_is_wanted(tmp_path: Path) -> None:
    tmp_path.joinpath("key.pem").write_bytes(b"old")
    tmp_path.joinpath("key.pem").chmod(0o644)
    tmp_path.joinpath("chain.pem").symlink_to(tmp_path / "elsewhere")

    save(tmp_path, CONTENTS, replace=True)

    assert held(tmp_path) == CONTENTS
    assert mode(tmp_path / "key.pem") == 0o600
    assert not tmp_path.joinpath("chain.pem").is_symlink()


def test_where_one_cannot_be_replaced_all_are_as_before(tmp_path: Path) -> None:
    tmp_path.joinpath("key.pem").write_bytes(b"old")
    tmp_path.joinpath("chain.pem").mkdir()

    with pytest.raises(OSError, match=r"chain\.pem"):
        save(tmp_path, CONTENTS, replace=True)

    assert sorted(path.name for path in tmp_path.iterdir()) == ["chain.pem", "key.pem"]
    assert tmp_path.joinpath("key.pem").read_bytes() == b"old"


@pytest.mark.parametrize("failing", [1, 2, 3])
def test_a_full_disk_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: int
) -> None:
    synced = []

    def fail(descriptor: int) -> None:
        synced.append(descriptor)
        if len(synced) == failing:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", fail)

    with pytest.raises(OSError, match="No space left"):
        save(tmp_path / "identity", CONTENTS, replace=False)

    assert list(tmp_path.iterdir()) == []

"""The commands of the guest that get tokens and certificates, on a small service."""

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509

from tests.cli.guest_desk import NOBODY, Guest, a_guest, check_envelope, guest
from tests.guest.authority import Authority
from tests.guest.fake_service import (
    ACCOUNT,
    INSTANCE,
    PROFILE,
    PROFILE_NAME,
    SECRET,
    FakeService,
)


@pytest.fixture
def desk() -> Iterator[Guest]:
    with a_guest() as guest:
        yield guest


# guest token


def test_an_iam_token_is_described_and_not_shown(desk: Guest) -> None:
    ran = desk.do("token", "--profile", PROFILE_NAME)

    assert (ran.exit_code, ran.stderr) == (0, "")
    for text in (INSTANCE, ACCOUNT, PROFILE, "https://iam.cloud.ibm.com/identity", "3600"):
        assert text in ran.stdout
    assert SECRET not in ran.stdout
    assert desk.service.bodies[-1] == {"trusted_profile": {"name": PROFILE_NAME}}


def test_an_identity_token_lives_as_long_as_asked(desk: Guest) -> None:
    ran = desk.do("token", "--identity", "--expires-in", "60", "-o", "json")

    check_envelope(ran.answer, "guest_token")
    [item] = ran.answer["items"]
    assert (item["type"], item["server_id"], item["expires_in"]) == ("identity", INSTANCE, 60)
    assert SECRET not in ran.stdout
    assert [path for _, path in desk.service.requests] == ["/identity/v1/token"]


@pytest.mark.parametrize("words", [(), ("--identity",)], ids=["iam", "identity"])
def test_the_token_itself_stands_alone_where_it_is_asked_for(
    desk: Guest, tmp_path: Path, words: tuple[str]
) -> None:
    ran = desk.do("token", "--show-token", *words, "-o", f"json={tmp_path / 'about.json'}")

    assert (ran.exit_code, ran.stderr) == (0, "")
    [line] = ran.stdout.splitlines()
    assert line.count(".") == 2
    assert line.endswith(SECRET)
    assert SECRET not in tmp_path.joinpath("about.json").read_text()


def test_a_profile_that_is_not_linked_is_told_with_the_command_that_links_it(desk: Guest) -> None:
    ran = desk.do("token", "--profile", "back up", "-o", "json")

    assert ran.exit_code == 1
    assert "for profile back up: the service answered 400 profile_not_linked" in ran.stderr
    assert f"vpcmetactl links create {INSTANCE} --profile 'back up'" in ran.stderr
    check_envelope(ran.answer, "guest_token")
    assert ran.answer["errors"][0]["code"] == "bad_request"


def test_without_a_default_profile_one_is_told_to_name_one() -> None:
    with a_guest(FakeService(default_profile=False)) as desk:
        ran = desk.do("token")

    assert ran.exit_code == 1
    assert "hint: Name a trusted profile that trusts this server: --profile" in ran.stderr


def test_a_profile_that_is_not_there_is_looked_for_at_the_desk(desk: Guest) -> None:
    body = {"errors": [{"code": "not_found", "message": "No."}], "status_code": 400, "trace": "t"}
    desk.service.overrides["/identity/v1/iam_tokens"] = (400, body)

    ran = desk.do("token", "--profile", "nobody")

    assert ran.exit_code == 1
    assert "vpcmetactl profiles list shows those of the account" in ran.stderr
    assert "metal" not in ran.stderr


@pytest.mark.parametrize("command", [("show",), ("token",), ("certificate", "--out", "x")])
def test_where_nobody_listens_every_command_says_so(
    command: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    ran = guest(*command, "--url", NOBODY, "--timeout", "1")

    assert ran.exit_code == 1
    assert f"error: guest {command[0]}: " in ran.stderr
    assert "refuse" in ran.stderr
    assert "hint: " in ran.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_address_that_answers_is_found_among_several(desk: Guest) -> None:
    ran = guest("token", "--url", NOBODY, "--url", desk.url)

    assert ran.exit_code == 0


@pytest.mark.parametrize(
    ("status", "code", "told"),
    [(403, "unauthorized", "forbidden"), (401, "unauthenticated", "authentication_failed")],
)
def test_what_the_service_refuses_is_one_of_the_program_s_errors(
    desk: Guest, status: int, code: str, told: str
) -> None:
    body = {"errors": [{"code": code, "message": "No."}], "status_code": status, "trace": "t"}
    desk.service.overrides["/identity/v1/token"] = (status, body)

    ran = desk.do("token", "-o", "json")

    assert ran.exit_code == 1
    assert ran.answer["errors"][0]["code"] == told


def test_a_token_for_another_request_is_not_used(desk: Guest) -> None:
    desk.service.fixed_nonce = "of-somebody-else"

    ran = desk.do("token", "--show-token")

    assert ran.exit_code == 1
    assert ran.stdout == ""
    assert "nonce_mismatch" in ran.stderr


# guest certificate


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def signing(authority: Authority) -> Iterator[Guest]:
    with a_guest(FakeService(sign=authority.sign)) as guest:
        yield guest


def test_a_certificate_is_saved_with_its_key(signing: Guest, tmp_path: Path) -> None:
    folder = tmp_path / "identity"
    words = ("--subject", "C=US", "--subject", "O=Example", "--key-size", "2048")

    ran = signing.do("certificate", "--out", folder, *words)

    assert (ran.exit_code, ran.stderr) == (0, "")
    assert sorted(path.name for path in folder.iterdir()) == ["chain.pem", "key.pem", "request.pem"]
    assert stat.S_IMODE(folder.joinpath("key.pem").stat().st_mode) == 0o600
    leaf, intermediate = x509.load_pem_x509_certificates(folder.joinpath("chain.pem").read_bytes())
    leaf.verify_directly_issued_by(intermediate)
    request = x509.load_pem_x509_csr(folder.joinpath("request.pem").read_bytes())
    assert request.public_key() == leaf.public_key()
    assert request.subject.rfc4514_string() == "O=Example,C=US"
    assert signing.service.bodies[-1]["expires_in"] == 3600
    for text in (f"CN={INSTANCE}", "CN=intermediate", str(folder / "key.pem"), "cert-1"):
        assert text in ran.stdout
    assert "PRIVATE" not in ran.stdout


def test_what_is_there_is_not_replaced_unless_forced(signing: Guest, tmp_path: Path) -> None:
    tmp_path.joinpath("key.pem").write_text("mine")

    refused = signing.do("certificate", "--out", tmp_path, "--key-size", "2048")

    assert refused.exit_code == 5
    assert f"--out {tmp_path}: key.pem would be replaced" in refused.stderr
    assert signing.service.requests == []
    assert [path.name for path in tmp_path.iterdir()] == ["key.pem"]

    forced = signing.do("certificate", "--out", tmp_path, "--key-size", "2048", "--force")

    assert forced.exit_code == 0
    assert tmp_path.joinpath("key.pem").read_text().startswith("-----BEGIN PRIVATE KEY-----")


def test_a_chain_for_another_key_is_not_saved(signing: Guest, tmp_path: Path) -> None:
    other = tmp_path / "other"
    assert signing.do("certificate", "--out", other, "--key-size", "2048").exit_code == 0
    chain = other.joinpath("chain.pem").read_text().split("\n-----BEGIN")
    answer = {"certificates": [f"{chain[0]}\n", f"-----BEGIN{chain[1]}"], "id": "cert-2"}
    signing.service.overrides["/identity/v1/certificates"] = (201, answer)
    folder = tmp_path / "identity"

    ran = signing.do("certificate", "--out", folder, "--key-size", "2048")

    assert ran.exit_code == 1
    assert "the certificate is for another key" in ran.stderr
    assert not folder.exists()


@pytest.mark.parametrize("folder", ["no-such/folder", "file/folder", "/proc"])
def test_a_folder_that_cannot_be_made_or_written_to_is_an_error(
    signing: Guest, tmp_path: Path, folder: str
) -> None:
    tmp_path.joinpath("file").write_text("")

    ran = signing.do("certificate", "--out", tmp_path / folder, "--key-size", "2048")

    assert ran.exit_code == 1
    assert f"error: --out {tmp_path / folder}: " in ran.stderr
    assert "nothing was saved" in ran.stderr

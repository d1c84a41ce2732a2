"""The commands of the guest that probe, show and write the script, on a small service."""

import errno
import json
import os
import re
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.guest_desk import NOBODY, Guest, a_guest, check_envelope, guest
from tests.guest.fake_service import (
    ACCOUNT,
    BARE_METAL,
    INSTANCE,
    PROFILE,
    PROFILE_NAME,
    SECRET,
    USER_DATA,
    FakeService,
)
from tests.support.pages import first_column, text_of
from vpcmetactl import __version__
from vpcmetactl.guest.bundle import bundled
from vpcmetactl.guest.endpoints import ENDPOINTS
from vpcmetactl.guest.failures import EXPLANATIONS
from vpcmetactl.guest.service import NEW_VERSION, OLD_VERSION


@pytest.fixture
def desk() -> Iterator[Guest]:
    with a_guest() as guest:
        yield guest


# guest probe


def test_a_probe_prints_text_that_fits_a_terminal(desk: Guest) -> None:
    ran = desk.do("probe")

    assert (ran.exit_code, ran.stderr) == (0, "")
    assert INSTANCE in ran.stdout
    assert PROFILE in ran.stdout
    assert "Every process" in ran.stdout
    assert max(len(line) for line in ran.stdout.splitlines()) <= 80
    assert SECRET not in ran.stdout


def test_a_proof_is_the_document_itself(desk: Guest) -> None:
    ran = desk.do("probe", "-o", "json")

    proof = ran.answer
    assert (proof["format"], proof["format_version"]) == ("vpcmetactl-proof", 1)
    assert proof["tool_version"] == __version__
    assert proof["server"]["id"] == INSTANCE
    assert (proof["account_id"], proof["profile"]) == (ACCOUNT, PROFILE)
    assert SECRET not in ran.stdout


def test_a_proof_goes_into_a_file_and_the_text_to_stdout(desk: Guest, tmp_path: Path) -> None:
    ran = desk.do("probe", "-o", f"json={tmp_path / 'proof.json'}")

    assert "The metadata service answers over http." in ran.stdout
    assert json.loads(tmp_path.joinpath("proof.json").read_text())["answered"]
    assert [path.name for path in tmp_path.iterdir()] == ["proof.json"]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ((), 0),
        (("--profile", PROFILE_NAME), 0),
        (("--profile", PROFILE), 0),
        (("--profile", "no"), 3),
    ],
)
def test_the_exit_code_tells_whether_the_profile_is_given(
    desk: Guest, words: tuple[str, ...], code: int
) -> None:
    assert desk.do("probe", *words).exit_code == code


def test_that_there_is_no_default_profile_is_no_failure() -> None:
    with a_guest(FakeService(default_profile=False)) as desk:
        ran = desk.do("probe", "-o", "json")

    assert ran.exit_code == 0
    assert ran.answer["profile"] is None


def test_a_probe_without_a_service_ends_with_3_and_says_what_to_do() -> None:
    ran = guest("probe", "--url", NOBODY, "--timeout", "1")

    assert ran.exit_code == 3
    assert "refused" in ran.stdout
    assert "vpcmetactl metadata" in ran.stdout
    assert ran.stderr == ""


def test_a_probe_that_cannot_reach_the_name_ends_with_1() -> None:
    ran = guest("probe", "--url", "http://no-such-host.invalid", "--timeout", "1", "-o", "json")

    assert ran.exit_code == 1
    assert ran.answer["outcome"] == "name_not_found"


def test_the_address_may_come_from_the_environment(desk: Guest) -> None:
    ran = guest("probe", "-o", "json", environ={"VPCMETACTL_URL": f"{NOBODY} {desk.url}"})

    assert [one["url"] for one in ran.answer["attempts"]] == [NOBODY, desk.url]
    assert ran.answer["url"] == desk.url


def test_no_proxy_is_asked(desk: Guest, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, NOBODY)

    assert desk.do("probe").exit_code == 0


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("probe", "--url", "nonsense"), "--url: the address 'nonsense'"),
        (("probe", "--url", "ftp://example"), "--url: the address 'ftp://example'"),
        (("probe", "--timeout", "0"), "--timeout"),
        (("probe", "--ca-bundle", "no-such.pem"), "--ca-bundle no-such.pem: No such file"),
        (("probe", "-o", "csv"), "--output csv: there is no format 'csv' here"),
        (("probe", "-o", "json", "-o", "table"), "only one format can go to stdout"),
        (("probe", "-o", "json="), "no file name"),
        (("probe", "-o", "json=x", "-o", "table=x"), "x is named twice"),
        (("probe", "--profile", ""), "--profile: it is empty"),
        (("token", "--profile", " "), "--profile: it is empty"),
        (("show", "volumes"), "volumes"),
        (("token", "--identity", "--profile", "x"), "--profile: an identity token"),
        (("token", "--expires-in", "60"), "--expires-in: IAM decides"),
        (("token", "--identity", "--expires-in", "4"), "--expires-in"),
        (("token", "--identity", "--expires-in", "3601"), "--expires-in"),
        (("token", "--show-token", "-o", "json"), "--show-token prints the token and nothing else"),
        (
            ("certificate", "--out", "x", "--subject", "CN=web-1"),
            "--subject CN=web-1: the platform",
        ),
        (("certificate", "--out", "x", "--subject", "SAN=a"), "--subject SAN=a: the platform"),
        (("certificate", "--out", "x", "--subject", "O=a", "--subject", "O=b"), "O is given twice"),
        (("certificate", "--out", "x", "--key-size", "1024"), "--key-size"),
        (("certificate",), "--out"),
        (("certificate", "--out", ""), "--out: it is empty"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_asked(
    words: tuple[str, ...], complaint: str
) -> None:
    ran = guest(*words)

    assert ran.exit_code == 2
    assert complaint in ran.stderr
    assert ran.stdout == ""


@pytest.mark.parametrize("target", ["json=/no-such-folder/proof.json", "json=/"])
def test_a_file_that_cannot_be_written_is_an_error(desk: Guest, target: str) -> None:
    ran = desk.do("probe", "-o", target)

    assert ran.exit_code == 1
    assert "--output: /" in ran.stderr


def test_a_file_is_replaced_whole_and_keeps_its_permissions(desk: Guest, tmp_path: Path) -> None:
    proof, link = tmp_path / "proof.json", tmp_path / "link.json"
    proof.write_text("old")
    proof.chmod(0o600)
    link.symlink_to(proof)

    desk.do("probe", "-o", f"json={link}")

    assert json.loads(proof.read_text())["answered"]
    assert stat.S_IMODE(proof.stat().st_mode) == 0o600
    assert link.is_symlink()


# guest show


def test_an_instance_is_a_short_page(desk: Guest) -> None:
    ran = desk.do("show")

    assert ran.exit_code == 0
    rows = dict(line.split("  ", 1) for line in ran.stdout.splitlines())
    assert rows["name"].strip() == "web-1"
    assert rows["metadata service"] == "enabled, protocol http, response hop limit 1"


def test_other_metadata_is_shown_with_its_paths(desk: Guest) -> None:
    ran = desk.do("show", "keys")

    assert (ran.exit_code, ran.stderr) == (0, "")
    assert "keys[1].name  ci\n" in ran.stdout


def test_metadata_as_json_is_in_the_envelope_as_the_service_has_it(desk: Guest) -> None:
    ran = desk.do("show", "keys", "-o", "json")

    check_envelope(ran.answer, "guest_metadata")
    assert ran.answer["items"] == [
        {"keys": [{"id": "key-1", "name": "ops"}, {"id": "key-2", "name": "ci"}]}
    ]


@pytest.mark.parametrize("words", [(), ("-o", "json")], ids=["text", "json"])
def test_secrets_are_redacted_and_names_steer_no_terminal(desk: Guest, words: tuple[str]) -> None:
    ran = desk.do("show", "initialization", *words)

    assert ran.exit_code == 0
    assert ran.stdout.count("<redacted>") == 2
    for secret in (USER_DATA, "hunter2", SECRET, "\x1b"):
        assert secret not in ran.stdout
    assert "31ms" in ran.stdout


@pytest.mark.parametrize("words", [(), ("-o", "json")], ids=["text", "json"])
def test_bare_metal_has_the_identity_api_alone(words: tuple[str]) -> None:
    with a_guest(FakeService(bare_metal=True)) as desk:
        ran = desk.do("show", *words)

    assert ran.exit_code == 1
    assert f"{BARE_METAL} is a bare metal server: it has the Identity API, and no metadata" in (
        ran.stderr
    )
    assert f"vpcmetactl servers show {BARE_METAL}" in ran.stderr
    assert [path for _, path in desk.service.requests] == ["/identity/v1/token"]
    if words:
        check_envelope(ran.answer, "guest_metadata")
        assert ran.answer["errors"][0]["code"] == "not_found"


# guest script, and the process as a whole


def test_the_script_is_the_bundle() -> None:
    ran = guest("script")

    assert (ran.exit_code, ran.stderr) == (0, "")
    assert ran.stdout == bundled(__version__)


def process(*words: str, **streams: Any) -> "subprocess.Popen[bytes]":  # noqa: ANN401 - as given
    return subprocess.Popen([sys.executable, "-m", "vpcmetactl", "guest", *words], **streams)


def test_a_reader_that_goes_away_ends_it_quietly() -> None:
    program = process("script", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert program.stdout is not None
    program.stdout.close()

    assert program.stderr is not None
    with program.stderr as stderr:
        assert stderr.read() == b""
    assert program.wait(30) == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_disk_is_told() -> None:
    with Path("/dev/full").open("wb") as full:
        program = process("script", stdout=full, stderr=subprocess.PIPE)
        _, stderr = program.communicate(timeout=30)

    assert program.returncode == 1
    assert os.strerror(errno.ENOSPC) in stderr.decode()


def test_it_runs_with_its_stdout_closed() -> None:
    program = subprocess.run(
        ["/bin/sh", "-c", '"$@" >&-', "sh", sys.executable, "-m", "vpcmetactl", "guest", "script"],
        stderr=subprocess.PIPE,
        check=False,
        timeout=30,
    )

    assert b"Traceback" not in program.stderr


# What the page says

PAGE = text_of("docs/reference/guest.md")


def section(heading: str) -> str:
    """What stands under a heading, to the next."""
    return PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def test_every_code_is_explained_on_the_page() -> None:
    assert first_column(section("Diagnoses")) == [*EXPLANATIONS]


@pytest.mark.parametrize("words", [(), ("--identity",)], ids=["iam", "identity"])
def test_every_field_of_a_token_is_explained_on_the_page(
    desk: Guest, words: tuple[str, ...]
) -> None:
    [item] = desk.do("token", "-o", "json", *words).answer["items"]

    assert first_column(section("JSON of the other commands")) == [*item]
    assert [name for name, value in item.items() if value is None] == (["profile"] if words else [])


def test_the_addresses_and_versions_on_the_page_are_those_that_are_asked() -> None:
    assert re.findall(r"`(https?://\S+)`", section("Addresses")) == [one.url for one in ENDPOINTS]
    assert (NEW_VERSION, OLD_VERSION) == ("2025-08-26", "2022-03-01")
    assert NEW_VERSION in section("Addresses")
    assert OLD_VERSION in section("Addresses")

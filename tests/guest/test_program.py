"""The probe as a program of its own, on what the emulated servers see over both protocols."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from cryptography import x509

from tests.support.app import an_app, use
from tests.support.program import Ran, run
from vpcmetactl import __version__
from vpcmetactl.cli.emulation import EmulatorOptions, RunningEmulator, running_emulator
from vpcmetactl.guest.bundle import bundled
from vpcmetactl.guest.program import main


@pytest.fixture(scope="module")
def emulator() -> Iterator[RunningEmulator]:
    with running_emulator(
        EmulatorOptions(scenario="trusted-fleet", guest_https_port=0, wrong_protocol="refused")
    ) as running:
        yield running


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("server") / "probe.py"
    path.write_text(bundled(__version__), "utf-8")
    return path


@pytest.fixture(scope="module")
def servers(emulator: RunningEmulator) -> dict[str, str]:
    """The ids of running instances with the service, by its protocol."""
    listed = run(["servers", "list", "--kind", "instance", "-o", "json"], emulator.environment)
    return {
        item["metadata_service"]["protocol"]: item["id"]
        for item in listed.answer["items"]
        if item["metadata_service"]["enabled"] and item["status"] == "running"
    }


@pytest.fixture(params=["http", "https"])
def address(
    request: pytest.FixtureRequest, emulator: RunningEmulator, servers: dict[str, str]
) -> Sequence[str]:
    """The options by which a server of each protocol is asked."""
    urls = [f"{url}/{servers[request.param]}" for url in emulator.guest_urls]
    return ["--url", urls[0], "--url", urls[1], "--ca-bundle", str(emulator.guest_ca)]


def test_it_probes_over_the_protocol_that_answers(
    address: Sequence[str], capsys: pytest.CaptureFixture[str]
) -> None:
    code = main([*address, "-o", "json"])

    proof = json.loads(capsys.readouterr().out)
    assert (code, proof["outcome"], proof["tool_version"]) == (0, "answered", __version__)
    assert {one["protocol"]: one["outcome"] for one in proof["attempts"]} == {
        proof["protocol"]: "answered",
        {"http": "https", "https": "http"}[proof["protocol"]]: "closed",
    }
    assert {one["outcome"] for one in proof["checks"]} <= {"ok", "skipped", "profile_not_linked"}
    assert proof["url"].startswith(f"{proof['protocol']}://")


def test_it_prints_text_for_people(
    address: Sequence[str], capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(address)

    text = capsys.readouterr().out
    assert code == 0
    assert text.startswith("The metadata service answers over http")
    assert max(len(line) for line in text.splitlines()) <= 80


def test_a_certificate_that_nobody_vouches_for_is_not_trusted(
    emulator: RunningEmulator, servers: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["--url", f"{emulator.guest_urls[1]}/{servers['https']}", "-o", "json"])

    assert code == 1
    assert json.loads(capsys.readouterr().out)["outcome"] == "tls_failed"


def test_a_profile_that_is_not_given_ends_it_with_3(
    address: Sequence[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*address, "--profile", "no-such-profile"]) == 3
    assert "no-such-profile" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--url", "nonsense"], "--url: the address 'nonsense'"),
        (["--timeout", "0"], "--timeout: '0' is no number of seconds"),
        (["--timeout", "soon"], "--timeout: 'soon' is no number of seconds"),
        (["--ca-bundle", "no-such.pem"], "--ca-bundle: 'no-such.pem' cannot be read: No such file"),
        (["--profile", " "], "--profile: it is empty"),
        (["-o", "csv"], "-o/--output"),
        (["--frequency"], "--frequency"),
    ],
)
def test_an_option_that_is_wrong_ends_it_with_2(
    words: Sequence[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)

    assert ended.value.code == 2
    assert complaint in capsys.readouterr().err


def start(script: Path, *words: str, stdout: int) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-I", "-S", str(script), *words], stdout=stdout, stderr=subprocess.PIPE
    )


def test_a_reader_that_goes_away_ends_it_quietly(script: Path) -> None:
    program = start(script, "--url", "http://127.0.0.1:9", stdout=subprocess.PIPE)
    assert program.stdout is not None
    program.stdout.close()

    assert program.stderr is not None
    with program.stderr as stderr:
        assert stderr.read() == b""
    assert program.wait(30) == 3


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_disk_is_told(script: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        program = start(script, "--url", "http://127.0.0.1:9", stdout=full.fileno())
        _, stderr = program.communicate(timeout=30)

    assert program.returncode == 1
    assert stderr.startswith(b"error: stdout cannot be written to: ")


def test_ctrl_c_ends_it_at_once_and_without_a_traceback(script: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        program = start(script, "--url", url, "--timeout", "60", stdout=subprocess.DEVNULL)
        asked, _ = listener.accept()
        with asked:
            program.send_signal(signal.SIGINT)
            _, stderr = program.communicate(timeout=30)

    assert (program.returncode, stderr) == (130, b"")


# The commands of the guest, over both protocols.


def guest(address: Sequence[str], *words: str) -> Ran:
    return use(an_app(environ={}), "guest", words[0], *address, *words[1:])


def test_metadata_and_tokens_are_had_over_the_protocol_that_answers(
    address: Sequence[str], servers: dict[str, str]
) -> None:
    shown = guest(address, "show", "-o", "json")
    token = guest(address, "token", "--identity", "-o", "json")

    assert shown.answer["items"][0]["id"] in servers.values()
    assert token.answer["items"][0]["server_id"] == shown.answer["items"][0]["id"]
    assert guest(address, "token", "--identity", "--show-token").stdout.count(".") == 2


def test_a_certificate_is_for_the_server_and_its_key(
    address: Sequence[str], servers: dict[str, str], tmp_path: Path
) -> None:
    words = ("--out", str(tmp_path), "--subject", "C=US", "--key-size", "2048")
    ran = guest(address, "certificate", *words, "--expires-in", "600")

    assert (ran.exit_code, ran.stderr) == (0, "")
    leaf = x509.load_pem_x509_certificates(tmp_path.joinpath("chain.pem").read_bytes())[0]
    [name] = leaf.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    assert name.value in servers.values()

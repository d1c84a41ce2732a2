"""What a machine may have around the program: states, certificates, proxies, ~/.netrc."""

import os
from pathlib import Path

import pytest

from tests.integration.cloud import EmulatedCloud, served


@pytest.fixture
def unwritable(tmp_path: Path) -> Path:
    """A place in which nobody can make a file, not even root: it is a file itself."""
    place = tmp_path / "no-folder"
    place.touch()
    return place


def test_reading_works_where_the_state_cannot_be_written(
    cloud: EmulatedCloud, unwritable: Path
) -> None:
    ran = cloud.run("servers", "list", "-o", "json", "--state", str(unwritable / "state"))

    warnings = [line for line in ran.stderr.splitlines() if line.startswith("warning: ")]
    assert (ran.exit_code, len(ran.envelope.items)) == (0, 42)
    assert len(warnings) == 1
    assert str(unwritable / "state") in warnings[0]


def test_a_change_ends_before_any_call_where_it_could_not_be_written_down(
    cloud: EmulatedCloud, unwritable: Path
) -> None:
    ran = cloud.run("metadata", "enable", "web-1", "--yes", "--state", str(unwritable / "state"))

    assert (ran.exit_code, ran.stdout) == (1, "")
    assert f"error: cannot use the state file {unwritable / 'state'}" in ran.stderr
    assert "hint: set VPCMETACTL_STATE to a file you may write" in ran.stderr
    assert cloud.asked == []


@pytest.mark.parametrize("content", [b"not a database", b"SQLite format 3\0" + b"\1" * 5000])
def test_a_damaged_state_is_set_aside_and_told(cloud: EmulatedCloud, content: bytes) -> None:
    cloud.state.parent.mkdir()
    cloud.state.write_bytes(content)

    change = cloud.run("metadata", "enable", "web-1", "--yes")
    asked = cloud.asked
    again = cloud.run("metadata", "enable", "web-1", "--yes")

    (kept,) = cloud.state.parent.glob("*damaged*")
    assert (change.exit_code, asked, again.exit_code) == (1, [], 0)
    assert "is damaged" in change.stderr
    assert str(kept) in change.stderr
    assert kept.read_bytes() == content


def test_a_damaged_state_does_not_keep_anybody_from_reading(cloud: EmulatedCloud) -> None:
    cloud.state.parent.mkdir()
    cloud.state.write_bytes(b"not a database")

    ran = cloud.run("servers", "list", "-o", "json")

    assert (ran.exit_code, len(ran.envelope.items)) == (0, 42)
    assert ran.stderr.count("is damaged") == 1


@pytest.mark.parametrize("option", ["--ca-bundle", "REQUESTS_CA_BUNDLE"])
def test_a_ca_bundle_that_is_not_there_is_an_error(
    cloud: EmulatedCloud, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, option: str
) -> None:
    missing = str(tmp_path / "none.pem")
    words = [option, missing] if option.startswith("--") else []
    if not words:
        monkeypatch.setenv(option, missing)

    ran = cloud.run("servers", "list", *words, VPCMETACTL_VPC_URL="https://localhost/{region}")

    assert (ran.exit_code, ran.stdout) == (1, "")
    assert f"error: the CA bundle {missing} cannot be used: No such file" in ran.stderr


def test_an_entry_in_netrc_is_not_used(cloud: EmulatedCloud) -> None:
    home = Path(os.path.expanduser("~"))  # noqa: PTH111 - HOME, as requests asks for it
    (home / ".netrc").write_text("machine 127.0.0.1 login someone password else\n")

    ran = cloud.run("servers", "list", "-o", "json")

    assert (ran.exit_code, len(ran.envelope.items)) == (0, 42)


def test_loopback_is_never_reached_through_a_proxy(
    cloud: EmulatedCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    ran = cloud.run("servers", "list", "-o", "json")

    assert (ran.exit_code, len(ran.envelope.items)) == (0, 42)


def test_a_dead_proxy_before_a_real_host_is_a_clear_error(
    cloud: EmulatedCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")

    ran = cloud.run("servers", "list", "--timeout", "5", VPCMETACTL_IAM_URL=None)

    assert (ran.exit_code, ran.stdout) == (1, "")
    assert (
        "error: cannot get an IAM token: the proxy on the way to iam.cloud.ibm.com did not let us "
        "through"
    ) in ran.stderr
    assert "hint: check HTTPS_PROXY and NO_PROXY" in ran.stderr
    assert ran.seconds < 6.5


def test_an_emulator_that_has_ended_is_a_clear_error(tmp_path: Path) -> None:
    with served(tmp_path / "state.sqlite") as ended:
        pass

    ran = ended.run("servers", "list", "--timeout", "5")

    assert ran.exit_code == 1
    assert "refused the connection; gave up after 4 attempts" in ran.stderr
    assert "hint: check the endpoint and, for the emulator, that it is running" in ran.stderr

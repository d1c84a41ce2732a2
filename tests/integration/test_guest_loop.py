"""From "enabled" to "proven": what the control plane says, and what the server gets."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.integration.cloud import EmulatedCloud
from tests.integration.restarts import fleet_served, verdicts
from vpcmetactl.emulator.server import EmulatorServer


def test_a_proof_closes_the_loop_after_a_restart(tmp_path: Path) -> None:
    with fleet_served(tmp_path / "desk.sqlite") as cloud, metadata_address(cloud, tmp_path) as url:
        assert cloud.run("servers", "list").exit_code == 0
        assert cloud.run("metadata", "enable", "db-1", "--yes").exit_code == 0
        silence = probed(cloud, url("db-1"), 3, tmp_path / "silence.json", seconds=0.5)
        # It is not the silence that makes the verdict, and it does not change it.
        before = imported(cloud, tmp_path / "silence.json")
        assert cloud.run("restarts", "run", "db-1", "--yes").exit_code == 0
        answer = probed(cloud, url("db-1"), 0, tmp_path / "proof.json")

        assert (silence["outcome"], silence["server"]) == ("no_answer", None)
        assert (before["verdict"], before["reason"]) == ("needed", "enabled_while_running")
        assert (answer["server"]["id"], answer["protocol"]) == (cloud.server("db-1").id, "http")
        # A desk that has seen nothing of all that.
        fresh = EmulatedCloud(cloud.emulator, cloud.url, tmp_path / "fresh.sqlite")
        assert verdicts(fresh)["db-1"]["reason"] == "enabled_at_first_sight"
        assert_settled_by(answer, imported(fresh, tmp_path / "proof.json"))
        assert verdicts(fresh)["db-2"]["reason"] == "service_disabled"


def test_a_proof_closes_the_loop_where_no_restart_is_needed(tmp_path: Path) -> None:
    with (
        fleet_served(tmp_path / "desk.sqlite", rule="none") as cloud,
        metadata_address(cloud, tmp_path) as url,
    ):
        assert cloud.run("servers", "list").exit_code == 0
        enabled = cloud.run("metadata", "enable", "db-1", "db-2", "--protocol", "https", "--yes")
        advised = verdicts(cloud)
        answer = probed(cloud, url("db-1"), 0, tmp_path / "proof.json")

        assert enabled.exit_code == 0
        # The desk goes by IBM's FAQ until it is shown better.
        assert {advised[name]["verdict"] for name in ("db-1", "db-2")} == {"needed"}
        assert answer["protocol"] == "https"
        assert_settled_by(answer, imported(cloud, tmp_path / "proof.json"))
        assert verdicts(cloud)["db-2"]["verdict"] == "needed"
        assert verdicts(cloud, "--restart-rule", "none")["db-2"]["reason"] == "rule_off"


@contextmanager
def metadata_address(cloud: EmulatedCloud, folder: Path) -> Iterator[Any]:
    """Serve what servers see over https too; give the options by which a server is probed."""
    guest = cloud.emulator.world.guest
    guest.absence.wrong_protocol = "refused"
    listener, authority = folder / "listener.pem", folder / "authority.pem"
    listener.write_text(guest.authority.listener_pem())
    authority.write_text(guest.authority.root_pem)

    def options(name: str) -> Sequence[str]:
        path = f"guest/{cloud.server(name).id}"
        urls = (f"{cloud.url}/{path}", f"https://localhost:{secure.port}/{path}")
        return (*("--url", urls[0], "--url", urls[1]), "--ca-bundle", str(authority))

    with EmulatorServer(cloud.emulator, certificate=listener) as secure:
        yield options


def probed(
    cloud: EmulatedCloud,
    address: Sequence[str],
    exit_code: int,
    path: Path,
    *,
    seconds: float = 10,
) -> dict[str, Any]:
    """Probe in a process of its own, without an account, and save the proof."""
    nothing = dict.fromkeys(cloud.environment)
    words = ("guest", "probe", *address, "--timeout", str(seconds), "-o", "json")
    ran = cloud.spawn(*words, **nothing)
    assert (ran.exit_code, ran.stderr) == (exit_code, ""), ran.stdout
    path.write_text(ran.stdout)
    proof: dict[str, Any] = json.loads(ran.stdout)
    return proof


def imported(cloud: EmulatedCloud, path: Path) -> dict[str, Any]:
    """Import a proof, and return the verdict of the server that was probed."""
    assert cloud.run("restarts", "import-events", str(path)).exit_code == 0
    return verdicts(cloud)["db-1"]


def assert_settled_by(proof: dict[str, Any], restart: dict[str, Any]) -> None:
    """The verdict rests on this proof alone."""
    assert (restart["verdict"], restart["reason"]) == ("not_needed", "service_answered")
    (evidence,) = restart["evidence"]
    assert (evidence["source"], evidence["shows"], evidence["note"]) == (
        "guest_probe",
        "answered",
        f"over {proof['protocol']} at {proof['url']}",
    )

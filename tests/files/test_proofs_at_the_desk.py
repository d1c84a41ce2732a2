"""Proofs at the desk: what importing them says, and what verdicts become of them."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.restart_desk import DB, UNKNOWN, WEB, a_desk
from tests.files.activity_samples import FOREIGN_CRN, a_proof, a_silence
from tests.support.builders import ACCOUNT
from tests.support.desk import Desk
from vpcmetactl.domain.servers import Server

ADDRESS = "https://api.metadata.cloud.ibm.com"
EVERY = ("--verdict", "needed,unknown,not_needed")


def proof_of(server: Server, **fields: object) -> dict[str, Any]:
    named = {"crn": server.identity.crn, "id": server.id}
    return a_proof(server=named, protocol="https", url=ADDRESS, **fields)


def saved(folder: Path, *proofs: dict[str, Any]) -> list[Path]:
    paths = [folder / f"proof-{number}.json" for number in range(len(proofs))]
    for path, proof in zip(paths, proofs, strict=True):
        path.write_text(json.dumps(proof, indent=2))
    return paths


def verdicts(desk: Desk) -> dict[str, tuple[str, str]]:
    items = desk.show("restarts", "list", *EVERY).answer["items"]
    return {one["name"]: (one["restart"]["verdict"], one["restart"]["reason"]) for one in items}


NEEDED = ("needed", "enabled_while_running")
UNSETTLED = ("unknown", "enabled_at_first_sight")
SETTLED = ("not_needed", "service_answered")
OFF = ("not_needed", "service_disabled")


@pytest.fixture
def desk() -> Desk:
    desk = a_desk()
    assert verdicts(desk) == {"web-1": NEEDED, "db-1": NEEDED, "old-1": UNSETTLED, "idle-1": OFF}
    return desk


def test_a_proof_settles_needed_and_unknown_each_for_its_own_server(
    desk: Desk, tmp_path: Path
) -> None:
    ran = desk.show("restarts", "import-events", *saved(tmp_path, proof_of(WEB), proof_of(UNKNOWN)))

    assert (ran.exit_code, ran.stderr) == (0, "")
    assert ran.answer["summary"]["proven"] == sorted([WEB.id, UNKNOWN.id])
    assert verdicts(desk) == {"web-1": SETTLED, "db-1": NEEDED, "old-1": SETTLED, "idle-1": OFF}


def test_the_evidence_is_told_in_words(desk: Desk, tmp_path: Path) -> None:
    assert desk.do("restarts", "import-events", *saved(tmp_path, proof_of(WEB))).exit_code == 0

    listed = desk.do("restarts", "list", "web-1", "--verdict", "not_needed", "-o", "wide")
    shown = desk.do("servers", "show", "web-1")
    [item] = desk.show("restarts", "list", "web-1", "--verdict", "not_needed").answer["items"]

    words = "a probe in the server got an answer"
    assert f"{words} over https at {ADDRESS}" in " ".join(listed.stdout.split())
    assert f"2026-11-21 12:00:00 UTC {words}: over https at {ADDRESS}" in " ".join(
        shown.stdout.split()
    )
    [evidence] = item["restart"]["evidence"]
    assert (evidence["source"], evidence["shows"]) == ("guest_probe", "answered")
    assert evidence["note"] == f"over https at {ADDRESS}"


def test_it_stays_settled_when_the_service_is_disabled_and_enabled_again(
    desk: Desk, tmp_path: Path
) -> None:
    desk.do("restarts", "import-events", *saved(tmp_path, proof_of(WEB)))

    desk.clock.advance(3600)
    assert desk.do("metadata", "disable", "web-1", "--yes").exit_code == 0
    off = verdicts(desk)["web-1"]
    desk.clock.advance(3600)
    assert desk.do("metadata", "enable", "web-1", "--yes").exit_code == 0

    assert (off, verdicts(desk)["web-1"]) == (OFF, SETTLED)


def test_what_settles_nothing_is_said_and_changes_nothing(desk: Desk, tmp_path: Path) -> None:
    before = verdicts(desk)
    server = {"crn": WEB.identity.crn, "id": WEB.id}
    silence = a_silence(server=server, account_id=ACCOUNT, outcome="refused")
    foreign = a_proof(server={"crn": FOREIGN_CRN, "id": WEB.id}, account_id="0" * 32)
    paths = saved(tmp_path, silence, foreign)

    ran = desk.show("restarts", "import-events", *paths)

    assert ran.exit_code == 0
    summary = ran.answer["summary"]
    assert (summary["ignored"], summary["foreign"], summary["proven"]) == (1, 1, [])
    assert ran.stderr == (
        f"{paths[0]}: record 1: the service did not answer on server {WEB.id} (refused), which can "
        "have many causes and settles nothing\n"
    )
    assert verdicts(desk) == before


def test_a_time_that_is_yet_to_come_is_taken_and_said(desk: Desk, tmp_path: Path) -> None:
    [path] = saved(tmp_path, proof_of(DB, probed_at="2031-01-01T00:00:00Z"))

    ran = desk.do("restarts", "import-events", path)

    assert ran.exit_code == 0
    assert f"{path}: something in it is of 2031-01-01 00:00 UTC, which is yet to come" in ran.stderr
    assert verdicts(desk)["db-1"] == SETTLED


def test_a_file_that_is_no_proof_at_all_is_refused_by_name(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "proof.json"
    path.write_text("the metadata service answered\n")

    ran = desk.do("restarts", "import-events", path)

    assert ran.exit_code == 2
    assert f"{path} has nothing in it that can be read: line 1: " in ran.stderr
    assert "proofs of guest probe" in ran.stderr


def test_importing_twice_changes_nothing(desk: Desk, tmp_path: Path) -> None:
    paths = saved(tmp_path, proof_of(WEB), proof_of(WEB))

    items = desk.show("restarts", "import-events", *paths).answer["items"]

    assert [(one["kept"], one["known"]) for one in items] == [(1, 0), (0, 1)]

"""Recorded servers are planned for and changed, as far as they report what they are like."""

from pathlib import Path

import pytest

from tests.recorded.recordings import FOLDER, needs_recordings, serving

pytestmark = needs_recordings


@pytest.mark.parametrize(("consent", "decision"), [("--dry-run", "refuse"), ("--yes", "refused")])
def test_a_server_that_reports_no_service_is_not_planned_for_by_guessing(
    consent: str, decision: str, tmp_path: Path
) -> None:
    path = FOLDER / "manageiq-us-east/GET__v1_instances__limit=1__01.json"
    with serving([path], tmp_path) as cloud:
        field = "decision" if consent == "--dry-run" else "result"
        query = f"items[].[{field}, reason, before, after]"
        ran = cloud.run("metadata", "enable", "--all", consent, "--query", query)
        again = cloud.run("servers", "list", "--query", "items[].[metadata_service]")
    assert ran.exit_code == 5
    assert ran.answer == [[decision, "not_reported", None, None]]
    assert again.answer == [[None]]


def test_a_server_with_a_masked_id_is_enabled_and_flagged(tmp_path: Path) -> None:
    path = FOLDER / "np-guard/input_vni_basic.json"
    query = "items[].[server.id, result, before, after, restart.verdict]"
    with serving([path], tmp_path) as cloud:
        ran = cloud.run("metadata", "enable", "id:156", "--yes", "--query", query)
    assert ran.exit_code == 0, ran.stderr
    before = {"enabled": False, "protocol": "http", "response_hop_limit": 1}
    assert ran.answer == [["id:156", "applied", before, {**before, "enabled": True}, "needed"]]

"""Taking back an enabling on servers that trusted profiles trust: the same guard as a disabling."""

from pathlib import Path

from tests.integration.cloud import served
from tests.integration.runs import run_ids


def test_a_rollback_takes_no_server_its_identity_unless_that_is_allowed(tmp_path: Path) -> None:
    with served(tmp_path / "state.sqlite", "trusted-fleet") as cloud:
        enabled = cloud.run("metadata", "enable", "batch-1", "--yes")
        assert enabled.exit_code == 0, enabled.stderr
        [run_id] = run_ids(cloud)

        refused = cloud.run("runs", "rollback", run_id, "--yes", "-o", "json")

        [item] = refused.envelope.items
        assert (refused.exit_code, item["reason"]) == (5, "trusted")
        assert cloud.is_enabled("batch-1")
        allowed = cloud.run("runs", "rollback", run_id, "--yes", "--allow-identity-loss")
        assert allowed.exit_code == 0, allowed.stderr
        assert not cloud.is_enabled("batch-1")

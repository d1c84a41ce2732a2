"""Restarts, from cassettes."""

from itertools import groupby
from pathlib import Path

from tests.replay import scenarios
from tests.replay.playing import play

TOKEN = "POST iam.cloud.ibm.com/identity/token"
WEB_2 = "us-south/instances/0727_7f0ff6f5-603b-4b97-ab71-153e517da4f7"


def test_a_restart_is_a_stop_and_a_start_with_the_server_polled_between(tmp_path: Path) -> None:
    query = "items[].[server.name, result, operation, restart.[verdict, reason]]"
    played = play(scenarios.RESTART, tmp_path, query)
    assert played.exit_code == 0
    assert played.answer == [["web-2", "applied", "restart", ["not_needed", "restarted"]]]
    # However often it is polled.
    assert [request for request, _ in groupby(played.requests)] == [
        TOKEN,
        "GET us-south/instances?limit=100&name=web-2",
        "GET us-south/bare_metal_servers?limit=100&name=web-2",
        f"GET {WEB_2}",
        f"POST {WEB_2}/actions",
        f"GET {WEB_2}",
        f"POST {WEB_2}/actions",
        f"GET {WEB_2}",
    ]

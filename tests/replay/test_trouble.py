"""Refusals, a limit and an expired token while reading, from cassettes."""

from pathlib import Path

from tests.replay import scenarios
from tests.replay.playing import NOTHING_ASKED, play
from tests.support.cassettes import ACCOUNT

TOKEN = "POST iam.cloud.ibm.com/identity/token"
METAL = "GET us-south/bare_metal_servers?limit=100"


def test_a_region_one_may_not_read_is_named_and_the_rest_is_listed(tmp_path: Path) -> None:
    query = "[status, items[].name, scope.incomplete[].[account_id, region, kind, code, trace]]"
    played = play(scenarios.FORBIDDEN, tmp_path, query)
    assert played.exit_code == 4
    assert played.answer == [
        "incomplete",
        ["db-1", "mainframe-1", "web-1", "web-2"],
        [[ACCOUNT, "eu-de", "instance", "forbidden", "07ba7dcb-0bb6-404f-91ce-2e9f6c4ab953"]],
    ]
    assert played.requests == [
        TOKEN,
        "GET us-south/instances?limit=100",
        "GET eu-de/instances?limit=100",
    ]


def test_a_rate_limit_is_waited_out_as_it_asks(tmp_path: Path) -> None:
    played = play(scenarios.RATE_LIMITED, tmp_path, "[generated_at, items[].name]")
    assert played.exit_code == 0
    assert played.answer == ["2026-11-21T12:00:03Z", ["metal-1"]]
    assert played.requests == [TOKEN, METAL, METAL]


def test_a_token_that_expired_is_renewed_once(tmp_path: Path) -> None:
    played = play(scenarios.EXPIRED, tmp_path, "items[].name")
    assert played.exit_code == 0
    assert played.answer == ["metal-1"]
    assert played.requests == [TOKEN, METAL, TOKEN, METAL]


def test_a_refused_key_ends_the_command_before_any_call(tmp_path: Path) -> None:
    played = play(scenarios.KEY_REFUSED, tmp_path, "items[].name")
    assert played.exit_code == 1
    assert played.answer == {
        "format_version": 1,
        "kind": "servers",
        "generated_at": "2026-11-21T12:00:00Z",
        "status": "error",
        "exit_code": 1,
        "scope": NOTHING_ASKED,
        "items": [],
        "summary": None,
        "errors": [
            {
                "code": "authentication_failed",
                "message": "cannot get an IAM token: The provided API key could not be found "
                "(HTTP 400, BXNIM0415E)",
                "hint": "check the API key, and that it belongs to this cloud",
                "region": None,
                "http_status": 400,
                "trace": "786d2dda-2af8-4724-85aa-07e5164cf6c0",
            }
        ],
    }
    assert played.requests == [TOKEN]

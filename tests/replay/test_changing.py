"""Plans and changes, from cassettes."""

from pathlib import Path

import pytest
import requests
from vcr.errors import CannotOverwriteExistingCassetteException

from tests.replay import scenarios
from tests.replay.playing import TRUST, play
from tests.replay.scenarios import WEB_1
from tests.support.cassettes import FOLDER, replaying
from vpcmetactl.emulator.demo import SECURE_ONLY

TOKEN = "POST iam.cloud.ibm.com/identity/token"
OUTCOMES = "items[].[server.name, result, before, after, restart.verdict, error.http_status]"
WEB_2 = "0727_7f0ff6f5-603b-4b97-ab71-153e517da4f7"
DB_1 = "0717_ce7be7bb-55ca-40b8-ac64-2a63e31ad167"
WEB_1_BOOT = "r006-ae10a882-388f-4738-a5a9-7302c7db8c35"
WEB_2_BOOT = "r006-02b932b8-f753-4348-a323-25a39547c0a0"
DB_1_BOOT = "r006-b1aba6de-5184-460f-98dc-a5dc4d1ea85d"
METAL_1 = "0717-0d9ef3e2-ad57-4898-8792-019f8e889b93"


def planned(name: str, boot_volume: str) -> list[str]:
    """The requests that it takes to plan a change of an instance that is named."""
    return [
        TOKEN,
        f"GET us-south/instances?limit=100&name={name}",
        f"GET us-south/bare_metal_servers?limit=100&name={name}",
        f"GET us-south/volumes/{boot_volume}",
    ]


def test_a_dry_run_shows_every_field_and_changes_nothing(tmp_path: Path) -> None:
    played = play(scenarios.DRY_RUN, tmp_path, "items[].[server.name, decision, before, after]")
    assert played.exit_code == 0
    assert played.answer == [
        [
            "web-1",
            "change",
            {"enabled": False, "protocol": "http", "response_hop_limit": 1},
            {"enabled": True, "protocol": "https", "response_hop_limit": 2},
        ]
    ]
    assert played.requests == planned("web-1", WEB_1_BOOT)


def test_enabling_reads_patches_reads_back_and_flags_the_restart(tmp_path: Path) -> None:
    played = play(scenarios.ENABLE, tmp_path, OUTCOMES)
    assert played.exit_code == 0
    assert played.answer == [
        [
            "web-1",
            "applied",
            {"enabled": False, "protocol": "http", "response_hop_limit": 1},
            {"enabled": True, "protocol": "https", "response_hop_limit": 1},
            "needed",
            None,
        ]
    ]
    assert played.requests == [
        *planned("web-1", WEB_1_BOOT),
        f"GET us-south/instances/{WEB_1}",
        f"PATCH us-south/instances/{WEB_1}",
        f"GET us-south/instances/{WEB_1}",
    ]


def test_disabling_leaves_protocol_and_hop_limit_as_they_are(tmp_path: Path) -> None:
    played = play(scenarios.DISABLE, tmp_path, OUTCOMES)
    assert played.exit_code == 0
    assert played.answer == [
        [
            "web-2",
            "applied",
            {"enabled": True, "protocol": "http", "response_hop_limit": 2},
            {"enabled": False, "protocol": "http", "response_hop_limit": 2},
            "not_needed",
            None,
        ]
    ]
    assert played.requests == [
        *planned("web-2", WEB_2_BOOT),
        *TRUST,
        f"GET us-south/instances/{WEB_2}",
        f"PATCH us-south/instances/{WEB_2}",
        f"GET us-south/instances/{WEB_2}",
    ]


def test_bare_metal_is_set_through_its_own_operation(tmp_path: Path) -> None:
    played = play(scenarios.SET_BARE_METAL, tmp_path, OUTCOMES)
    assert played.exit_code == 0
    assert played.answer == [
        [
            "metal-1",
            "applied",
            {"enabled": True, "protocol": "https", "response_hop_limit": None},
            {"enabled": True, "protocol": "http", "response_hop_limit": None},
            "not_needed",
            None,
        ]
    ]
    assert played.requests == [
        TOKEN,
        "GET us-south/bare_metal_servers?limit=100&name=metal-1",
        *TRUST,
        f"GET us-south/bare_metal_servers/{METAL_1}",
        f"PATCH us-south/bare_metal_servers/{METAL_1}",
        f"GET us-south/bare_metal_servers/{METAL_1}",
    ]


def test_a_change_that_allowed_use_forbids_is_refused_in_the_plan(tmp_path: Path) -> None:
    query = "[items[].[server.name, result, reason, message, changes, error, notes], summary]"
    played = play(scenarios.ALLOWED_USE, tmp_path, query)
    assert played.exit_code == 5
    assert played.answer == [
        [
            [
                "db-1",
                "refused",
                "allowed_use",
                f"its boot volume's allowed_use forbids this: {SECURE_ONLY}",
                [],
                None,
                [],
            ]
        ],
        {
            "action": "disable",
            "wish": {"enabled": False, "protocol": None, "response_hop_limit": None},
            "run_id": None,
            "plan_digest": None,
            "total": 1,
            "applied": 0,
            "already_so": 0,
            "skipped": 0,
            "refused": 1,
            "failed": 0,
            "unknown": 0,
            "not_attempted": 0,
        },
    ]
    assert played.requests == planned("db-1", DB_1_BOOT)


def test_where_preflight_could_not_tell_the_refusal_is_met_once_and_reported(
    tmp_path: Path,
) -> None:
    query = "items[].[server.name, result, before, after, restart, error, notes]"
    played = play(scenarios.ALLOWED_USE_UNREADABLE, tmp_path, query)
    assert played.exit_code == 6
    assert played.answer == [
        [
            "db-1",
            "failed",
            {"enabled": True, "protocol": "https", "response_hop_limit": 1},
            None,
            None,
            {
                "code": "bad_request",
                "message": f"cannot change the metadata service of instance db-1 ({DB_1}) in "
                f"us-south: The boot volume's allowed_use does not permit it: {SECURE_ONLY} "
                "(HTTP 400, bad_field, field metadata_service)",
                "hint": None,
                "http_status": 400,
                "trace": "a364e73e-5342-4567-b90f-f09bdfa275e6",
            },
            [
                {
                    "code": "allowed_use_unknown",
                    "message": "whether its boot volume's allowed_use permits this is not known, "
                    "for the volume could not be read (forbidden)",
                    "hcl": None,
                }
            ],
        ]
    ]
    assert played.stderr == (
        "warning: 1 of 1 boot volumes could not be read, so not everything could be checked: "
        f"cannot read volume {DB_1_BOOT} in us-south: The request is not authorized (HTTP 403, "
        "not_authorized) (the IAM action is.volume.volume.read is needed; context-based "
        "restrictions, an expired token and a token of another account are answered in the same "
        "way)\n"
    )
    assert played.requests == [
        *planned("db-1", DB_1_BOOT),
        *TRUST,
        f"GET us-south/instances/{DB_1}",
        f"PATCH us-south/instances/{DB_1}",
    ]


def patch_as_recorded(
    body: str, condition: str | None, content_type: str = "application/merge-patch+json"
) -> int:
    """Send web-1 the patch of the enabling, or another one, past the program."""
    with replaying(FOLDER / f"{scenarios.ENABLE.name}.yaml"):
        return requests.patch(
            f"https://us-south.iaas.cloud.ibm.com/v1/instances/{WEB_1}",
            params={"version": "2025-08-26", "generation": "2"},
            data=body,
            headers={
                "Accept": "application/json",
                "Content-Type": content_type,
                "If-Match": condition,
            },
            timeout=1,
        ).status_code


ENABLE = '{"metadata_service": {"enabled": true, "protocol": "https"}}'
ETAG = 'W/"4c490f22d0d03e061a3eba46b0c366a0"'


def test_a_patch_replays_however_its_json_is_written() -> None:
    same = '{"metadata_service":{"protocol":"https",\n"enabled":true}}'
    assert patch_as_recorded(ENABLE, ETAG) == 200
    assert patch_as_recorded(same, ETAG) == 200


def test_a_disabling_does_not_replay_for_an_enabling() -> None:
    disable = ENABLE.replace("true", "false")
    with pytest.raises(CannotOverwriteExistingCassetteException, match="differ in same_body"):
        patch_as_recorded(disable, ETAG)


@pytest.mark.parametrize("condition", [None, 'W/"another"'])
def test_a_patch_on_another_condition_does_not_replay(condition: str | None) -> None:
    with pytest.raises(CannotOverwriteExistingCassetteException, match="differ in same_condition"):
        patch_as_recorded(ENABLE, condition)


def test_a_patch_of_another_kind_does_not_replay() -> None:
    with pytest.raises(CannotOverwriteExistingCassetteException, match="differ in same_condition"):
        patch_as_recorded(ENABLE, ETAG, content_type="application/json")


@pytest.mark.parametrize(
    "command",
    [
        "metadata enable web-1 -r us-south --protocol https --response-hop-limit 2 --yes",
        "metadata set web-1 -r us-south --protocol https --yes",
        "metadata enable web-1 -r us-south --yes",
    ],
)
def test_a_command_that_sends_another_patch_is_not_answered(command: str, tmp_path: Path) -> None:
    with pytest.raises(CannotOverwriteExistingCassetteException, match="differ in same_body"):
        play(scenarios.ENABLE, tmp_path, command=command)


def test_a_server_that_nobody_recorded_is_not_answered(tmp_path: Path) -> None:
    with pytest.raises(CannotOverwriteExistingCassetteException, match="differ in query"):
        play(scenarios.SHOW_BY_NAME, tmp_path, command="servers show web-2 -r us-south")


def test_a_cassette_with_answers_that_nobody_asked_for_fails_its_test(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="GET us-south/bare_metal_servers"):
        play(
            scenarios.FILTERS,
            tmp_path,
            command="servers list -r us-south --vpc prod --name web-1 --kind instance",
        )

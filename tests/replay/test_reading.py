"""Lists, single servers and audits, from cassettes."""

from pathlib import Path

from tests.replay import scenarios
from tests.replay.playing import NOTHING_ASKED, SEARCH, TRUST, play, sent
from tests.replay.scenarios import GONE, WEB_1, WEB_1_CRN
from tests.support.cassettes import ACCOUNT

TOKEN = "POST iam.cloud.ibm.com/identity/token"
SERVICES = "items[].[name, metadata_service.[enabled, protocol, response_hop_limit]]"

WEB_1_ITEM: dict[str, object] = {
    "kind": "instance",
    "id": WEB_1,
    "crn": WEB_1_CRN,
    "name": "web-1",
    "account_id": ACCOUNT,
    "region": "us-south",
    "zone": "us-south-1",
    "status": "running",
    "vpc": {"id": "r006-a1613d3d-1e8b-47be-a5ef-3399338b42b4", "name": "prod"},
    "resource_group": {"id": "ab3707220d8173007fb4fa8366e8ce6f", "name": "production"},
    "profile": "bx2-2x8",
    "architecture": "amd64",
    "instance_group": None,
    "created_at": "2026-11-12T11:59:00Z",
    "metadata_service": {"enabled": False, "protocol": "http", "response_hop_limit": 1},
    "support": "supported",
    "restart": {
        "verdict": "not_needed",
        "confidence": "certain",
        "reason": "service_disabled",
        "since": None,
        "not_before": None,
        "remedy": None,
        "evidence": [],
    },
    "lifecycle_state": "stable",
    "health_state": "ok",
    "status_reasons": [],
    "availability_class": "standard",
    "boot_volume": {"id": "r006-ae10a882-388f-4738-a5a9-7302c7db8c35", "name": "web-1-boot"},
    "disks": [],
    "tags": None,
    "profiles": [],
}


def test_both_kinds_of_server_are_listed_in_every_region_there_is(tmp_path: Path) -> None:
    played = play(scenarios.ALL_REGIONS, tmp_path, SERVICES)
    assert played.exit_code == 0
    assert played.stderr == ""
    assert played.answer == [
        ["web-eu-1", [True, "http", 1]],
        ["db-1", [True, "https", 1]],
        ["mainframe-1", [False, "http", 1]],
        ["metal-1", [True, "https", None]],
        ["web-1", [False, "http", 1]],
        ["web-2", [True, "http", 2]],
    ]
    assert played.requests == [
        TOKEN,
        "GET us-south/regions",
        "GET us-south/instances?limit=100",
        "GET us-south/bare_metal_servers?limit=100",
        "GET eu-de/instances?limit=100",
        "GET eu-de/bare_metal_servers?limit=100",
    ]


def test_pages_are_followed_to_the_last_and_then_cut_to_the_limit(tmp_path: Path) -> None:
    played = play(scenarios.PAGES, tmp_path, "[items[].name, summary.total]")
    assert played.exit_code == 0
    assert played.answer == [["db-1", "mainframe-1", "web-1"], 4]
    assert played.requests == [
        TOKEN,
        "GET us-south/instances?limit=100",
        "GET us-south/instances?start=0717_ce7be7bb-55ca-40b8-ac64-2a63e31ad167&limit=100",
    ]


def test_what_the_api_can_filter_on_is_sent_to_it(tmp_path: Path) -> None:
    played = play(scenarios.FILTERS, tmp_path, SERVICES)
    assert played.exit_code == 0
    assert played.answer == [["web-1", [False, "http", 1]]]
    assert played.requests == [
        TOKEN,
        "GET us-south/instances?limit=100&name=web-1&vpc.name=prod",
        "GET us-south/bare_metal_servers?limit=100&name=web-1&vpc.name=prod",
    ]


def test_a_search_tells_who_bears_a_tag_and_the_listing_the_rest(tmp_path: Path) -> None:
    played = play(scenarios.BY_TAG, tmp_path, "items[].[name, tags]")
    assert played.exit_code == 0
    assert played.answer == [["metal-1", ["env:prod"]], ["web-1", ["env:prod", "team:shop"]]]
    assert played.requests == [
        TOKEN,
        SEARCH,
        SEARCH,
        "GET us-south/instances?limit=100",
        "GET us-south/bare_metal_servers?limit=100",
    ]
    first, second = sent(scenarios.BY_TAG, "POST", "/v3/resources/search")
    assert first == {
        "query": 'family:is AND (type:"instance" OR type:"bare-metal-server") '
        'AND (tags:"env:prod" OR tags:"team:shop")',
        "fields": ["crn", "tags"],
    }
    assert second.keys() == {"search_cursor"}


def test_the_id_of_an_instance_group_is_sent_to_the_api(tmp_path: Path) -> None:
    played = play(scenarios.BY_GROUP, tmp_path, "items[].name")
    assert played.exit_code == 0
    assert played.answer == []
    group = "r006-00000000-0000-4000-8000-000000000000"
    of_group = "instance_group_membership.instance_group.id"
    assert played.requests == [TOKEN, f"GET us-south/instances?limit=100&{of_group}={group}"]


def test_a_server_is_found_by_its_name(tmp_path: Path) -> None:
    played = play(scenarios.SHOW_BY_NAME, tmp_path)
    assert played.exit_code == 0
    assert played.answer == {
        "format_version": 1,
        "kind": "servers",
        "generated_at": "2026-11-21T12:00:00Z",
        "status": "complete",
        "exit_code": 0,
        "scope": {
            "accounts": [ACCOUNT],
            "regions": ["us-south"],
            "excluded": [],
            "incomplete": [],
            "endpoint": "https://{region}.iaas.cloud.ibm.com/v1",
            "snapshot": None,
            "taken_at": None,
        },
        "items": [WEB_1_ITEM],
        "summary": {
            "total": 1,
            "enabled": 0,
            "enabled_http": 0,
            "enabled_https": 0,
            "disabled": 1,
            "not_reported": 0,
            "unsupported_architecture": 0,
            "restart_needed": 0,
            "restart_unknown": 0,
        },
        "errors": [],
    }
    assert played.requests == [
        TOKEN,
        "GET us-south/instances?limit=100&name=web-1",
        "GET us-south/bare_metal_servers?limit=100&name=web-1",
        *TRUST,
    ]


def test_a_server_is_got_by_its_crn_with_one_request(tmp_path: Path) -> None:
    played = play(scenarios.SHOW_BY_CRN, tmp_path, "items")
    assert played.exit_code == 0
    assert played.answer == [WEB_1_ITEM]
    assert played.requests == [TOKEN, f"GET us-south/instances/{WEB_1}", *TRUST]


def test_an_id_that_neither_kind_has_is_an_error(tmp_path: Path) -> None:
    played = play(scenarios.SHOW_GONE, tmp_path, "items[].name")
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
                "code": "not_found",
                "message": f"no server matches '{GONE}' in us-south",
                "hint": "the name must be exact; the API also hides servers that one may not see; "
                "--name takes globs, --ignore-not-found passes over what is not there",
                "region": None,
                "http_status": None,
                "trace": None,
            }
        ],
    }
    assert played.requests == [
        TOKEN,
        f"GET us-south/instances/{GONE}",
        f"GET us-south/bare_metal_servers/{GONE}",
    ]


def test_an_audit_finds_http_and_judges_no_server_that_has_no_service(tmp_path: Path) -> None:
    query = "[items[].[check.id, check.severity, server.name], summary.checks]"
    played = play(scenarios.AUDIT, tmp_path, query)
    assert played.exit_code == 3
    assert played.answer == [
        [["VPCMETA001", "medium", "web-2"]],
        [
            {
                "id": "VPCMETA001",
                "failed": 1,
                "passed": 3,
                "unknown": 0,
                "not_applicable": 1,
                "waived": 0,
            }
        ],
    ]

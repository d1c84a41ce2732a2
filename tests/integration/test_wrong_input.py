"""Wrong input: a clear message, the contract's exit code, and nothing asked for in vain."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.cloud import EmulatedCloud, served

EXPIRED = "eyJhbGciOiJub25lIn0.eyJpYXQiOjEsImV4cCI6Mn0."


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[EmulatedCloud]:
    """The scenario in which a name is borne by two servers."""
    with served(tmp_path / "state" / "state.sqlite", "mixed-fleet") as emulated:
        yield emulated


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("servers list --where metadata_service.enabled===", "'=' at column 27 is not expected"),
        ("servers list --where metadata_service.enable", "no field 'metadata_service.enable'"),
        ("servers list --where !metadata_service.enabled", "'!' negates a whole object here"),
        ("servers list --where nofunc(name)", "Unknown function: nofunc()"),
        ("servers list -o json --query items[", "--query 'items[': it ends too early"),
        ("servers list -o table --query items", "--query shapes JSON, and the output is table"),
        ("servers list --columns nam", "--columns nam: servers have no such field"),
        ("servers list --sort nam", "--sort nam: servers have no such field"),
        ("servers list -o yaml", "there is no format 'yaml'"),
        ("servers list -o json -o csv", "only one format can go to stdout"),
        ("servers list -o json=", "there is no file name behind the '='"),
        ("servers list --api-key-file none", "--api-key-file none: No such file or directory"),
        ("servers list --api-key-file .", "'.' is a directory"),
        ("servers list --api-key-file /bin/sh", "--api-key-file /bin/sh: is not text"),
        ("servers list --from-file none", "'none': No such file or directory"),
        ("servers list --timeout 0", "'0' is no number of seconds above 0 and up to 86400"),
        ("servers list --max-workers 0", "0 is not in the range"),
        ("servers list crn:v1:bluemix", "'crn:v1:bluemix' is not the CRN of a server"),
        ("servers lst", "No such command 'lst'"),
        ("serverz list", "Did you mean 'servers'?"),
        ("audit run --fail-on never", "'never' is not one of"),
        ("metadata set web-1 --yes", "there is nothing to set"),
        ("metadata enable --yes", "metadata enable: no server is chosen"),
        ("metadata disable --yes", "metadata disable: no server is chosen"),
        ("metadata enable --all --yes --limit 3", "No such option '--limit'"),
        ("metadata enable web-1", "a change must be confirmed, and there is no one to ask"),
        ("metadata enable web-1 --no-input", "a change must be confirmed, and there is no one"),
        ("metadata set web-1 --yes --response-hop-limit 0", "0 is not in the range 1<=x<=64"),
        ("metadata set web-1 --yes --response-hop-limit 65", "65 is not in the range 1<=x<=64"),
        ("metadata enable web-1 --yes --protocol ftp", "'ftp' is not one of 'http', 'https'"),
    ],
)
def test_what_cannot_be_meant_is_a_usage_error(
    cloud: EmulatedCloud, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, line: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)

    ran = cloud.run(*line.split())

    assert ran.exit_code == 2
    assert (ran.stdout == "") == ("-o json " not in line)
    assert message in ran.stderr
    assert cloud.asked == []
    assert not cloud.state.parent.exists()


@pytest.mark.parametrize(
    ("line", "message", "hint"),
    [
        ("servers list -r us-souht", "there is no region 'us-souht'", "did you mean us-south"),
        ("servers show nothing", "no server matches 'nothing'", "the name must be exact"),
        ("servers list web-1 nothing", "no server matches 'nothing'", "--ignore-not-found"),
        ("servers show nothing -r eu-de", "no server matches 'nothing' in eu-de", "exact"),
        ("metadata enable nothing --yes", "no server matches 'nothing'", "the name must be exact"),
        ("servers show bastion", "2 servers bear the name 'bastion': ", "by its id or CRN"),
        ("metadata enable bastion --yes", "2 servers bear the name 'bastion': ", "--region"),
        ("servers list bastion --ignore-not-found", "2 servers bear the name", "by its id or CRN"),
        ("audit explain NOPE", "there is no check 'NOPE'", "the checks are VPCMETA001"),
    ],
)
def test_what_is_not_there_is_an_error_before_anything_else(
    fleet: EmulatedCloud, line: str, message: str, hint: str
) -> None:
    ran = fleet.run(*line.split())

    assert (ran.exit_code, ran.stdout) == (1, "")
    assert f"error: {message}" in ran.stderr
    assert f"{hint}" in ran.stderr.partition("hint: ")[2]
    assert not any(operation.startswith("update") for operation in fleet.asked)


def test_both_servers_of_a_name_are_named(fleet: EmulatedCloud) -> None:
    ran = fleet.run("servers", "show", "bastion")

    for server in fleet.emulator.world.find_servers("bastion"):
        assert server.id in ran.stderr


def test_what_is_not_there_is_passed_over_where_that_is_asked_for(fleet: EmulatedCloud) -> None:
    some = fleet.run("servers", "list", "web-1", "nothing", "--ignore-not-found", "-o", "json")
    none = fleet.run("servers", "list", "nothing", "--ignore-not-found", "-o", "json")
    change = fleet.run("metadata", "enable", "nothing", "--ignore-not-found", "--yes", "-o", "json")

    assert (some.exit_code, some.envelope.names) == (0, ["web-1"])
    assert (none.exit_code, none.envelope.names) == (0, [])
    assert (change.exit_code, change.envelope.items) == (0, [])


@pytest.mark.parametrize(
    ("environment", "message", "asked"),
    [
        ({}, "there are no credentials", []),
        (
            {"IBMCLOUD_API_KEY": "wrong"},
            "cannot get an IAM token: The provided API key could not be found",
            ["create_token"],
        ),
        ({"IBMCLOUD_IAM_TOKEN": "rubbish"}, "it is no JSON web token", []),
        (
            {"IC_IAM_TOKEN": f"Bearer {EXPIRED}"},
            "the IAM token was not accepted; it says that it expires at 1970-01-01 00:00:02Z",
            ["list_regions"],
        ),
    ],
)
def test_credentials_that_are_no_good_are_an_error(
    cloud: EmulatedCloud, environment: dict[str, str], message: str, asked: list[str]
) -> None:
    ran = cloud.run("servers", "list", "-o", "json", **{"IBMCLOUD_API_KEY": None, **environment})

    assert (ran.exit_code, ran.envelope.status) == (1, "error")
    assert message in ran.stderr
    assert cloud.asked == asked


@pytest.mark.parametrize(
    ("name", "url", "message"),
    [
        (
            "VPCMETACTL_VPC_URL",
            "http://example.com/{region}",
            "would send credentials in the clear",
        ),
        ("VPCMETACTL_IAM_URL", "http://10.0.0.1", "would send credentials in the clear"),
        ("VPCMETACTL_VPC_URL", "https://example.com/v1", "does not say where the region goes"),
        (
            "VPCMETACTL_VPC_URL",
            "https://me:pw@x.com/{region}",
            "a URL with a user or a password in it",
        ),
        ("VPCMETACTL_IAM_URL", "example.com", "is not a URL"),
        ("VPCMETACTL_IAM_URL", "ftp://example.com", "is not a URL"),
    ],
)
def test_an_endpoint_that_may_not_be_used_is_refused(
    cloud: EmulatedCloud, name: str, url: str, message: str
) -> None:
    ran = cloud.run("servers", "list", **{name: url})

    assert (ran.exit_code, ran.stdout) == (2, "")
    assert f"error: {name}: " in ran.stderr
    assert message in ran.stderr
    assert cloud.asked == []


def test_another_account_is_refused_before_any_other_call(cloud: EmulatedCloud) -> None:
    ran = cloud.run("metadata", "enable", "web-1", "--yes", "--account", "123", "-o", "json")

    account = cloud.emulator.world.account_id
    assert (ran.exit_code, ran.envelope.exit_code) == (5, 5)
    assert f"error: the credentials belong to account {account}, not to 123" in ran.stderr
    assert cloud.asked == ["create_token"]


def test_the_account_that_is_demanded_goes_on(cloud: EmulatedCloud) -> None:
    ran = cloud.run("servers", "list", "--account", cloud.emulator.world.account_id)

    assert ran.exit_code == 0


@pytest.mark.parametrize(
    ("line", "exit_code", "result", "message"),
    [
        ("set metal-1 --response-hop-limit 2", 5, "refused", "has no response hop limit"),
        ("enable mainframe-1", 5, "refused", "is not supported on s390x"),
        ("enable --name mainframe-*", 0, "skipped", "is not supported on s390x"),
        ("disable leaving", 5, "refused", "is being deleted"),
        ("enable web-2", 0, "already_so", "already so"),
    ],
)
def test_a_server_that_cannot_have_a_change_is_refused_or_skipped(
    cloud: EmulatedCloud, line: str, exit_code: int, result: str, message: str
) -> None:
    words = ["metadata", *line.split()]

    planned = cloud.run(*words, "--dry-run", "-o", "json")
    ran = cloud.run(*words, "--yes", "-o", "json")

    (item,) = ran.envelope.items
    assert (planned.exit_code, ran.exit_code) == (exit_code, exit_code)
    assert item["result"] == result
    assert message in str(item["message"])
    assert "update_instance" not in cloud.asked


def test_a_mixed_selection_skips_only_what_a_server_cannot_have(cloud: EmulatedCloud) -> None:
    ran = cloud.run(
        *("metadata", "enable", "--name", "metal-eu-1", "--name", "web-1"),
        *("--response-hop-limit", "3", "--yes", "-o", "json"),
    )

    changes = {
        item["server"]["name"]: [change["field"] for change in item["changes"]]
        for item in ran.envelope.items
    }
    assert ran.exit_code == 0
    assert changes == {"metal-eu-1": ["enabled"], "web-1": ["enabled", "response_hop_limit"]}


@pytest.mark.parametrize("place", ["folder", "missing/report.json"])
@pytest.mark.parametrize("words", ["servers list", "metadata enable web-1 --yes", "audit run"])
def test_a_report_that_cannot_be_written_stops_everything_else(
    cloud: EmulatedCloud, tmp_path: Path, words: str, place: str
) -> None:
    (tmp_path / "folder").mkdir()

    ran = cloud.run(*words.split(), "-o", f"json={tmp_path / place}")

    assert (ran.exit_code, ran.stdout) == (1, "")
    assert f"error: --output: {tmp_path / place}: " in ran.stderr
    assert cloud.asked == []


def test_a_report_stays_as_it_was_where_the_command_fails(
    cloud: EmulatedCloud, tmp_path: Path
) -> None:
    table, report = tmp_path / "table.txt", tmp_path / "report.json"
    table.write_text("of yesterday")
    cloud.fail("list_instances:403", "list_bare_metal_servers:403")

    ran = cloud.run("servers", "list", "-o", f"table={table}", "-o", f"json={report}")

    assert ran.exit_code == 1
    assert table.read_text() == "of yesterday"
    assert '"status": "error"' in report.read_text()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report.json", "state", "table.txt"]


@pytest.mark.parametrize(
    ("line", "kind", "exit_code", "code"),
    [
        ("servers list --where nope", "servers", 2, "invalid_input"),
        ("servers list --columns nope", "servers", 2, "invalid_input"),
        ("servers list -o yaml", "servers", 2, "invalid_input"),
        ("servers list -o csv=/nowhere/x", "servers", 1, "output"),
        ("servers list -r nowhere", "servers", 1, "not_found"),
        ("servers show crn:broken", "servers", 2, "invalid_input"),
        ("servers show nothing", "servers", 1, "not_found"),
        ("audit run --where nope", "findings", 2, "invalid_input"),
        ("audit explain NOPE", "checks", 1, "not_found"),
        ("metadata enable --yes", "outcomes", 2, "invalid_input"),
        ("metadata set web-1 --yes", "outcomes", 2, "invalid_input"),
        ("metadata enable web-1", "outcomes", 2, "invalid_input"),
        ("metadata enable nothing --yes", "outcomes", 1, "not_found"),
        ("metadata enable nothing --dry-run", "plan", 1, "not_found"),
        ("metadata enable web-1 --yes --account 1", "outcomes", 5, "refused"),
    ],
)
def test_whoever_asks_for_json_is_told_of_errors_in_json(
    cloud: EmulatedCloud, line: str, kind: str, exit_code: int, code: str
) -> None:
    ran = cloud.run(*line.split(), "-o", "json")

    (error,) = ran.envelope.errors
    assert (ran.exit_code, ran.envelope.exit_code, ran.envelope.status) == (
        exit_code,
        exit_code,
        "error",
    )
    assert (ran.envelope.kind, error["code"]) == (kind, code)
    assert f"error: {error['message']}" in ran.stderr


def test_endpoints_that_are_not_ibms_are_named_on_stderr(cloud: EmulatedCloud) -> None:
    ran = cloud.run("servers", "list", "-o", "ids")

    for name in ("VPCMETACTL_VPC_URL", "VPCMETACTL_IAM_URL", "VPCMETACTL_SEARCH_URL"):
        assert f"note: {name} is {cloud.environment[name]}\n" in ran.stderr
    assert cloud.url not in ran.stdout

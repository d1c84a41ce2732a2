"""Many accounts at once, by contexts of the configuration file."""

import json
from pathlib import Path

import pytest

from tests.cli.context_desk import BOTH, CONFIGURATION, OTHER, WEB, Clouds, names
from tests.support.builders import ACCOUNT, an_instance
from tests.support.fake_cloud import InMemoryCloud
from vpcmetactl.domain.errors import AuthenticationError, UnavailableError
from vpcmetactl.domain.servers import ServerKind
from vpcmetactl.usecases.ports import Unreadable


@pytest.fixture
def clouds(tmp_path: Path) -> Clouds:
    return Clouds(tmp_path)


def test_one_envelope_holds_all_accounts(clouds: Clouds) -> None:
    ran = clouds.show("servers", "list", *BOTH)

    assert ran.exit_code == 0, ran.stderr
    assert sorted(names(ran)) == ["db-1", "lab-1", "web-1"]
    assert ran.answer["scope"]["accounts"] == [ACCOUNT, OTHER]
    assert ran.answer["scope"]["excluded"] == ["eu-de"]
    assert ran.answer["summary"]["total"] == 3


def test_a_table_of_several_accounts_begins_with_the_account(clouds: Clouds) -> None:
    several, one = clouds.do("servers", "list", *BOTH), clouds.do("servers", "list")

    assert several.stdout.startswith("ACCOUNT ")
    assert OTHER[:16] in several.stdout
    assert one.stdout.startswith("NAME ")


def test_what_goes_to_jsonl_stands_in_the_order_of_the_contexts(clouds: Clouds) -> None:
    ran = clouds.do("servers", "list", "--context", "lab", "--context", "prod", "-o", "jsonl")

    accounts = [json.loads(line)["account_id"] for line in ran.stdout.splitlines()]
    assert accounts == [OTHER, ACCOUNT, ACCOUNT]


@pytest.mark.parametrize(
    "words",
    [
        ("restarts", "list"),
        ("links", "list"),
        ("access", "list"),
        ("profiles", "list"),
        ("templates", "list"),
        ("audit", "run", "--fail-on", "none"),
    ],
)
def test_every_command_that_reads_takes_several(clouds: Clouds, words: tuple[str, ...]) -> None:
    ran = clouds.show(*words, *BOTH)

    assert ran.exit_code == 0, ran.stderr
    assert ran.answer["scope"]["accounts"] == [ACCOUNT, OTHER]


def test_an_audit_judges_all_of_them_as_one(clouds: Clouds) -> None:
    ran = clouds.show("audit", "run", *BOTH)

    assert ran.exit_code == 3
    assert ran.answer["summary"]["servers"] == 3
    assert {item["server"]["name"] for item in ran.answer["items"]} == {"web-1", "lab-1"}


def test_a_snapshot_of_several_is_read_as_they_are(clouds: Clouds, tmp_path: Path) -> None:
    path = tmp_path / "fleet.jsonl.gz"
    saved = clouds.do("snapshot", "save", *BOTH, "--content", "servers", path)

    told, audited = clouds.show("servers", "list", *BOTH), clouds.show("audit", "run", *BOTH)
    again = clouds.show("servers", "list", "--source", path)
    judged = clouds.show("audit", "run", "--source", path, "--baseline", path)
    one = clouds.show("servers", "list", "--source", path, "--account", OTHER)

    assert saved.exit_code == 0, saved.stderr
    assert sorted(names(again)) == sorted(names(told))
    assert again.answer["scope"]["accounts"] == [ACCOUNT, OTHER]
    assert names(judged) == names(audited)
    assert "since the baseline: 0 new, 2 known, 0 fixed" in judged.stderr
    assert names(one) == ["lab-1"]


# Servers that are named.


def test_a_server_that_is_named_is_found_wherever_it_is(clouds: Clouds) -> None:
    ran = clouds.show("servers", "list", "web-1", "lab-1", *BOTH)

    assert sorted(names(ran)) == ["lab-1", "web-1"]


def test_one_that_no_account_has_is_an_error_and_nothing_is_shown(clouds: Clouds) -> None:
    ran = clouds.do("servers", "list", "web-1", "nobody", *BOTH, "-o", "jsonl")

    assert (ran.exit_code, ran.stdout) == (1, "")
    assert "no server matches 'nobody'" in ran.stderr
    assert clouds.do("servers", "list", "nobody", *BOTH, "--ignore-not-found").exit_code == 0


# Accounts that are not the right ones, or cannot be read.


@pytest.mark.parametrize("words", [BOTH, ("--context", "prod")])
def test_the_wrong_account_is_refused_before_any_other_call(
    clouds: Clouds, words: tuple[str, ...]
) -> None:
    clouds.text = CONFIGURATION.format(account="somebody-elses")

    ran = clouds.show("servers", "list", *words)

    assert ran.exit_code == ran.answer["exit_code"] == 5
    assert f"(context prod) belong to account {ACCOUNT}, not to somebody-elses" in ran.stderr
    assert clouds.calls() == []


def test_two_contexts_of_one_account_are_refused(clouds: Clouds) -> None:
    clouds.text += '[contexts.again]\napi_key_env = "PROD_KEY"\n'
    clouds.clouds = {**clouds.clouds, "again": InMemoryCloud([WEB])}

    ran = clouds.do("servers", "list", "--context", "prod", "--context", "again")

    assert ran.exit_code == 5
    assert f"contexts prod and again are of the same account, {ACCOUNT}" in ran.stderr
    assert clouds.calls() == []


def test_a_context_that_cannot_be_opened_is_missing_from_the_rest(clouds: Clouds) -> None:
    ran = clouds.show("servers", "list", *BOTH, "--context", "nowhere")

    assert ran.exit_code == ran.answer["exit_code"] == 4
    assert len(ran.answer["items"]) == 3
    [missing] = ran.answer["scope"]["incomplete"]
    assert (missing["content"], missing["code"]) == ("account", "configuration")
    assert "NO_SUCH_KEY" in missing["message"]


def test_what_could_not_be_read_is_told_in_the_order_of_the_regions(clouds: Clouds) -> None:
    regions = ("us-south", "eu-de", "jp-tok", "ca-tor")
    cloud = InMemoryCloud([an_instance(region, region=region) for region in regions])
    for region in reversed(regions):
        for kind in reversed(ServerKind):
            cloud.unreadable[region, kind] = [Unreadable(None, None, "has no id")]
    clouds.clouds = {**clouds.clouds, "prod": cloud}

    ran = clouds.show("servers", "list", *BOTH)

    told = [(part["region"], part["kind"]) for part in ran.answer["scope"]["incomplete"]]
    read = [region for region in ran.answer["scope"]["regions"] if region in regions]
    assert told == [(region, kind) for region in read for kind in sorted(ServerKind)]


def test_an_account_of_no_known_id_is_told_by_its_context(clouds: Clouds) -> None:
    clouds.clouds["lab"].fail("get_caller", AuthenticationError("no token is to be had"), times=9)

    ran = clouds.show("servers", "list", *BOTH)

    [missing] = ran.answer["scope"]["incomplete"]
    assert missing["message"] == "context lab: no token is to be had"


def test_a_server_is_not_missing_for_certain_where_an_account_could_not_be_read(
    clouds: Clouds,
) -> None:
    ran = clouds.do("servers", "list", "web-9", *BOTH, "--context", "nowhere")

    assert ran.exit_code == 1
    assert "no server matches 'web-9' as far as could be read; context nowhere" in ran.stderr
    assert "not every account could be read" in ran.stderr


def test_a_snapshot_says_of_how_many_accounts_it_is(clouds: Clouds, tmp_path: Path) -> None:
    whole = clouds.do("snapshot", "save", tmp_path / "fleet.jsonl", *BOTH)

    assert whole.exit_code == 0
    assert ", of 2 accounts\n" in whole.stderr


def test_a_snapshot_never_lacks_an_account_without_telling(clouds: Clouds, tmp_path: Path) -> None:
    path = tmp_path / "fleet.jsonl"

    ran = clouds.do("snapshot", "save", path, *BOTH, "--context", "nowhere")

    assert (ran.exit_code, path.exists()) == (5, False)
    assert "nothing was saved, for not every account could be read: context nowhere" in ran.stderr
    assert "snapshot merge" in ran.stderr


def test_where_none_can_be_opened_that_is_the_error(clouds: Clouds) -> None:
    clouds.keys = {}

    ran = clouds.do("servers", "list", *BOTH)

    assert ran.exit_code == 1
    assert "the variable PROD_KEY" in ran.stderr


def test_an_account_that_fails_while_it_is_read_is_missing_from_the_rest(clouds: Clouds) -> None:
    clouds.clouds["lab"].fail("list_page", UnavailableError("gone away"), times=99)

    ran = clouds.show("servers", "list", *BOTH)

    assert ran.exit_code == 4
    assert sorted(names(ran)) == ["db-1", "web-1"]
    assert {part["account_id"] for part in ran.answer["scope"]["incomplete"]} == {OTHER}


def test_a_token_that_ends_in_the_middle_is_told_of_its_account(clouds: Clouds) -> None:
    clouds.clouds["lab"].fail("list_page", AuthenticationError("the token was refused"), times=99)

    ran = clouds.show("servers", "list", *BOTH)

    assert (ran.exit_code, len(ran.answer["items"])) == (4, 2)
    assert ran.answer["scope"]["incomplete"][0]["account_id"] == OTHER

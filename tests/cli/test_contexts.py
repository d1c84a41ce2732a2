"""Many accounts at once, by contexts of the configuration file."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from tests.support.app import a_terminal, an_app, use
from tests.support.builders import ACCOUNT, OFF, ON, an_instance
from tests.support.fake_cloud import InMemoryCloud
from tests.support.program import Ran
from vpcmetactl.cli.context import Cloud
from vpcmetactl.cli.settings import CloudOptions
from vpcmetactl.domain.errors import AuthenticationError, UnavailableError
from vpcmetactl.domain.servers import Instance, ServerKind
from vpcmetactl.usecases.ports import Caller, Observer, Unreadable

OTHER = "0b5a00334eaf9eb9339d2ab48f7326b4"
CONFIGURATION = """
[contexts.prod]
account_id = "{account}"
api_key_env = "PROD_KEY"

[contexts.lab]
api_key_env = "LAB_KEY"
exclude_regions = ["eu-de"]

[contexts.nowhere]
api_key_env = "NO_SUCH_KEY"
"""


def elsewhere(name: str, **fields: object) -> Instance:
    """Return an instance of the other account."""
    made = an_instance(name, **fields)  # type: ignore[arg-type]
    return replace(made, account_id=OTHER, crn=(made.crn or "").replace(ACCOUNT, OTHER))


WEB, DB = an_instance("web-1", metadata_service=ON), an_instance("db-1", metadata_service=OFF)
LAB = elsewhere("lab-1", metadata_service=ON)
FAR = elsewhere("far-1", region="eu-de", metadata_service=ON)


@dataclass
class Clouds:
    """A cloud for each context, and a user who names contexts."""

    folder: Path
    clouds: Mapping[str, InMemoryCloud] = field(
        default_factory=lambda: {
            "prod": InMemoryCloud([WEB, DB]),
            "lab": InMemoryCloud([LAB, FAR], caller=Caller(OTHER, "IBMid-LAB", None)),
        }
    )
    keys: Mapping[str, str] = field(
        default_factory=lambda: {
            "PROD_KEY": "prod-secret",
            "LAB_KEY": "lab-secret",
            "IBMCLOUD_API_KEY": "usual-secret",
        }
    )
    text: str = CONFIGURATION.format(account=ACCOUNT)

    def do(self, *words: str | Path) -> Ran:
        path = self.folder / "config.toml"
        path.write_text(self.text)
        environ = {"VPCMETACTL_CONFIG": str(path), **self.keys}
        app = an_app(environ=environ, terminal=a_terminal(environ))

        @contextmanager
        def open_cloud(options: CloudOptions, observer: Observer, workers: int) -> Iterator[Cloud]:
            del observer
            app.settings.connection(options, workers)
            yield self.clouds[options.context.name if options.context else "prod"]

        return use(replace(app, open_cloud=open_cloud), *map(str, words))

    def show(self, *words: str | Path) -> Ran:
        return self.do(*words, "-o", "json")

    def calls(self) -> list[str]:
        """Return what was asked of any account, but who the caller is."""
        asked = [name for cloud in self.clouds.values() for name in cloud.operations()]
        return [name for name in asked if name != "get_caller"]


BOTH = ("--context", "prod", "--context", "lab")


@pytest.fixture
def clouds(tmp_path: Path) -> Clouds:
    return Clouds(tmp_path)


def names(ran: Ran) -> list[str]:
    return [(item.get("server") or item)["name"] for item in ran.answer["items"]]


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


# Mistakes.


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--context", "prd"), "defines no such context"),
        (("--context", "prod", "--context", "prod"), "--context prod is given twice"),
        (("--context", "prod", "--source", "x"), "a snapshot is read without any credentials"),
        (("--context", "lab", "--region", "eu-de"), "is excluded by the context"),
    ],
)
def test_mistakes_are_named(clouds: Clouds, words: tuple[str, ...], message: str) -> None:
    ran = clouds.do("servers", "list", *words)

    assert ran.exit_code == 2
    assert message in ran.stderr
    assert clouds.calls() == []


def test_a_context_says_which_rule_about_restarts_to_go_by(clouds: Clouds) -> None:
    clouds.text = '[contexts.prod]\napi_key_env = "PROD_KEY"\nrestart_rule = "none"\n'
    words = ("restarts", "list", "--context", "prod", "--verdict", "needed,unknown,not_needed")

    ruled, said = clouds.show(*words), clouds.show(*words, "--restart-rule", "faq")

    verdicts = [item["restart"]["verdict"] for item in ruled.answer["items"]]
    assert verdicts == ["not_needed", "not_needed"]
    assert {item["restart"]["verdict"] for item in said.answer["items"]} != {"not_needed"}


def test_of_several_contexts_the_one_that_excludes_a_region_is_named(clouds: Clouds) -> None:
    ran = clouds.do("servers", "list", *BOTH, "--region", "eu-de")

    assert ran.exit_code == 2
    assert "context lab: --region eu-de: is excluded" in ran.stderr


def test_a_change_takes_one_context(clouds: Clouds) -> None:
    ran = clouds.show("metadata", "enable", "--all", "--context", "prod", "--dry-run")

    assert ran.exit_code == 0, ran.stderr
    assert ran.answer["scope"]["accounts"] == [ACCOUNT]
    assert [
        item["server"]["name"] for item in ran.answer["items"] if item["decision"] == "change"
    ] == ["db-1"]


@pytest.mark.parametrize(
    "words",
    [
        ("metadata", "enable", "--all", "--yes"),
        ("servers", "show", "lab-1"),
        ("runs", "list"),
        ("doctor",),
    ],
)
def test_a_command_of_one_account_refuses_two_contexts(
    clouds: Clouds, words: tuple[str, ...]
) -> None:
    ran = clouds.do(*words, "--context", "prod", "--context", "lab")

    assert ran.exit_code == 2
    assert "takes one context, not prod and lab" in ran.stderr
    assert clouds.calls() == []


@pytest.mark.parametrize("words", [("servers", "list"), ("servers", "show", "web-1")])
def test_the_usual_context_of_the_environment_does_not_bar_a_snapshot(
    clouds: Clouds, tmp_path: Path, words: tuple[str, ...]
) -> None:
    path = tmp_path / "fleet.jsonl"
    clouds.keys = {**clouds.keys, "VPCMETACTL_CONTEXT": "prod"}
    assert clouds.do("snapshot", "save", path).exit_code == 0

    assert clouds.do(*words, "--source", path).exit_code == 0
    assert clouds.do(*words, "--source", path, "--context", "prod").exit_code == 2


def test_two_contexts_in_the_environment_are_refused_by_a_change(clouds: Clouds) -> None:
    clouds.keys = {**clouds.keys, "VPCMETACTL_CONTEXT": "prod lab"}

    assert clouds.do("servers", "list").exit_code == 0
    ran = clouds.do("metadata", "enable", "--all", "--yes")
    assert ran.exit_code == 2
    assert "VPCMETACTL_CONTEXT" in ran.stderr


def test_a_broken_file_matters_only_to_who_asks_for_a_context(clouds: Clouds) -> None:
    clouds.text = "[contexts.prod"

    assert clouds.do("servers", "list").exit_code == 0
    assert clouds.do("servers", "list", "--context", "prod").exit_code == 2


# The configuration file itself.


def test_the_contexts_are_shown_without_any_secret(clouds: Clouds) -> None:
    ran, told = clouds.show("config", "show"), clouds.do("config", "show")

    assert ran.exit_code == 0
    assert [item["name"] for item in ran.answer["items"]] == ["lab", "nowhere", "prod"]
    assert [bool(item["problem"]) for item in ran.answer["items"]] == [False, True, False]
    assert "secret" not in ran.stdout + ran.stderr + told.stdout + told.stderr
    # In the narrow table, too, where no column has room for it.
    assert "NO_SUCH_KEY, which is to hold its" in " ".join(told.stdout.split())


def test_a_template_is_written_once_and_is_no_mistake(tmp_path: Path) -> None:
    path = tmp_path / "new" / "config.toml"
    environ = {"VPCMETACTL_CONFIG": str(path)}

    def do(*words: str) -> Ran:
        return use(an_app(environ=environ, terminal=a_terminal(environ)), *words)

    first, second = do("config", "init"), do("config", "init")

    assert first.exit_code == 0
    assert second.exit_code == 5
    assert do("config", "path").stdout == f"{path}\n"
    shown = do("config", "show")
    assert "no contexts" in shown.stdout
    assert "config init" not in shown.stdout + shown.stderr
    assert "write a table [contexts.prod] into it" in do("doctor", "--context", "prod").stdout
    assert f"{path} defines no context" in do("doctor", "-o", "csv").stdout

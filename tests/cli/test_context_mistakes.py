"""What is wrong with contexts, and the configuration file itself."""

from pathlib import Path

import pytest

from tests.cli.context_desk import BOTH, Clouds
from tests.support.app import a_terminal, an_app, use
from tests.support.builders import ACCOUNT
from tests.support.program import Ran


@pytest.fixture
def clouds(tmp_path: Path) -> Clouds:
    return Clouds(tmp_path)


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

from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from tests.support.app import a_terminal, an_app, use
from tests.support.builders import ON, a_bare_metal_server, an_instance
from tests.support.fake_cloud import InMemoryCloud
from vpcmetactl.cli.main import cli
from vpcmetactl.cli.options import environment_name
from vpcmetactl.cli.settings import CloudOptions

_NEVER = {
    *("yes", "all_servers", "allow_incomplete", "dry_run", "servers", "region", "kind", "vpc"),
    *("resource_group", "zone", "name", "status", "where", "from_file", "ignore_not_found"),
    *("tag", "instance_group", "terraform_states", "expect_digest", "plan_out"),
    *("verdict", "at", "note", "profile", "profiles", "link_name", "cross_account", "source"),
}


def _commands(group: click.Group, path: str = "") -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from _commands(command, f"{path}{name} ")
        else:
            yield f"{path}{name}", command


_COMMANDS = dict(_commands(cli))


@pytest.mark.parametrize("name", _COMMANDS)
def test_consent_and_selection_never_come_from_the_environment(name: str) -> None:
    from_environment = {
        parameter.name for parameter in _COMMANDS[name].params if parameter.envvar is not None
    }

    assert from_environment & _NEVER == set()
    assert not any(word.startswith(("allow", "assert")) for word in from_environment if word)


@pytest.mark.parametrize("name", _COMMANDS)
def test_every_variable_bears_the_name_of_its_option(name: str) -> None:
    for parameter in _COMMANDS[name].params:
        if parameter.envvar is not None:
            assert parameter.envvar == environment_name(parameter.opts[0])


def test_a_variable_is_named_after_its_option() -> None:
    assert environment_name("--max-rps") == "VPCMETACTL_MAX_RPS"


def opened_with(environ: dict[str, str], *arguments: str) -> CloudOptions:
    opened: list[CloudOptions] = []
    app = an_app(InMemoryCloud([an_instance()]), environ=environ, opened=opened)
    ran = use(app, "servers", "list", *arguments)
    assert ran.exit_code == 0, ran.stderr
    [options] = opened
    return options


_ENVIRON = {
    "VPCMETACTL_API_KEY_FILE": "/keys/mine",
    "VPCMETACTL_ENDPOINTS": "private",
    "VPCMETACTL_CA_BUNDLE": "/ca.pem",
    "VPCMETACTL_TIMEOUT": "5s",
    "VPCMETACTL_MAX_WORKERS": "3",
    "VPCMETACTL_MAX_RPS": "2.5",
    "VPCMETACTL_STATE": "/state",
    "VPCMETACTL_NO_STATE": "1",
}


def test_the_options_say_how_to_reach_the_cloud() -> None:
    assert opened_with({}) == CloudOptions()
    assert opened_with(_ENVIRON) == CloudOptions(
        api_key_file=Path("/keys/mine"),
        endpoints="private",
        ca_bundle=Path("/ca.pem"),
        timeout=5.0,
        max_workers=3,
        max_rps=2.5,
        state=Path("/state"),
        no_state=True,
    )


def test_the_command_line_beats_the_environment() -> None:
    assert opened_with({"VPCMETACTL_TIMEOUT": "5"}, "--timeout", "7").timeout == 7.0


def test_an_empty_variable_says_nothing() -> None:
    assert opened_with(dict.fromkeys(_ENVIRON, "")) == CloudOptions()


def test_the_environment_of_the_process_is_not_asked_where_there_is_an_app(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("VPCMETACTL_TIMEOUT", "5")

    assert opened_with({}).timeout == 60.0


def test_several_outputs_may_come_from_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "ids"
    app = an_app(
        InMemoryCloud([an_instance("web-1")]), environ={"VPCMETACTL_OUTPUT": f"csv ids={file}"}
    )

    ran = use(app, "servers", "list", "--columns", "name")

    assert ran.stdout == "name\nweb-1\n"
    assert file.read_text() == f"{an_instance('web-1').id}\n"


@pytest.mark.parametrize(
    "variable", ["VPCMETACTL_YES", "VPCMETACTL_ALL", "VPCMETACTL_ALL_SERVERS", "VPCMETACTL_NAME"]
)
def test_nothing_is_changed_because_of_the_environment(variable: str) -> None:
    cloud = InMemoryCloud([an_instance(metadata_service=ON)])
    app = an_app(cloud, environ={variable: "1"})

    assert use(app, "metadata", "disable", "--all").exit_code == 2
    assert use(app, "metadata", "disable", "--yes").exit_code == 2
    assert cloud.calls == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["--timeout", "0"],
        ["--timeout", "-1"],
        ["--timeout", "soon"],
        ["--timeout", "nan"],
        ["--timeout", "inf"],
        ["--max-workers", "0"],
        ["--max-rps", "0"],
        ["--kind", "container"],
        ["--limit", "0"],
        ["--endpoints", "secret"],
        ["--nosuch"],
    ],
)
def test_what_cannot_be_meant_is_a_usage_error(arguments: list[str]) -> None:
    cloud = InMemoryCloud([an_instance()])

    ran = use(an_app(cloud), "servers", "list", *arguments)

    assert (ran.exit_code, ran.stdout) == (2, "")
    assert cloud.calls == []


# Naming servers in a file.


def test_a_kind_may_be_called_as_the_api_calls_it() -> None:
    app = an_app(InMemoryCloud([an_instance("web-1"), a_bare_metal_server("m-1")]))

    ran = use(app, "servers", "list", "--kind", "bare_metal_server", "-o", "csv", "--columns=name")

    assert ran.stdout == "name\nm-1\n"


@pytest.mark.parametrize(
    "content",
    [
        b"web-1\n",
        b"web-1",
        b"\xef\xbb\xbfweb-1\r\n\r\n# none\r\nweb-1   # again\r\n",
        b"\n\n  web-1  \n",
    ],
)
def test_a_file_names_one_server_a_line(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "names"
    file.write_bytes(content)
    app = an_app(InMemoryCloud([an_instance("web-1"), an_instance("web-2")]))

    ran = use(app, "servers", "list", "--from-file", str(file), "-o", "ids")

    assert ran.stdout == f"{an_instance('web-1').id}\n"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "names no server"),
        (b"# nobody\n\n", "names no server"),
        (b"\xff\xfe\x00", "is not UTF-8 text"),
        (b"crn:broken\n", "is not the CRN of a server"),
    ],
)
def test_a_file_that_names_no_server_is_refused_rather_than_taken_for_all(
    tmp_path: Path, content: bytes, words: str
) -> None:
    file = tmp_path / "names"
    file.write_bytes(content)
    cloud = InMemoryCloud([an_instance()])

    ran = use(an_app(cloud), "servers", "list", "--from-file", str(file))

    assert ran.exit_code == 2
    assert words in ran.stderr
    assert cloud.calls == []


# Consent.


def test_a_change_asks_shows_its_plan_on_stderr_and_goes_on_with_yes() -> None:
    cloud = InMemoryCloud([an_instance("web-1", metadata_service=ON)])
    app = an_app(cloud, terminal=a_terminal(answers="y\n", interactive=True))

    ran = use(app, "metadata", "disable", "web-1", "-o", "json")

    assert ran.exit_code == 0
    assert "Change 1 server? [y/N]" in ran.stderr
    assert "web-1" in ran.stderr.partition("Change 1 server?")[0]
    assert [item["result"] for item in ran.answer["items"]] == ["applied"]


def test_a_declined_change_sends_nothing() -> None:
    cloud = InMemoryCloud([an_instance("web-1", metadata_service=ON)])
    app = an_app(cloud, terminal=a_terminal(answers="n\n", interactive=True))

    ran = use(app, "metadata", "disable", "web-1")

    assert ran.exit_code == 5
    assert "update_metadata" not in cloud.operations()


@pytest.mark.parametrize("extra", [[], ["--no-input"]])
def test_where_nobody_can_be_asked_yes_must_be_said_beforehand(extra: list[str]) -> None:
    cloud = InMemoryCloud([an_instance("web-1", metadata_service=ON)])
    terminal = a_terminal(answers="y\n", interactive=bool(extra))

    ran = use(an_app(cloud, terminal=terminal), "metadata", "disable", "web-1", *extra)

    assert ran.exit_code == 2
    assert "--yes" in ran.stderr
    assert cloud.calls == []


def test_a_change_that_is_already_so_asks_nothing() -> None:
    app = an_app(InMemoryCloud([an_instance("web-1")]), terminal=a_terminal(interactive=True))

    ran = use(app, "metadata", "disable", "web-1")

    assert ran.exit_code == 0
    assert "[y/N]" not in ran.stderr

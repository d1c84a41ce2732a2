"""Whatever happens below the root ends in an exit code and a message, never in a traceback."""

import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.app import an_app, use
from tests.support.builders import ON, an_instance
from tests.support.fake_cloud import Call, InMemoryCloud
from tests.support.journal import InMemoryJournal
from vpcmetactl.cli.context import App
from vpcmetactl.domain import errors
from vpcmetactl.domain.errors import (
    AuthenticationError,
    ExitCode,
    PermissionDeniedError,
    StateError,
    UnavailableError,
    VpcmetactlError,
)
from vpcmetactl.usecases.ports import Caller


def _every_error() -> list[type[VpcmetactlError]]:
    found = [one for one in vars(errors).values() if isinstance(one, type)]
    return [one for one in found if issubclass(one, VpcmetactlError)]


def an_app_that_meets(do: Callable[[], None], *, raise_unexpected: bool = True) -> App:
    """Return an App in which something happens when the caller is asked for."""
    cloud = InMemoryCloud([an_instance("web-1")])

    def hook(call: Call) -> None:
        if call.operation == "get_caller":
            do()

    cloud.before(hook)
    return an_app(cloud, raise_unexpected=raise_unexpected)


@pytest.mark.parametrize("error", _every_error())
def test_every_error_ends_with_its_exit_code_and_its_message(error: type[VpcmetactlError]) -> None:
    def fail() -> None:
        raise error("it went wrong", hint="look here", trace="t-1")

    ran = use(an_app_that_meets(fail), "servers", "list")

    assert ran.exit_code == error.exit_code
    assert ran.stderr == (
        "error: it went wrong\ntrace: t-1 (give it to IBM support)\nhint: look here\n"
    )


def test_ctrl_c_while_reading_ends_with_130() -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    ran = use(an_app_that_meets(interrupt), "servers", "list")

    assert (ran.exit_code, ran.stdout, ran.stderr) == (130, "", "interrupted\n")


def test_sigterm_while_reading_ends_with_143() -> None:
    def terminate() -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    ran = use(an_app_that_meets(terminate), "servers", "list")

    assert (ran.exit_code, ran.stdout, ran.stderr) == (143, "", "terminated\n")


def stumble() -> None:
    raise LookupError("secret details")


def test_the_unexpected_is_reported_as_a_bug_without_a_traceback() -> None:
    ran = use(an_app_that_meets(stumble, raise_unexpected=False), "servers", "list")

    assert ran.exit_code == 1
    assert ran.stderr == (
        "error: this is a bug in vpcmetactl: LookupError\n"
        "hint: run it again with VPCMETACTL_DEBUG=1 and report what it prints\n"
    )


def test_the_traceback_is_there_for_those_who_ask() -> None:
    app = an_app_that_meets(stumble, raise_unexpected=False)
    terminal = replace(app.terminal, environ={"VPCMETACTL_DEBUG": "1"})

    ran = use(replace(app, terminal=terminal), "servers", "list")

    assert ran.exit_code == 1
    assert "Traceback (most recent call last)" in ran.stderr
    assert "LookupError: secret details" in ran.stderr


def test_tests_see_the_unexpected_as_it_is() -> None:
    with pytest.raises(LookupError):
        use(an_app_that_meets(stumble), "servers", "list")


# The account.


@pytest.mark.parametrize("actual", ["b", None])
def test_another_account_is_refused_before_any_other_call(actual: str | None) -> None:
    cloud = InMemoryCloud([an_instance()], caller=Caller(actual, None, None))

    ran = use(an_app(cloud), "servers", "list", "--account", "a")

    assert ran.exit_code == 5
    assert f"belong to account {actual or '(not told)'}, not to a" in ran.stderr
    assert cloud.operations() == ["get_caller"]


def test_the_account_demanded_goes_on() -> None:
    cloud = InMemoryCloud([an_instance()], caller=Caller("a", None, None))

    assert use(an_app(cloud), "servers", "list", "--account", "a").exit_code == 0


# What several exit codes make together.


@pytest.mark.parametrize(
    ("arguments", "unread", "expected"),
    [
        (["servers", "list"], False, ExitCode.OK),
        (["servers", "list"], True, ExitCode.INCOMPLETE),
        (["servers", "list", "--exit-code"], False, ExitCode.FINDINGS),
        (["servers", "list", "--exit-code"], True, ExitCode.FINDINGS),
        (["servers", "list", "--exit-code", "--name", "x"], False, ExitCode.OK),
        (["audit", "run"], False, ExitCode.FINDINGS),
        (["audit", "run"], True, ExitCode.FINDINGS),
        (["audit", "run", "--fail-on", "high"], False, ExitCode.OK),
        (["audit", "run", "--fail-on", "none"], True, ExitCode.INCOMPLETE),
        (["metadata", "disable", "--all", "-n"], False, ExitCode.OK),
        (["metadata", "disable", "--all", "-n"], True, ExitCode.INCOMPLETE),
        (["metadata", "disable", "--all", "-n", "--exit-code"], True, ExitCode.FINDINGS),
        (["metadata", "disable", "--all", "--yes"], False, ExitCode.OK),
        (["metadata", "disable", "--all", "--yes"], True, ExitCode.REFUSED),
        (["metadata", "disable", "--all", "--yes", "--allow-incomplete"], True, 4),
        (["metadata", "disable", "deleting", "web-1", "--yes"], False, ExitCode.REFUSED),
        (["metadata", "disable", "--yes"], False, ExitCode.USAGE),
        (["metadata", "disable", "--all"], False, ExitCode.USAGE),
        (["metadata", "set", "--all", "--yes"], False, ExitCode.USAGE),
        (["servers", "show", "nobody"], False, ExitCode.ERROR),
        (["audit", "explain", "VPCMETA999"], False, ExitCode.ERROR),
    ],
)
def test_the_exit_code_tells_what_a_command_came_to(
    arguments: list[str],
    unread: bool,  # noqa: FBT001 - a column of the table
    expected: int,
) -> None:
    fleet = [
        an_instance("web-1", metadata_service=ON),
        an_instance("deleting", status="deleting"),
        an_instance("db-1", region="eu-de"),
    ]
    if "deleting" not in arguments:
        del fleet[1]
    cloud = InMemoryCloud(fleet)
    if unread:
        cloud.fail("list_page", UnavailableError("503"), region="eu-de", times=2)

    assert use(an_app(cloud), *arguments).exit_code == expected


def test_a_change_that_fails_is_6_and_the_rest_is_told_as_not_attempted() -> None:
    cloud = InMemoryCloud([an_instance(f"web-{n}", metadata_service=ON) for n in range(3)])
    cloud.fail("update_metadata", PermissionDeniedError("403"))

    ran = use(an_app(cloud), "metadata", "disable", "--all", "--yes", "-o", "json")

    assert ran.exit_code == 6
    assert [item["result"] for item in ran.answer["items"]] == [
        *("failed", "not_attempted", "not_attempted")
    ]


def test_a_state_that_cannot_be_written_ends_a_change_with_1_before_any_call() -> None:
    cloud = InMemoryCloud([an_instance(metadata_service=ON)])
    app = an_app(cloud, state_error=StateError("no room"))

    ran = use(app, "metadata", "disable", "--all", "--yes")

    assert (ran.exit_code, ran.stderr) == (1, "error: no room\n")
    assert cloud.calls == []


def test_a_state_that_fails_once_changes_were_sent_is_6() -> None:
    cloud = InMemoryCloud([an_instance(metadata_service=ON)])
    journal = InMemoryJournal()
    journal.fail("settle", StateError("no room"))

    ran = use(an_app(cloud, journal=journal), "metadata", "disable", "--all", "--yes", "-o", "json")

    assert ran.exit_code == ran.answer["exit_code"] == 6
    assert "no room" in ran.stderr
    assert [item["result"] for item in ran.answer["items"]] == ["applied"]


@pytest.mark.parametrize("format_", ["table", "csv"])
def test_what_was_changed_is_told_all_the_more_where_the_journal_has_no_room(
    format_: str, tmp_path: Path
) -> None:
    file = tmp_path / "report"
    journal = InMemoryJournal()
    journal.fail("settle", StateError("no room"))
    app = an_app(InMemoryCloud([an_instance(metadata_service=ON)]), journal=journal)

    ran = use(app, "metadata", "disable", "--all", "--yes", "-o", format_, "-o", f"markdown={file}")

    assert ran.exit_code == 6
    assert "web-1" in ran.stdout
    assert "applied" in ran.stdout
    assert "applied" in file.read_text()
    assert "no room" in ran.stderr


def test_an_authentication_error_is_told_before_anything_is_read() -> None:
    cloud = InMemoryCloud([an_instance()])
    cloud.fail("get_caller", AuthenticationError("the key is refused"))

    ran = use(an_app(cloud), "servers", "list", "-o", "json")

    assert ran.exit_code == 1
    assert ran.answer["errors"][0]["code"] == "authentication_failed"
    assert cloud.operations() == ["get_caller"]

import json
import stat
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from tests.support.app import an_app, use, written
from tests.support.builders import a_bare_metal_server, an_instance
from tests.support.fake_cloud import InMemoryCloud
from vpcmetactl.cli.context import App
from vpcmetactl.cli.output import OutputChoice, Target, read_output
from vpcmetactl.domain.errors import InvalidInputError, PermissionDeniedError, UnavailableError
from vpcmetactl.domain.servers import Disk
from vpcmetactl.render.options import Format, formats_of

_GONE = UnavailableError("the API does not answer")


def a_fleet_app() -> App:
    disks = (Disk("d1", "data", 100), Disk("d2", "scratch", 20))
    return an_app(InMemoryCloud([an_instance("web-1", disks=disks), a_bare_metal_server("m-1")]))


def chosen(*words: str, kind: str = "servers", **more: Any) -> OutputChoice:  # noqa: ANN401 - as click gives them
    given = {"output": words, "query": None, "sort": None, "columns": None, "limit": None, **more}
    return read_output(an_app(), kind, given)


def names(stdout: str) -> list[str]:
    return [item["name"] for item in json.loads(stdout)["items"]]


# What the options mean.


@pytest.mark.parametrize(
    ("words", "targets"),
    [
        ((), [Target(Format.TABLE)]),
        (("json",), [Target(Format.JSON)]),
        (("JSON",), [Target(Format.JSON)]),
        (("json=a=b.json",), [Target(Format.TABLE), Target(Format.JSON, Path("a=b.json"))]),
        (("json=f", "csv"), [Target(Format.JSON, Path("f")), Target(Format.CSV)]),
        (
            ("json=f", "csv=g"),
            [Target(Format.TABLE), Target(Format.JSON, Path("f")), Target(Format.CSV, Path("g"))],
        ),
    ],
)
def test_the_table_goes_to_stdout_unless_another_format_does(
    words: tuple[str, ...], targets: list[Target]
) -> None:
    assert list(chosen(*words).targets) == targets


def test_a_query_alone_asks_for_json() -> None:
    assert chosen(query="items[].name").targets == (Target(Format.JSON),)


@pytest.mark.parametrize(
    ("words", "more", "message"),
    [
        (("json", "csv"), {}, "--output json and csv: only one format can go to stdout"),
        (("xml",), {}, "--output xml: there is no format 'xml'"),
        (("json=",), {}, "--output json=: there is no file name behind the '='"),
        (("json=f", "csv=f"), {}, "--output: f is named twice"),
        (("csv",), {"query": "items"}, "--query shapes JSON, and the output is csv"),
        (("csv=f",), {"query": "items"}, "--query shapes JSON, and the output is table and csv"),
        (("json",), {"columns": "name"}, "--columns means nothing to json"),
        ((), {"columns": "nam"}, "--columns nam: servers have no such field"),
        ((), {"columns": "vpc"}, "--columns vpc: it is an object, not a single value"),
        ((), {"sort": "-nam"}, "--sort nam: servers have no such field"),
        (("json",), {"query": "items[?"}, "--query 'items[?': it ends too early"),
    ],
)
def test_what_cannot_be_is_refused(
    words: tuple[str, ...], more: dict[str, str], message: str
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        chosen(*words, **more)

    assert str(caught.value) == message


def test_a_file_gets_neither_the_width_nor_the_colour_of_the_terminal() -> None:
    app = an_app(environ={"CLICOLOR_FORCE": "1"})
    given = {"output": ("table=f", "wide"), "sort": "", "columns": "", "limit": None}
    choice = read_output(app, "servers", given)

    file, screen = (choice.shape_for(target) for target in choice.targets)

    assert (file.color, screen.color) == (False, True)


# Where results go.


def test_each_format_goes_where_it_should(tmp_path: Path) -> None:
    file = tmp_path / "servers.json"

    ran = use(a_fleet_app(), "servers", "list", "-o", f"json={file}", "-o", "ids")

    assert ran.exit_code == 0
    assert len(ran.stdout.splitlines()) == 2
    assert names(file.read_text()) == ["m-1", "web-1"]


def test_a_query_looks_into_lists_too() -> None:
    ran = use(a_fleet_app(), "servers", "list", "--query", "items[].disks[].name")

    assert json.loads(ran.stdout) == ["data", "scratch"]


def test_a_file_is_replaced_whole_and_keeps_its_mode(tmp_path: Path) -> None:
    file = tmp_path / "servers.json"
    file.write_text("old" * 10_000)
    file.chmod(0o640)

    use(a_fleet_app(), "servers", "list", "-o", f"json={file}")

    assert names(file.read_text()) == ["m-1", "web-1"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert list(tmp_path.iterdir()) == [file]


def test_the_summary_of_a_workflow_step_is_added_to(tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("# What the step before said\n")
    cloud = InMemoryCloud([an_instance("web-1")])
    app = an_app(cloud, environ={"GITHUB_STEP_SUMMARY": str(summary)})

    use(app, "servers", "list", "-o", f"markdown={summary}")

    assert summary.read_text().startswith("# What the step before said\n\n")
    assert "web-1" in summary.read_text()


def test_what_is_added_to_a_summary_stands_apart_and_begins_an_empty_one(tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"
    summary.touch()
    app = an_app(InMemoryCloud(), environ={"GITHUB_STEP_SUMMARY": str(summary)})

    use(app, "audit", "checks", "-o", f"markdown={summary}")
    once = summary.read_text()
    use(app, "audit", "checks", "-o", f"markdown={summary}")

    assert once.startswith("| CHECK")
    assert summary.read_text() == f"{once}\n\n{once}"


def test_a_format_that_is_misspelt_is_guessed() -> None:
    with pytest.raises(InvalidInputError) as raised:
        chosen("sarf=out.sarif", kind="findings")

    assert str(raised.value.hint).startswith("did you mean sarif? the formats are table, wide")


def test_the_help_of_an_audit_names_every_format_it_has() -> None:
    told = " ".join(use(an_app(), "audit", "run", "--help").stdout.split())

    assert f"{', '.join(formats_of('findings')[:-1])} or prometheus; with =FILE" in told


def test_a_report_of_audits_is_refused_to_other_commands_before_anything_is_read() -> None:
    ran = use(a_fleet_app(), "servers", "list", "-o", "sarif")

    assert ran.exit_code == 2
    assert "--output sarif: only audit run has this format" in ran.stderr
    assert "the formats here are table, wide" in ran.stderr


def test_a_link_stays_and_what_it_points_to_is_replaced(tmp_path: Path) -> None:
    folder = tmp_path / "reports"
    folder.mkdir()
    link = tmp_path / "latest.json"
    link.symlink_to(folder / "today.json")

    use(a_fleet_app(), "servers", "list", "-o", f"json={link}")

    assert link.is_symlink()
    assert names((folder / "today.json").read_text()) == ["m-1", "web-1"]


def test_a_new_file_has_the_mode_that_the_umask_leaves(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.touch()
    file = tmp_path / "servers.csv"

    use(a_fleet_app(), "servers", "list", "-o", f"csv={file}")

    assert file.stat().st_mode == other.stat().st_mode


@pytest.mark.parametrize("format_", ["csv", "jsonl", "table", "markdown"])
def test_a_failure_leaves_the_old_file_as_it_was(tmp_path: Path, format_: str) -> None:
    file = tmp_path / "servers"
    file.write_text("old")
    app = a_failing_app()

    ran = use(app, "servers", "list", "-o", f"{format_}={file}")

    assert (ran.exit_code, ran.stdout) == (1, "")
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]


def test_a_failure_is_a_json_document_too(tmp_path: Path) -> None:
    file = tmp_path / "servers.json"

    ran = use(a_failing_app(), "servers", "list", "-o", f"json={file}", "-o", "json")

    for document in (json.loads(file.read_text()), json.loads(ran.stdout)):
        assert (document["status"], document["exit_code"]) == ("error", 1)
        assert [error["code"] for error in document["errors"]] == ["unavailable"]


def test_the_last_line_on_stderr_tells_whether_lines_of_json_are_everything() -> None:
    error = PermissionDeniedError("no", trace="t-1", hint="ask for the right")
    cloud = InMemoryCloud([an_instance("web-1"), an_instance("web-2", region="eu-de")])
    whole = use(an_app(cloud), "servers", "list", "-o", "jsonl")
    cloud.fail("list_page", error, region="eu-de", times=2)
    part = use(an_app(cloud), "servers", "list", "-o", "jsonl")

    assert (whole.exit_code, whole.stderr) == (0, "")
    assert (part.exit_code, len(part.stdout.splitlines())) == (4, 1)
    assert part.stderr.splitlines()[-1] == "incomplete: eu-de could not be read as a whole"


def test_a_file_that_cannot_be_written_is_an_error_before_anything_is_asked(
    tmp_path: Path,
) -> None:
    cloud = InMemoryCloud([an_instance()])
    file = tmp_path / "none" / "servers.json"

    ran = use(an_app(cloud), "servers", "list", "-o", f"json={file}")

    assert ran.exit_code == 1
    assert f"--output: {file}: No such file or directory" in ran.stderr
    assert cloud.calls == []


def test_a_device_is_written_to_and_not_replaced() -> None:
    device = Path("/dev/null")

    ran = use(a_fleet_app(), "servers", "list", "-o", f"json={device}", "-o", "ids")

    assert ran.exit_code == 0
    assert device.is_char_device()


def test_a_full_disk_is_an_error_with_its_reason() -> None:
    ran = use(a_fleet_app(), "servers", "list", "-o", "json=/dev/full", "-o", "ids")

    assert ran.exit_code == 1
    assert "/dev/full: No space left on device" in ran.stderr


def test_stdout_carries_the_result_and_stderr_everything_else() -> None:
    cloud = InMemoryCloud([an_instance("web-1"), an_instance("db-1", region="eu-de")])
    cloud.fail("list_page", _GONE, region="eu-de", times=2)
    app = an_app(cloud)

    ran = use(app, "servers", "list", "-o", "json")

    assert ran.exit_code == 4
    assert names(written(app.terminal.stdout)) == ["web-1"]
    assert "eu-de could not be read" in ran.stderr


def test_a_closed_stdout_ends_the_program_quietly() -> None:
    class Closed(StringIO):
        def write(self, text: str, /) -> int:
            raise BrokenPipeError(text)

    app = a_fleet_app()
    object.__setattr__(app.terminal, "stdout", Closed())

    ran = use(app, "servers", "list", "-o", "jsonl")

    assert (ran.exit_code, ran.stderr) == (0, "")


def a_failing_app() -> App:
    cloud = InMemoryCloud([an_instance()])
    cloud.fail("list_page", _GONE, times=2)
    return an_app(cloud)

import json

import pytest

from tests.render.examples import ASSESSED, NOON, PLAIN, rendered
from tests.support.builders import OFF, ON, an_instance
from vpcmetactl.domain.errors import ExitCode, InvalidInputError, RefusedError, UnavailableError
from vpcmetactl.domain.restarts import AssessedServer, assess_restart
from vpcmetactl.domain.servers import MetadataService
from vpcmetactl.render.documents import Scope, Status, Trailer, Unread
from vpcmetactl.render.envelope import render_failure
from vpcmetactl.render.options import Format, OutputOptions, SortKey, formats_of
from vpcmetactl.render.sinks import open_sink
from vpcmetactl.render.views.servers import SERVERS


def assessed(name: str, service: MetadataService | None = OFF, **fields: str) -> AssessedServer:
    server = an_instance(name, metadata_service=service, region=fields.get("region", "us-south"))
    return AssessedServer(server, assess_restart(server))


def _nowhere(_: str) -> None:
    """Take what nobody reads."""


FOUR = (
    assessed("b", ON, region="us-south"),
    assessed("a", None, region="us-south"),
    assessed("c", OFF, region="eu-de"),
    assessed("d", ON, region="eu-de"),
)


def names(options: OutputOptions) -> object:
    query = OutputOptions(query="items[].name", sort=options.sort, limit=options.limit)
    return json.loads(rendered(SERVERS, Format.JSON, FOUR, query))


def test_items_are_in_the_order_of_the_view_whatever_order_they_came_in() -> None:
    assert names(PLAIN) == ["c", "d", "a", "b"]


def test_sorting_puts_what_is_not_reported_last_either_way() -> None:
    key = "metadata_service.enabled"
    assert names(OutputOptions(sort=(SortKey(key),))) == ["c", "d", "b", "a"]
    assert names(OutputOptions(sort=(SortKey(key, descending=True),))) == ["d", "b", "c", "a"]


def test_later_sort_keys_break_ties() -> None:
    keys = (SortKey("region", descending=True), SortKey("name", descending=True))
    assert names(OutputOptions(sort=keys)) == ["b", "a", "d", "c"]


def test_the_limit_comes_after_the_order_and_the_summary_counts_all() -> None:
    options = OutputOptions(limit=1, sort=(SortKey("name"),))
    document = json.loads(rendered(SERVERS, Format.JSON, FOUR, options))
    assert [item["name"] for item in document["items"]] == ["a"]
    assert document["summary"] == {
        "total": 4,
        "enabled": 2,
        "enabled_http": 2,
        "enabled_https": 0,
        "disabled": 1,
        "not_reported": 1,
        "unsupported_architecture": 0,
        "restart_needed": 0,
        "restart_unknown": 3,
    }


def test_a_limited_table_says_how_many_there_are() -> None:
    assert rendered(SERVERS, Format.TABLE, FOUR, OutputOptions(limit=1)) == (
        "NAME  KIND      ZONE     STATUS   METADATA  PROTOCOL  HOPS  RESTART  VPC\n"
        "c     instance  eu-de-1  running  disabled  http         1  no       prod\n"
        "\n"
        "4 servers: 2 enabled (2 http, 0 https), 1 disabled, 1 not reported.\n"
        "\n"
        "Showing 1 of 4.\n"
    )


def test_lines_are_written_as_items_come_and_none_is_held() -> None:
    written: list[str] = []
    sink = open_sink(SERVERS, Format.JSONL, OutputOptions(limit=2), written.append)
    sink.start()
    seen = []
    for server in FOUR:
        sink.item(server)
        seen.append(len(written))
    sink.end(Trailer(generated_at=NOON))
    assert seen == [1, 2, 2, 2]
    assert [json.loads(line)["name"] for line in written] == ["b", "a"]


def test_lines_can_be_sorted_at_the_price_of_waiting() -> None:
    text = rendered(SERVERS, Format.JSONL, FOUR, OutputOptions(sort=(SortKey("name"),)))
    assert [json.loads(line)["name"] for line in text.splitlines()] == ["a", "b", "c", "d"]


def test_ids_are_told_once_each() -> None:
    text = rendered(SERVERS, Format.IDS, (FOUR[0], FOUR[1], FOUR[0]))
    assert text.splitlines() == [FOUR[1].server.id, FOUR[0].server.id]


def test_chosen_columns_are_shown_in_the_order_chosen_and_a_field_without_one_gets_one() -> None:
    options = OutputOptions(columns=("availability_class", "metadata_service.enabled", "disks"))
    assert rendered(SERVERS, Format.TABLE, ASSESSED[:1], options).splitlines()[:2] == [
        "AVAILABILITY_CLASS  METADATA  DISKS",
        'standard            enabled   [{"id":"d1","name":"scratch","size":150}]',
    ]


def test_csv_tells_null_from_false_and_keeps_lists() -> None:
    options = OutputOptions(columns=("name", "metadata_service.enabled", "disks", "vpc.name"))
    assert rendered(SERVERS, Format.CSV, FOUR, options) == (
        "name,metadata_service.enabled,disks,vpc.name\n"
        "c,false,[],prod\n"
        "d,true,[],prod\n"
        "a,,[],prod\n"
        "b,true,[],prod\n"
    )


@pytest.mark.parametrize("format_", [f for f in formats_of("servers") if f is not Format.JSON])
def test_a_query_needs_json(format_: Format) -> None:
    with pytest.raises(InvalidInputError, match="--query shapes JSON"):
        open_sink(SERVERS, format_, OutputOptions(query="items"), _nowhere)


@pytest.mark.parametrize("format_", [Format.JSON, Format.JSONL, Format.IDS])
def test_columns_need_a_format_that_has_them(format_: Format) -> None:
    with pytest.raises(InvalidInputError, match="has no columns to choose"):
        open_sink(SERVERS, format_, OutputOptions(columns=("name",)), _nowhere)


def test_a_query_is_checked_before_anything_is_read() -> None:
    with pytest.raises(InvalidInputError, match="ends too early"):
        open_sink(SERVERS, Format.JSON, OutputOptions(query="items["), _nowhere)


def test_a_query_shapes_no_failure() -> None:
    trailer = Trailer(
        generated_at=NOON, exit_code=ExitCode.REFUSED, errors=[RefusedError("declined")]
    )
    query = OutputOptions(query="items[].name")
    shaped = rendered(SERVERS, Format.JSON, FOUR, query, trailer)
    assert shaped == rendered(SERVERS, Format.JSON, FOUR, PLAIN, trailer)
    assert json.loads(shaped)["errors"][0]["message"] == "declined"


@pytest.mark.parametrize("format_", [f for f in Format if f is not Format.JSON])
def test_only_json_owes_stdout_a_failure(format_: Format) -> None:
    written: list[str] = []
    render_failure(format_, "servers", Trailer(generated_at=NOON), written.append)
    assert written == []


@pytest.mark.parametrize(
    ("trailer", "status"),
    [
        (Trailer(generated_at=NOON), Status.COMPLETE),
        (Trailer(generated_at=NOON, exit_code=ExitCode.FINDINGS), Status.COMPLETE),
        (Trailer(generated_at=NOON, exit_code=ExitCode.FAILED), Status.COMPLETE),
        (Trailer(generated_at=NOON, exit_code=ExitCode.INCOMPLETE), Status.INCOMPLETE),
        (Trailer(generated_at=NOON, exit_code=ExitCode.INTERRUPTED), Status.INCOMPLETE),
        (
            Trailer(
                generated_at=NOON,
                exit_code=ExitCode.FINDINGS,
                scope=Scope(incomplete=[Unread(None, "eu-gb", None, UnavailableError("gone"))]),
            ),
            Status.INCOMPLETE,
        ),
        (Trailer(generated_at=NOON, exit_code=ExitCode.USAGE), Status.ERROR),
        (
            Trailer(
                generated_at=NOON, exit_code=ExitCode.REFUSED, errors=[RefusedError("declined")]
            ),
            Status.ERROR,
        ),
    ],
)
def test_the_status_says_whether_the_items_are_everything(trailer: Trailer, status: Status) -> None:
    assert trailer.status is status

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.render.examples import EXAMPLES, NOON, rendered, rendered_example
from tests.render.restart_examples import IMPORTED, OUTSTANDING, needed
from tests.support.builders import ON, a_server_id, an_instance
from tests.support.histories import events, observations
from vpcmetactl.domain.evidence import EventKind, ImportSummary, Observation
from vpcmetactl.domain.restarts import (
    EXPLANATIONS,
    AssessedServer,
    Confidence,
    Reason,
    RestartAssessment,
    Verdict,
)
from vpcmetactl.domain.runs import CutOffRestart, RestartStep
from vpcmetactl.render.cut_off import cut_off_warnings
from vpcmetactl.render.items.servers import Shows, restart_item
from vpcmetactl.render.options import Format, OutputOptions
from vpcmetactl.render.text import display_width
from vpcmetactl.render.views.imports import IMPORT
from vpcmetactl.render.views.restarts import RESTARTS
from vpcmetactl.render.views.words import RESTART_ADVICE, age_words

ONE_LINE = OutputOptions(width=400)


def assessed(name: str, restart: RestartAssessment) -> AssessedServer:
    return AssessedServer(an_instance(name, metadata_service=ON), restart)


def unknown(name: str, reason: Reason = Reason.ENABLED_AT_FIRST_SIGHT) -> AssessedServer:
    return assessed(name, RestartAssessment(Verdict.UNKNOWN, reason))


def not_needed(name: str) -> AssessedServer:
    restart = RestartAssessment(
        Verdict.NOT_NEEDED, Reason.STOPPED_SINCE, confidence=Confidence.PRESUMED
    )
    return assessed(name, restart)


def table(*values: AssessedServer, width: int = 80) -> list[str]:
    return rendered(RESTARTS, Format.TABLE, values, OutputOptions(width=width)).splitlines()


def document(name: str) -> Any:  # noqa: ANN401 - whatever JSON holds
    return json.loads(rendered_example(name, Format.JSON))


def test_what_is_needed_stands_first_with_the_day_and_the_age() -> None:
    lines = table(not_needed("c"), unknown("b"), assessed("a", needed("a")), width=90)
    assert lines[:4] == [
        "SERVER  REGION    VERDICT     CONFIDENCE  SINCE             REASON",
        "a       us-south  needed      presumed    2026-11-18 (3 d)  enabled while running",
        "b       us-south  unknown                 -                 enabled at first sight",
        "c       us-south  not needed  presumed    -                 stopped since",
    ]


def test_where_there_is_little_room_the_confidence_goes_and_nothing_else_is_cut() -> None:
    name = "a-server-with-eighteen"[:18]
    assert table(assessed(name, needed(name)))[:2] == [
        "SERVER              REGION    VERDICT  SINCE             REASON",
        f"{name}  us-south  needed   2026-11-18 (3 d)  enabled while running",
    ]


def test_a_column_without_anything_in_it_is_left_out_unless_it_was_chosen() -> None:
    assert table(unknown("b"))[0].split() == ["SERVER", "REGION", "VERDICT", "SINCE", "REASON"]
    chosen = OutputOptions(columns=("name", "restart.confidence"))
    text = rendered(RESTARTS, Format.TABLE, [unknown("b")], chosen)
    assert text.splitlines()[:2] == ["SERVER  CONFIDENCE", "b"]


@example(names=["🐀🏻"], width=80)
@given(
    names=st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), max_size=3),
    width=st.integers(80, 160),
)
def test_whatever_the_names_the_table_fits_the_terminal(names: list[str], width: int) -> None:
    values = [assessed(name, needed(name)) for name in names] + [unknown(name) for name in names]
    text = rendered(RESTARTS, Format.TABLE, values, OutputOptions(width=width))
    assert all(display_width(line) <= width for line in text.splitlines())


@pytest.mark.parametrize(
    ("age", "words"),
    [
        (timedelta(days=40, hours=23), "40 d"),
        (timedelta(days=1), "1 d"),
        (timedelta(hours=23, minutes=59), "23 h"),
        (timedelta(minutes=59, seconds=59), "59 min"),
        (timedelta(seconds=59), "0 min"),
        (timedelta(minutes=-5), "0 min"),
    ],
)
def test_an_age_is_told_in_its_largest_unit(age: timedelta, words: str) -> None:
    assert age_words(NOON - age, NOON) == words


def test_each_reason_is_explained_once_with_how_to_settle_it_and_both_sides_of_ibm() -> None:
    names = ("a", "b", "c")
    values = [assessed(name, needed(name)) for name in names] + [unknown(f"{n}2") for n in names]
    text = rendered(RESTARTS, Format.TABLE, values, ONE_LINE)
    wrapped_once = " ".join(text.split())
    for reason in (Reason.ENABLED_WHILE_RUNNING, Reason.ENABLED_AT_FIRST_SIGHT):
        explanation = EXPLANATIONS[reason]
        assert wrapped_once.count(explanation.meaning) == 1
        assert wrapped_once.count(explanation.remedy or "nothing") == 1
    assert wrapped_once.count(RESTART_ADVICE) == 1
    assert "6 servers: 3 needed, 3 unknown." in text


COMMANDS = {
    "vpcmetactl restarts import-events FILE",
    "vpcmetactl restarts ack SERVER --note TEXT",
    "vpcmetactl restarts run --all --dry-run",
}


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (assessed("a", needed("a")), COMMANDS),
        (unknown("a"), COMMANDS - {"vpcmetactl restarts run --all --dry-run"}),
        (unknown("a", Reason.NOT_REPORTED), set()),
        (not_needed("a"), set()),
    ],
)
def test_only_what_helps_is_told_to_be_typed_next(value: AssessedServer, told: set[str]) -> None:
    text = "\n".join(table(value))
    assert {command for command in COMMANDS if command in text} == told


def test_where_nothing_is_outstanding_one_line_says_so() -> None:
    assert table() == ["No restart is outstanding on any server that was asked about."]


def test_verdicts_and_reasons_are_counted() -> None:
    assert document("restarts")["summary"] == {
        "total": 5,
        "needed": 2,
        "unknown": 3,
        "not_needed": 0,
        "by_reason": {
            "enabled_while_running": 2,
            "enabled_at_first_sight": 1,
            "order_unknown": 1,
            "not_reported": 1,
        },
    }


def test_json_tells_since_and_not_before_and_a_closed_shape_of_evidence() -> None:
    by_name = {item["name"]: item["restart"] for item in document("restarts")["items"]}
    restart = by_name["db-1"]
    assert (restart["since"], restart["not_before"]) == (
        "2026-11-18T09:30:00Z",
        "2026-11-17T23:30:00Z",
    )
    assert restart["remedy"] == EXPLANATIONS[Reason.ENABLED_WHILE_RUNNING].remedy
    assert restart["evidence"][1] == {
        "at": "2026-11-18T09:30:00Z",
        "source": "observation",
        "shows": "seen",
        "enabled": True,
        "status": "running",
        "not_before": "2026-11-17T23:30:00Z",
        "note": None,
    }
    (_, acknowledged) = document("restarts-ack")["items"][0]["restart"]["evidence"]
    assert acknowledged == {
        "at": "2026-11-18T11:30:00Z",
        "source": "operator",
        "shows": "acknowledged",
        "enabled": None,
        "status": None,
        "not_before": None,
        "note": "restarted in change 4711",
    }


@given(st.lists(observations() | events(), max_size=4))
def test_every_piece_of_evidence_is_told_in_its_place(known: list[Any]) -> None:
    item = restart_item(
        RestartAssessment(Verdict.UNKNOWN, Reason.ORDER_UNKNOWN, evidence=tuple(known))
    )
    told = [(one.at, one.shows) for one in item.evidence]
    assert told == [
        (one.observed_at, Shows.SEEN)
        if isinstance(one, Observation)
        else (one.at, Shows(one.kind.value))
        for one in known
    ]


def test_servers_without_evidence_share_what_is_told_of_them() -> None:
    first, second = (restart_item(unknown(name).restart) for name in ("a", "b"))
    assert first is second
    earlier = restart_item(needed("a", NOON - timedelta(days=9)))
    assert restart_item(needed("a", NOON)).since != earlier.since


def test_the_page_tells_the_evidence_in_order_then_the_verdict_and_how_to_settle_it() -> None:
    value = OUTSTANDING[0]
    text = rendered(EXAMPLES["server"].view, Format.TABLE, [value], ONE_LINE)
    section = text[text.index("\nRestart\n") :].partition("\n\n")[0]
    lines = section.splitlines()[2:]
    assert [line.split("  ")[1] for line in lines if not line.startswith("    ")][:6] == [
        "Seen",
        "Seen",
        "Verdict",
        "Because",
        "Since",
        "To settle it",
    ]
    assert lines[1].endswith(
        "2026-11-18 09:30:00 UTC  service enabled, running"
        " (otherwise until 2026-11-17 23:30:00 UTC)"
    )


def test_of_much_evidence_the_latest_is_told() -> None:
    page = rendered_example("server-with-a-past", Format.TABLE)
    assert page.count("  Activity Tracker  ") == 20
    assert "6 more, in --output json" in page
    wide = rendered_example("restarts", Format.WIDE)
    assert "23 earlier; 2026-11-18 09:53:00 UTC something was changed (Activity Tracker); " in wide


def cut_off(name: str, run_id: str) -> CutOffRestart:
    return CutOffRestart(run_id, an_instance(name).identity, RestartStep.STOPPED)


def test_servers_left_stopped_are_named_with_what_starts_them_again() -> None:
    many = [cut_off(f"db-{number}", "r1") for number in range(12)]
    first, second = cut_off_warnings([*many, cut_off("web-1", "r2")])
    assert first == (
        "db-0 (us-south), db-1 (us-south), db-2 (us-south) and 9 more are perhaps still stopped: "
        "run r1 stopped them and did not see them run again; vpcmetactl runs resume r1 starts "
        "them first of all"
    )
    assert second == (
        "web-1 (us-south) is perhaps still stopped: run r2 stopped it and did not see it run "
        "again; vpcmetactl runs resume r2 starts it first of all"
    )
    assert cut_off_warnings([]) == []


def test_an_import_tells_what_became_of_every_record() -> None:
    text = rendered_example("import", Format.TABLE)
    assert "  Records read          1,000,000\n" in text
    assert "  Kinds                 432 updated, 400 stopped, 400 started, 2 answered\n" in text
    assert "\nThe service works on 2 servers: no restart is outstanding there.\n" in text
    assert "What was not understood" in text
    counts = document("import")["summary"]
    parts = ("kept", "known", "foreign", "ignored", "unreadable")
    assert counts["read"] == sum(counts[part] for part in parts)


def test_imports_are_summed_up() -> None:
    empty = ImportSummary(read=3, kept=0, known=0, foreign=0, ignored=3, unreadable=0)
    assert "restarts list" not in rendered(IMPORT, Format.TABLE, [empty])
    both = json.loads(rendered(IMPORT, Format.JSON, [IMPORTED, empty]))["summary"]
    assert (both["read"], both["ignored"], both["earliest"], both["by_kind"]) == (
        IMPORTED.read + 3,
        IMPORTED.ignored + 3,
        "2026-11-18T09:30:00Z",
        {kind.value: count for kind, count in IMPORTED.by_kind.items()},
    )
    assert EventKind.ACKNOWLEDGED.value not in both["by_kind"]
    twice = json.loads(rendered(IMPORT, Format.JSON, [IMPORTED, IMPORTED]))["summary"]
    assert twice["proven"] == both["proven"] == sorted(IMPORTED.proven)


def test_ids_name_the_servers() -> None:
    text = rendered(RESTARTS, Format.IDS, [assessed("a", needed("a"))])
    assert text == f"{a_server_id('instance a')}\n"

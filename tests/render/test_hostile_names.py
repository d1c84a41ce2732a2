"""Names come from the cloud: whatever is in them, no format lets it out."""

import csv
import io
import json
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.render.examples import PLAIN, rendered
from tests.render.run_examples import INTERRUPTED
from tests.support.builders import ON, an_instance
from vpcmetactl.domain.audit import audit
from vpcmetactl.domain.default_policy import DEFAULT_POLICY
from vpcmetactl.domain.errors import UnavailableError
from vpcmetactl.domain.metadata_plans import plan_metadata
from vpcmetactl.domain.plans import Action, Failed, MetadataServicePatch
from vpcmetactl.domain.policy import Waiver
from vpcmetactl.domain.restarts import AssessedServer, assess_restart
from vpcmetactl.domain.runs import Attempt, AttemptOutcome, RunItem
from vpcmetactl.domain.servers import Instance, Reference
from vpcmetactl.domain.subject_selection import SubjectSelector
from vpcmetactl.domain.subjects import Subject
from vpcmetactl.render.options import Format, OutputOptions, formats_of
from vpcmetactl.render.text import display_width, printable
from vpcmetactl.render.views.findings import FINDINGS
from vpcmetactl.render.views.plans import OUTCOMES, PLAN
from vpcmetactl.render.views.runs import RUN, RUNS
from vpcmetactl.render.views.servers import SERVER, SERVERS

HOSTILE = (
    "\x00\x07\x08\t\n\r\x1b[2J\x7f\x85\x9b\u061c\u200f\u2028\u202e\u2066\ufeff\U000e0041|,\"'=`<"
)
# JSON text from the API never decodes to lone surrogates.
NAMES = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
    st.text(st.sampled_from(HOSTILE), min_size=1),
)


def a_server(name: str) -> Instance:
    group = Reference(id="fee8", name=name)
    return an_instance("x", metadata_service=ON, status=name, vpc=group, resource_group=group)


def assessed(name: str) -> AssessedServer:
    server = a_server(name)
    return AssessedServer(server, assess_restart(server))


def rows(name: str, format_: Format, options: OutputOptions = PLAIN) -> str:
    return rendered(SERVERS, format_, [assessed(name)], options)


def everything(name: str, format_: Format) -> str:
    servers = [an_instance(name, metadata_service=ON), a_server(name)]
    plan = plan_metadata(Action.DISABLE, MetadataServicePatch(enabled=False), servers, named=True)
    waiver = Waiver(
        check="VPCMETA001",
        servers=SubjectSelector(names=(name,)),
        owner=name,
        reason=name,
        expires=date(2026, 11, 23),
    )
    policy = replace(DEFAULT_POLICY, waivers=(waiver,), name=name)
    report = audit(map(Subject, servers), policy, date(2026, 11, 22))
    failure = UnavailableError(f"us-south: {name}: no answer", hint=name, trace=name)
    attempt = Attempt(outcome=AttemptOutcome.FAILED, error_message=name, error_trace=name)
    items = tuple(RunItem(item, (attempt,)) for item in plan.items)
    run = replace(INTERRUPTED, actor=name, items=items)
    values = [AssessedServer(server, assess_restart(server)) for server in servers]
    return "".join(
        [
            rendered(SERVERS, format_, values),
            rendered(SERVER, format_, values),
            rendered(PLAN, format_, plan.items),
            rendered(FINDINGS, format_, report.findings),
            rendered(OUTCOMES, format_, [Failed(change, failure) for change in plan.changes]),
            rendered(RUNS, format_, [run]),
            rendered(RUN, format_, [run]),
        ]
    )


@pytest.mark.parametrize("format_", formats_of("servers"))
@given(name=NAMES)
def test_no_character_that_does_not_print_leaves_any_format(format_: Format, name: str) -> None:
    text = everything(name, format_).replace("\n", "")
    if format_ in {Format.JSON, Format.JSONL}:
        # JSON keeps what is merely unassigned or a space; the rest is escaped.
        text = "".join(char for char in text if ord(char) < 0xA0 or char in HOSTILE)
    assert text.isprintable()


@given(name=NAMES, width=st.integers(70, 160))
def test_no_line_of_a_table_is_wider_than_the_terminal(name: str, width: int) -> None:
    text = rows(name, Format.TABLE, OutputOptions(width=width))
    assert all(display_width(line) <= width for line in text.splitlines())


@given(name=NAMES)
def test_csv_comes_back_from_a_reader_with_formulas_defused(name: str) -> None:
    text = rows(name, Format.CSV, OutputOptions(columns=("status", "vpc.name", "id")))
    shown = printable(name)
    cell = f"'{shown}" if shown.startswith(("=", "+", "-", "@")) else shown
    assert list(csv.reader(io.StringIO(text, newline=""))) == [
        ["status", "vpc.name", "id"],
        [cell, cell, a_server(name).id],
    ]


@given(name=NAMES)
def test_json_gives_the_name_back_as_it_was(name: str) -> None:
    assert json.loads(rows(name, Format.JSONL))["status"] == name


@given(name=NAMES)
def test_a_markdown_row_has_as_many_cells_as_its_head(name: str) -> None:
    head, rule, row = rows(name, Format.MARKDOWN).split("\n")[:3]
    unescaped = row.replace("\\\\", "").replace("\\|", "")
    assert head.count("|") == rule.count("|") == unescaped.count("|")

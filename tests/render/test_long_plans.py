"""Plans of a whole fleet, most of which is left alone."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from tests.render.examples import NOON, rendered
from tests.render.restart_examples import OUTSTANDING, RESTART_RUN
from tests.support.builders import OFF, ON, an_instance
from vpcmetactl.domain.plans import Outcome, Plan, PlanItem, Skip, SkipReason
from vpcmetactl.domain.restarting import RestartWish, plan_restarts
from vpcmetactl.domain.restarts import AssessedServer, assess_restart
from vpcmetactl.domain.runs import RunItem
from vpcmetactl.domain.servers import Server
from vpcmetactl.render.documents import Trailer
from vpcmetactl.render.options import Format, OutputOptions
from vpcmetactl.render.views.plans import OUTCOMES, PLAN
from vpcmetactl.render.views.runs import RUN

WIDER = "--verdict needed,unknown also restarts what is not known to need it."


def plan_of(*servers: AssessedServer) -> Plan:
    return plan_restarts(RestartWish(), servers)


def assessed(server: Server) -> AssessedServer:
    return AssessedServer(server, assess_restart(server))


def idle(count: int) -> list[AssessedServer]:
    """Return servers that need no restart, for their service is disabled."""
    return [assessed(an_instance(f"idle-{n:02}", metadata_service=OFF)) for n in range(count)]


def shown(view: Any, items: Sequence[PlanItem | Outcome], format_: Format, plan: Plan) -> str:  # noqa: ANN401 - of either kind
    trailer = Trailer(generated_at=NOON, whole=plan)
    return rendered(view, format_, items, OutputOptions(width=80), trailer)


def test_servers_that_need_no_restart_are_counted_and_not_listed() -> None:
    plan = plan_of(OUTSTANDING[0], *idle(30))
    text = shown(PLAN, plan.items, Format.TABLE, plan)
    assert text.splitlines()[1].startswith("~  db-1")
    assert "idle" not in text
    assert "restart: 1 to change, 30 not needed.\n" in text
    assert shown(PLAN, plan.items, Format.WIDE, plan).count("idle-") == 30
    summary = json.loads(shown(PLAN, plan.items, Format.JSON, plan))["summary"]
    assert (summary["skip"], summary["by_reason"]) == (30, {"not_needed": 30})


def test_a_plan_that_restarts_nothing_is_one_line_where_it_would_be_many() -> None:
    many, few = plan_of(*idle(21)), plan_of(*idle(20))
    assert shown(PLAN, many.items, Format.TABLE, many) == "restart: 21 not needed.\n"
    assert shown(PLAN, few.items, Format.TABLE, few).count("(service disabled)") == 20


def test_outcomes_leave_out_what_needed_nothing() -> None:
    plan = plan_of(*idle(30))
    text = shown(OUTCOMES, plan.items, Format.TABLE, plan)
    assert text == "restart: 30 not needed.\n"


def test_what_is_not_known_is_said_briefly_and_how_to_go_further_once() -> None:
    unknown = [assessed(an_instance(name, metadata_service=ON)) for name in ("a", "b", "c")]
    plan = plan_of(*unknown)
    text = rendered(
        PLAN,
        Format.TABLE,
        plan.items,
        OutputOptions(width=200),
        Trailer(generated_at=NOON, whole=plan),
    )
    said = "skipped: not known whether it needs one (enabled at first sight)"
    assert (text.count(said), text.count(WIDER)) == (3, 1)
    certain = plan_of(*idle(2))
    assert WIDER not in shown(PLAN, certain.items, Format.TABLE, certain)


def test_the_page_of_a_run_counts_what_needed_nothing() -> None:
    skips = [
        Skip(an_instance(f"idle-{n}").identity, SkipReason.NOT_NEEDED, "no restart is outstanding")
        for n in range(3)
    ]
    other = Skip(an_instance("web-1").identity, SkipReason.NOT_RUNNING, "is stopped")
    text = rendered(
        RUN, Format.TABLE, [replace(RESTART_RUN, items=tuple(map(RunItem, [*skips, other])))]
    )
    assert "Skipped: 4\n  3 not needed\n" in text
    assert ("idle" in text, "web-1" in text) == (False, True)
    alone = replace(RESTART_RUN, items=tuple(map(RunItem, skips)))
    assert rendered(RUN, Format.TABLE, [alone]).count("3 not needed") == 1
    assert rendered(RUN, Format.JSON, [alone]).count('"idle-') == 3

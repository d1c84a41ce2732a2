"""Every fault on the way of a change, which is applied, refused, failed or not known in the end."""

from typing import Any, NamedTuple

import pytest

from tests.integration.cloud import EmulatedCloud, Ran

MARGIN = 1.5
PASSING = ("429", "500", "502", "503", "504", "html", "garbage", "reset")
ASKED_TO_WAIT = ("429-retry-after=1", "503-retry-after=1")
# The change is made, and its answer does not arrive whole.
DONE = ("lost", "truncate", "stall", "dribble")


class Settled(NamedTuple):
    """What the journal and the cloud say after a command."""

    outcome: str
    code: str | None
    enabled: bool


FAILS = {
    "429": "rate_limited",
    "429-retry-after=9": "rate_limited",
    "500": "unavailable",
    "502": "unavailable",
    "503": "unavailable",
    "503-retry-after=9": "unavailable",
    "504": "unavailable",
    "html": "unavailable",
    "garbage": "unavailable",
    "reset": "unavailable",
    "redirect": "redirected",
    "expired": "authentication_failed",
    "401": "authentication_failed",
    "400": "bad_request",
    "403": "forbidden",
    "409": "conflict",
}


def enable(cloud: EmulatedCloud, *faults: str, timeout: float = 1) -> Ran:
    """Enable web-1 by its CRN: two reads and a change, and a third read behind it."""
    crn = cloud.crn("web-1")
    cloud.fail(*faults)
    options = ["--yes", "-o", "json", "--timeout", str(timeout)]
    return cloud.run("metadata", "enable", crn, "--protocol", "https", *options)


def settled(cloud: EmulatedCloud) -> Settled:
    """Return the one change of the journal, of which nothing is left open."""
    ((outcome, code, run_finished),) = cloud.rows(
        "SELECT outcome, error_code, finished_at FROM changes JOIN runs ON runs.id = changes.run"
    )
    assert run_finished is not None
    assert cloud.rows("SELECT * FROM changes WHERE outcome IS NULL") == []
    return Settled(str(outcome), str(code) if code else None, enabled=cloud.is_enabled("web-1"))


def only(ran: Ran) -> dict[str, Any]:
    (item,) = ran.envelope.items
    return item


@pytest.mark.parametrize("fault", [*PASSING, *ASKED_TO_WAIT, "expired"])
def test_a_change_is_sent_again_where_nothing_came_of_it(cloud: EmulatedCloud, fault: str) -> None:
    ran = enable(cloud, f"update_instance:{fault}:1", timeout=4)

    assert (ran.exit_code, only(ran)["result"]) == (0, "applied")
    assert settled(cloud) == Settled("applied", None, enabled=True)
    assert cloud.asked.count("update_instance") == 2


@pytest.mark.parametrize("how_often", ["1", "always"])
@pytest.mark.parametrize("fault", DONE)
def test_a_change_whose_answer_is_lost_is_settled_by_reading(
    cloud: EmulatedCloud, fault: str, how_often: str
) -> None:
    ran = enable(cloud, f"update_instance:{fault}:{how_often}")

    assert (ran.exit_code, only(ran)["result"]) == (0, "applied")
    assert settled(cloud) == Settled("applied", None, enabled=True)
    assert cloud.asked[-1] == "get_instance"
    assert ran.seconds < 1 + MARGIN


@pytest.mark.parametrize("fault", sorted(FAILS))
def test_a_change_that_cannot_be_made_fails_by_name(cloud: EmulatedCloud, fault: str) -> None:
    ran = enable(cloud, f"update_instance:{fault}")

    error = only(ran)["error"]
    server = cloud.server("web-1")
    assert (ran.exit_code, only(ran)["result"], error["code"]) == (6, "failed", FAILS[fault])
    assert error["message"].startswith(
        f"cannot change the metadata service of instance web-1 ({server.id}) in us-south: "
    )
    assert "not known" not in f"{error['message']} {error['hint']}"
    assert settled(cloud) == Settled("failed", FAILS[fault], enabled=False)
    assert ran.seconds < 1 + MARGIN


@pytest.mark.parametrize("fault", ["404", "412"])
def test_a_change_of_a_server_that_is_not_as_planned_is_refused(
    cloud: EmulatedCloud, fault: str
) -> None:
    ran = enable(cloud, f"update_instance:{fault}")

    assert (ran.exit_code, only(ran)["result"]) == (5, "refused")
    assert settled(cloud) == Settled("refused", "refused", enabled=False)


@pytest.mark.parametrize("change", ["none", "lost"])
def test_a_change_that_cannot_be_read_back_is_not_known(cloud: EmulatedCloud, change: str) -> None:
    lost = ["update_instance:lost"] if change == "lost" else []
    ran = enable(cloud, *lost, "get_instance:403:@3")

    assert (ran.exit_code, only(ran)["result"]) == (6, "unknown")
    outcome = settled(cloud)
    assert (outcome.outcome, outcome.enabled) == ("unknown", True)

    again = enable(cloud)

    assert (again.exit_code, only(again)["result"]) == (0, "already_so")


@pytest.mark.parametrize("fault", ["503", "reset", "stall", "garbage", "403"])
def test_nothing_is_sent_where_the_server_cannot_be_read_again(
    cloud: EmulatedCloud, fault: str
) -> None:
    crn = cloud.crn("web-1")
    cloud.fail()
    cloud.run("metadata", "enable", crn, "--dry-run")
    # The plan comes from the list, what is planned is read one by one.
    cloud.fail(f"get_instance:{fault}")

    ran = cloud.run(
        "metadata",
        "enable",
        *("--name", "web-1", "-r", "us-south", "--kind", "instance"),
        *("--yes", "-o", "json", "--timeout", "1"),
    )

    assert (ran.exit_code, only(ran)["result"]) == (6, "failed")
    assert "update_instance" not in cloud.asked
    assert settled(cloud).enabled is False
    assert ran.seconds < 1 + MARGIN


def test_nothing_more_is_attempted_after_the_first_failure(cloud: EmulatedCloud) -> None:
    cloud.fail("update_instance:403")

    ran = cloud.run("metadata", "enable", "--name", "legacy-*", "--yes", "-o", "json")

    results = sorted(str(item["result"]) for item in ran.envelope.items)
    assert ran.exit_code == 6
    assert results == ["already_so", "failed", *["not_attempted"] * 3]
    assert cloud.asked.count("update_instance") == 1


def test_a_change_is_refused_where_a_region_could_not_be_read(cloud: EmulatedCloud) -> None:
    cloud.fail("list_instances@jp-tok:403")
    words = ["metadata", "enable", "--name", "legacy-1", "--yes", "-o", "json"]

    refused = cloud.run(*words)
    allowed = cloud.run(*words, "--allow-incomplete")

    assert refused.exit_code == 5
    assert "error: nothing was changed: jp-tok could not be read" in refused.stderr
    assert "incomplete: the instances of jp-tok could not be read: cannot list" in refused.stderr
    assert (allowed.exit_code, only(allowed)["result"]) == (4, "applied")
    (part,) = allowed.envelope.scope.incomplete
    assert (part.region, part.code) == ("jp-tok", "forbidden")


@pytest.mark.parametrize("fault", ["503", "403", "html", "stall"])
def test_bare_metal_servers_are_changed_with_the_same_care(
    cloud: EmulatedCloud, fault: str
) -> None:
    cloud.fail(f"update_bare_metal_server:{fault}")

    ran = cloud.run(
        *("metadata", "enable", "metal-eu-1", "-r", "eu-de", "--kind", "bare-metal"),
        *("--yes", "-o", "json", "--timeout", "1"),
    )

    expected = (0, "applied") if fault == "stall" else (6, "failed")
    assert (ran.exit_code, only(ran)["result"]) == expected

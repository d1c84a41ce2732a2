"""Each assumption holds on the emulator, and is told not to hold on one that breaks it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from tests.live import rules
from tests.live.assumption import Finding, How, Outcome, UntestedError
from tests.live.assumptions import ASSUMPTIONS
from tests.live.changing import NotRestoredError, plan_toggle, run_toggle
from tests.live.cloud import Reply, Rule, Stage, stage
from tests.live.inside import Inside, run_inside
from tests.live.running import CHECKS, exit_code, report, run_reading
from tests.live.wire import MOST_REQUESTS, Answer, Wire
from vpcmetactl.emulator.clock import ManualClock
from vpcmetactl.guest.endpoints import Endpoint

HOLDS, DOES_NOT_HOLD, UNTESTED = Outcome.HOLDS, Outcome.DOES_NOT_HOLD, Outcome.UNTESTED


@pytest.fixture(scope="module")
def shared() -> Iterator[Stage]:
    with stage() as one:
        yield one


@pytest.fixture
def cloud(shared: Stage) -> Iterator[Stage]:
    yield shared
    shared.broken()


def ids(how: How) -> set[str]:
    return {one.id for one in ASSUMPTIONS if one.how is how}


def made(broken: rules.Break) -> Rule:
    """Return a rule: the same one each time, or a new one where it remembers something."""
    assert not isinstance(broken, str)
    return broken() if isinstance(broken, type) else broken


# Reading.


def test_everything_that_reading_tests_holds_on_the_emulator_in_few_requests(cloud: Stage) -> None:
    with cloud.visit() as visit:
        found = run_reading(visit)
        assert len(visit.wire.exchanges) <= MOST_REQUESTS
        assert {one.method for one in visit.wire.exchanges} <= {"GET", "POST"}
    assert {key: one for key, one in found.items() if one.outcome is not HOLDS} == {}
    assert found.keys() == ids(How.READ)
    assert exit_code(found) == 0


@pytest.mark.parametrize(("check", "broken"), rules.READ_BREAKS)
def test_what_a_reading_shows_not_to_hold_is_told(
    cloud: Stage, check: str, broken: rules.Break
) -> None:
    if isinstance(broken, str):
        cloud.broken(fault=broken)
    else:
        cloud.broken(rule=made(broken))
    with cloud.visit() as visit:
        found = {check: CHECKS[check](visit)}
    assert found[check].outcome is DOES_NOT_HOLD, found
    assert f"{check}  does not hold" in report(found)
    assert exit_code(found) == 3


def test_a_token_that_does_not_tell_its_account_is_told(cloud: Stage) -> None:
    cloud.broken(rule=rules.token_without_account(cloud.rules))
    with cloud.visit() as visit:
        found = run_reading(visit)
    assert found["A14"].outcome is DOES_NOT_HOLD
    assert found["A15"].outcome is HOLDS
    assert found["A16"] == Finding(UNTESTED, "the token does not tell its account")
    assert found["A01"].outcome is HOLDS


def test_every_check_of_a_reading_is_broken_by_something() -> None:
    assert {check for check, _ in rules.READ_BREAKS} | {"A14"} == CHECKS.keys()


def test_what_cannot_be_read_is_not_told_to_be_wrong(cloud: Stage) -> None:
    cloud.broken(fault="list_instances:403")
    with cloud.visit() as visit:
        found = run_reading(visit)
    assert found["A01"] == Finding(
        UNTESTED, "the list of instances was answered with 403 not_authorized"
    )
    assert found["A14"].outcome is HOLDS
    assert exit_code({key: found[key] for key in ("A01", "A14")}) == 4


def test_answers_of_any_shape_end_no_run(cloud: Stage) -> None:
    def nonsense(reply: Reply) -> None:
        if not reply.path.endswith("/identity/token"):
            reply.body = {"instances": [{"id": 3}], "regions": [{}], "profiles": [{"id": None}]}

    cloud.broken(rule=nonsense)
    with cloud.visit() as visit:
        found = run_reading(visit)
    assert found.keys() == CHECKS.keys()


def test_a_run_ends_where_it_has_used_up_its_requests(cloud: Stage) -> None:
    with cloud.visit() as visit:
        visit.wire.allow(5)
        found = run_reading(visit)
        assert len(visit.wire.exchanges) == 5
    assert found["A21"] == Finding(UNTESTED, "the run has made the 5 requests that it may make")


# Changing.


def toggled(cloud: Stage, name: str, field: str) -> dict[str, Finding]:
    """Toggle a server, which must afterwards be as before."""
    server = cloud.server(name)
    before = str(server.metadata_service)
    with cloud.wire() as wire:
        toggle = plan_toggle(wire, "jp-tok", name, field)
        try:
            return dict(run_toggle(wire, toggle))
        finally:
            assert str(cloud.server(name).metadata_service) == before


@pytest.mark.parametrize(
    ("name", "field", "untested"),
    [
        ("toggle-1", "response_hop_limit", {"A28", "A32"}),
        ("toggle-1", "protocol", {"A27", "A32"}),
        ("toggle-off", "response_hop_limit", {"A28"}),
        ("toggle-metal", "protocol", {"A27", "A30", "A31", "A32"}),
    ],
)
def test_what_a_toggle_tests_holds_on_the_emulator(
    cloud: Stage, name: str, field: str, untested: set[str]
) -> None:
    found = toggled(cloud, name, field)
    expected = {key: UNTESTED if key in untested else HOLDS for key in ids(How.CHANGE)}
    assert {key: one.outcome for key, one in found.items()} == expected, found


@pytest.mark.parametrize(("check", "name", "field", "broken"), rules.CHANGE_BREAKS)
def test_what_a_toggle_shows_not_to_hold_is_told_and_the_server_is_as_before(
    cloud: Stage, check: str, name: str, field: str, broken: rules.Break
) -> None:
    cloud.broken(rule=made(broken))
    cloud.rules.drop_if_match = broken is rules.same_etag
    found = toggled(cloud, name, field)
    assert found[check].outcome is DOES_NOT_HOLD, found


def test_a_condition_that_is_ignored_is_told(cloud: Stage) -> None:
    cloud.broken(rule=lambda _reply: None)
    cloud.rules.drop_if_match = True
    found = toggled(cloud, "toggle-1", "response_hop_limit")
    assert found["A31"] == Finding(DOES_NOT_HOLD, "200 no code, made all the same")


def test_every_check_of_a_change_is_broken_by_something() -> None:
    assert {check for check, *_ in rules.CHANGE_BREAKS} == ids(How.CHANGE)


@dataclass
class NeverBack:
    """No reading shows that the setting was put back, although it was."""

    patches: int = 0

    def __call__(self, reply: Reply) -> None:
        self.patches += reply.method == "PATCH"
        if reply.method == "GET" and "/instances/" in reply.path and self.patches > 1:
            reply.body["metadata_service"]["response_hop_limit"] = 2


def test_a_setting_that_is_not_seen_to_be_back_is_an_error(cloud: Stage) -> None:
    cloud.broken(rule=NeverBack())
    with pytest.raises(NotRestoredError, match="response_hop_limit of toggle-1 may not be 1 again"):
        toggled(cloud, "toggle-1", "response_hop_limit")


@dataclass
class Interrupt:
    """Somebody presses Ctrl-C at the moment of a request, and perhaps at every one after it."""

    wire: Wire
    at: int
    always: bool = False

    def __post_init__(self) -> None:
        self._vpc, self._count = self.wire.vpc, 0
        self.wire.vpc = self.vpc  # type: ignore[method-assign] # that is the trick

    def vpc(self, *words: str, **more: Any) -> Answer:  # noqa: ANN401 - whatever it takes
        self._count += 1
        if self._count == self.at or (self.always and self._count > self.at):
            raise KeyboardInterrupt
        return self._vpc(*words, **more)


@pytest.mark.parametrize("at", [2, 3, 4, 5])
def test_ctrl_c_at_any_moment_leaves_the_server_as_before(cloud: Stage, at: int) -> None:
    with cloud.wire() as wire:
        toggle = plan_toggle(wire, "jp-tok", "toggle-1", None)
        Interrupt(wire, at)
        with pytest.raises(KeyboardInterrupt):
            run_toggle(wire, toggle)
    assert cloud.setting("toggle-1", "response_hop_limit") == 1


def test_ctrl_c_again_and_again_says_that_the_setting_may_not_be_back(cloud: Stage) -> None:
    with cloud.wire() as wire:
        toggle = plan_toggle(wire, "jp-tok", "toggle-1", None)
        Interrupt(wire, 3, always=True)
        with pytest.raises(NotRestoredError):
            run_toggle(wire, toggle)
    assert cloud.setting("toggle-1", "response_hop_limit") == 2
    cloud.world.change_metadata_service(cloud.server("toggle-1"), response_hop_limit=1)


def test_a_server_that_changed_since_it_was_planned_is_left_alone(cloud: Stage) -> None:
    with cloud.wire() as wire:
        toggle = plan_toggle(wire, "jp-tok", "toggle-1", None)
        cloud.world.change_metadata_service(cloud.server("toggle-1"), response_hop_limit=7)
        with pytest.raises(UntestedError, match="has changed since the plan was made"):
            run_toggle(wire, toggle)
    assert cloud.setting("toggle-1", "response_hop_limit") == 7
    cloud.world.change_metadata_service(cloud.server("toggle-1"), response_hop_limit=1)


@pytest.mark.parametrize("when", ["@1", "@2", "@3"])
@pytest.mark.parametrize("fault", ["lost", "503"])
def test_a_fault_at_any_patch_leaves_the_server_as_before(
    cloud: Stage, fault: str, when: str
) -> None:
    cloud.broken(fault=f"update_instance:{fault}:{when}")
    toggled(cloud, "toggle-1", "response_hop_limit")


# Inside a server.


def inside(cloud: Stage, *names: str) -> Inside:
    clock = cloud.world.clock
    assert isinstance(clock, ManualClock)

    def wait(seconds: float) -> None:
        clock.advance(timedelta(seconds=seconds))

    endpoints = [Endpoint(f"{cloud.url}/guest/{cloud.server(name).id}") for name in names]
    return Inside(tuple(endpoints), wait)


@pytest.fixture
def guests(cloud: Stage) -> Stage:
    cloud.world.guest.absence.wrong_protocol = "refused"
    return cloud


def test_what_a_server_tests_holds_on_the_emulator(guests: Stage) -> None:
    # One of them has a default profile, and the other has none; web-2 speaks https.
    with_profile = run_inside(inside(guests, "web-1", "web-2"))
    without = run_inside(inside(guests, "toggle-1", "web-2"))
    assert {key: one.outcome for key, one in with_profile.items()} == {
        "A33": HOLDS,
        "A34": HOLDS,
        "A35": HOLDS,
        "A36": UNTESTED,
        "A37": HOLDS,
    }
    assert {key: one.outcome for key, one in without.items()} == {
        "A33": HOLDS,
        "A34": HOLDS,
        "A35": HOLDS,
        "A36": HOLDS,
        "A37": UNTESTED,
    }
    assert with_profile.keys() == ids(How.GUEST)


def test_two_protocols_at_once_are_told(guests: Stage) -> None:
    found = run_inside(inside(guests, "toggle-1", "web-1"))
    assert found["A33"] == Finding(DOES_NOT_HOLD, "http answered with 200, too")


@pytest.mark.parametrize(("check", "broken"), rules.GUEST_BREAKS)
def test_what_a_server_shows_not_to_hold_is_told(guests: Stage, check: str, broken: Rule) -> None:
    guests.broken(rule=broken)
    found = run_inside(inside(guests, "web-1" if check == "A37" else "toggle-1"))
    assert found[check].outcome is DOES_NOT_HOLD, found


def test_every_check_of_a_guest_is_broken_by_something() -> None:
    assert {check for check, _ in rules.GUEST_BREAKS} | {"A33"} == ids(How.GUEST)


def test_where_no_service_answers_nothing_is_told(guests: Stage) -> None:
    found = run_inside(inside(guests, "web-2"))
    assert {one.outcome for one in found.values()} == {UNTESTED}

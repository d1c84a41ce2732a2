"""Links that are made and taken away: never two, never one too few, never another's."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from tests.support.builders import ACCOUNT, an_instance
from tests.support.clock import ManualClock
from tests.support.fake_cloud import Call
from tests.support.observer import RecordingObserver
from tests.support.trust import PROFILE, a_link
from tests.usecases.killing import Killer, StagedCloud, StagedJournal
from vpcmetactl.domain.errors import (
    BadRequestError,
    ConflictError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitedError,
    RefusedError,
    UnavailableError,
    VpcmetactlError,
)
from vpcmetactl.domain.links import invert_links, plan_links, plan_unlinks
from vpcmetactl.domain.plans import (
    Action,
    AlreadyDone,
    Applied,
    Failed,
    LinkChange,
    LinkOperation,
    Outcome,
    Plan,
    Refused,
    Unknown,
)
from vpcmetactl.domain.trust import ProfileLink
from vpcmetactl.usecases.applying import Applier
from vpcmetactl.usecases.linking import LinkExecutor

WEB = an_instance("web-1")
CREATE, DELETE = LinkOperation
_LOST = UnavailableError("no answer came", maybe_done=True, trace="t-1")
_GONE = UnavailableError("the API does not answer")
_FORBIDDEN = PermissionDeniedError("403")
_CLUSTER = ProfileLink(
    id="link-cluster", profile_id=PROFILE.id, cr_type="IKS_SA", crn=WEB.crn, namespace="default"
)
_OTHERS = [_CLUSTER, a_link(an_instance("web-2"))]


@dataclass
class Linking:
    """A profile that is linked to others, and a plan to link it to WEB, or to take that back."""

    operation: LinkOperation
    present: list[ProfileLink] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.cloud = StagedCloud([WEB])
        if self.operation is DELETE:
            self.present = self.present or [a_link(WEB)]
        self.cloud.add_profile(PROFILE, links=[*_OTHERS, *self.present])
        self.journal = StagedJournal()
        self.cloud.before(lambda call: self.journal.calls.append((call.operation, call.detail)))
        self.plan = self._plan()

    def _plan(self) -> Plan:
        if self.operation is CREATE:
            return plan_links([WEB], PROFILE, [], named=True, link_name="ours")
        return plan_unlinks([WEB], PROFILE, self.present)

    @property
    def change(self) -> LinkChange:
        [change] = self.plan.changes
        assert isinstance(change, LinkChange)
        return change

    def applier(self) -> Applier:
        return Applier(
            executor=LinkExecutor(self.cloud),
            journal=self.journal,
            observer=RecordingObserver(),
            clock=ManualClock(),
        )

    def run(self) -> Outcome:
        [outcome] = self.applier().apply(self.plan)
        return outcome

    def resume(self) -> list[Outcome]:
        self.journal.close()
        return list(self.applier().resume(self.journal.list_runs()[0]))

    def links(self) -> list[ProfileLink]:
        """Return the links to WEB, once it is made sure that no other was touched."""
        links = self.cloud.links_of(PROFILE.id)
        assert [link for link in links if link in _OTHERS] == _OTHERS
        return [link for link in links if link not in _OTHERS]

    def before(self, operation: str, do: Callable[[], object]) -> None:
        """Do something when the first such call arrives."""
        left = [do]

        def hook(call: Call) -> None:
            if call.operation == operation and left:
                left.pop()()

        self.cloud.before(hook)

    def wanted(self) -> int:
        return 1 if self.operation is CREATE else 0


def test_a_link_is_made_by_one_request_and_its_id_is_told() -> None:
    scene = Linking(CREATE)

    outcome = scene.run()

    [link] = scene.links()
    assert outcome == Applied(scene.change, link_id=link.id)
    assert (link.cr_type, link.crn, link.name) == ("VSI", WEB.crn, "ours")
    assert scene.journal.operations() == [
        *("begin_run", "load_histories", "intend", "list_links", "create_link", "settle"),
        "finish_run",
    ]
    [made] = scene.journal.list_runs()[0].applied_changes
    assert isinstance(made, LinkChange)
    assert made.link_id == link.id


def test_a_link_is_taken_away_by_one_request_and_looked_for_after() -> None:
    scene = Linking(DELETE)

    assert scene.run() == Applied(scene.change, link_id="link-web-1")
    assert scene.links() == []
    assert scene.cloud.operations() == ["list_links", "delete_link", "list_links"]


def test_a_link_that_is_there_is_not_made_again() -> None:
    scene = Linking(CREATE, [a_link(WEB)])

    assert scene.run() == AlreadyDone(scene.change)
    assert scene.cloud.operations() == ["list_links"]


def test_a_link_that_is_gone_is_not_taken_away_again() -> None:
    scene = Linking(DELETE)
    scene.cloud.add_profile(PROFILE, links=_OTHERS)

    assert scene.run() == AlreadyDone(scene.change)
    assert scene.cloud.operations() == ["list_links"]


@pytest.mark.parametrize("error", [ConflictError("409"), BadRequestError("400: exists")])
def test_a_link_that_somebody_else_makes_at_the_same_moment_is_theirs(
    error: VpcmetactlError,
) -> None:
    scene = Linking(CREATE)

    def overtake() -> None:
        scene.cloud.add_profile(PROFILE, links=[*_OTHERS, a_link(WEB)])
        raise error

    scene.before("create_link", overtake)

    assert scene.run() == AlreadyDone(scene.change)
    assert scene.links() == [a_link(WEB)]
    assert scene.journal.list_runs()[0].applied_changes == []


@pytest.mark.parametrize("again", [None, _GONE])
def test_a_refusal_without_such_a_link_is_a_failure(again: VpcmetactlError | None) -> None:
    scene = Linking(CREATE)
    error = BadRequestError("the limit of links is reached")
    scene.cloud.fail("create_link", error)
    if again:
        scene.before("create_link", lambda: scene.cloud.fail("list_links", again))

    assert scene.run() == Failed(scene.change, error)
    assert scene.links() == []


def test_a_link_that_somebody_else_takes_away_at_the_same_moment_is_done() -> None:
    scene = Linking(DELETE)
    scene.before("delete_link", lambda: scene.cloud.add_profile(PROFILE, links=_OTHERS))

    assert scene.run() == AlreadyDone(scene.change)


@pytest.mark.parametrize("operation", LinkOperation)
def test_a_profile_that_is_gone_is_told(operation: LinkOperation) -> None:
    scene = Linking(operation)
    scene.cloud.fail("list_links", NotFoundError("404"))

    assert scene.run() == Refused(scene.change, "its trusted profile is no longer there")
    assert scene.cloud.operations() == ["list_links"]


@pytest.mark.parametrize("operation", LinkOperation)
def test_what_another_run_is_changing_is_left_alone(operation: LinkOperation) -> None:
    scene = Linking(operation)
    scene.journal.fail("intend", RefusedError("is just being changed by run 7"))

    assert scene.run() == Refused(scene.change, "is just being changed by run 7")
    assert scene.cloud.calls == []


def test_a_profile_that_goes_with_its_last_link_leaves_no_doubt() -> None:
    scene = Linking(DELETE)
    scene.before("delete_link", lambda: scene.cloud.fail("list_links", NotFoundError("404")))

    assert scene.run() == Applied(scene.change, link_id="link-web-1")


@pytest.mark.parametrize(
    "other",
    [
        a_link(WEB, cr_type="IKS_SA"),
        a_link(WEB, cr_type="BMS"),
        a_link(WEB, cr_type=None),
        a_link(WEB, crn=an_instance("web-3").crn),
    ],
)
def test_a_link_that_is_to_something_else_is_not_taken_away(other: ProfileLink) -> None:
    scene = Linking(DELETE)
    scene.cloud.add_profile(PROFILE, links=[*_OTHERS, other])

    assert scene.run() == Refused(scene.change, "the link is to something else now")
    assert scene.links() == [other]


def test_a_link_that_was_made_anew_since_is_not_the_one_that_was_to_go() -> None:
    scene = Linking(DELETE)
    anew = a_link(WEB, id="link-new")
    scene.cloud.add_profile(PROFILE, links=[*_OTHERS, anew])

    assert scene.run() == AlreadyDone(scene.change)
    assert scene.links() == [anew]


@pytest.mark.parametrize("lost", [False, True])
def test_a_link_that_is_made_anew_just_after_is_no_failure(*, lost: bool) -> None:
    scene = Linking(DELETE)
    anew = a_link(WEB, id="link-new")
    if lost:
        scene.cloud.lose_answers("delete_link")

    def make_anew() -> None:
        scene.before("list_links", lambda: scene.cloud.add_profile(PROFILE, links=[*_OTHERS, anew]))

    scene.before("delete_link", make_anew)

    assert scene.run() == Applied(scene.change, link_id="link-web-1")
    assert scene.links() == [anew]


@pytest.mark.parametrize("lost", [False, True])
def test_what_a_saved_plan_made_is_found_by_profile_and_server(*, lost: bool) -> None:
    scene = Linking(DELETE)
    made = Linking(CREATE)
    scene.plan = invert_links(Action.CREATE_LINKS, [made.change])
    assert scene.change.link_id is None
    if lost:
        scene.cloud.lose_answers("delete_link")

    assert scene.run() == Applied(scene.change, link_id="link-web-1")
    assert scene.links() == []


def test_an_answer_about_another_server_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Linking(CREATE)
    other = a_link(an_instance("web-9"), id="link-9")
    monkeypatch.setattr(scene.cloud, "create_link", lambda *_, **__: other)

    outcome = scene.run()

    assert isinstance(outcome, Failed)
    assert str(outcome.error) == "web-1: IAM answered with another link"
    assert outcome.error.hint == "look with: vpcmetactl links list"


def test_a_link_that_does_not_go_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Linking(DELETE)
    monkeypatch.setattr(scene.cloud, "delete_link", lambda *_: None)

    outcome = scene.run()

    assert isinstance(outcome, Failed)
    assert str(outcome.error) == ("web-1: IAM accepted that the link goes, and still shows it")


# Faults at every call.


@pytest.mark.parametrize("operation", LinkOperation)
@pytest.mark.parametrize("error", [_GONE, _FORBIDDEN, RateLimitedError("429")])
@pytest.mark.parametrize("call", ["list_links", "create_link", "delete_link"])
def test_what_was_not_carried_out_is_a_failure_and_is_made_up_for(
    operation: LinkOperation, error: VpcmetactlError, call: str
) -> None:
    scene = Linking(operation)
    before = scene.links()
    scene.cloud.fail(call, error)
    concerns = call in ("list_links", f"{operation}_link")

    outcome = scene.run()

    if concerns:
        assert outcome == Failed(scene.change, error)
        assert scene.links() == before
        assert [type(one) for one in scene.resume()] == [Applied]
    assert len(scene.links()) == scene.wanted()


@pytest.mark.parametrize("operation", LinkOperation)
@pytest.mark.parametrize("was_heard", [True, False])
@pytest.mark.parametrize("can_be_read", [True, False])
def test_after_a_lost_answer_it_is_looked_and_nothing_is_sent_twice(
    operation: LinkOperation, *, was_heard: bool, can_be_read: bool
) -> None:
    scene = Linking(operation)
    call = f"{operation}_link"
    if was_heard:
        scene.cloud.lose_answers(call)
    else:
        scene.cloud.fail(call, _LOST)
    if not can_be_read:
        scene.before(call, lambda: scene.cloud.fail("list_links", _GONE))

    outcome = scene.run()

    expected = (Applied if was_heard else Failed) if can_be_read else Unknown
    assert isinstance(outcome, expected)
    assert scene.cloud.operations().count(call) == 1
    if isinstance(outcome, Applied):
        shown = [link.id for link in scene.links()] or ["link-web-1"]
        assert [outcome.link_id] == shown
        return
    assert isinstance(outcome, Failed | Unknown)
    assert "no answer came" in str(outcome.error) or "got lost" in str(outcome.error)
    [again] = scene.resume()
    assert isinstance(again, Applied)
    assert again.link_id
    assert len(scene.links()) == scene.wanted()
    assert scene.cloud.operations().count(call) == (1 if was_heard else 2)


def test_a_doubt_about_what_was_deleted_is_settled_by_looking_again() -> None:
    scene = Linking(DELETE)
    scene.before("delete_link", lambda: scene.cloud.fail("list_links", _FORBIDDEN))

    assert scene.run() == Unknown(scene.change, _FORBIDDEN)
    assert [type(one) for one in scene.resume()] == [Applied]


@pytest.mark.parametrize("operation", LinkOperation)
def test_killed_anywhere_there_is_one_link_or_none_after_resume(operation: LinkOperation) -> None:
    killed = 0
    for moment in range(12):
        scene = Linking(operation)
        killed += Killer(scene.cloud, scene.journal, moment).strike(scene.run)
        if not scene.journal.list_runs():
            continue

        scene.resume()

        assert len(scene.links()) == scene.wanted(), f"killed at {moment}"
        assert scene.cloud.operations().count(f"{operation}_link") <= 2
        [made] = scene.journal.list_runs()[0].applied_changes
        assert isinstance(made, LinkChange)
        assert made.link_id
        assert made.crn == WEB.crn
    assert 7 <= killed < 12


def test_a_server_of_another_account_is_linked_only_as_such() -> None:
    foreign = an_instance(
        "far-1", account_id="f" * 32, crn=(WEB.crn or "").replace(ACCOUNT, "f" * 32)
    )
    scene = Linking(CREATE)
    scene.plan = plan_links([foreign], PROFILE, [], named=True, cross_account=True)
    assert scene.change.is_cross_account

    assert isinstance(scene.run(), Applied)

    scene = Linking(CREATE)
    scene.plan = replace(scene.plan, items=(replace(scene.change, crn=foreign.crn or ""),))
    assert isinstance(scene.run(), Failed)
    assert scene.links() == []

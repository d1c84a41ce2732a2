import pytest

from tests.support.builders import OFF, ON, ON_HTTPS, a_bare_metal_server, an_instance
from tests.support.journal import RUN_ID
from tests.usecases.applies import GONE, LOST, WEB, Scene, needed
from vpcmetactl.domain.errors import (
    BadRequestError,
    ConflictError,
    NotFoundError,
    PermissionDeniedError,
    PreconditionFailedError,
    VpcmetactlError,
)
from vpcmetactl.domain.plans import (
    AlreadyDone,
    Applied,
    Failed,
    MetadataServicePatch,
    Refused,
    Unknown,
)
from vpcmetactl.domain.restarts import (
    Reason,
    RestartRule,
)
from vpcmetactl.domain.servers import MetadataService, Protocol


def test_a_change_is_made_and_told_with_its_restart_verdict() -> None:
    scene = Scene()

    assert scene.apply() == [Applied(scene.change, ON_HTTPS, needed(scene))]
    assert scene.cloud.peek(WEB.id).metadata == ON_HTTPS
    assert scene.observer.outcomes == [(WEB.identity, scene.journal.outcomes[0])]


def test_the_intent_is_written_down_before_the_change_is_sent_and_the_outcome_after() -> None:
    scene = Scene()

    scene.apply()

    assert scene.journal.operations() == [
        "begin_run",
        "load_histories",
        "get_server",
        "intend",
        "update_metadata",
        "get_server",
        "settle",
        "finish_run",
    ]
    assert scene.journal.calls[0] == ("begin_run", scene.plan)
    assert scene.journal.calls[-1] == ("finish_run", RUN_ID)


def test_only_what_differs_is_sent() -> None:
    scene = Scene([an_instance("web-1", metadata_service=ON)])

    scene.apply()

    [sent] = [call.detail for call in scene.cloud.calls if call.operation == "update_metadata"]
    assert sent == MetadataServicePatch(protocol=Protocol.HTTPS)


def test_bare_metal_is_changed_too_and_no_restart_is_asked_for() -> None:
    metal = a_bare_metal_server()
    scene = Scene([metal])

    [outcome] = scene.apply()

    assert isinstance(outcome, Applied)
    assert outcome.after == MetadataService(enabled=True, protocol="https")
    assert outcome.restart is not None
    assert outcome.restart.reason is Reason.NO_RULE_FOR_BARE_METAL


def test_the_restart_verdict_goes_by_the_rule() -> None:
    scene = Scene(rule=RestartRule.NONE)

    [outcome] = scene.apply()

    assert isinstance(outcome, Applied)
    assert outcome.restart is not None
    assert outcome.restart.reason is Reason.RULE_OFF


def test_a_plan_without_changes_begins_no_run() -> None:
    scene = Scene([an_instance(metadata_service=ON_HTTPS)])

    assert scene.apply() == []
    assert scene.journal.calls == []


# What is found on reading.


def test_what_is_already_as_planned_is_done_and_nothing_is_sent() -> None:
    scene = Scene()
    scene.drift(ON_HTTPS)

    assert scene.apply() == [AlreadyDone(scene.change)]
    assert scene.journal.operations() == [
        *("begin_run", "load_histories", "get_server", "settle", "finish_run")
    ]


@pytest.mark.parametrize(
    "found",
    [
        MetadataService(enabled=True, protocol="http", response_hop_limit=1),
        MetadataService(enabled=False, protocol="https", response_hop_limit=1),
        MetadataService(),
    ],
)
def test_what_is_neither_as_planned_nor_as_it_was_planned_from_is_refused(
    found: MetadataService,
) -> None:
    scene = Scene()
    scene.drift(found)

    message = "is no longer as it was planned from"
    assert scene.apply() == [Refused(scene.change, message, found)]
    assert "update_metadata" not in scene.cloud.operations()
    assert scene.journal.outcomes == [Refused(scene.change, message, found)]


def test_a_field_that_is_not_planned_may_have_changed() -> None:
    scene = Scene()
    scene.drift(MetadataService(enabled=False, protocol="http", response_hop_limit=7))

    [outcome] = scene.apply()

    assert isinstance(outcome, Applied)
    assert outcome.after == MetadataService(enabled=True, protocol="https", response_hop_limit=7)


def test_a_server_that_is_gone_is_refused() -> None:
    scene = Scene()
    scene.cloud.remove(WEB.id)

    assert scene.apply() == [Refused(scene.change, "is no longer there")]
    assert scene.journal.operations() == [
        *("begin_run", "load_histories", "get_server", "settle", "finish_run")
    ]


@pytest.mark.parametrize("error", [GONE, PermissionDeniedError("403")])
def test_a_server_that_cannot_be_read_fails_and_nothing_is_sent(error: VpcmetactlError) -> None:
    scene = Scene()
    scene.cloud.fail("get_server", error)

    assert scene.apply() == [Failed(scene.change, error)]
    assert scene.cloud.operations() == ["get_server"]
    assert scene.journal.outcomes == [Failed(scene.change, error)]


# What comes of sending.


@pytest.mark.parametrize(
    "error", [BadRequestError("400"), ConflictError("409"), PermissionDeniedError("403"), GONE]
)
def test_a_change_that_the_api_refuses_fails(error: VpcmetactlError) -> None:
    scene = Scene()
    scene.cloud.fail("update_metadata", error)

    assert scene.apply() == [Failed(scene.change, error)]
    assert scene.journal.outcomes == [Failed(scene.change, error)]
    assert scene.cloud.operations() == ["get_server", "update_metadata"]


def test_a_server_that_changed_since_it_was_read_is_refused() -> None:
    scene = Scene()
    scene.on_update(lambda: scene.drift(OFF))

    message = "changed while it was about to be patched"
    assert scene.apply() == [Refused(scene.change, message)]
    assert scene.cloud.peek(WEB.id).metadata == OFF


@pytest.mark.parametrize("error", [PreconditionFailedError("412"), NotFoundError("404")])
def test_a_change_that_meets_another_server_state_stops_nothing(error: VpcmetactlError) -> None:
    scene = Scene([WEB, an_instance("web-2")], max_workers=1)
    scene.cloud.fail("update_metadata", error)

    first, second = scene.apply()

    assert isinstance(first, Refused)
    assert isinstance(second, Applied)


def test_a_lost_answer_is_made_up_for_by_reading_where_the_change_took_effect() -> None:
    scene = Scene()

    def lose_the_answer() -> None:
        scene.drift(ON_HTTPS)
        raise LOST

    scene.on_update(lose_the_answer)

    assert scene.apply() == [Applied(scene.change, ON_HTTPS, needed(scene))]


def test_a_lost_answer_is_a_failure_where_the_server_does_not_show_the_change() -> None:
    scene = Scene()
    scene.raise_on_update(LOST)

    [outcome] = scene.apply()

    assert isinstance(outcome, Failed)
    assert str(outcome.error) == ("no answer came; read again, the server does not show the change")
    assert outcome.error.trace == "t-1"
    assert scene.journal.outcomes == [outcome]


def test_a_lost_answer_leaves_the_outcome_unknown_where_the_server_cannot_be_read_either() -> None:
    scene = Scene()

    def lose_everything() -> None:
        scene.cloud.fail("get_server", GONE)
        raise LOST

    scene.on_update(lose_everything)

    assert scene.apply() == [Unknown(scene.change, LOST)]
    assert scene.journal.outcomes == [Unknown(scene.change, LOST)]


# What is read back.


def test_the_outcome_is_unknown_where_the_server_cannot_be_read_back() -> None:
    scene = Scene()
    scene.on_update(lambda: scene.cloud.fail("get_server", GONE))

    assert scene.apply() == [Unknown(scene.change, GONE)]


def test_a_change_that_was_accepted_and_does_not_show_is_a_failure() -> None:
    scene = Scene()
    scene.cloud.before(
        lambda call: (
            scene.drift(OFF)
            if call.operation == "get_server" and "update_metadata" in scene.cloud.operations()
            else None
        )
    )

    [outcome] = scene.apply()

    assert isinstance(outcome, Failed)
    assert str(outcome.error) == "web-1: the API accepted the change, and does not show it"

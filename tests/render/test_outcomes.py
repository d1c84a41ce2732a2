from collections.abc import Sequence

import pytest

from tests.render.examples import NOON, rendered
from tests.support.builders import OFF, a_bare_metal_server, an_instance
from vpcmetactl.domain.errors import ExitCode, PermissionDeniedError, UnavailableError
from vpcmetactl.domain.metadata_plans import plan_metadata
from vpcmetactl.domain.plans import (
    Action,
    Applied,
    Change,
    Failed,
    MetadataChange,
    MetadataServicePatch,
    Outcome,
    Refused,
    Unknown,
)
from vpcmetactl.domain.restarts import assess_restart
from vpcmetactl.domain.servers import ServerIdentity
from vpcmetactl.render.documents import Trailer
from vpcmetactl.render.items.base import server_identity
from vpcmetactl.render.options import Format
from vpcmetactl.render.views.changes import told_elsewhere_left_out
from vpcmetactl.render.views.plans import OUTCOMES

WEB = an_instance("web-1").identity
METAL = a_bare_metal_server("metal-1").identity


@pytest.mark.parametrize(
    ("server", "message", "shown"),
    [
        (WEB, "us-south: no answer", "no answer"),
        (WEB, "web-1: the API accepted the change", "the API accepted the change"),
        (WEB, "us-south: web-1: no answer", "no answer"),
        (WEB, f"cannot read instance {WEB.id} in us-south: HTTP 503", "cannot read it: HTTP 503"),
        (
            WEB,
            "cannot change the metadata service of instance web-1 in us-south: HTTP 403",
            "cannot change the metadata service: HTTP 403",
        ),
        (METAL, "cannot read bare metal server metal-1 in us-south: no", "cannot read it: no"),
        # What is said of anything else stays.
        (WEB, "cannot read instance web-2 in us-south: no", None),
        (WEB, "cannot read instance web-1 in eu-de: no", None),
        (WEB, "eu-de: no answer", None),
        (WEB, "instance web-1 is just being changed by run 7", None),
        (WEB, "the host said us-south: no", None),
    ],
)
def test_a_row_does_not_repeat_its_server_and_region(
    server: ServerIdentity, message: str, shown: str | None
) -> None:
    assert told_elsewhere_left_out(message, server_identity(server)) == (shown or message)


def changes(count: int) -> Sequence[Change]:
    servers = [an_instance(f"web-{i:02}", metadata_service=OFF) for i in range(count)]
    patch = MetadataServicePatch(enabled=True)
    return plan_metadata(Action.ENABLE, patch, servers, named=False).changes


def applied(change: Change) -> Applied:
    assert isinstance(change, MetadataChange)
    return Applied(change, change.after, assess_restart(an_instance(metadata_service=OFF)))


def said_below_the_table(outcomes: Sequence[Outcome]) -> str:
    trailer = Trailer(generated_at=NOON, exit_code=ExitCode.FAILED, run_id="r1")
    return rendered(OUTCOMES, Format.TABLE, outcomes, trailer=trailer).partition("\n\n")[2]


def went_wrong(count: int) -> Sequence[Outcome]:
    denied = PermissionDeniedError("us-south: not allowed")
    silent = UnavailableError("us-south: no answer", maybe_done=True)
    first, second, third, fourth, *rest = changes(count)
    return [
        Failed(first, denied),
        Failed(second, denied),
        Unknown(third, silent),
        Refused(fourth, "is no longer there"),
        *map(applied, rest),
    ]


COMMANDS = "To go on    vpcmetactl runs resume r1\nTo undo it  vpcmetactl runs rollback r1\n"


def test_below_a_long_table_stands_once_more_what_went_wrong_and_why() -> None:
    notes, _, rest = said_below_the_table(went_wrong(21)).partition("\n\n")
    assert notes.startswith("Notes\n")
    assert rest == (
        "Refused: 1\n"
        "  web-03: is no longer there\n"
        "\n"
        "Failed: 2\n"
        "  web-00, web-01: not allowed\n"
        "\n"
        "Unknown: 1\n"
        "  web-02: no answer\n"
        "\n"
        "plan (run r1): 17 applied, 1 refused, 2 failed, 1 not known to have happened.\n"
        "\n" + COMMANDS
    )


def test_a_short_table_tells_that_itself() -> None:
    _, _, rest = said_below_the_table(went_wrong(20)).partition("\n\n")
    assert rest == (
        "plan (run r1): 16 applied, 1 refused, 2 failed, 1 not known to have happened.\n"
        "\n" + COMMANDS
    )


def test_where_all_went_well_there_is_nothing_to_go_on_with() -> None:
    assert said_below_the_table([applied(change) for change in changes(1)]).endswith(
        "\nplan (run r1): 1 applied.\n\nTo undo it  vpcmetactl runs rollback r1\n"
    )


def test_where_nothing_was_applied_there_is_nothing_to_undo() -> None:
    denied = PermissionDeniedError("us-south: not allowed")
    text = said_below_the_table([Failed(change, denied) for change in changes(1)])
    assert text == "plan (run r1): 1 failed.\n\nTo go on  vpcmetactl runs resume r1\n"

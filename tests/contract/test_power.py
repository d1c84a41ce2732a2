"""What stopping and starting does, in memory as over HTTP."""

import pytest

from tests.contract.clouds import Subject
from vpcmetactl.domain.errors import ConflictError, NotFoundError
from vpcmetactl.domain.plans import StopType
from vpcmetactl.domain.servers import ServerIdentity

# Longer than anything takes that comes to an end.
A_WHILE = 120


def test_an_instance_walks_down_and_up_again(trusted: Subject) -> None:
    web = trusted["web-1"].identity
    trusted.cloud.stop_server(web, None)
    assert _status(trusted, web) == "stopping"
    trusted.let_pass(A_WHILE)
    assert _status(trusted, web) == "stopped"
    trusted.cloud.start_server(web)
    assert _status(trusted, web) == "starting"
    trusted.let_pass(A_WHILE)
    assert _status(trusted, web) == "running"


@pytest.mark.parametrize("stop_type", StopType)
def test_a_bare_metal_server_runs_until_it_is_stopped(
    trusted: Subject, stop_type: StopType
) -> None:
    metal = trusted["metal-1"].identity
    trusted.cloud.stop_server(metal, stop_type)
    assert _status(trusted, metal) == "running"
    trusted.let_pass(A_WHILE)
    assert _status(trusted, metal) == "stopped"
    trusted.cloud.start_server(metal)
    assert _status(trusted, metal) == "starting"
    trusted.let_pass(A_WHILE)
    assert _status(trusted, metal) == "running"


@pytest.mark.parametrize("name", ["web-1", "metal-1"])
def test_what_the_status_does_not_allow_is_a_conflict(trusted: Subject, name: str) -> None:
    server = trusted[name].identity
    with pytest.raises(ConflictError):
        trusted.cloud.start_server(server)
    trusted.cloud.stop_server(server, StopType.HARD if name == "metal-1" else None)
    trusted.let_pass(A_WHILE)
    with pytest.raises(ConflictError) as caught:
        trusted.cloud.stop_server(server, StopType.HARD if name == "metal-1" else None)
    assert (caught.value.status, caught.value.region) == (409, server.region)


def test_a_server_on_its_way_takes_no_action(trusted: Subject) -> None:
    web = trusted["web-1"].identity
    trusted.cloud.stop_server(web, None)
    with pytest.raises(ConflictError):
        trusted.cloud.start_server(web)
    with pytest.raises(ConflictError):
        trusted.cloud.stop_server(web, None)


@pytest.mark.parametrize("name", ["web-1", "metal-1"])
def test_a_server_that_is_not_there_is_not_found(trusted: Subject, name: str) -> None:
    there = trusted[name].identity
    gone = ServerIdentity(there.kind, f"{there.id[:-4]}beef", None, None, None, there.region)
    with pytest.raises(NotFoundError):
        trusted.cloud.stop_server(gone, StopType.SOFT if name == "metal-1" else None)
    with pytest.raises(NotFoundError):
        trusted.cloud.start_server(gone)


def _status(subject: Subject, server: ServerIdentity) -> str | None:
    return subject.cloud.get_server(server.region, server.kind, server.id).status

import pytest

from tests.support.builders import ON, a_bare_metal_server, an_instance
from tests.usecases.fleets import a_scene
from vpcmetactl.domain.audit import CheckCounts
from vpcmetactl.domain.errors import UnavailableError
from vpcmetactl.domain.policy import Policy
from vpcmetactl.domain.selection import ServerSelector
from vpcmetactl.usecases.auditing import audit_fleet

_GONE = UnavailableError("the API does not answer")


def test_every_server_of_the_selection_is_judged() -> None:
    scene = a_scene(
        [
            an_instance("web-1", metadata_service=ON),
            an_instance("web-2"),
            an_instance("web-3", architecture="s390x"),
            a_bare_metal_server("web-4", metadata_service=None),
            an_instance("db-1", metadata_service=ON),
        ],
        limit=2,
    )
    reading = scene.reader().open(ServerSelector(names=("web-*",)))

    report = audit_fleet(reading, Policy())

    assert [finding.server.name for finding in report.findings] == ["web-1"]
    assert report.counts == {"VPCMETA001": CheckCounts(1, 1, 1, 1)}
    assert report.servers == 4


def test_a_region_that_fails_leaves_the_rest_to_be_judged() -> None:
    scene = a_scene([an_instance("web-1", metadata_service=ON), an_instance("b", region="eu-de")])
    scene.cloud.fail("list_page", _GONE, region="eu-de", times=2)
    reading = scene.reader().open(ServerSelector())

    report = audit_fleet(reading, Policy())

    assert report.servers == len(report.findings) == 1
    assert {part.region for part in reading.unread} == {"eu-de"}


def test_where_nothing_could_be_read_there_is_no_report() -> None:
    scene = a_scene([an_instance()])
    scene.cloud.fail("list_page", _GONE, times=2)

    with pytest.raises(UnavailableError):
        audit_fleet(scene.reader().open(ServerSelector()), Policy())

import json
import threading
from dataclasses import replace

import pytest
from hypothesis import given

from tests.support.builders import ACCOUNT, ON, a_bare_metal_server, a_vpc, an_instance
from tests.support.clock import ManualClock
from tests.support.journal import InMemoryJournal
from tests.support.observer import RecordingObserver
from tests.support.snapshots import (
    NOON,
    Fleet,
    a_fleet,
    a_reading,
    opened,
    sealed,
    snapshot_fleets,
)
from vpcmetactl.domain.errors import (
    InvalidInputError,
    NotFoundError,
    PermissionDeniedError,
    UnavailableError,
    VpcmetactlError,
)
from vpcmetactl.domain.evidence import History, Observation
from vpcmetactl.domain.identifiers import ServerRef
from vpcmetactl.domain.restarts import AssessedServer, RestartRule, Verdict, assess_restart
from vpcmetactl.domain.selection import ApiFilters, ServerSelector
from vpcmetactl.domain.servers import Reference, ServerKind
from vpcmetactl.domain.snapshots import Content, Gap
from vpcmetactl.domain.templates import InstanceTemplate
from vpcmetactl.domain.trust import ProfileLink, ProfileTrust, TrustedProfile
from vpcmetactl.files.snapshots.cloud import SnapshotCloud
from vpcmetactl.files.snapshots.reading import Snapshot
from vpcmetactl.usecases.fleet import FleetReader, FleetReading
from vpcmetactl.usecases.ports import PageQuery

INSTANCE, METAL = ServerKind.INSTANCE, ServerKind.BARE_METAL_SERVER
DOWN = UnavailableError("eu-de did not answer", trace="trace-1", hint="wait", status=503)


def a_gap(**fields: object) -> Gap:
    whole = {"content": Content.SERVERS, "region": "eu-de", "kind": None, "error": DOWN}
    return Gap(**{**whole, **fields})  # type: ignore[arg-type]


def read(
    snapshot: Snapshot, selector: ServerSelector | None = None, account: str | None = ACCOUNT
) -> tuple[list[AssessedServer], FleetReading, InMemoryJournal]:
    """Read an account of a snapshot as every command reads a fleet."""
    cloud, log = SnapshotCloud(snapshot, account), InMemoryJournal()
    reader = FleetReader(
        inventory=cloud,
        log=log,
        observer=RecordingObserver(),
        clock=ManualClock(),
        max_workers=2,
        rule=RestartRule.NONE,
        verdicts=cloud,
    )
    reading = reader.open(selector or ServerSelector())
    found = [one for batch in reading for one in batch]
    found.sort(key=lambda one: (one.server.region, one.server.kind, one.server.id))
    return found, reading, log


@given(snapshot_fleets())
def test_a_reader_finds_what_was_saved_as_it_was_judged_then(fleet: Fleet) -> None:
    with opened(fleet, page_size=2) as snapshot:
        for reading in fleet.readings:
            whole = [one for one in fleet.servers if fleet.readings[one[1]] is reading]
            try:
                found, done, log = read(snapshot, account=reading.account_id)
            except VpcmetactlError as error:
                assert str(error) in {str(gap.error) for gap in reading.gaps}  # noqa: PT017
                assert not whole
                continue
            assert found == sorted(
                (one for one, _ in whole),
                key=lambda one: (one.server.region, one.server.kind, one.server.id),
            )
            unread = {(part.region, part.kind) for part in done.unread}
            assert unread == {
                (gap.region, kind)
                for gap in reading.gaps
                for kind in ServerKind
                if gap.kind in (None, kind)
            }
            assert log.list_cut_off_restarts() == []


def test_verdicts_are_recalled_and_not_judged_anew_and_nothing_is_remembered() -> None:
    server = an_instance("web-1", metadata_service=ON)
    history = History(
        (
            Observation(server.id, NOON.replace(hour=9), False, "running"),  # noqa: FBT003
            Observation(server.id, NOON, True, "running", NOON.replace(hour=11)),  # noqa: FBT003
        )
    )
    judged = AssessedServer(server, assess_restart(server, history))
    assert judged.restart.verdict is Verdict.NEEDED
    assert judged.restart != assess_restart(server)
    with opened(Fleet(servers=[(judged, 0)])) as snapshot:
        for selector in (ServerSelector(), ServerSelector(refs=(ServerRef.parse("web-1"),))):
            found, _, log = read(snapshot, selector)
            assert found == [judged]
            assert dict(log.load_histories([server.id])) == {}


def test_what_was_read_of_an_incomplete_region_comes_before_its_error() -> None:
    servers = [an_instance(f"web-{number}", region="eu-de") for number in range(5)]
    with opened(a_fleet(*servers, gaps=(a_gap(kind=INSTANCE),)), page_size=2) as snapshot:
        found, reading, _ = read(snapshot)
        cloud = SnapshotCloud(snapshot, ACCOUNT)
        page = cloud.list_page(PageQuery("eu-de", INSTANCE))
        assert page.total_count is None
        assert list(cloud.list_page(PageQuery("eu-de", METAL)).servers) == []
        assert cloud.get_server("eu-de", INSTANCE, servers[3].id) == servers[3]
        for ask in (
            lambda: cloud.get_server("eu-de", INSTANCE, "0717_other"),
            lambda: cloud.list_page(PageQuery("eu-de", INSTANCE, ApiFilters(name="web-1"))),
        ):
            with pytest.raises(UnavailableError, match="did not answer"):
                ask()
    assert {one.server.name for one in found} == {f"web-{number}" for number in range(5)}
    (part,) = reading.unread
    assert (part.region, part.kind, str(part.error)) == ("eu-de", INSTANCE, str(DOWN))
    assert (part.error.code, part.error.trace, part.error.hint, part.error.status) == (
        "unavailable",
        "trace-1",
        "wait",
        503,
    )


def test_a_snapshot_of_which_nothing_could_be_read_raises_what_the_cloud_did() -> None:
    both = (a_gap(), a_gap(region="us-south"))
    with opened(a_fleet(gaps=both)) as snapshot, pytest.raises(UnavailableError):
        read(snapshot)


def test_what_was_not_asked_for_is_not_told_as_empty() -> None:
    with opened(a_fleet(an_instance(), kinds=(INSTANCE,))) as snapshot:
        found, reading, _ = read(snapshot, ServerSelector(kinds=(INSTANCE,)))
        assert (len(found), list(reading.unread)) == (1, [])
        _, reading, _ = read(snapshot)
        assert {(part.kind, part.error.code) for part in reading.unread} == {(METAL, "not_found")}
        with pytest.raises(NotFoundError, match="does not hold region jp-tok"):
            read(snapshot, ServerSelector(regions=("jp-tok",)))


def test_a_large_region_is_not_divided_by_vpc() -> None:
    servers = [an_instance(f"web-{n}", vpc=a_vpc(f"vpc-{n % 2}")) for n in range(60)]
    with opened(a_fleet(*servers), page_size=2) as snapshot:
        cloud = SnapshotCloud(snapshot, ACCOUNT)
        page = cloud.list_page(PageQuery("us-south", INSTANCE))
        assert (page.total_count, page.limit, len(page.servers)) == (60, 60, 2)
        found, _, _ = read(snapshot)
    assert len(found) == 60


def test_filtered_pages_are_filled_and_follow_each_other() -> None:
    wanted = Reference(id="0" * 32, name="wanted")
    servers = [
        an_instance(f"web-{n}", resource_group=wanted if n % 3 else Reference(name="other"))
        for n in range(30)
    ]
    with opened(a_fleet(*servers), page_size=4) as snapshot:
        cloud = SnapshotCloud(snapshot, ACCOUNT)
        query = PageQuery("us-south", INSTANCE, ApiFilters(resource_group_id=wanted.id))
        names: list[str | None] = []
        while True:
            page = cloud.list_page(query)
            names += [server.name for server in page.servers]
            if page.next_start is None:
                break
            query = replace(query, start=page.next_start)
    assert sorted(names, key=str) == sorted(
        s.name or "" for s in servers if s.resource_group is wanted
    )


def test_a_forged_server_ends_a_reading() -> None:
    # Not as a region that could not be read: the file is unusable.
    lines = [json.loads(line) for line in a_fleet(an_instance()).content().splitlines()]
    lines[1]["name"] = 7
    with opened(sealed(lines)) as snapshot:
        for selector in (ServerSelector(), ServerSelector(refs=(ServerRef.parse("web-9"),))):
            with pytest.raises(InvalidInputError, match="line 2"):
                read(snapshot, selector)


def test_profiles_that_could_not_be_read_raise_what_the_cloud_did() -> None:
    denied = PermissionDeniedError("no", hint="iam.groups.read")
    trust = ProfileTrust(
        profile=TrustedProfile(id="Profile-1", account_id=ACCOUNT),
        links=(ProfileLink(id="link-1", profile_id="Profile-1"),),
        errors={"rules": denied},
    )
    with opened(Fleet(profiles=[(trust, 0)])) as snapshot:
        cloud = SnapshotCloud(snapshot, ACCOUNT)
        assert list(cloud.list_profiles(ACCOUNT)) == [trust.profile]
        assert list(cloud.list_links("Profile-1")) == list(trust.links)
        with pytest.raises(PermissionDeniedError, match="no"):
            cloud.list_rules("Profile-1")
        for ask in (lambda: cloud.list_links("Profile-2"), lambda: cloud.list_profiles("other")):
            with pytest.raises(NotFoundError):
                ask()
    gap = a_gap(content=Content.PROFILES, region=None, error=denied)
    with opened(a_fleet(gaps=(gap,))) as snapshot, pytest.raises(PermissionDeniedError):
        SnapshotCloud(snapshot, ACCOUNT).list_profiles(ACCOUNT)


def test_templates_are_those_of_the_region_or_what_kept_them_from_being_read() -> None:
    template = InstanceTemplate(id="t-1", region="us-south", name="worker")
    gap = a_gap(content=Content.TEMPLATES)
    with opened(Fleet(readings=[a_reading(gaps=(gap,))], templates=[(template, 0)])) as snapshot:
        cloud = SnapshotCloud(snapshot, ACCOUNT)
        assert list(cloud.list_templates("us-south")) == [template]
        with pytest.raises(UnavailableError):
            cloud.list_templates("eu-de")
        with pytest.raises(NotFoundError):
            cloud.list_templates("jp-tok")


def test_what_was_not_saved_and_what_never_is_are_told_apart() -> None:
    server = a_bare_metal_server()
    with opened(a_fleet(server, contents=(Content.SERVERS,))) as snapshot:
        cloud = SnapshotCloud(snapshot, ACCOUNT)
        for ask in (
            lambda: cloud.list_profiles(ACCOUNT),
            lambda: cloud.list_templates("us-south"),
        ):
            with pytest.raises(NotFoundError, match="were not asked for"):
                ask()
        for never in (
            lambda: cloud.list_limits(ACCOUNT),
            lambda: cloud.get_default_profile("us-south", METAL, server.id),
        ):
            with pytest.raises(InvalidInputError, match="is a snapshot, and none holds"):
                never()


def test_accounts_of_one_file_are_kept_apart() -> None:
    fleet = Fleet(
        readings=[a_reading(account_id="b"), a_reading(account_id="a", regions=("us-south",))],
        servers=[
            (AssessedServer(server, assess_restart(server)), place)
            for place, server in enumerate([an_instance("web-1"), an_instance("web-2")])
        ],
    )
    with opened(fleet) as snapshot:
        assert [one.server.name for one in read(snapshot, account="b")[0]] == ["web-1"]
        assert [one.server.name for one in read(snapshot, account="a")[0]] == ["web-2"]
        assert [one.name for one in SnapshotCloud(snapshot, "a").list_regions()] == ["us-south"]


def test_many_threads_read_at_the_same_time() -> None:
    servers = [an_instance(f"web-{number}") for number in range(40)]
    wrong: list[str] = []
    with opened(a_fleet(*servers), page_size=3) as snapshot:
        cloud = SnapshotCloud(snapshot, ACCOUNT)

        def look() -> None:
            found = [cloud.get_server("us-south", INSTANCE, server.id) for server in servers]
            if found != servers:
                wrong.append(str(found))

        threads = [threading.Thread(target=look) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert wrong == []

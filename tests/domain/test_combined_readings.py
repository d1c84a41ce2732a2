from dataclasses import replace
from datetime import timedelta

from tests.domain.fleet_records import a_reading
from vpcmetactl.domain.errors import UnavailableError
from vpcmetactl.domain.servers import ServerKind
from vpcmetactl.domain.snapshots import Content, Gap, combined

NORTH = a_reading(regions=("eu-de",), is_everywhere=False, contents=(Content.SERVERS,))
SOUTH = replace(NORTH, regions=("us-south",), taken_at=NORTH.taken_at + timedelta(hours=1))


def test_one_reading_stays_as_it_is() -> None:
    assert combined([NORTH]) is NORTH


def test_what_any_reading_asked_for_was_asked_for() -> None:
    gap = Gap(content=Content.SERVERS, region="us-south", kind=None, error=UnavailableError("x"))
    profiles = replace(SOUTH, contents=(Content.PROFILES,), gaps=(gap,))
    found = combined([SOUTH, NORTH, profiles])
    assert found.regions == ("us-south", "eu-de")
    assert found.contents == (Content.SERVERS, Content.PROFILES)
    assert (found.taken_at, found.gaps) == (NORTH.taken_at, (gap,))


def test_it_is_whole_only_where_one_of_them_is() -> None:
    whole = a_reading()
    instances = replace(whole, kinds=(ServerKind.INSTANCE,))
    chosen = replace(whole, selection=("--vpc lab",))
    assert combined([NORTH, whole, chosen]).is_whole
    # Both kinds were asked for, everywhere and in a region, and yet not both of them everywhere.
    assert not combined([instances, NORTH]).is_whole
    assert set(combined([instances, NORTH]).kinds) == set(ServerKind)
    assert not combined([NORTH, SOUTH]).is_whole
    assert combined([chosen, NORTH]).selection == ("--vpc lab",)
    assert combined([chosen, whole]).selection == ()

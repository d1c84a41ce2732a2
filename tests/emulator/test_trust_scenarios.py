"""What the scenarios of trusted profiles hold, and what servers were made with."""

import json
import time
from collections import defaultdict

import pytest

from tests.emulator.caller import Caller, error_of
from tests.emulator.trust_caller import TrustCaller
from vpcmetactl.emulator.app import Emulator
from vpcmetactl.emulator.clock import ManualClock
from vpcmetactl.emulator.loading import load_recorded
from vpcmetactl.emulator.many_profiles import TrustSize, parse_trusted
from vpcmetactl.emulator.scenarios import SCENARIOS, build_world
from vpcmetactl.emulator.vpc.initialization import PASSWORD_MARK
from vpcmetactl.emulator.vpc.resources import Instance
from vpcmetactl.emulator.world import World


@pytest.fixture
def world(clock: ManualClock) -> World:
    return build_world("trusted-fleet", clock=clock)


@pytest.fixture
def trust(world: World) -> TrustCaller:
    return TrustCaller(Emulator(world))


def listed(world: World) -> set[str]:
    app = Emulator(world)
    return {
        server["name"]
        for region in world.regions
        for kind in ("instances", "bare_metal_servers")
        for server in Caller(app, region).find(f"/{kind}", limit=100)[kind]
    }


def test_the_trusted_fleet_is_what_its_summary_says(world: World) -> None:
    assert len(listed(world)) == 19
    assert len(world.trust.profiles) == 20
    assert SCENARIOS["trusted-fleet"].startswith("19 servers in 2 regions, and 20 trusted profiles")


def test_the_trusted_fleet_knows_every_operator_and_every_claim_of_servers(world: World) -> None:
    conditions = [
        condition
        for profile in world.trust.profiles.values()
        for rule in profile.rules.values()
        for condition in rule.conditions
        if rule.type == "Profile-CR"
    ]
    assert {condition.operator for condition in conditions} >= {
        *("EQUALS", "NOT_EQUALS", "EQUALS_IGNORE_CASE", "CONTAINS", "IN", "MATCHES"),
    }
    assert {condition.claim for condition in conditions} >= {
        *("resource_group_name", "resource", "instance_group_name"),
        *("region", "subnet_id", "vpc_id", "zone"),
    }


def test_links_are_of_servers_and_of_other_things(world: World) -> None:
    kinds = {
        link.cr_type for profile in world.trust.profiles.values() for link in profile.links.values()
    }
    assert kinds == {"VSI", "BMS", "IKS_SA", "ROKS_SA", "CE", "PVS", "SATELLITE"}


def test_links_remain_of_servers_that_are_not_to_be_seen(world: World, trust: TrustCaller) -> None:
    left = {link.name: link for link in world.trust.profile("retired-app").links.values()}
    caller = Caller(trust.app)
    found = {}
    for name, link in left.items():
        kind = "bare_metal_servers" if link.cr_type == "BMS" else "instances"
        found[name] = caller.get(f"/{kind}/{(link.crn or '').split(':')[-1]}").status_code
    assert found == {
        "gone-long-ago": 404,
        "gone-just-now": 404,
        "gone-metal": 404,
        "unlisted-1": 200,
        "of another account": 404,
    }
    assert not listed(world) & {*found}
    ages = {name: (world.now() - link.created_at).total_seconds() for name, link in left.items()}
    assert [name for name, age in ages.items() if age < 3600] == ["gone-just-now"]


def test_a_server_that_is_not_listed_is_found_by_id_and_by_no_filter(trust: TrustCaller) -> None:
    caller = Caller(trust.app)
    assert caller.find(caller.path_of("unlisted-1"))["name"] == "unlisted-1"
    assert caller.find("/instances", name="unlisted-1")["instances"] == []


def test_a_default_profile_is_shown_as_it_was_given_and_may_be_linked(trust: TrustCaller) -> None:
    caller, world = Caller(trust.app), trust.app.world
    web = world.trust.profile("web-frontend")
    for name, linked in (("web-1", True), ("web-2", True), ("web-3", False)):
        body = caller.find(f"{caller.path_of(name)}/initialization")
        assert body["default_trusted_profile"] == {
            "auto_link": linked,
            "target": {"crn": web.crn, "id": web.id, "resource_type": "trusted_profile"},
        }
        links = list(world.trust.links_to(trust.crn_of(name)))
        assert (web in {profile for profile, _ in links}) is linked
    for name in ("db-1", "metal-1"):
        path = caller.path_of(name)
        assert "default_trusted_profile" not in caller.find(f"{path}/initialization")
    metal = caller.find(f"{caller.path_of('metal-2')}/initialization")
    assert metal["default_trusted_profile"]["auto_link"] is True


def test_a_default_profile_is_told_though_its_link_is_gone(trust: TrustCaller) -> None:
    caller = Caller(trust.app)
    (server,) = trust.app.world.find_servers("web-1")
    assert trust.app.world.trust.unlink(server.crn) == 1
    body = caller.find(f"{caller.path_of('web-1')}/initialization")
    assert body["default_trusted_profile"]["auto_link"] is True


def test_passwords_carry_a_mark_and_differ(trust: TrustCaller) -> None:
    caller = Caller(trust.app)
    one, other = (
        caller.find(f"{caller.path_of(name)}/initialization") for name in ("db-1", "db-2")
    )
    assert one["password"]["encrypted_password"].startswith(PASSWORD_MARK)
    assert one["password"] != other["password"]
    (account,) = caller.find(f"{caller.path_of('metal-1')}/initialization")["user_accounts"]
    assert account["encrypted_password"].startswith(PASSWORD_MARK)


def test_how_a_recorded_server_was_made_is_not_known(caller: Caller) -> None:
    zone = b'"zone": {"name": "us-south-1"}'
    content = b'{"instances": [{"id": "i", %b}], "bare_metal_servers": [{"id": "b", %b}]}'
    load_recorded(caller.app.world, content % (zone, zone), "x.json")
    for path in ("/instances/i", "/bare_metal_servers/b"):
        answer = caller.get(f"{path}/initialization")
        assert error_of(answer) == (501, [("not_emulated", None)])
    assert error_of(caller.get("/instances/none/initialization"))[0] == 404


def test_a_size_of_trust_is_read_as_it_is_written() -> None:
    assert parse_trusted("2000+10000") == TrustSize(2000, 10000)


@pytest.mark.parametrize("text", ["", "10", "10+", "2001+10", "3+0", "1e3+5"])
def test_a_size_of_trust_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^scenario trusted:"):
        build_world(f"trusted:{text}")


@pytest.mark.parametrize(("profiles", "servers"), [(7, 400), (300, 1000), (2000, 10000)])
def test_the_pairs_of_the_large_scenario_are_as_many_as_is_said(
    profiles: int, servers: int
) -> None:
    began = time.process_time()
    world = build_world(f"trusted:{profiles}+{servers}", clock=ManualClock())
    assert time.process_time() - began < 5
    cells = defaultdict(list)
    for server in world.servers():
        assert isinstance(server, Instance)
        cells[server.vpc.id, server.resource_group.name].append(server.crn)
    pairs = 0
    for profile in world.trust.profiles.values():
        assert len(profile.links) == 4
        (rule,) = profile.rules.values()
        vpc, group = (json.loads(condition.value) for condition in rule.conditions)
        ruled = set(cells[vpc, group if isinstance(group, str) else group[0]])
        pairs += len(ruled | {link.crn for link in profile.links.values()})
    assert pairs == profiles * (servers // 100 + 2)


def test_a_few_servers_are_linked_once_each() -> None:
    world = build_world("trusted:3+2", clock=ManualClock())
    for profile in world.trust.profiles.values():
        assert len({link.crn for link in profile.links.values()}) == len(profile.links) == 2

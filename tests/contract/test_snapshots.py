"""What reads the cloud reads a snapshot of it: the same tests, on what was saved of each cloud."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

import pytest

from tests.contract.clouds import Cloud, Subject, in_memory, over_http
from tests.contract.test_clouds import (
    test_a_page_holds_the_servers_of_its_region_and_kind,
    test_a_region_that_does_not_exist_is_an_error,
    test_each_filter_selects_what_has_its_value,
    test_filters_are_exact_and_all_of_them_must_hold,
    test_filters_hold_on_every_page,
    test_pages_follow_each_other_until_everything_was_seen_once,
    test_reading_one_server_tells_what_the_list_told,
    test_the_caller_owns_the_servers,
    test_the_vpcs_of_a_region_are_those_its_servers_are_in,
    test_what_is_not_there_is_not_found_in_the_region_that_was_asked,
)
from tests.contract.test_trust import (
    test_identities_are_told_by_their_type,
    test_links_to_servers_and_to_other_compute_are_told,
    test_profiles_say_what_they_are_called_and_whose_they_are,
    test_rules_are_told_with_values_that_are_json_in_a_string,
)
from tests.support.gateways import API_KEY
from tests.support.snapshots import Fleet, a_reading, opened
from vpcmetactl.domain.restarts import AssessedServer, assess_restart
from vpcmetactl.files.snapshots.cloud import SnapshotCloud
from vpcmetactl.usecases.trusting import read_trust

__all__ = [
    "test_a_page_holds_the_servers_of_its_region_and_kind",
    "test_a_region_that_does_not_exist_is_an_error",
    "test_each_filter_selects_what_has_its_value",
    "test_filters_are_exact_and_all_of_them_must_hold",
    "test_filters_hold_on_every_page",
    "test_identities_are_told_by_their_type",
    "test_links_to_servers_and_to_other_compute_are_told",
    "test_pages_follow_each_other_until_everything_was_seen_once",
    "test_profiles_say_what_they_are_called_and_whose_they_are",
    "test_reading_one_server_tells_what_the_list_told",
    "test_rules_are_told_with_values_that_are_json_in_a_string",
    "test_the_caller_owns_the_servers",
    "test_the_vpcs_of_a_region_are_those_its_servers_are_in",
    "test_what_is_not_there_is_not_found_in_the_region_that_was_asked",
]


def saved(subject: Subject) -> Fleet:
    """Return everything that a cloud tells, as a snapshot holds it."""
    cloud = subject.cloud
    account = cloud.get_caller().account_id
    regions = tuple(region.name for region in cloud.list_regions())
    trusts = read_trust(cloud, cloud.list_profiles(account or ""), 4)
    return Fleet(
        readings=[a_reading(account_id=account, regions=regions)],
        servers=[
            (AssessedServer(server, assess_restart(server)), 0)
            for server in subject.servers.values()
        ],
        profiles=[(trust, 0) for trust in trusts],
    )


@contextmanager
def in_snapshot(scenario: str) -> Iterator[Subject]:
    """Save the servers of a scenario, and open what was saved."""
    with in_memory(scenario) as subject, opened(saved(subject), page_size=100) as snapshot:
        cloud = SnapshotCloud(snapshot, subject.cloud.get_caller().account_id)
        # It has the ports that the tests above call, and not those that change something.
        yield Subject(cast("Cloud", cloud), subject.servers, subject.let_pass)


@pytest.fixture(scope="module")
def demo() -> Iterator[Subject]:
    with in_snapshot("demo") as subject:
        yield subject


@pytest.fixture(scope="module")
def crowd() -> Iterator[Subject]:
    with in_snapshot("large:250") as subject:
        yield subject


@pytest.fixture(scope="module")
def trusted() -> Iterator[Subject]:
    with in_snapshot("trusted-fleet") as subject:
        yield subject


@pytest.mark.parametrize("scenario", ["demo", "trusted-fleet"])
def test_a_snapshot_of_the_cloud_has_no_secret_in_it(scenario: str) -> None:
    with over_http(scenario) as subject:
        content = saved(subject).content()
    assert len(content) > 10_000
    for secret in (API_KEY, "apikey", "Bearer", "eyJ", "user_data", "#cloud-config", "password"):
        assert secret.encode() not in content, secret

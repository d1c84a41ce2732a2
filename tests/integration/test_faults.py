"""Every fault, once and always, on every operation: success after a retry, or a named error.

Never a traceback (an exception that is not ours passes ``run``), never longer than --timeout.
"""

import pytest

from tests.integration.cloud import EmulatedCloud, Ran

# What a slow machine may need beside the time-out of the one operation that fails.
MARGIN = 1.5

# Nothing was done, and asking again may help.
PASSING = ("429", "500", "502", "503", "504", "html", "garbage", "reset", "truncate")
# The API asks to be left alone for a second.
ASKED_TO_WAIT = ("429-retry-after=1", "503-retry-after=1")
SLOW = ("stall", "dribble")
# Asking again cannot help, and is not tried.
FINAL = ("redirect", "400", "403", "404")

CODES = {
    "429": "rate_limited",
    "429-retry-after=9": "rate_limited",
    "500": "unavailable",
    "502": "unavailable",
    "503": "unavailable",
    "503-retry-after=9": "unavailable",
    "504": "unavailable",
    "html": "malformed_response",
    "garbage": "malformed_response",
    "reset": "unavailable",
    "lost": "unavailable",
    "truncate": "unavailable",
    "stall": "unavailable",
    "dribble": "unavailable",
    "expired": "authentication_failed",
    "401": "authentication_failed",
    "redirect": "redirected",
    "403": "forbidden",
    "404": "bad_request",
    "400": "bad_request",
}
# A fault in the envelope of the API comes with a trace.
WITH_TRACE = {fault for fault in CODES if fault[0].isdigit()} | {"expired"}


def listed(cloud: EmulatedCloud, *words: str, timeout: float = 10) -> Ran:
    options = ["-r", "us-south", "-r", "eu-de", "--kind", "instance", "-o", "json", "--no-state"]
    return cloud.run("servers", "list", *options, "--timeout", str(timeout), *words)


@pytest.mark.parametrize("fault", [*PASSING, *ASKED_TO_WAIT, "lost", "expired", "stall"])
def test_a_listing_survives_what_happens_once(cloud: EmulatedCloud, fault: str) -> None:
    whole = listed(cloud).envelope
    cloud.fail(f"list_instances@eu-de:{fault}:1")

    ran = listed(cloud, timeout=3)

    assert (ran.exit_code, ran.envelope.items) == (0, whole.items)
    assert cloud.asked.count("list_instances") == 3
    assert cloud.asked.count("create_token") == (2 if fault == "expired" else 1)
    assert "error" not in ran.stderr


@pytest.mark.parametrize("fault", sorted(CODES))
def test_the_rest_is_shown_where_one_region_always_fails(cloud: EmulatedCloud, fault: str) -> None:
    cloud.fail(f"list_instances@eu-de:{fault}")

    ran = listed(cloud, timeout=1)

    (part,) = ran.envelope.scope.incomplete
    assert (ran.exit_code, ran.envelope.status) == (4, "incomplete")
    assert (part.region, part.kind, part.code) == ("eu-de", "instance", CODES[fault])
    assert part.message.startswith("cannot list instances in eu-de: ")
    assert (part.trace is not None) == (fault in WITH_TRACE)
    assert f"incomplete: the instances of eu-de could not be read: {part.message}" in ran.stderr
    assert len(ran.envelope.items) == 16
    assert ran.seconds < 1 + MARGIN


# One of each class: region by region they were all met above.
@pytest.mark.parametrize(
    "fault", ["429", "503", "html", "reset", "stall", "redirect", "401", "403", "404"]
)
def test_a_listing_that_fails_everywhere_is_an_error(cloud: EmulatedCloud, fault: str) -> None:
    cloud.fail(f"list_instances:{fault}")

    ran = listed(cloud, timeout=1)

    (error,) = ran.envelope.errors
    assert (ran.exit_code, ran.envelope.status, ran.envelope.items) == (1, "error", [])
    assert (error["code"], error["region"] in ("us-south", "eu-de")) == (CODES[fault], True)
    assert f"error: cannot list instances in {error['region']}: " in ran.stderr
    assert f"error: {error['message']}\n" in ran.stderr
    assert ran.seconds < 1 + MARGIN


@pytest.mark.parametrize("fault", [*PASSING, *ASKED_TO_WAIT, "lost", "expired", "stall"])
def test_reading_one_server_survives_what_happens_once(cloud: EmulatedCloud, fault: str) -> None:
    crn = cloud.crn("web-1")
    cloud.fail(f"get_instance:{fault}:1")

    ran = cloud.run("servers", "show", crn, "-o", "json", "--timeout", "3", "--no-state")

    assert (ran.exit_code, ran.envelope.names) == (0, ["web-1"])
    token = ["create_token"] if fault == "expired" else []
    assert cloud.asked == ["create_token", "get_instance", *token, "get_instance", "list_profiles"]


@pytest.mark.parametrize("fault", sorted(CODES.keys() - {"404"}))
def test_reading_one_server_ends_in_a_named_error(cloud: EmulatedCloud, fault: str) -> None:
    crn = cloud.crn("web-1")
    cloud.fail(f"get_instance:{fault}")

    ran = cloud.run("servers", "show", crn, "-o", "json", "--timeout", "1", "--no-state")

    (error,) = ran.envelope.errors
    server = cloud.server("web-1")
    assert (ran.exit_code, error["code"]) == (1, CODES[fault])
    assert f"error: cannot read instance {server.id} in us-south: " in ran.stderr
    assert ran.seconds < 1 + MARGIN


def test_a_server_that_is_not_visible_matches_nothing(cloud: EmulatedCloud) -> None:
    crn = cloud.crn("web-1")
    cloud.fail("get_instance:404")

    ran = cloud.run("servers", "show", crn, "-o", "json", "--no-state")

    (error,) = ran.envelope.errors
    assert (ran.exit_code, error["code"]) == (1, "not_found")
    assert f"error: no server matches '{crn}'" in ran.stderr
    assert cloud.asked == ["create_token", "get_instance"]


@pytest.mark.parametrize("fault", [*FINAL, "401"])
def test_what_cannot_be_helped_is_asked_once(cloud: EmulatedCloud, fault: str) -> None:
    crn = cloud.crn("web-1")
    cloud.fail(f"get_instance:{fault}")

    cloud.run("servers", "show", crn, "--no-state")

    again = ["create_token", "get_instance"] if fault == "401" else []
    assert cloud.asked == ["create_token", "get_instance", *again]


@pytest.mark.parametrize("fault", ["429", "503-retry-after=1", "500", "html", "reset", "stall"])
def test_a_token_request_survives_what_happens_once(cloud: EmulatedCloud, fault: str) -> None:
    cloud.fail(f"create_token:{fault}:1")

    ran = listed(cloud, timeout=3)

    assert (ran.exit_code, ran.envelope.status) == (0, "complete")
    assert cloud.asked.count("create_token") == 2


@pytest.mark.parametrize(
    "fault",
    [
        *("429", "503", "html", "garbage", "reset", "truncate", "stall", "redirect"),
        *("400", "401", "403", "404"),
    ],
)
def test_a_token_that_never_comes_ends_in_a_named_error(cloud: EmulatedCloud, fault: str) -> None:
    cloud.fail(f"create_token:{fault}")

    ran = listed(cloud, timeout=1)

    (error,) = ran.envelope.errors
    refused = fault in ("400", "401", "403", "404")
    assert (ran.exit_code, error["code"]) == (
        1,
        "authentication_failed" if refused else CODES[fault],
    )
    assert "error: cannot get an IAM token: " in ran.stderr
    assert set(cloud.asked) == {"create_token"}
    assert ran.seconds < 1 + MARGIN


# A 429 is left out: it slows the region down in which the list is asked for.
@pytest.mark.parametrize(
    "fault", ["500", "html", "garbage", "reset", "truncate", "stall", "redirect", "403", "404"]
)
def test_the_built_in_regions_are_used_where_they_cannot_be_asked_for(
    cloud: EmulatedCloud, fault: str
) -> None:
    cloud.fail(f"list_regions:{fault}")

    ran = cloud.run("servers", "list", "-o", "json", "--no-state", "--timeout", "1")

    assert (ran.exit_code, ran.envelope.status, len(ran.envelope.items)) == (0, "complete", 42)
    assert len(ran.envelope.scope.regions) == 13
    assert (
        "warning: the list of regions could not be read, the built-in one is used: "
        "cannot list regions: "
    ) in ran.stderr
    assert ran.seconds < 1 + MARGIN


@pytest.mark.parametrize("fault", ["expired", "401"])
def test_credentials_that_the_api_does_not_accept_end_the_command(
    cloud: EmulatedCloud, fault: str
) -> None:
    cloud.fail(f"list_regions:{fault}", f"list_instances:{fault}")

    ran = cloud.run("servers", "list", "-o", "json", "--no-state")

    assert (ran.exit_code, ran.envelope.errors[0]["code"]) == (1, "authentication_failed")
    assert cloud.asked == ["create_token", "list_regions", "create_token", "list_regions"]


def test_a_token_that_expires_on_the_way_is_renewed_once_for_all_workers(
    cloud: EmulatedCloud,
) -> None:
    cloud.fail("list_instances:expired:1")

    ran = cloud.run("servers", "list", "-o", "json", "--no-state")

    assert (ran.exit_code, len(ran.envelope.items)) == (0, 42)
    assert cloud.asked.count("create_token") == 2


def test_a_refused_key_ends_at_once_with_one_token_request(cloud: EmulatedCloud) -> None:
    ran = cloud.run("servers", "list", "--max-workers", "16", IBMCLOUD_API_KEY="wrong-key-123")

    assert ran.exit_code == 1
    assert "error: cannot get an IAM token: The provided API key could not be found" in ran.stderr
    assert "wrong-key-123" not in ran.stdout + ran.stderr
    assert cloud.asked == ["create_token"]
    assert ran.seconds < 2

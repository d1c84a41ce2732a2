"""IAM tokens of servers: which profiles a server may become, and what it may do as one."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import Client, TestResponse

from tests.emulator.caller import Caller, body_of, error_of
from tests.emulator.guest.inside import Inside, the_instance, the_server
from tests.emulator.trust_caller import TrustCaller, refusal_of
from tests.support.builders import an_instance
from vpcmetactl.domain.claims import Answer, evaluate_rule
from vpcmetactl.domain.servers import Reference
from vpcmetactl.domain.trust import ClaimRule, RuleCondition
from vpcmetactl.emulator.app import Emulator
from vpcmetactl.emulator.clock import ManualClock
from vpcmetactl.emulator.guest.linked import may_become
from vpcmetactl.emulator.iam.trusted import Condition, TrustedProfile
from vpcmetactl.emulator.permissions import ACTIONS, ROLES, rights_of
from vpcmetactl.emulator.scenarios import build_world
from vpcmetactl.emulator.vpc.networking import subnet_reference

IAM_TOKENS = "/identity/v1/iam_tokens"
CR_TOKEN = "urn:ibm:params:oauth:grant-type:cr-token"


@pytest.fixture
def app(clock: ManualClock) -> Emulator:
    return Emulator(build_world("trusted-fleet", clock=clock))


def on(app: Emulator, name: str) -> Inside:
    return Inside(app, the_server(app.world, name))


def become(inside: Inside, profile: object = None, data: bytes | None = None) -> TestResponse:
    """Ask for an IAM token: of a profile by its name, of what is given, or of the default one."""
    if isinstance(profile, str):
        profile = {"trusted_profile": {"name": profile}}
    more: dict[str, Any] = {"data": data} if profile is None else {"json": profile}
    headers = {"Authorization": f"Bearer {inside.token()}"}
    return inside.call("POST", IAM_TOKENS, headers=headers, **more)


def token_of(inside: Inside, profile: str) -> dict[str, str]:
    """The header of somebody who has become a profile."""
    answer = become(inside, profile)
    assert answer.status_code == 200, answer.text
    return {"Authorization": f"Bearer {body_of(answer)['access_token']}"}


def profiles_of(app: Emulator, name: str) -> set[str]:
    """The names of all profiles that a server gets a token for."""
    answers = {
        profile.name: become(on(app, name), profile.name)
        for profile in app.world.trust.profiles.values()
    }
    refused = [answer for answer in answers.values() if answer.status_code != 200]
    assert all(error_of(a) == (400, [("profile_not_linked", "trusted_profile")]) for a in refused)
    return {name for name, answer in answers.items() if answer not in refused}


def test_a_token_is_answered_as_the_platform_answers_one(app: Emulator) -> None:
    answer = become(on(app, "db-1"), "backup-writer")

    assert {**body_of(answer), "access_token": ""} == {
        "access_token": "",
        "created_at": "2026-11-21T12:00:00Z",
        "expires_at": "2026-11-21T13:00:00Z",
        "expires_in": 3600,
    }


def test_the_token_is_the_profiles(app: Emulator) -> None:
    profile = app.world.trust.profile("backup-writer")
    token = body_of(become(on(app, "db-1"), "backup-writer"))["access_token"]
    claims = jwt.decode(token, options={"verify_signature": False})

    assert (claims["iam_id"], claims["sub"]) == (f"iam-{profile.id}", profile.id)
    assert claims["account"]["bss"] == app.world.account_id
    assert claims["grant_type"] == CR_TOKEN
    assert claims["exp"] - claims["iat"] == 3600


@pytest.mark.parametrize("kind", ["id", "crn", "name"])
def test_a_profile_is_named_by_id_crn_or_name(app: Emulator, kind: str) -> None:
    profile = app.world.trust.profile("backup-writer")
    sent = {"trusted_profile": {kind: getattr(profile, kind)}}

    for name in ("db-1", "db-2", "metal-1"):
        assert become(on(app, name), sent).status_code == 200
    expected = (400, [("profile_not_linked", "trusted_profile")])
    assert error_of(become(on(app, "db-3"), sent)) == expected


@pytest.mark.parametrize("sent", [None, {}])
def test_without_a_name_it_is_the_default_profile(app: Emulator, sent: object) -> None:
    answer = become(on(app, "web-1"), sent)
    claims = jwt.decode(body_of(answer)["access_token"], options={"verify_signature": False})

    assert claims["sub"] == app.world.trust.profile("web-frontend").id


@pytest.mark.parametrize("name", ["web-3", "web-eu-1"])
def test_a_default_profile_that_is_not_linked_is_none_to_become(app: Emulator, name: str) -> None:
    expected = (400, [("profile_not_linked", "trusted_profile")])
    assert error_of(become(on(app, name))) == expected


def test_a_link_that_is_taken_away_or_made_counts_at_once(app: Emulator) -> None:
    trust, inside = TrustCaller(app), on(app, "db-3")
    links = f"{trust.path_of('backup-writer')}/links"
    link = trust.make(links, {"cr_type": "VSI", "link": {"crn": inside.server.crn}})
    assert become(inside, "backup-writer").status_code == 200
    trust.call("DELETE", f"{links}/{link['id']}")
    assert become(inside, "backup-writer").status_code == 400


def test_a_server_without_a_default_profile_has_to_name_one(app: Emulator) -> None:
    assert error_of(become(on(app, "db-1"))) == (400, [("missing_field", "trusted_profile")])


def test_a_default_profile_that_was_deleted_is_not_found(app: Emulator) -> None:
    trust = TrustCaller(app)
    trust.call("DELETE", trust.path_of("web-frontend"))
    assert error_of(become(on(app, "web-1"))) == (400, [("not_found", "trusted_profile")])


@pytest.mark.parametrize(
    ("sent", "code", "target"),
    [
        ({"profile": {}}, "unknown_field", "profile"),
        ({"trusted_profile": "backup-writer"}, "invalid_value", "trusted_profile"),
        ({"trusted_profile": None}, "invalid_value", "trusted_profile"),
        ({"trusted_profile": {}}, "missing_field", "trusted_profile"),
        ({"trusted_profile": {"href": "x"}}, "unknown_field", "trusted_profile.href"),
        ({"trusted_profile": {"id": "x", "name": "y"}}, "invalid_request", "trusted_profile"),
        ({"trusted_profile": {"id": 7}}, "invalid_value", "trusted_profile.id"),
        ({"trusted_profile": {"name": ""}}, "invalid_value", "trusted_profile.name"),
        ({"trusted_profile": {"id": "Profile-none"}}, "not_found", "trusted_profile.id"),
        ({"trusted_profile": {"crn": "crn:none"}}, "not_found", "trusted_profile.crn"),
        ({"trusted_profile": {"name": "none"}}, "not_found", "trusted_profile.name"),
    ],
)
def test_what_names_no_profile_is_refused(
    app: Emulator, sent: object, code: str, target: str
) -> None:
    assert error_of(become(on(app, "db-1"), sent)) == (400, [(code, target)])


@pytest.mark.parametrize("data", [b"{", b"[]", b"backup-writer"])
def test_a_body_that_is_no_object_is_refused(app: Emulator, data: bytes) -> None:
    assert error_of(become(on(app, "db-1"), data=data)) == (400, [("invalid_request", None)])


_COMMON = {"metrics-reader", "config-reader", "inventory", "admin"}


@pytest.mark.parametrize(
    ("name", "profiles"),
    [
        ("web-1", {*_COMMON, "web-frontend", "log-shipper"}),
        ("web-3", _COMMON),
        ("worker-1", {*_COMMON, "log-shipper", "queue-worker", "subnet-scanner", "deployer"}),
        ("web-eu-3", {"config-reader", "inventory"}),
        ("metal-1", {"backup-writer"}),
        ("metal-idle", set()),
    ],
)
def test_links_rules_and_identities_let_servers_in_and_doubtful_rules_do_not(
    app: Emulator, name: str, profiles: set[str]
) -> None:
    assert profiles_of(app, name) == profiles


_WORLD = build_world("trusted-fleet", clock=ManualClock())
_WORKER = the_instance(_WORLD, "worker-1")
_GROUP = _WORKER.instance_group
_CLAIMS = {
    "resource_group_id": _WORKER.resource_group.id,
    "resource_group_name": _WORKER.resource_group.name,
    "resource": _WORKER.id,
    "instance_group_name": _GROUP.name if _GROUP else "",
    "region": "us-south",
    "subnet_id": str(subnet_reference(_WORKER.vpc, _WORKER.zone)["id"]),
    "vpc_id": _WORKER.vpc.id,
    "zone": _WORKER.zone.name,
}
_VALUES = st.sampled_from([*_CLAIMS.values(), "", "us", "WORKERS", "Us-South-1", "7", "true"])
_SCALARS = _VALUES | st.sampled_from([7, True, None, 1.5])
_JSON = st.one_of(_SCALARS, st.lists(_SCALARS, max_size=3)).map(json.dumps)
_CONDITIONS = st.tuples(
    st.sampled_from([*_CLAIMS, "image_name"]),
    st.sampled_from(
        [
            *("EQUALS", "NOT_EQUALS", "EQUALS_IGNORE_CASE", "NOT_EQUALS_IGNORE_CASE"),
            *("CONTAINS", "IN", "MATCHES"),
        ]
    ),
    _JSON | st.sampled_from(["us-south", "", "{", "us-south-1"]),
)


@given(
    conditions=st.lists(_CONDITIONS, max_size=2),
    cr_type=st.sampled_from(["VSI", "BMS", "IKS_SA"]),
    grouped=st.booleans(),
)
def test_rules_hold_where_the_program_is_sure_of_it(
    conditions: list[tuple[str, str, str]], cr_type: str, *, grouped: bool
) -> None:
    """Written apart, they agree wherever IBM documents the answer."""
    server = _WORKER if grouped else the_instance(_WORLD, "db-1")
    claims = {**_CLAIMS, "resource": server.id}
    ours = replace(
        an_instance(),
        id=server.id,
        zone=claims["zone"],
        vpc=Reference(id=claims["vpc_id"]),
        resource_group=Reference(claims["resource_group_id"], name=claims["resource_group_name"]),
        instance_group=Reference(name=claims["instance_group_name"]) if grouped else None,
        subnet_ids=(claims["subnet_id"],),
    )
    rule = ClaimRule(
        id="rule",
        profile_id="profile",
        type="Profile-CR",
        cr_type=cr_type,
        conditions=tuple(RuleCondition(*condition) for condition in conditions),
    )
    answer = evaluate_rule(rule, ours, ours.account_id).answer

    holds = may_become(a_profile(cr_type, conditions), server)
    assert answer is Answer.CANNOT_TELL or holds is (answer is Answer.YES)


def a_profile(cr_type: str, conditions: list[tuple[str, str, str]]) -> TrustedProfile:
    """A profile with one rule, in place of the one before."""
    profile = _WORLD.trust.add_profile("one")
    _WORLD.trust.add_rule(profile, *(Condition(*item) for item in conditions), cr_type=cr_type)
    return profile


def test_a_viewer_reads_and_changes_nothing(app: Emulator) -> None:
    caller = Caller(app)
    caller.headers = token_of(on(app, "db-1"), "backup-writer")

    assert caller.find("/instances")["instances"]
    path = caller.path_of("db-1")
    assert caller.find(path)["name"] == "db-1"
    refused = (403, [("not_authorized", None)])
    assert error_of(caller.patch(path, {"metadata_service": {"enabled": False}})) == refused
    assert error_of(caller.post(f"{path}/actions", {"type": "stop"})) == refused
    assert error_of(caller.post(f"{caller.path_of('metal-1')}/stop", {"type": "soft"})) == refused
    assert the_server(app.world, "db-1").metadata_service.enabled


def test_a_viewer_reads_profiles_and_links_nothing(app: Emulator) -> None:
    trust = TrustCaller(app)
    trust.headers = token_of(on(app, "db-1"), "backup-writer")

    assert trust.list().status_code == 200
    body = {"cr_type": "VSI", "link": {"crn": trust.crn_of("db-3")}}
    path = f"{trust.path_of('backup-writer')}/links"
    assert refusal_of(trust.call("POST", path, body)) == (403, "not_authorized")


@pytest.mark.parametrize(
    ("profile", "listing", "reading"),
    [("config-reader", 403, 200), ("log-shipper", 403, 403), ("admin", 200, 200)],
)
def test_a_profile_may_do_what_its_policies_give_it(
    app: Emulator, profile: str, listing: int, reading: int
) -> None:
    caller = Caller(app)
    caller.headers = token_of(on(app, "web-1"), profile)
    statuses = [caller.get(path).status_code for path in ("/instances", caller.path_of("web-1"))]

    assert statuses == [listing, reading]
    assert caller.get("/regions").status_code == 200  # no action is known to be needed


def test_what_a_profile_may_do_is_asked_when_it_is_done(app: Emulator) -> None:
    caller = Caller(app)
    caller.headers = token_of(on(app, "web-1"), "log-shipper")
    assert caller.get("/instances").status_code == 403
    app.world.trust.profile("log-shipper").rights = rights_of("viewer")
    assert caller.get("/instances").status_code == 200


def test_an_administrator_may_change_and_is_named_in_the_activity(app: Emulator) -> None:
    caller = Caller(app)
    caller.headers = token_of(on(app, "db-1"), "admin")
    path = caller.path_of("db-2")

    body = {"metadata_service": {"response_hop_limit": 2}}
    assert caller.patch(path, body).status_code == 200
    (event,) = [
        event
        for event in app.world.vpc.activity.bodies()
        if event["action"] == "is.instance.instance.update"
    ]
    profile = app.world.trust.profile("admin")
    assert event["initiator"]["id"] == profile.iam_id
    assert event["initiator"]["credential"] == {"type": "token"}


def test_tokens_of_profiles_end_as_others_do(app: Emulator, clock: ManualClock) -> None:
    caller = Caller(app)
    caller.headers = token_of(on(app, "db-1"), "backup-writer")
    clock.advance(timedelta(hours=1))
    assert error_of(caller.get("/instances"))[0] == 401


def test_a_profile_tells_how_often_a_server_became_it(app: Emulator, clock: ManualClock) -> None:
    trust, path = TrustCaller(app), "/profiles/" + app.world.trust.profile("backup-writer").id
    for name in ("db-1", "db-2", "db-3"):
        become(on(app, name), "backup-writer")
        clock.advance(timedelta(minutes=5))

    shown = trust.find(path, include_activity="true")["activity"]
    assert shown == {"authn_count": 2, "last_authn": "2026-11-21T12:05+0000"}


def test_roles_give_more_from_viewer_to_administrator() -> None:
    assert ROLES["viewer"] < ROLES["operator"] < ROLES["administrator"] == ACTIONS.keys()
    assert ROLES["viewer"] < ROLES["editor"] < ROLES["administrator"]
    assert "is.instance.instance.update" in ROLES["editor"] - ROLES["operator"]
    assert "iam-identity.profile.delete" in ROLES["operator"] - ROLES["editor"]
    assert rights_of("viewer", "is.instance.instance.update") == ROLES["viewer"] | {
        "is.instance.instance.update"
    }


@pytest.mark.parametrize("name", ["", "reader", "is.instance.instance.create"])
def test_what_is_no_role_and_no_action_is_named(name: str) -> None:
    with pytest.raises(ValueError, match=f"^'{name}' is no role and no action; there are viewer,"):
        rights_of("viewer", name)


def exchange(app: Emulator, **form: str) -> TestResponse:
    """Ask IAM itself, as a container would."""
    return Client(app).post("/iam/identity/token", data={"grant_type": CR_TOKEN, **form})


@pytest.mark.parametrize("kind", ["id", "crn", "name"])
def test_iam_itself_takes_an_identity_token_too(app: Emulator, kind: str) -> None:
    profile = app.world.trust.profile("backup-writer")
    form = {"cr_token": on(app, "db-1").token(), f"profile_{kind}": getattr(profile, kind)}
    answer = body_of(exchange(app, **form))

    assert (answer["token_type"], answer["expires_in"]) == ("Bearer", 3600)
    caller = Caller(app)
    caller.headers = {"Authorization": f"Bearer {answer['access_token']}"}
    assert caller.get("/instances").status_code == 200
    assert caller.patch(caller.path_of("db-1"), {"name": "x"}).status_code == 403


def test_iam_refuses_what_the_server_is_refused(app: Emulator, clock: ManualClock) -> None:
    token = on(app, "db-1").token(expires_in=5)
    linked, other = {"profile_name": "backup-writer"}, {"profile_name": "web-frontend"}
    refused = [
        exchange(app, **linked),
        exchange(app, cr_token=token),
        exchange(app, cr_token=token, profile_id="x", **linked),
        exchange(app, cr_token=token, profile_name="none"),
        exchange(app, cr_token=token, **other),
        exchange(app, cr_token="rubbish", **linked),
    ]
    clock.advance(timedelta(seconds=5))
    refused.append(exchange(app, cr_token=token, **linked))

    assert [answer.status_code for answer in refused] == [400] * 7
    assert all(body_of(a).keys() >= {"errorCode", "errorMessage"} for a in refused)
    assert not any(token in answer.text for answer in refused)


def test_a_server_that_is_gone_becomes_nothing(app: Emulator) -> None:
    inside = on(app, "db-1")
    token = inside.token()
    app.world.delete(inside.server)
    answer = exchange(app, cr_token=token, profile_name="backup-writer")
    assert (answer.status_code, body_of(answer)["errorCode"]) == (400, "BXNIM0408E")

"""Holding a plan against who trusts its servers."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.support.builders import OFF, ON, ON_HTTPS, a_bare_metal_server, an_instance
from tests.support.trust import PROFILE, a_link, a_rule, a_trust, an_identity, assessed
from vpcmetactl.domain.errors import PermissionDeniedError, UnavailableError
from vpcmetactl.domain.metadata_plans import plan_metadata
from vpcmetactl.domain.plans import (
    Action,
    MetadataChange,
    MetadataServicePatch,
    NoteCode,
    Plan,
    PlanItem,
    Skip,
    SkipReason,
)
from vpcmetactl.domain.servers import MetadataService, Protocol, Server
from vpcmetactl.domain.trust import ClaimRule, ProfileTrust
from vpcmetactl.usecases.trust_preflight import check_trust, concerned_servers

WEB = an_instance("web-1", metadata_service=ON)
DISABLE = MetadataServicePatch(enabled=False)
HTTPS = MetadataServicePatch(protocol=Protocol.HTTPS)
HOPS = MetadataServicePatch(response_hop_limit=2)
ON_BARE_METAL = MetadataService(enabled=True, protocol="http")
_DOUBTFUL = replace(a_rule(), cr_type="BMS")


def _plan(patch: MetadataServicePatch, *servers: Server) -> Plan:
    return plan_metadata(Action.SET, patch, servers, named=False)


def _checked(
    patch: MetadataServicePatch,
    *servers: Server,
    trusts: Sequence[ProfileTrust] | UnavailableError | PermissionDeniedError = (),
    allow: bool = False,
) -> Sequence[PlanItem]:
    plan = _plan(patch, *servers)
    concerned = concerned_servers(plan, assessed(*servers))
    return check_trust(plan, concerned, trusts, allow_identity_loss=allow).items


def _notes(item: PlanItem) -> list[tuple[NoteCode, str]]:
    assert isinstance(item, MetadataChange)
    codes = (NoteCode.TRUSTED, NoteCode.TRUST_UNKNOWN)
    return [(note.code, note.message) for note in item.notes if note.code in codes]


def _named(name: str, server: Server = WEB) -> ProfileTrust:
    profile = replace(PROFILE, id=f"Profile-{name}", name=name)
    return replace(a_trust(links=(a_link(server),)), profile=profile)


@pytest.mark.parametrize(
    "trust",
    [
        a_trust(links=(a_link(WEB),)),
        a_trust(rules=(a_rule(),)),
        a_trust(identities=(an_identity(WEB),)),
    ],
)
def test_disabling_a_server_that_is_trusted_is_refused(trust: ProfileTrust) -> None:
    assert _checked(DISABLE, WEB, trusts=[trust]) == (
        Skip(
            WEB.identity,
            SkipReason.TRUSTED,
            "is trusted by backup-writer, whose rights it would lose; --allow-identity-loss "
            "allows it",
            refused=True,
        ),
    )


def test_what_is_allowed_is_told_with_the_change() -> None:
    [item] = _checked(DISABLE, WEB, trusts=[a_trust(links=(a_link(WEB),))], allow=True)

    assert _notes(item) == [(NoteCode.TRUSTED, "loses the rights of backup-writer")]


def test_a_service_of_which_it_is_not_known_whether_it_is_on_may_be_on() -> None:
    unknown = replace(WEB, metadata_service=MetadataService(protocol="http"))

    [item] = _checked(DISABLE, unknown, trusts=[a_trust(links=(a_link(WEB),))])

    assert isinstance(item, Skip)
    assert item.reason is SkipReason.TRUSTED


def test_another_protocol_is_made_with_a_note() -> None:
    [item] = _checked(HTTPS, WEB, trusts=[_named("b"), _named("a")])

    assert _notes(item) == [
        (
            NoteCode.TRUSTED,
            "is trusted by a, b: clients in the guest get no token before they ask over https",
        )
    ]


def test_of_many_profiles_some_are_named_and_the_rest_counted() -> None:
    [item] = _checked(DISABLE, WEB, trusts=[_named(name) for name in "gfedcba"])

    assert isinstance(item, Skip)
    assert item.message.startswith("is trusted by a, b, c, d, e and 2 more, whose rights")


def test_a_profile_without_a_name_is_told_by_its_id() -> None:
    trust = replace(a_trust(links=(a_link(WEB),)), profile=replace(PROFILE, name=None))

    [item] = _checked(DISABLE, WEB, trusts=[trust])

    assert isinstance(item, Skip)
    assert item.message.startswith("is trusted by Profile-1, ")


@pytest.mark.parametrize("patch", [DISABLE, HTTPS])
def test_a_server_that_nobody_trusts_is_changed_without_a_word(
    patch: MetadataServicePatch,
) -> None:
    trusts = [_named("other", an_instance("web-2"))]

    assert _checked(patch, WEB, trusts=trusts) == _plan(patch, WEB).items


# What is not known.


@pytest.mark.parametrize("patch", [DISABLE, HTTPS])
def test_trust_that_cannot_be_read_warns_and_refuses_nothing(patch: MetadataServicePatch) -> None:
    [item] = _checked(patch, WEB, trusts=PermissionDeniedError("403"))

    assert _notes(item) == [
        (
            NoteCode.TRUST_UNKNOWN,
            "who trusts it is not fully known: the trusted profiles could not be read (forbidden)",
        )
    ]


def test_a_part_of_a_profile_that_cannot_be_read_warns() -> None:
    gone = UnavailableError("gone")
    trust = replace(a_trust(), errors={"links": gone, "rules": gone})

    [item] = _checked(DISABLE, WEB, trusts=[trust])

    [(code, message)] = _notes(item)
    assert code is NoteCode.TRUST_UNKNOWN
    assert message.endswith(": the links and rules of backup-writer could not be read")


def test_what_is_certain_refuses_though_something_else_cannot_be_read() -> None:
    trust = replace(a_trust(links=(a_link(WEB),)), errors={"rules": UnavailableError("gone")})

    [refused] = _checked(DISABLE, WEB, trusts=[trust])
    [allowed] = _checked(DISABLE, WEB, trusts=[trust], allow=True)

    assert isinstance(refused, Skip)
    assert [code for code, _ in _notes(allowed)] == [NoteCode.TRUSTED, NoteCode.TRUST_UNKNOWN]


@pytest.mark.parametrize(
    "rule",
    [a_rule(claim="moon_phase", value='"full"'), a_rule(value="us-south-1")],
)
def test_a_rule_that_cannot_be_told_warns(rule: ClaimRule) -> None:
    [item] = _checked(DISABLE, WEB, trusts=[a_trust(rules=(rule,))])

    assert _notes(item) == [
        (NoteCode.TRUST_UNKNOWN, "who trusts it is not fully known: backup-writer may trust it")
    ]


def test_a_rule_about_bare_metal_cannot_be_told() -> None:
    metal = a_bare_metal_server("metal-1", metadata_service=ON_BARE_METAL)

    [item] = _checked(DISABLE, metal, trusts=[a_trust(rules=(_DOUBTFUL,))])

    assert [code for code, _ in _notes(item)] == [NoteCode.TRUST_UNKNOWN]


# What is not concerned.


@pytest.mark.parametrize(
    ("patch", "server"),
    [
        (MetadataServicePatch(enabled=True, protocol=Protocol.HTTPS), an_instance("web-1")),
        (HTTPS, an_instance("web-1", metadata_service=OFF)),
        (HOPS, WEB),
        (DISABLE, an_instance("web-1", metadata_service=OFF)),
        (HTTPS, an_instance("web-1", metadata_service=ON_HTTPS)),
        (DISABLE, replace(WEB, status="deleting")),
    ],
)
def test_what_takes_nothing_from_anybody_is_left_as_it_is(
    patch: MetadataServicePatch, server: Server
) -> None:
    plan = _plan(patch, server)
    trusts = [a_trust(links=(a_link(WEB),))]

    assert list(concerned_servers(plan, assessed(server))) == []
    assert check_trust(plan, [], trusts, allow_identity_loss=False) == plan


def test_items_keep_their_order_and_only_the_concerned_are_touched() -> None:
    servers = [
        an_instance("a", metadata_service=ON),
        an_instance("b"),
        an_instance("c", metadata_service=ON),
        an_instance("d", metadata_service=ON),
    ]
    plan = _plan(DISABLE, *servers)

    items = _checked(DISABLE, *servers, trusts=[_named("other", servers[2])])

    assert [item.server.name for item in items] == ["a", "b", "c", "d"]
    assert [type(item) for item in items] == [MetadataChange, Skip, Skip, MetadataChange]
    assert (items[0], items[1], items[3]) == (plan.items[0], plan.items[1], plan.items[3])

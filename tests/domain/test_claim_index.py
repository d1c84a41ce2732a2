import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.builders import ACCOUNT, a_bare_metal_server, an_instance
from tests.support.trust import a_rule
from vpcmetactl.domain.bitsets import make_set, members
from vpcmetactl.domain.claims import Answer, ClaimIndex, evaluate_rule
from vpcmetactl.domain.servers import Instance, Reference, Server
from vpcmetactl.domain.trust import ClaimRule, RuleCondition

CLAIMS = (
    "resource_group_id",
    "resource_group_name",
    "resource",
    "instance_group_name",
    "region",
    "subnet_id",
    "vpc_id",
    "zone",
)
OPERATORS = (
    "EQUALS",
    "NOT_EQUALS",
    "EQUALS_IGNORE_CASE",
    "NOT_EQUALS_IGNORE_CASE",
    "CONTAINS",
    "IN",
)

# A second evaluator, one server and one condition at a time: it asks for the outcome under every
# reading of what is not documented, and can tell where there is only one.
_BOTH = {True, False}


def naive(rule: ClaimRule, server: Server, account: str | None) -> Answer:
    outcomes = [_naive_subject(rule, server, account)]
    if outcomes[0] == {True}:
        assert isinstance(server, Instance)
        outcomes += [_naive_condition(condition, server) for condition in rule.conditions]
        if None in (account, server.account_id):
            outcomes.append(_BOTH)
    if {False} in outcomes:
        return Answer.NO
    return Answer.YES if all(outcome == {True} for outcome in outcomes) else Answer.CANNOT_TELL


def _naive_subject(rule: ClaimRule, server: Server, account: str | None) -> set[bool]:
    if rule.type == "Profile-SAML":
        return {False}
    if account and server.account_id and account != server.account_id:
        return {False}
    if rule.cr_type is None:
        return _BOTH
    if rule.cr_type != {"instance": "VSI", "bare_metal_server": "BMS"}[server.kind]:
        return {False}
    documented = rule.type == "Profile-CR" and rule.cr_type == "VSI" and rule.conditions
    return {True} if documented else _BOTH


def _naive_condition(condition: RuleCondition, server: Instance) -> set[bool]:
    wanted = _naive_value(condition.operator, condition.value)
    claim = _naive_claims(server).get(condition.claim)
    if wanted is None or claim is None:
        return _BOTH
    negated = condition.operator.startswith("NOT_")
    if not claim:
        return _BOTH if negated or "" in wanted else {False}
    forms: list[str | list[str]] = [*claim]
    if condition.claim == "subnet_id":
        forms.append(claim)
    return {negated ^ _naive_fits(condition.operator, form, wanted) for form in forms}


def _naive_fits(operator: str, form: str | list[str], wanted: list[str]) -> bool:
    if operator == "CONTAINS":
        return wanted[0] in form
    own = [form] if isinstance(form, str) else form
    if operator.endswith("IGNORE_CASE"):
        return wanted[0].lower() in [one.lower() for one in own]
    return any(one in wanted for one in own)


def _naive_value(operator: str, text: str) -> list[str] | None:
    if operator not in OPERATORS:
        return None
    try:
        value = json.loads(text)
    except ValueError:
        return None
    if isinstance(value, list) != (operator == "IN"):
        return None
    wanted = []
    for one in value if isinstance(value, list) else [value]:
        if not isinstance(one, (str, bool, int)):
            return None
        wanted.append(one if isinstance(one, str) else json.dumps(one))
    if operator.endswith("IGNORE_CASE") and any(ord(letter) > 127 for letter in wanted[0]):
        return None
    return wanted


def _naive_claims(server: Instance) -> dict[str, list[str] | None]:
    group, vpc, member = server.resource_group, server.vpc, server.instance_group

    def told(value: str | None) -> list[str] | None:
        return None if value is None else [value]

    return {
        "resource_group_id": told(group.id) if group else None,
        "resource_group_name": told(group.name) if group else None,
        "resource": [server.id],
        "instance_group_name": told(member.name) if member else [],
        "region": [server.region],
        "subnet_id": None if server.subnet_ids is None else list(server.subnet_ids),
        "vpc_id": told(vpc.id) if vpc else None,
        "zone": told(server.zone),
    }


_WORDS = ["a", "A", "ab", "AB", "b", "", "12", "true", "\u212a"]
_TOLD = ["a", "A", "ab", "12", None]
_SUBNETS = [None, (), ("a",), ("ab",), ("a", "A"), ("a", "ab"), ("ab", "b", "bab")]
_BASE = an_instance(id="a", region="a")


def _fleet() -> Iterator[Server]:
    for told, other in product(_TOLD, ["a", None]):
        yield replace(
            _BASE,
            id=told or "id",
            region=other or "",
            zone=told,
            vpc=Reference(id=told),
            resource_group=Reference(id=other, name=told) if other else None,
            instance_group=Reference(name=told) if other else None,
        )
    for subnet_ids in _SUBNETS:
        yield replace(_BASE, subnet_ids=subnet_ids)
    for account_id in (ACCOUNT, "other", None):
        yield replace(_BASE, account_id=account_id)
        yield a_bare_metal_server(account_id=account_id)


FLEET = list(_fleet())
INDEX = ClaimIndex(FLEET)


def assert_as_naive(rule: ClaimRule, account: str | None) -> None:
    found = INDEX.match(rule, account)
    answers = [Answer.NO] * len(FLEET)
    doubtful = [(who, Answer.CANNOT_TELL) for who, _ in found.doubts]
    for who, told in ((found.yes, Answer.YES), *doubtful):
        for position in members(who):
            assert answers[position] is Answer.NO
            answers[position] = told
    assert answers == [naive(rule, server, account) for server in FLEET]


@pytest.mark.parametrize("claim", [*CLAIMS, "pod"])
@pytest.mark.parametrize("operator", [*OPERATORS, "LIKE"])
def test_every_condition_is_answered_as_a_naive_evaluator_does(operator: str, claim: str) -> None:
    lists = [[], *([word] for word in _WORDS), ["a", "ab"], ["a", "A"], ["ab", "b", "bab"], [None]]
    values = [json.dumps(value) for value in (*_WORDS, "B", *lists, 12, True, None, 1.5)]
    for value in (*values, "a", '"a', ""):
        conditions = (RuleCondition(claim, operator, value),)
        assert_as_naive(replace(a_rule(), conditions=conditions), ACCOUNT)


_conditions = st.builds(
    RuleCondition,
    claim=st.sampled_from([*CLAIMS, *CLAIMS, "pod"]),
    operator=st.sampled_from([*OPERATORS, *OPERATORS, "LIKE"]),
    value=st.builds(
        json.dumps, st.sampled_from(_WORDS) | st.lists(st.sampled_from(_WORDS), max_size=4)
    ),
)
_rules = st.builds(
    ClaimRule,
    id=st.just("rule"),
    profile_id=st.just("Profile-1"),
    type=st.sampled_from([*["Profile-CR"] * 6, "Profile-SAML", "Profile-X", None]),
    cr_type=st.sampled_from([*["VSI"] * 6, "BMS", "IKS_SA", None]),
    conditions=st.lists(_conditions, max_size=3).map(tuple),
)
_accounts = st.sampled_from([ACCOUNT, "other", None])


@given(_rules, _accounts)
def test_every_rule_is_answered_as_a_naive_evaluator_does(
    rule: ClaimRule, account: str | None
) -> None:
    assert_as_naive(rule, account)


@given(_rules, st.sampled_from(FLEET), _accounts)
def test_a_server_alone_is_answered_as_a_naive_evaluator_does(
    rule: ClaimRule, server: Server, account: str | None
) -> None:
    assert evaluate_rule(rule, server, account).answer is naive(rule, server, account)


def test_values_that_many_servers_share_are_found_again_and_again() -> None:
    fleet = [an_instance(zone=f"z-{number % 3}") for number in range(300)]
    index = ClaimIndex(fleet)

    for _ in range(2):
        found = index.match(a_rule(value='"z-1"'), ACCOUNT)
        assert list(members(found.yes)) == list(range(1, 300, 3))


@given(st.sets(st.integers(0, 200)))
def test_a_set_of_positions_gives_them_back_in_order(positions: set[int]) -> None:
    assert list(members(make_set(positions, 201))) == sorted(positions)

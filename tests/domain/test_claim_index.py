import json
from dataclasses import replace

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


_words = st.sampled_from(["a", "a", "A", "ab", "AB", "b", "", "12", "true", "\u212a"])
_told = st.sampled_from(["a", "a", "a", "A", "ab", "12", "true", ""])
_untold = st.sampled_from(["a", "a", "A", "ab", None])
_references = st.builds(Reference, id=_untold, name=_untold)
_accounts = st.sampled_from([*[ACCOUNT] * 6, "other", None])
_instances = st.builds(
    Instance,
    id=_told,
    region=_told,
    account_id=_accounts,
    zone=_untold,
    vpc=st.none() | _references,
    resource_group=st.none() | _references,
    instance_group=st.none() | _references,
    subnet_ids=st.none() | st.lists(_told, max_size=3, unique=True).map(tuple),
)
_bare_metal = st.builds(replace, st.just(a_bare_metal_server()), account_id=_accounts)
_servers = _instances | _instances | _bare_metal
_scalars = _words | st.booleans() | st.sampled_from([12, 0, None, 1.5])
_values = st.sampled_from(["a", "[", '"a', "", "nil"]) | st.builds(
    json.dumps, _words | _scalars | st.lists(_words, max_size=3) | st.lists(_scalars, max_size=3)
)
_claims = st.sampled_from(
    [*CLAIMS, *CLAIMS, "subnet_id", "subnet_id", "instance_group_name", "pod"]
)
_conditions = st.builds(
    RuleCondition,
    claim=_claims,
    operator=st.sampled_from([*OPERATORS, *OPERATORS, "LIKE"]),
    value=_values,
)
_sound_conditions = st.builds(
    RuleCondition,
    claim=_claims,
    operator=st.sampled_from([one for one in OPERATORS if one != "IN"]),
    value=st.builds(json.dumps, _words),
) | st.builds(
    RuleCondition,
    claim=_claims,
    operator=st.just("IN"),
    value=st.builds(json.dumps, st.lists(_words, max_size=5)),
)
_any_rules = st.builds(
    ClaimRule,
    id=st.just("rule"),
    profile_id=st.just("Profile-1"),
    type=st.sampled_from(["Profile-CR"] * 3 + ["Profile-SAML", "Profile-X", None]),
    cr_type=st.sampled_from(["VSI"] * 3 + ["BMS", "IKS_SA", None]),
    conditions=st.lists(_conditions, max_size=3).map(tuple),
)
_sound_rules = st.builds(
    replace,
    st.just(a_rule()),
    conditions=st.lists(_sound_conditions, min_size=1, max_size=2).map(tuple),
)
_rules = _sound_rules | _sound_rules | _any_rules


@given(_rules, st.lists(_servers, max_size=9), st.lists(_accounts, min_size=1, max_size=2))
def test_an_index_of_a_fleet_answers_as_a_naive_evaluator_does(
    rule: ClaimRule, fleet: list[Server], accounts: list[str | None]
) -> None:
    index = ClaimIndex(fleet)
    for account in accounts:
        found = index.match(rule, account)
        answers = [Answer.NO] * len(fleet)
        for who, told in (
            (found.yes, Answer.YES),
            *((who, Answer.CANNOT_TELL) for who, _ in found.doubts),
        ):
            for position in members(who):
                assert answers[position] is Answer.NO
                answers[position] = told

        assert answers == [naive(rule, server, account) for server in fleet]


@given(_rules, _servers, _accounts)
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

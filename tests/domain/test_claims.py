import json
from dataclasses import replace

import pytest

from tests.support.builders import ACCOUNT, a_bare_metal_server, an_instance
from vpcmetactl.domain.claims import Answer, DoubtReason, evaluate_rule
from vpcmetactl.domain.servers import Reference, Server
from vpcmetactl.domain.trust import ClaimRule, RuleCondition

_GROUP = Reference(id="r006-group", name="Web-Group")
SERVER = replace(
    an_instance(),
    resource_group=Reference(id="fee82deb", name="Default"),
    instance_group=_GROUP,
    vpc=Reference(id="r006-vpc", name="prod"),
    zone="us-south-1",
    subnet_ids=("0717-net-a",),
)
METAL = a_bare_metal_server()
VALUES = {
    "resource_group_id": "fee82deb",
    "resource_group_name": "Default",
    "resource": SERVER.id,
    "instance_group_name": "Web-Group",
    "region": "us-south",
    "subnet_id": "0717-net-a",
    "vpc_id": "r006-vpc",
    "zone": "us-south-1",
}
# The same server with each claim not reported; id and region always are.
UNREPORTED = {
    "resource_group_id": replace(SERVER, resource_group=None),
    "resource_group_name": replace(SERVER, resource_group=Reference(id="fee82deb")),
    "instance_group_name": replace(SERVER, instance_group=Reference(id="r006-group")),
    "subnet_id": replace(SERVER, subnet_ids=None),
    "vpc_id": replace(SERVER, vpc=Reference(name="prod")),
    "zone": replace(SERVER, zone=None),
}
ABSENT = {
    "instance_group_name": replace(SERVER, instance_group=None),
    "subnet_id": replace(SERVER, subnet_ids=()),
}
OPERATORS = (
    "EQUALS",
    "NOT_EQUALS",
    "EQUALS_IGNORE_CASE",
    "NOT_EQUALS_IGNORE_CASE",
    "CONTAINS",
    "IN",
)
YES, NO = Answer.YES, Answer.NO


def a_rule(*conditions: tuple[str, str, str], cr_type: str | None = "VSI") -> ClaimRule:
    return ClaimRule(
        id="claim-rule-1",
        profile_id="Profile-1",
        type="Profile-CR",
        cr_type=cr_type,
        name="all-of-it",
        conditions=tuple(RuleCondition(*condition) for condition in conditions),
    )


def answer(rule: ClaimRule, server: Server = SERVER, account: str | None = ACCOUNT) -> object:
    """Return the answer, or why there is none."""
    found = evaluate_rule(rule, server, account)
    assert (found.doubt is not None) is (found.answer is Answer.CANNOT_TELL)
    return found.answer if found.doubt is None else found.doubt.reason


def _cases(claim: str) -> list[tuple[str, str, Answer]]:
    """Return an operator, a value and the answer: for each, one that holds and one that fails."""
    value = VALUES[claim]
    same, other, odd = json.dumps(value), json.dumps(value + "x"), json.dumps(value.swapcase())
    odd_other = json.dumps(value.swapcase() + "x")
    return [
        ("EQUALS", same, YES),
        ("EQUALS", other, NO),
        ("EQUALS", odd, NO),
        ("NOT_EQUALS", same, NO),
        ("NOT_EQUALS", other, YES),
        ("NOT_EQUALS", odd, YES),
        ("EQUALS_IGNORE_CASE", odd, YES),
        ("EQUALS_IGNORE_CASE", odd_other, NO),
        ("NOT_EQUALS_IGNORE_CASE", odd, NO),
        ("NOT_EQUALS_IGNORE_CASE", odd_other, YES),
        ("CONTAINS", same, YES),
        ("CONTAINS", other, NO),
        ("CONTAINS", odd, NO),
        ("IN", f"[{other}, {same}]", YES),
        ("IN", f"[{other}, {odd}]", NO),
        ("IN", "[]", NO),
    ]


@pytest.mark.parametrize(
    ("claim", "operator", "value", "expected"),
    [(claim, *case) for claim in VALUES for case in _cases(claim)],
)
def test_every_claim_is_compared_by_every_operator(
    claim: str, operator: str, value: str, expected: Answer
) -> None:
    assert answer(a_rule((claim, operator, value))) is expected


@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize("claim", UNREPORTED)
def test_what_the_api_did_not_report_cannot_be_told(claim: str, operator: str) -> None:
    value = json.dumps([VALUES[claim]] if operator == "IN" else VALUES[claim])

    assert answer(a_rule((claim, operator, value)), UNREPORTED[claim]) is DoubtReason.NOT_REPORTED


@pytest.mark.parametrize("claim", ABSENT)
@pytest.mark.parametrize(
    ("operator", "value", "expected"),
    [
        ("EQUALS", '"x"', NO),
        ("EQUALS_IGNORE_CASE", '"x"', NO),
        ("CONTAINS", '"x"', NO),
        ("IN", '["x", "y"]', NO),
        ("EQUALS", '""', DoubtReason.ABSENT_CLAIM),
        ("CONTAINS", '""', DoubtReason.ABSENT_CLAIM),
        ("IN", '["x", ""]', DoubtReason.ABSENT_CLAIM),
        ("NOT_EQUALS", '"x"', DoubtReason.ABSENT_CLAIM),
        ("NOT_EQUALS_IGNORE_CASE", '"x"', DoubtReason.ABSENT_CLAIM),
    ],
)
def test_a_claim_that_the_server_does_not_have_equals_no_text(
    claim: str, operator: str, value: str, expected: object
) -> None:
    assert answer(a_rule((claim, operator, value)), ABSENT[claim]) is expected


@pytest.mark.parametrize("claim", VALUES)
@pytest.mark.parametrize(
    ("operator", "value", "reason"),
    [
        *((operator, "default123", DoubtReason.VALUE_UNREADABLE) for operator in OPERATORS),
        *((operator, '"default', DoubtReason.VALUE_UNREADABLE) for operator in OPERATORS),
        *((operator, "null", DoubtReason.VALUE_UNREADABLE) for operator in OPERATORS),
        *((op, '["x"]', DoubtReason.VALUE_UNSUITABLE) for op in OPERATORS if op != "IN"),
        ("IN", '"x"', DoubtReason.VALUE_UNSUITABLE),
        ("EQUALS_IGNORE_CASE", '"\u212a"', DoubtReason.VALUE_UNSUITABLE),
        ("NOT_EQUALS_IGNORE_CASE", '"\u00e9"', DoubtReason.VALUE_UNSUITABLE),
        ("STARTS_WITH", '"x"', DoubtReason.UNKNOWN_OPERATOR),
        ("equals", '"x"', DoubtReason.UNKNOWN_OPERATOR),
    ],
)
def test_a_condition_that_is_not_understood_cannot_be_told(
    claim: str, operator: str, value: str, reason: DoubtReason
) -> None:
    assert answer(a_rule((claim, operator, value))) is reason


@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize("claim", ["namespace", "Zone", "", "name"])
def test_an_unknown_claim_cannot_be_told(claim: str, operator: str) -> None:
    assert answer(a_rule((claim, operator, '"x"'))) is DoubtReason.UNKNOWN_CLAIM


@pytest.mark.parametrize(("value", "name"), [("true", "true"), ("-12", "-12"), ('"12"', "12")])
def test_booleans_and_numbers_are_compared_as_text(value: str, name: str) -> None:
    server = replace(SERVER, resource_group=Reference(id="1", name=name))

    assert answer(a_rule(("resource_group_name", "EQUALS", value)), server) is YES
    assert answer(a_rule(("resource_group_name", "IN", f"[{value}]")), server) is YES


@pytest.mark.parametrize(
    ("operator", "value", "expected"),
    [
        ("EQUALS", '"net-c"', NO),
        ("EQUALS", '"net-a"', DoubtReason.SUBNET_AMBIGUOUS),
        ("EQUALS_IGNORE_CASE", '"NET-A"', DoubtReason.SUBNET_AMBIGUOUS),
        ("NOT_EQUALS", '"net-c"', YES),
        ("NOT_EQUALS", '"net-a"', DoubtReason.SUBNET_AMBIGUOUS),
        ("IN", '["net-a", "net-b", "net-c"]', YES),
        ("IN", '["net-a", "net-c"]', DoubtReason.SUBNET_AMBIGUOUS),
        ("IN", '["net-c"]', NO),
        ("CONTAINS", '"net-a"', DoubtReason.SUBNET_AMBIGUOUS),
        ("CONTAINS", '"net"', DoubtReason.SUBNET_AMBIGUOUS),
        ("CONTAINS", '"vpc"', NO),
    ],
)
def test_of_several_subnets_only_what_every_reading_agrees_on_is_told(
    operator: str, value: str, expected: object
) -> None:
    server = replace(SERVER, subnet_ids=("net-a", "net-b"))

    assert answer(a_rule(("subnet_id", operator, value)), server) is expected


def test_a_part_of_a_claim_is_contained_in_it_but_a_part_of_a_subnet_s_id_may_not_be() -> None:
    assert answer(a_rule(("zone", "CONTAINS", '"south"'))) is YES
    partly = a_rule(("subnet_id", "CONTAINS", '"net"'))
    assert answer(partly) is DoubtReason.SUBNET_AMBIGUOUS


def test_the_claim_resource_is_the_id_and_not_the_crn() -> None:
    assert answer(a_rule(("resource", "EQUALS", json.dumps(SERVER.crn)))) is NO


_HOLDS = ("zone", "EQUALS", '"us-south-1"')
_FAILS = ("zone", "EQUALS", '"us-south-2"')
_UNKNOWN = ("namespace", "EQUALS", '"x"')


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ((_HOLDS, _HOLDS), YES),
        ((_HOLDS, _FAILS), NO),
        ((_UNKNOWN, _FAILS), NO),
        ((_FAILS, _UNKNOWN), NO),
        ((_HOLDS, _UNKNOWN), DoubtReason.UNKNOWN_CLAIM),
        ((("zone", "IS", "1"), _UNKNOWN), DoubtReason.UNKNOWN_OPERATOR),
        ((), DoubtReason.NO_CONDITIONS),
    ],
)
def test_all_conditions_must_hold_and_one_that_fails_decides(
    conditions: tuple[tuple[str, str, str], ...], expected: object
) -> None:
    assert answer(a_rule(*conditions)) is expected


@pytest.mark.parametrize(
    ("rule", "server", "expected"),
    [
        (a_rule(_HOLDS, cr_type="BMS"), SERVER, NO),
        (a_rule(_HOLDS), METAL, NO),
        (a_rule(_HOLDS, cr_type="IKS_SA"), SERVER, NO),
        (a_rule(_HOLDS, cr_type="NEW"), METAL, NO),
        (a_rule(_HOLDS, cr_type="BMS"), METAL, DoubtReason.CLAIMS_UNPUBLISHED),
        (a_rule(_FAILS, cr_type="BMS"), METAL, DoubtReason.CLAIMS_UNPUBLISHED),
        (a_rule(cr_type="BMS"), METAL, DoubtReason.CLAIMS_UNPUBLISHED),
        (a_rule(_HOLDS, cr_type=None), SERVER, DoubtReason.COMPUTE_TYPE_NOT_REPORTED),
        (a_rule(_HOLDS, cr_type=None), METAL, DoubtReason.COMPUTE_TYPE_NOT_REPORTED),
        (replace(a_rule(_HOLDS), type="Profile-SAML", cr_type=None), SERVER, NO),
        (replace(a_rule(_HOLDS), type="Profile-X"), SERVER, DoubtReason.RULE_TYPE),
        (replace(a_rule(_HOLDS), type=None), SERVER, DoubtReason.RULE_TYPE),
        (replace(a_rule(_HOLDS), type=None), METAL, NO),
    ],
)
def test_a_rule_is_about_the_compute_that_it_names(
    rule: ClaimRule, server: Server, expected: object
) -> None:
    assert answer(rule, server) is expected


@pytest.mark.parametrize(
    ("account", "of_server", "condition", "expected"),
    [
        ("other", ACCOUNT, _HOLDS, NO),
        (None, ACCOUNT, _HOLDS, DoubtReason.NOT_REPORTED),
        (ACCOUNT, None, _HOLDS, DoubtReason.NOT_REPORTED),
        (None, None, _HOLDS, DoubtReason.NOT_REPORTED),
        (ACCOUNT, None, _FAILS, NO),
    ],
)
def test_a_rule_is_about_servers_of_the_profile_s_account(
    account: str | None, of_server: str | None, condition: tuple[str, str, str], expected: object
) -> None:
    server = replace(SERVER, account_id=of_server)

    assert answer(a_rule(condition), server, account) is expected


def test_a_doubt_says_in_words_what_it_is_about() -> None:
    for condition, words in (
        (("pod", "IN", '["a"]'), "the claim pod is not documented"),
        (("zone", "LIKE", '"a"'), "the operator LIKE is not documented"),
        (("zone", "EQUALS", "a"), "what zone is compared with, a, is no JSON of a known meaning"),
        (("zone", "EQUALS", "[]"), "EQUALS with a list is not documented"),
        (("zone", "IN", '""'), "IN with no list is not documented"),
    ):
        doubt = evaluate_rule(a_rule(condition), SERVER, ACCOUNT).doubt
        assert doubt is not None
        assert doubt.message == words

from dataclasses import replace
from datetime import date

import pytest

from vpcmetactl.domain.default_policy import DEFAULT_POLICY, policy_of_flags
from vpcmetactl.domain.policy import (
    Parameters,
    Policy,
    Requirement,
    Rule,
    Severity,
    UnknownMeans,
    Waiver,
)
from vpcmetactl.domain.policy_digest import policy_digest
from vpcmetactl.domain.restarts import Verdict
from vpcmetactl.domain.subject_selection import SubjectSelector

WEB = SubjectSelector(names=("web-*",))
WAIVER = Waiver(
    check="VPCMETA001", servers=WEB, owner="team", reason="moves", expires=date(2027, 1, 1)
)
RULE = Rule(check="VPCMETA001", servers=WEB)
BASE = replace(policy_of_flags(Requirement.DISABLED, 2), waivers=(WAIVER,))


def with_rule(**fields: object) -> Policy:
    return replace(BASE, rules=(*BASE.rules[:-1], replace(RULE, **fields)))  # type: ignore[arg-type]  # a test's own


DIFFERENT = [
    BASE,
    DEFAULT_POLICY,
    replace(BASE, unknown=UnknownMeans.FAIL),
    replace(BASE, rules=tuple(reversed(BASE.rules))),
    replace(BASE, waivers=()),
    replace(BASE, waivers=(replace(WAIVER, owner="others"),)),
    replace(BASE, waivers=(replace(WAIVER, reason="stays"),)),
    replace(BASE, waivers=(replace(WAIVER, expires=date(2027, 1, 2)),)),
    with_rule(),
    with_rule(enabled=False),
    with_rule(servers=SubjectSelector(regions=("web-*",))),
    with_rule(severity=Severity.LOW),
    with_rule(parameters=Parameters(verdicts=(Verdict.NEEDED,))),
    with_rule(parameters=Parameters(profiles=("a", "b"))),
    with_rule(parameters=Parameters(profiles=("a,b",))),
]


def test_policies_that_decide_otherwise_have_other_digests() -> None:
    assert len({policy_digest(policy) for policy in DIFFERENT}) == len(DIFFERENT)


@pytest.mark.parametrize("policy", DIFFERENT)
def test_names_and_places_do_not_count(policy: Policy) -> None:
    moved = replace(
        policy,
        name="another",
        rules=tuple(replace(rule, source="elsewhere") for rule in policy.rules),
        waivers=tuple(replace(waiver, source="elsewhere") for waiver in policy.waivers),
    )
    assert policy_digest(moved) == policy_digest(policy)
    assert len(policy_digest(policy)) == 64

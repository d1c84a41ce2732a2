"""The operations on a profile's claim rules. Which claims there are is not looked at."""

from dataclasses import replace
from typing import Any

import msgspec
from werkzeug.wrappers import Response

from vpcmetactl.emulator.iam.asking import body_of, profile_of, require_one_of, require_tag
from vpcmetactl.emulator.iam.envelope import answer, no_content, refuse
from vpcmetactl.emulator.iam.links import CR_TYPES
from vpcmetactl.emulator.iam.trust import TrustCall
from vpcmetactl.emulator.iam.trust_bodies import rule_body
from vpcmetactl.emulator.iam.trusted import ClaimRule, Condition, TrustedProfile, entity_tag

RULE_TYPES = ("Profile-SAML", "Profile-CR")
OPERATORS = (
    "EQUALS",
    "NOT_EQUALS",
    "EQUALS_IGNORE_CASE",
    "NOT_EQUALS_IGNORE_CASE",
    "CONTAINS",
    "IN",
)


class GivenCondition(msgspec.Struct, forbid_unknown_fields=True):
    """One condition as it is sent."""

    claim: str
    operator: str
    value: str


class GivenRule(msgspec.Struct, forbid_unknown_fields=True):
    """What is sent to create or replace a rule. IBM's SDK may send a context with it."""

    type: str
    conditions: list[GivenCondition]
    context: dict[str, Any] | None = None
    name: str | None = None
    realm_name: str | None = None
    cr_type: str | None = None
    expiration: int | None = None


def list_claim_rules(call: TrustCall) -> Response:
    """GET /v1/profiles/{id}/rules: all of them, for the operation is not paged."""
    with call.state.lock:
        rules = [rule_body(rule) for rule in profile_of(call).rules.values()]
    return answer(call, {"rules": rules})


def get_claim_rule(call: TrustCall) -> Response:
    """GET /v1/profiles/{id}/rules/{id}."""
    with call.state.lock:
        return _shown(call, _rule_of(call, profile_of(call)))


def create_claim_rule(call: TrustCall) -> Response:
    """POST /v1/profiles/{id}/rules: up to a limit."""
    sent, conditions = _sent(call)
    with call.state.lock:
        profile = profile_of(call)
        most = call.state.limits.rules_per_profile
        if len(profile.rules) >= most:
            raise refuse(400, f"The profile has {most} claim rules, the most.")
        rule = call.state.add_rule(
            profile,
            *conditions,
            type=sent.type,
            cr_type=sent.cr_type,
            name=sent.name,
            realm_name=sent.realm_name,
            expiration=sent.expiration or 3600,
        )
    return _shown(call, rule, 201)


def update_claim_rule(call: TrustCall) -> Response:
    """PUT /v1/profiles/{id}/rules/{id}: the whole rule anew."""
    sent, conditions = _sent(call)
    with call.state.lock:
        profile = profile_of(call)
        old = _rule_of(call, profile)
        require_tag(call, entity_tag(old.id, old.version))
        rule = replace(
            old,
            type=sent.type,
            conditions=conditions,
            name=sent.name,
            cr_type=sent.cr_type,
            realm_name=sent.realm_name,
            expiration=sent.expiration or old.expiration,
            modified_at=call.state.now(),
            version=old.version + 1,
        )
        profile.rules[rule.id] = rule
    return _shown(call, rule)


def delete_claim_rule(call: TrustCall) -> Response:
    """DELETE /v1/profiles/{id}/rules/{id}."""
    with call.state.lock:
        profile = profile_of(call)
        del profile.rules[_rule_of(call, profile).id]
    return no_content(call)


def _sent(call: TrustCall) -> tuple[GivenRule, tuple[Condition, ...]]:
    sent = body_of(call, GivenRule)
    require_one_of("type", sent.type, RULE_TYPES)
    if sent.type == "Profile-CR":
        require_one_of("cr_type", sent.cr_type, CR_TYPES)
    elif not sent.realm_name or not sent.expiration:
        raise refuse(400, "A rule of type Profile-SAML needs realm_name and expiration.")
    for condition in sent.conditions:
        require_one_of("operator", condition.operator, OPERATORS)
    conditions = [Condition(item.claim, item.operator, item.value) for item in sent.conditions]
    return sent, tuple(conditions)


def _shown(call: TrustCall, rule: ClaimRule, status: int = 200) -> Response:
    return answer(call, rule_body(rule), status, entity_tag(rule.id, rule.version))


def _rule_of(call: TrustCall, profile: TrustedProfile) -> ClaimRule:
    rule = profile.rules.get(call.arguments["rule_id"])
    if rule is None:
        raise refuse(404, "The profile has no claim rule of this id.")
    return rule

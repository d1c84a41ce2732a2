"""The JSON of the IAM Identity API's resources: what is not there is left out."""

from datetime import UTC, datetime
from typing import Any

from vpcmetactl.emulator.iam.trusted import (
    ClaimRule,
    Identity,
    Link,
    TrustedProfile,
    entity_tag,
)

Body = dict[str, Any]


def moment(at: datetime) -> str:
    """Write a moment as IAM does: UTC, whole minutes, an offset without a colon."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M+0000")


def profile_body(profile: TrustedProfile) -> Body:
    """A trusted profile, without what may become it."""
    body: Body = {
        "id": profile.id,
        "entity_tag": profile.tag,
        "crn": profile.crn,
        "name": profile.name,
        "created_at": moment(profile.created_at),
        "modified_at": moment(profile.modified_at),
        "iam_id": profile.iam_id,
        "account_id": profile.account_id,
    }
    optional = {
        "description": profile.description,
        "email": profile.email,
        "template_id": profile.template_id,
    }
    return body | _given(optional)


def activity_body(profile: TrustedProfile) -> Body:
    """How often somebody became a profile, and when last."""
    last = profile.last_authentication
    body: Body = {"authn_count": profile.authentications}
    return body | _given({"last_authn": None if last is None else moment(last)})


def link_body(link: Link) -> Body:
    """A link."""
    created_at = moment(link.created_at)
    body: Body = {
        "id": link.id,
        "entity_tag": entity_tag(link.id, 1),
        "created_at": created_at,
        "modified_at": created_at,
        "cr_type": link.cr_type,
        "link": dict(link.target),
    }
    return body | _given({"name": link.name, "is_cross_account": link.is_cross_account})


def rule_body(rule: ClaimRule) -> Body:
    """A claim rule."""
    body: Body = {
        "id": rule.id,
        "entity_tag": entity_tag(rule.id, rule.version),
        "created_at": moment(rule.created_at),
        "modified_at": moment(rule.modified_at),
        "type": rule.type,
        "expiration": rule.expiration,
        "conditions": rule.conditions,
    }
    optional = {"name": rule.name, "cr_type": rule.cr_type, "realm_name": rule.realm_name}
    return body | _given(optional)


def identity_body(identity: Identity) -> Body:
    """An identity that may become a profile."""
    body: Body = {
        "iam_id": identity.iam_id,
        "identifier": identity.identifier,
        "type": identity.type,
    }
    return body | _given({"accounts": identity.accounts, "description": identity.description})


def _given(optional: Body) -> Body:
    return {name: value for name, value in optional.items() if value is not None}

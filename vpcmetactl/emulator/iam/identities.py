"""The operations on the identities that may become a profile."""

import msgspec
from werkzeug.wrappers import Response

from vpcmetactl.emulator.iam.asking import body_of, profile_of, require_one_of, require_tag
from vpcmetactl.emulator.iam.envelope import answer, no_content, refuse
from vpcmetactl.emulator.iam.trust import TrustCall
from vpcmetactl.emulator.iam.trust_bodies import identity_body
from vpcmetactl.emulator.iam.trusted import IDENTITY_TYPES, Identity, TrustedProfile


class GivenIdentity(msgspec.Struct, forbid_unknown_fields=True):
    """One identity as it is sent."""

    identifier: str
    type: str
    accounts: list[str] | None = None
    description: str | None = None


class GivenIdentities(msgspec.Struct, forbid_unknown_fields=True):
    """All identities as they are sent; none clears them."""

    identities: list[GivenIdentity] = []


def get_profile_identities(call: TrustCall) -> Response:
    """GET /v1/profiles/{id}/identities: all of them."""
    with call.state.lock:
        return _all(call, profile_of(call))


def set_profile_identities(call: TrustCall) -> Response:
    """PUT /v1/profiles/{id}/identities: these and no others."""
    sent = body_of(call, GivenIdentities)
    identities = [_identity(item) for item in sent.identities]
    with call.state.lock:
        profile = profile_of(call)
        require_tag(call, profile.identities_tag)
        profile.set_identities(*identities)
        return _all(call, profile)


def set_profile_identity(call: TrustCall) -> Response:
    """POST /v1/profiles/{id}/identities/{type}: one more, or one anew."""
    sent = body_of(call, GivenIdentity)
    if sent.type != call.arguments["identity_type"]:
        raise refuse(400, "The type in the body is not the one in the path.")
    identity = _identity(sent)
    with call.state.lock:
        call.state.add_identity(profile_of(call), identity)
    return answer(call, identity_body(identity))


def get_profile_identity(call: TrustCall) -> Response:
    """GET /v1/profiles/{id}/identities/{type}/{identifier}."""
    with call.state.lock:
        return answer(call, identity_body(_identity_of(call, profile_of(call))))


def delete_profile_identity(call: TrustCall) -> Response:
    """DELETE /v1/profiles/{id}/identities/{type}/{identifier}."""
    with call.state.lock:
        profile = profile_of(call)
        gone = _identity_of(call, profile)
        profile.set_identities(*(item for item in profile.identities.values() if item != gone))
    return no_content(call)


def _all(call: TrustCall, profile: TrustedProfile) -> Response:
    tag = profile.identities_tag
    identities = [identity_body(identity) for identity in profile.identities.values()]
    return answer(call, {"entity_tag": tag, "identities": identities}, tag=tag)


def _identity(sent: GivenIdentity) -> Identity:
    require_one_of("type", sent.type, IDENTITY_TYPES)
    if not sent.identifier:
        raise refuse(400, "The identifier is empty.")
    if sent.accounts is not None and sent.type != "user":
        raise refuse(400, "Only identities of type user have accounts.")
    return Identity(
        type=sent.type,
        identifier=sent.identifier,
        accounts=None if sent.accounts is None else tuple(sent.accounts),
        description=sent.description,
    )


def _identity_of(call: TrustCall, profile: TrustedProfile) -> Identity:
    key = call.arguments["identity_type"], call.arguments["identifier_id"]
    if key not in profile.identities:
        raise refuse(404, "The profile has no such identity.")
    return profile.identities[key]

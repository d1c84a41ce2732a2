"""What the answers of a service are worth, each looked at by itself."""

from typing import Any, Dict, Optional, Union

from vpcmetactl.guest.claims import Identity, profile_of
from vpcmetactl.guest.diagnosis import OK, SKIPPED, Check
from vpcmetactl.guest.failures import EXPLANATIONS, GuestError, named
from vpcmetactl.guest.service import IamToken, IdentityToken
from vpcmetactl.guest.texts import printable

# A clock that is further off, in seconds, spoils tokens that live five minutes.
_MOST_SKEW = 60.0
# How a service may say that a server has no default profile: it is not documented.
_NO_DEFAULT = (
    "profile_not_linked",
    "not_found",
    "invalid_request",
    "invalid_value",
    "missing_field",
    "missing_value",
)
_NAME_ONE = (
    "Name a trusted profile that trusts this server: --profile PROFILE. A server is given a "
    "default one when it is made, or reinitialized, and by no link."
)
_NO_SUCH_PROFILE = (
    "See that the id, CRN or name is right: vpcmetactl profiles list shows those of the account."
)
_NO_NONCE = "this service takes none, as those from before 23 June 2026 may"
_OLD_SDK = (
    "IBM's SDK asks at paths that bare metal servers do not have, unless its VPC authenticator is "
    "given service_version='2025-08-26'."
)
_UNNAMED = (
    "The proof cannot be counted for any server. Say yourself that the service answers: "
    "vpcmetactl restarts ack SERVER."
)


def judged_token(token: IdentityToken, version: str) -> Check:
    """Say how long a token lives, and how it was had."""
    life = "given" if token.expires_in is None else f"given for {token.expires_in} s"
    return Check("identity_token", OK, f"{life}, with API version {version}")


def judged_nonce(token: IdentityToken) -> Check:
    """Say whether a token was certainly made for this request."""
    if token.nonce_matches:
        return Check("nonce", OK, "the token was made for this request")
    return Check("nonce", SKIPPED, _NO_NONCE)


def judged_identity(identity: Optional[Identity]) -> Check:
    """Say which server the token names, as far as its word can be taken."""
    if identity is None:
        message = "the token does not name the server in the documented way"
        return Check("identity", "bad_answer", message, _UNNAMED)
    return Check("identity", OK, "read from the token, whose signature cannot be checked here")


def judged_iam(
    result: Union[IamToken, GuestError], profile: Optional[str], identity: Optional[Identity]
) -> Check:
    """Say whether an IAM token was had: for a profile, or for the default one if ``None``."""
    wanted = "the default profile" if profile is None else f"profile {printable(profile)}"
    if isinstance(result, IamToken):
        who = profile_of(result.claims)
        given = f"given for {wanted}" + (f" ({who})" if who and who != profile else "")
        return Check("iam_token", OK, given)
    if profile is None and result.code in _NO_DEFAULT:
        message = f"this server seems to have no default profile: {result.message}"
        return Check("iam_token", SKIPPED, message)
    message = f"not given for {wanted}: {result.message}"
    return Check("iam_token", result.code, message, remedy_without_iam(result, profile, identity))


def remedy_without_iam(
    error: GuestError, profile: Optional[str], identity: Optional[Identity]
) -> str:
    """Say what to do where no IAM token was given, for a profile or for the default one."""
    if profile is None and error.code in _NO_DEFAULT:
        return _NAME_ONE
    remedy = _NO_SUCH_PROFILE if profile and error.code == "not_found" else error.remedy
    return named(remedy, identity.server_id if identity else None, profile)


def judged_metadata(
    result: Union[Dict[str, Any], GuestError, None], identity: Optional[Identity]
) -> Check:
    """Say what the service says of itself; ``None`` where it was not asked."""
    if result is None:
        bare_metal = identity is not None and identity.bare_metal
        if bare_metal:
            return Check("metadata", SKIPPED, "bare metal servers have none", _OLD_SDK)
        return Check("metadata", SKIPPED, "not asked for")
    if isinstance(result, GuestError):
        return Check("metadata", result.code, result.message, result.remedy)
    if identity is not None and result.get("id", identity.server_id) != identity.server_id:
        message = "the metadata is that of another server than the token's"
        return Check("metadata", "bad_answer", message, EXPLANATIONS["bad_answer"].remedy)
    service = service_in(result)
    if service is None:
        return Check("metadata", OK, "given; it says nothing of the service itself")
    return Check("metadata", OK, told_service(service))


def service_in(instance: Dict[str, Any]) -> Optional[Dict[str, Any]]:
    """Return the settings of the service in an instance's metadata; ``None`` where it has none."""
    held = instance.get("metadata_service")
    if not isinstance(held, dict):
        return None
    enabled, protocol, hops = (
        held.get(name) for name in ("enabled", "protocol", "response_hop_limit")
    )
    return {
        "enabled": enabled if isinstance(enabled, bool) else None,
        "protocol": protocol if protocol in ("http", "https") else None,
        "response_hop_limit": hops if type(hops) is int and 0 < hops <= 64 else None,  # noqa: PLR2004 - platform notes 1.1
    }


def told_service(service: Dict[str, Any]) -> str:
    """Return the settings of the service in words."""
    enabled, protocol, hops = service.values()
    told = "enabled" if enabled else "not enabled" if enabled is False else "given"
    if protocol:
        told += f", protocol {protocol}"
    if hops:
        told += f", response hop limit {hops}"
    return told


def judged_clock(skew: Optional[float]) -> Check:
    """Say how this server's clock stands to the service's, from the one minus the other."""
    if skew is None:
        return Check("clock", SKIPPED, "the service did not tell the time")
    if abs(skew) < 1:
        return Check("clock", OK, "within a second of the service's")
    told = "{:.0f} s {} the service's".format(abs(skew), "ahead of" if skew > 0 else "behind")
    if abs(skew) <= _MOST_SKEW:
        return Check("clock", OK, told)
    return Check("clock", "clock_skewed", told, EXPLANATIONS["clock_skewed"].remedy)

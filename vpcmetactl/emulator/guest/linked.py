"""Whether a server may become a trusted profile: by a link, by a claim rule, by its CRN.

Platform notes, section 4.2. The platform does know what its documents leave open; here, what is
open is taken as a no: claims and operators that are not documented, a value that is no JSON text,
number or truth value (for IN: no list of them), a rule without conditions, and every rule about
bare metal, whose claims are not published. NOT_EQUALS does not hold for a claim that the server
does not have. That an identity of type `crn` may name a server is a guess.
"""

from collections.abc import Callable

import msgspec

from vpcmetactl.emulator.iam.trusted import ClaimRule, Condition, TrustedProfile
from vpcmetactl.emulator.vpc.networking import subnet_reference
from vpcmetactl.emulator.vpc.resources import BareMetalServer, Instance

_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "EQUALS": lambda claim, value: claim == value,
    "NOT_EQUALS": lambda claim, value: claim != value,
    "EQUALS_IGNORE_CASE": lambda claim, value: claim.lower() == value.lower(),
    "NOT_EQUALS_IGNORE_CASE": lambda claim, value: claim.lower() != value.lower(),
    "CONTAINS": lambda claim, value: value in claim,
}


def may_become(profile: TrustedProfile, server: Instance | BareMetalServer) -> bool:
    """Tell whether anything lets a server become a profile. Hold the lock of the profiles."""
    cr_type = "VSI" if isinstance(server, Instance) else "BMS"
    if profile.find_link(cr_type, {"crn": server.crn}) or ("crn", server.crn) in profile.identities:
        return True
    return isinstance(server, Instance) and any(
        _satisfied(rule, server) for rule in profile.rules.values()
    )


def _satisfied(rule: ClaimRule, instance: Instance) -> bool:
    if (rule.type, rule.cr_type) != ("Profile-CR", "VSI") or not rule.conditions:
        return False
    claims = _claims(instance)
    return all(_holds(condition, claims.get(condition.claim)) for condition in rule.conditions)


def _holds(condition: Condition, claim: str | None) -> bool:
    if claim is None:
        return False
    try:
        value = msgspec.json.decode(condition.value)
    except (msgspec.DecodeError, UnicodeError):
        return False
    if condition.operator == "IN":
        return isinstance(value, list) and claim in [_text(item) for item in value]
    compare, text = _OPERATORS.get(condition.operator), _text(value)
    return compare is not None and text is not None and compare(claim, text)


def _text(value: object) -> str | None:
    """Return a JSON scalar as the text that claims are compared with; None for all else."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int) else None


def _claims(instance: Instance) -> dict[str, str]:
    """The claims of virtual servers that are documented; one in no group lacks that one."""
    claims = {
        "resource_group_id": instance.resource_group.id,
        "resource_group_name": instance.resource_group.name,
        "resource": instance.id,
        "region": instance.zone.region,
        "subnet_id": str(subnet_reference(instance.vpc, instance.zone)["id"]),
        "vpc_id": instance.vpc.id,
        "zone": instance.zone.name,
    }
    if instance.instance_group is not None:
        claims["instance_group_name"] = instance.instance_group.name
    return claims

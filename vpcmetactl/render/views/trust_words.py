"""Words about trusted profiles and what makes them trust somebody."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from json import dumps

from vpcmetactl.domain.access import WayKind
from vpcmetactl.domain.condition_values import read_value
from vpcmetactl.domain.trust import server_of_crn
from vpcmetactl.render.documents import Style
from vpcmetactl.render.items.access import ServerProfile, Usable, Way
from vpcmetactl.render.items.trust import ClaimRule, ProfileIdentity, ProfileLink, RuleCondition
from vpcmetactl.render.views.words import UNREPORTED, age_words

# What nobody can see: the reason why no list here is the whole truth.
OTHER_ACCOUNTS = "Profiles of other accounts that trust a server cannot be seen from here."


def day(text: str | None) -> str:
    """Return the day of a point in time that the API wrote; its own text where it is none."""
    at = _read(text)
    return text or UNREPORTED if at is None else f"{at:%Y-%m-%d}"


def age(text: str | None, now: datetime) -> str:
    """Return how long ago a point in time was that the API wrote, or what it wrote instead."""
    at = _read(text)
    return day(text) if at is None or at.tzinfo is None else age_words(at, now)


def _read(text: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(text or "")
    except ValueError:
        return None


def target_words(link: ProfileLink) -> str:
    """Return what a link is to: a server's kind and id, or what else tells it."""
    server = server_of_crn(link.crn)
    if server is not None:
        return f"{server.kind.words} {server.id} in {server.region}"
    inner = (link.namespace, link.resource_name, link.component_type, link.component_name)
    return " of ".join(filter(None, ["/".join(filter(None, inner)), link.crn])) or UNREPORTED


def rule_words(rule: ClaimRule) -> str:
    """Return what a rule is about and what must hold: ``VSI: zone EQUALS "us-south-1"``."""
    subject = rule.cr_type or ("users" if rule.type == "Profile-SAML" else "not told what it is of")
    conditions = " and ".join(map(_condition_words, rule.conditions)) or "no conditions"
    return f"{subject}: {conditions}"


def _condition_words(condition: RuleCondition) -> str:
    value = read_value(condition.value)
    if value is None:
        shown = f"{condition.value} (no JSON of a known meaning)"
    else:
        shown = dumps(value, ensure_ascii=False)
    return f"{condition.claim} {condition.operator} {shown}"


def identity_words(identity: ProfileIdentity) -> str:
    """Return who may assume a profile, and what is said of that."""
    words = identity.identifier or identity.iam_id or UNREPORTED
    return f"{words} ({identity.description})" if identity.description else words


def way_words(way: Way) -> str:
    """Return how a server becomes a profile, or why that cannot be told."""
    if way.kind is WayKind.IDENTITY:
        return "identity"
    words = f"{way.kind} {way.name}" if way.name else way.kind.value
    return f"{words}: cannot tell: {code_words(way.doubt.reason)}" if way.doubt else words


def ways_words(ways: Sequence[Way]) -> tuple[str, ...]:
    """Return each way, those that are open beyond doubt first."""
    ordered = sorted(ways, key=lambda way: not way.certain)
    return tuple(map(way_words, ordered))


def profile_names(profiles: Sequence[ServerProfile] | None) -> str:
    """Return the profiles that trust a server; those that may with a question mark."""
    if profiles is None:
        return ""
    names = [one.label if one.certain else f"{one.label} (?)" for one in profiles]
    return ", ".join(names) or "none"


def usable_words(usable: Usable) -> str:
    """Return whether a server can make use of trust now, and what stands in the way of that."""
    if usable.now:
        return "yes"
    about = [one for one in usable.obstacles if one.is_certain or usable.now is None]
    words = ", ".join(map(code_words, about))
    return f"no: {words}" if usable.now is False else f"perhaps: {words}"


def usable_style(usable: Usable) -> Style | None:
    """Return how that stands out."""
    return Style.ATTENTION if usable.now is False else None


def code_words(code: StrEnum) -> str:
    """Return a code without its underscores."""
    return code.value.replace("_", " ")

"""Waivers at work: which findings they accept, and what is wrong with waivers themselves."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from vpcmetactl.domain.checks import Check, get_check
from vpcmetactl.domain.judging import Judgement, failed, not_applicable, passed
from vpcmetactl.domain.policy import Policy, Rule, Waiver
from vpcmetactl.domain.subjects import Subject


@dataclass(frozen=True, slots=True)
class ReviewedWaiver:
    """What a check makes of a waiver, which is the ``number``th of the policy."""

    check: Check
    judgement: Judgement
    waiver: Waiver
    number: int


# A waiver that has as many days left, or fewer, is told of.
SOON_DAYS = 14


class WaiverDesk:
    """Holds findings against the waivers of a policy, and remembers which were of use."""

    def __init__(self, waivers: Sequence[Waiver], as_of: date) -> None:
        self._waivers = waivers
        self._used: set[int] = set()
        self._by_check = {
            check_id: [
                (place, waiver.servers.test())
                for place, waiver in enumerate(waivers)
                if waiver.check == check_id and not waiver.is_expired(as_of)
            ]
            for check_id in {waiver.check for waiver in waivers}
        }

    def find(self, check_id: str, subject: Subject) -> Waiver | None:
        """Return the first waiver that accepts findings of a check on a subject.

        Where it cannot be told whether a waiver is about the subject it is not.
        """
        waivers = self._by_check.get(check_id)
        if not waivers:
            return None
        places = [place for place, test in waivers if test(subject) is True]
        self._used.update(places)
        return self._waivers[places[0]] if places else None

    @property
    def used(self) -> frozenset[int]:
        """The places in the policy of the waivers that accepted something."""
        return frozenset(self._used)


def review(
    policy: Policy, as_of: date, used: Collection[int], *, is_whole: bool
) -> Iterator[ReviewedWaiver]:
    """Judge the waivers themselves, once every subject was judged.

    ``used`` are the places of those that accepted something. A rule can turn such a check off.
    ``is_whole`` is false where only a part of what the policy is for was judged.
    """
    for place, waiver in enumerate(policy.waivers):
        judged = _judge(waiver, as_of, is_used=place in used, is_whole=is_whole)
        for check_id, judgement in judged.items():
            rule = rule_of_waivers(policy, check_id)
            if rule is None or rule.enabled:
                yield ReviewedWaiver(get_check(check_id), judgement, waiver, place)


def _judge(
    waiver: Waiver, as_of: date, *, is_used: bool, is_whole: bool
) -> Mapping[str, Judgement]:
    until = waiver.expires.isoformat()
    said = f"of {waiver.check} for {waiver.servers.words}"
    if waiver.is_expired(as_of):
        return {
            "VPCMETA101": failed(f"the waiver {said} expired at the end of {until}"),
            "VPCMETA102": not_applicable("it has expired"),
            "VPCMETA103": not_applicable("it has expired"),
        }
    is_soon = (waiver.expires - as_of).days <= SOON_DAYS
    if is_used:
        use = passed("it accepts a finding")
    elif is_whole:
        use = failed(f"the waiver {said} accepts no finding")
    else:
        use = not_applicable("only a part of the fleet was judged")
    return {
        "VPCMETA101": passed("it has not expired"),
        "VPCMETA102": use,
        "VPCMETA103": failed(f"the waiver {said} expires at the end of {until}")
        if is_soon
        else passed("it holds for longer"),
    }


def rule_of_waivers(policy: Policy, check_id: str) -> Rule | None:
    """Return the rule that decides about a check of waivers; it judges without one, too."""
    return next((rule for rule in policy.rules if rule.check == check_id), None)

"""Which servers satisfy a claim rule.

The answer is ``yes``, ``no`` or ``cannot_tell``, and never a guess: where IBM documents a meaning
it is used, where it does not and every plausible reading agrees that is the answer, and else it is
``cannot_tell`` with the reason. Sources: IBM Cloud docs, *IAM condition properties* (claims,
operators) and platform notes 4.2.

The rule as a whole:

=====================================  ========================================================
``Profile-SAML``                       no: it is about users
another type, or none                  cannot_tell ``rule_type``
compute type not the server's          no
compute type not reported              cannot_tell ``compute_type_not_reported``
``BMS``, for bare metal                cannot_tell ``claims_unpublished``: IBM names no claims
no conditions                          cannot_tell ``no_conditions``: IBM says nothing of it
profile and server of other accounts   no: rules are about an account's own resources
either account not known               cannot_tell ``not_reported``, unless no by the conditions
a condition is no                      no, whatever the others are
a condition is cannot_tell             cannot_tell, with the first such condition's reason
=====================================  ========================================================

A condition; ``x`` is the claim's value, ``v`` the condition's, all as text:

==========================  ===================================================================
EQUALS, NOT_EQUALS          x is v; the negation; case counts
..._IGNORE_CASE             the same, case does not count; cannot_tell ``value_unsuitable`` where v
                            is not ASCII: how other letters are folded is not documented
IN                          x is in the list v; cannot_tell ``value_unsuitable`` where v is no list
CONTAINS                    v is a part of x
list v, other than for IN   cannot_tell ``value_unsuitable``
v is no JSON scalar         cannot_tell ``value_unreadable`` (also a word without quotes)
claim not documented        cannot_tell ``unknown_claim``
operator not documented     cannot_tell ``unknown_operator``
x not reported by the API   cannot_tell ``not_reported``
server has no x             no; cannot_tell ``absent_claim`` for the negations and for the empty
                            text: what IBM compares then is not documented
server has several x        (subnets) by the readings *the claim is one of them* and *the claim is
                            the list of them*, of which an operator asks whether one fits: yes or
                            no where both agree for each subnet, else cannot_tell
                            ``subnet_ambiguous``; so CONTAINS with a part of an id
==========================  ===================================================================

``resource`` is the server's id, not its CRN. ``instance_group_name`` is absent where the API
reports no membership.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from vpcmetactl.domain.bitsets import make_set
from vpcmetactl.domain.claim_values import CLAIMS, MAY_BE_LIST, ClaimColumn
from vpcmetactl.domain.condition_values import read_value
from vpcmetactl.domain.servers import Server, ServerKind
from vpcmetactl.domain.trust import CR_TYPES, ClaimRule, RuleCondition

_ABOUT_COMPUTE = "Profile-CR"
_ABOUT_USERS = "Profile-SAML"
_CASELESS = frozenset({"EQUALS_IGNORE_CASE", "NOT_EQUALS_IGNORE_CASE"})
_NEGATED = frozenset({"NOT_EQUALS", "NOT_EQUALS_IGNORE_CASE"})
_OPERATORS = frozenset({"EQUALS", "CONTAINS", "IN"}) | _CASELESS | _NEGATED


class Answer(StrEnum):
    """Whether a server satisfies a rule."""

    YES = "yes"
    NO = "no"
    CANNOT_TELL = "cannot_tell"


class DoubtReason(StrEnum):
    """Why it cannot be told whether a server satisfies a rule."""

    RULE_TYPE = "rule_type"
    COMPUTE_TYPE_NOT_REPORTED = "compute_type_not_reported"
    CLAIMS_UNPUBLISHED = "claims_unpublished"
    NO_CONDITIONS = "no_conditions"
    UNKNOWN_CLAIM = "unknown_claim"
    UNKNOWN_OPERATOR = "unknown_operator"
    VALUE_UNREADABLE = "value_unreadable"
    VALUE_UNSUITABLE = "value_unsuitable"
    NOT_REPORTED = "not_reported"
    ABSENT_CLAIM = "absent_claim"
    SUBNET_AMBIGUOUS = "subnet_ambiguous"


DOUBT_MEANINGS = {
    DoubtReason.RULE_TYPE: "The rule is neither about compute resources nor about users, and no "
    "other type is documented.",
    DoubtReason.COMPUTE_TYPE_NOT_REPORTED: "The API did not report which compute resources the "
    "rule is about.",
    DoubtReason.CLAIMS_UNPUBLISHED: "The rule is about bare metal servers, and IBM does not "
    "publish the claims that these have.",
    DoubtReason.NO_CONDITIONS: "The rule has no conditions; IBM does not say whether it lets in "
    "every server or none.",
    DoubtReason.UNKNOWN_CLAIM: "A condition is about a claim that IBM does not document for "
    "virtual servers.",
    DoubtReason.UNKNOWN_OPERATOR: "A condition compares by an operator that IBM does not document.",
    DoubtReason.VALUE_UNREADABLE: "What a condition compares with is no JSON, such as a word "
    "without quotes, or JSON that IBM gives no meaning, such as null.",
    DoubtReason.VALUE_UNSUITABLE: "What a condition compares with does not go with its operator: a "
    "list without IN, IN without a list, or letters beyond a to z where case does not count.",
    DoubtReason.NOT_REPORTED: "The API did not report what a condition is about; or the account of "
    "the server, or of the profile.",
    DoubtReason.ABSENT_CLAIM: "The server has no such claim, and a condition says what it must not "
    "be, or that it must be empty; IBM does not say whether that holds.",
    DoubtReason.SUBNET_AMBIGUOUS: "The server is in several subnets; whether the claim is one of "
    "them or the list of all is not documented, and here the answers differ.",
}


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why it cannot be told, in a code and in words."""

    reason: DoubtReason
    message: str


@dataclass(frozen=True, slots=True)
class RuleAnswer:
    """A rule's answer on one server; ``doubt`` is there for ``cannot_tell`` only."""

    answer: Answer
    doubt: Doubt | None = None


@dataclass(frozen=True, slots=True)
class Satisfaction:
    """Which servers, as sets of positions, satisfy something, and which may, each with why.

    The sets do not overlap in what ``ClaimIndex.match`` returns.
    """

    yes: int = 0
    doubts: Sequence[tuple[int, Doubt]] = ()


class ClaimIndex:
    """Servers, ready to be matched with many rules; columns are made when a rule asks first."""

    def __init__(self, servers: Sequence[Server]) -> None:
        self._servers = servers
        size = len(servers)
        self._everybody = (1 << size) - 1
        self._of_kind = {
            kind: make_set((i for i, s in enumerate(servers) if s.kind is kind), size)
            for kind in ServerKind
        }
        accounts: dict[str | None, list[int]] = {None: []}
        for position, server in enumerate(servers):
            accounts.setdefault(server.account_id, []).append(position)
        self._of_account = {account: make_set(who, size) for account, who in accounts.items()}
        self._columns: dict[str, ClaimColumn] = {}

    def count(self, account_id: str | None, kind: ServerKind) -> int:
        """Return how many servers of a kind belong to an account."""
        return (self._of_account.get(account_id, 0) & self._of_kind[kind]).bit_count()

    def match(self, rule: ClaimRule, account_id: str | None) -> Satisfaction:
        """Return which servers satisfy a rule of a profile that belongs to this account."""
        about = self._subject(rule)
        parts = [about, self._account(account_id)]
        if about.yes:
            parts.extend(self._condition(condition) for condition in rule.conditions)
        return _all_of(parts, self._everybody)

    def _subject(self, rule: ClaimRule) -> Satisfaction:
        """The servers that a rule of this type, compute type and length is about."""
        if rule.type == _ABOUT_USERS:
            return Satisfaction()
        if rule.cr_type is None:
            message = "the rule's compute type is not reported"
            return _doubtful(self._everybody, DoubtReason.COMPUTE_TYPE_NOT_REPORTED, message)
        kind = next((kind for kind, name in CR_TYPES.items() if name == rule.cr_type), None)
        meant = self._of_kind[kind] if kind else 0
        if rule.type != _ABOUT_COMPUTE:
            message = f"{rule.type or 'none'} is no type of rule that is documented"
            return _doubtful(meant, DoubtReason.RULE_TYPE, message)
        if kind is ServerKind.BARE_METAL_SERVER:
            message = "IBM does not publish the claims of bare metal servers"
            return _doubtful(meant, DoubtReason.CLAIMS_UNPUBLISHED, message)
        if not rule.conditions:
            message = "the rule has no conditions, and what that means is not documented"
            return _doubtful(meant, DoubtReason.NO_CONDITIONS, message)
        return Satisfaction(meant)

    def _account(self, account_id: str | None) -> Satisfaction:
        if account_id is None:
            message = "the profile's account is not reported"
            return _doubtful(self._everybody, DoubtReason.NOT_REPORTED, message)
        doubt = Doubt(DoubtReason.NOT_REPORTED, "the server's account is not reported")
        return Satisfaction(self._of_account.get(account_id, 0), [(self._of_account[None], doubt)])

    def _condition(self, condition: RuleCondition) -> Satisfaction:
        wanted = _wanted(condition)
        if isinstance(wanted, Doubt):
            return Satisfaction(doubts=[(self._everybody, wanted)])
        column = self._columns.get(condition.claim)
        if column is None:
            column = ClaimColumn(condition.claim, self._servers)
            self._columns[condition.claim] = column
        return _compared(column, condition, wanted)


def evaluate_rule(rule: ClaimRule, server: Server, account_id: str | None) -> RuleAnswer:
    """Return whether one server satisfies a rule of a profile that belongs to this account."""
    found = ClaimIndex([server]).match(rule, account_id)
    if found.yes:
        return RuleAnswer(Answer.YES)
    if found.doubts:
        return RuleAnswer(Answer.CANNOT_TELL, found.doubts[0][1])
    return RuleAnswer(Answer.NO)


def _all_of(parts: Iterable[Satisfaction], everybody: int) -> Satisfaction:
    """Join parts that must all hold: a server that one of them excludes is out."""
    yes = possible = everybody
    doubts: list[tuple[int, Doubt]] = []
    for part in parts:
        yes &= part.yes
        perhaps = part.yes
        for who, doubt in part.doubts:
            perhaps |= who
            doubts.append((who, doubt))
        possible &= perhaps
    open_ = possible & ~yes
    found = []
    for who, doubt in doubts:
        if open_ & who:
            found.append((open_ & who, doubt))
            open_ &= ~who
    return Satisfaction(yes, found)


def _doubtful(who: int, reason: DoubtReason, message: str) -> Satisfaction:
    return Satisfaction(doubts=[(who, Doubt(reason, message))])


def _wanted(condition: RuleCondition) -> tuple[str, ...] | Doubt:
    """Return the texts that a condition compares with: one, except for IN."""
    claim, operator = condition.claim, condition.operator
    if claim not in CLAIMS:
        return Doubt(DoubtReason.UNKNOWN_CLAIM, f"the claim {claim} is not documented")
    if operator not in _OPERATORS:
        return Doubt(DoubtReason.UNKNOWN_OPERATOR, f"the operator {operator} is not documented")
    value = read_value(condition.value)
    if value is None:
        message = f"what {claim} is compared with, {condition.value}, is no JSON of a known meaning"
        return Doubt(DoubtReason.VALUE_UNREADABLE, message)
    if isinstance(value, tuple) != (operator == "IN"):
        message = f"{operator} with {'a list' if operator != 'IN' else 'no list'} is not documented"
        return Doubt(DoubtReason.VALUE_UNSUITABLE, message)
    wanted = (value,) if isinstance(value, str) else value
    if operator in _CASELESS and not all(text.isascii() for text in wanted):
        message = f"how {operator} folds letters other than a to z is not documented"
        return Doubt(DoubtReason.VALUE_UNSUITABLE, message)
    return wanted


def _matching(column: ClaimColumn, operator: str, wanted: tuple[str, ...]) -> Collection[str]:
    if operator in _CASELESS:
        return column.equal_ignoring_case(*wanted)
    if operator == "CONTAINS":
        return column.containing(*wanted)
    return column.equal(wanted)


def _compared(
    column: ClaimColumn, condition: RuleCondition, wanted: tuple[str, ...]
) -> Satisfaction:
    claim, operator = condition.claim, condition.operator
    matching = _matching(column, operator, wanted)
    some = column.having(matching)
    sure = some
    if claim in MAY_BE_LIST:
        sure &= ~column.having_others(matching)
        if operator == "CONTAINS":
            sure &= column.having(wanted)
    negated = operator in _NEGATED
    doubts = [
        (some & ~sure, _AMBIGUOUS),
        (column.unreported, Doubt(DoubtReason.NOT_REPORTED, f"{claim} is not reported")),
    ]
    if negated or "" in wanted:
        message = f"the server has no {claim}, and what {operator} makes of that is not documented"
        doubts.append((column.absent, Doubt(DoubtReason.ABSENT_CLAIM, message)))
    return Satisfaction(column.present & ~some if negated else sure, doubts)


_AMBIGUOUS = Doubt(
    DoubtReason.SUBNET_AMBIGUOUS,
    "whether subnet_id is one subnet's id or the ids of all is not documented, and it matters here",
)

"""What a probe found: as a proof for the desk, and as text for people."""

from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

from vpcmetactl.guest.claims import Identity
from vpcmetactl.guest.diagnosis import ANSWERED, Attempt, Check, Diagnosis
from vpcmetactl.guest.texts import folded

_WIDTH = 80
_REACHABLE = (
    "Every process on this server can reach the service: user data and tokens are no secrets from "
    "any of them."
)


class Seen(NamedTuple):
    """What the address that answered gave. ``clock_skew`` is this clock minus its, in seconds."""

    url: str
    protocol: str
    api_version: str
    identity: Optional[Identity]
    profile: Optional[str]
    metadata_service: Optional[Dict[str, Any]]
    clock_skew: Optional[float]
    checks: Tuple[Check, ...]


class Report(NamedTuple):
    """What a probe found; ``seen`` is ``None`` where nothing answered."""

    probed_at: str
    attempts: Tuple[Attempt, ...]
    diagnosis: Diagnosis
    seen: Optional[Seen]

    @property
    def exit_code(self) -> int:
        """0 it works; 3 no service, or no token for the profile asked for; 1 not to be tested."""
        return self.diagnosis.exit_code

    def document(self, tool_version: str) -> Dict[str, Any]:
        """Return the proof, to be written as JSON. It holds no token and no user data."""
        seen = self.seen
        who = seen.identity if seen else None
        skew = seen.clock_skew if seen else None
        return {
            "format": "vpcmetactl-proof",
            "format_version": 1,
            "tool_version": tool_version,
            "probed_at": self.probed_at,
            "answered": seen is not None,
            "outcome": self.diagnosis.outcome,
            "server": {"crn": who.crn, "id": who.server_id} if who else None,
            "account_id": who.account_id if who else None,
            "zone": who.zone if who else None,
            "region": who.region if who else None,
            "protocol": seen.protocol if seen else None,
            "url": seen.url if seen else None,
            "api_version": seen.api_version if seen else None,
            "profile": seen.profile if seen else None,
            "metadata_service": seen.metadata_service if seen else None,
            "clock_skew_seconds": None if skew is None else round(skew, 1),
            "attempts": [_shown_attempt(each) for each in self.attempts],
            "checks": [dict(each._asdict()) for each in seen.checks] if seen else [],
        }

    def lines(self) -> List[str]:
        """Return the report as lines of at most 80 columns, all ASCII."""
        sections = [
            folded(self.diagnosis.summary, _WIDTH),
            _titled("Addresses", [_told_attempt(each) for each in self.attempts]),
            *(_told_seen(self.seen) if self.seen else []),
            _titled("What to do", [("*", [each]) for each in self.diagnosis.advice]),
            folded(_REACHABLE, _WIDTH),
        ]
        lines = []  # type: List[str]
        for section in filter(None, sections):
            lines += ["", *section] if lines else section
        return lines


def _told_seen(seen: Seen) -> List[List[str]]:
    who = seen.identity
    rows = []  # type: List[Tuple[str, Optional[str]]]
    if who is not None:
        kind = "bare metal server" if who.bare_metal else "instance"
        rows = [(kind, who.server_id), ("account", who.account_id), ("zone", who.zone)]
    rows.append(("profile", seen.profile))
    return [
        _titled("Server", [(label, [value]) for label, value in rows if value]),
        _titled("Checks", [(each.outcome, [_told_check(each)]) for each in seen.checks]),
    ]


def _shown_attempt(attempt: Attempt) -> Dict[str, Any]:
    return dict(attempt._asdict(), seconds=round(attempt.seconds, 3))


def _told_attempt(attempt: Attempt) -> Tuple[str, List[str]]:
    told = [f"{attempt.url} ({attempt.seconds:.2f} s)"]
    if attempt.outcome != ANSWERED:
        subject = attempt.url + " "
        begun = len(subject) if attempt.message.startswith(subject) else 0
        told.append(attempt.message[begun:])
    return attempt.outcome, told


def _told_check(check: Check) -> str:
    return "{}: {}".format(check.name.replace("_", " "), check.message)


def _titled(title: str, rows: Sequence[Tuple[str, List[str]]]) -> List[str]:
    """Return rows below their title: a label, then paragraphs in a column of their own."""
    if not rows:
        return []
    column = max(len(label) for label, _ in rows) + 4
    lines = [title]
    for label, paragraphs in rows:
        block = [line for each in paragraphs for line in folded(each, _WIDTH - column)]
        lead = f"  {label}".ljust(column)
        lines += [(" " * column if index else lead) + line for index, line in enumerate(block)]
    return lines

"""What a fleet is held to."""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much a finding weighs, lightest first."""

    INFO = "info"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """The severity's place in the order, from 0."""
        return tuple(Severity).index(self)


class Requirement(StrEnum):
    """The state in which the service must be."""

    ENABLED = "enabled"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class Policy:
    """The parameters of the checks; a check whose parameter is ``None`` judges nothing.

    ``max_response_hop_limit`` has no default: IBM recommends no number (platform notes 6).
    """

    require: Requirement | None = None
    max_response_hop_limit: int | None = None

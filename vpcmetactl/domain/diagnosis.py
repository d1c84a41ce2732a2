"""What ``doctor`` found out: one sight for each thing between a user and the cloud."""

from dataclasses import dataclass
from enum import StrEnum


class Layer(StrEnum):
    """Where a thing stands between the user and the cloud, outermost last."""

    PROGRAM = "program"
    CONFIGURATION = "configuration"
    STATE = "state"
    CREDENTIALS = "credentials"
    NETWORK = "network"
    IDENTITY = "identity"
    REGIONS = "regions"
    READS = "reads"
    WRITES = "writes"


class Health(StrEnum):
    """How a thing is.

    ``skipped``: it was not looked at, for something before it failed. ``not_tested``: looking
    would change something.
    """

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"
    NOT_TESTED = "not_tested"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """One thing that was looked at.

    ``seconds`` is how long it took; ``code`` that of the error; ``permission`` the IAM action that
    it needs; ``remedy`` what to do.
    """

    layer: Layer
    name: str
    health: Health
    message: str
    seconds: float | None = None
    code: str | None = None
    permission: str | None = None
    remedy: str | None = None

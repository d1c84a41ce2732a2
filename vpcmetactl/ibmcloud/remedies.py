"""What a failure is called, and what may help against it."""

from dataclasses import dataclass
from enum import Enum, auto

from vpcmetactl.domain.errors import VpcmetactlError


class Remedy(Enum):
    """What may help against a failure.

    RECONNECT is a retry of what never reached the host: where the host has not answered before,
    that is most often a mistake in the settings, and not worth a minute's wait.
    """

    NONE = auto()
    RETRY = auto()
    RECONNECT = auto()
    SLOW_DOWN = auto()
    NEW_TOKEN = auto()


@dataclass(frozen=True, slots=True)
class Failure:
    """A failed attempt, in our words.

    ``in_doubt`` says that the request may have been carried out all the same. ``retry_after`` is
    how many seconds the API asked to be left alone, if it did.
    """

    error: VpcmetactlError
    remedy: Remedy
    in_doubt: bool
    retry_after: float | None = None

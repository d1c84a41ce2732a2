"""What a command is handed: everything it needs from outside, as values and functions.

Functions open what costs, so nothing is imported or built until a command asks for it. Tests
pass an ``App`` of their own.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from vpcmetactl.cli.settings import CloudOptions, Settings
from vpcmetactl.cli.terminal import Terminal
from vpcmetactl.usecases.ports import (
    Caller,
    Clock,
    Inventory,
    Journal,
    MetadataWriter,
    ObservationLog,
    Observer,
)


class Cloud(Inventory, MetadataWriter, Protocol):
    """The VPC API as one caller sees it."""


OpenCloud = Callable[[CloudOptions, Observer, int], AbstractContextManager[Cloud]]
CheckState = Callable[[CloudOptions], None]
OpenJournal = Callable[[CloudOptions, Caller], AbstractContextManager[Journal]]
OpenLog = Callable[[CloudOptions, Caller, Observer], AbstractContextManager[ObservationLog]]


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """The outside world.

    ``check_state`` and ``open_journal`` raise StateError where the state cannot be written.
    ``open_log`` never does: it warns, and remembers nothing. ``raise_unexpected`` lets tests see
    exceptions as they are.
    """

    settings: Settings
    terminal: Terminal
    clock: Clock
    open_cloud: OpenCloud
    check_state: CheckState
    open_journal: OpenJournal
    open_log: OpenLog
    raise_unexpected: bool = False

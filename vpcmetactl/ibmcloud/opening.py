"""The door to IBM Cloud. Importing this module imports no SDK; opening the door does."""

import ctypes
import gc
import random
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from vpcmetactl.ibmcloud.connection import Connection
from vpcmetactl.usecases.ports import Clock, Observer

if TYPE_CHECKING:
    from vpcmetactl.ibmcloud.gateway import CloudGateway

# mallopt's name for the number of heaps, from glibc's malloc.h.
_M_ARENA_MAX = -8


def open_cloud(
    connection: Connection,
    clock: Clock,
    observer: Observer,
    chance: random.Random | None = None,
) -> "CloudGateway":
    """Return the gateway to the VPC API of every region and to IAM: every port of the cloud.

    The token is requested while the SDK is imported; what comes of it shows at the first call, but
    with ``max_connections`` of one it is there before this returns. The SDK of IAM is imported at
    the first call that needs it. Raises ConfigurationError for credentials or a CA bundle that
    cannot be used. ``chance`` spreads retries over time.
    """
    _share_one_heap()
    with _many_imports():
        from vpcmetactl.ibmcloud.gateway import assemble  # noqa: PLC0415 - a third of a second

        return assemble(
            connection,
            clock,
            observer,
            chance or random.Random(),  # noqa: S311 - jitter, no cryptography
        )


def _share_one_heap() -> None:
    """Keep memory flat where glibc allocates it; elsewhere do nothing.

    By default each thread gets a heap of its own, and each keeps the room that its largest page
    took: 100,000 servers then take half as much memory again as 1,000. All threads hold the
    interpreter's lock while they allocate, so one heap costs them nothing.
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)


@contextmanager
def _many_imports() -> Iterator[None]:
    """Spare the garbage collector the objects of the SDK's 1,600 classes, which all stay."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()

"""The door to the VPC API. Importing this module imports no SDK; opening the door does."""

import gc
import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from vpcmetactl.ibmcloud.connection import Connection
from vpcmetactl.usecases.ports import Clock, Observer

if TYPE_CHECKING:
    from vpcmetactl.ibmcloud.gateway import VpcGateway


def open_vpc(
    connection: Connection,
    clock: Clock,
    observer: Observer,
    chance: random.Random | None = None,
) -> "VpcGateway":
    """Return the gateway to the VPC API of every region: ``Inventory`` and ``MetadataWriter``.

    The token is requested while the SDK is imported; what comes of it shows at the first call, but
    with ``max_connections`` of one it is there before this returns. Raises ConfigurationError for
    credentials or a CA bundle that cannot be used. ``chance`` spreads retries over time.
    """
    with _many_imports():
        from vpcmetactl.ibmcloud.gateway import assemble  # noqa: PLC0415 - a third of a second

        return assemble(
            connection,
            clock,
            observer,
            chance or random.Random(),  # noqa: S311 - jitter, no cryptography
        )


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

"""Gateways to servers on loopback, closed when the test is done with them."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.clock import ManualClock, RealClock
from tests.support.observer import RecordingObserver
from vpcmetactl.ibmcloud.connection import ApiKey, Connection, Credentials
from vpcmetactl.ibmcloud.gateway import CloudGateway
from vpcmetactl.ibmcloud.opening import open_cloud

API_KEY = "canary-api-key-0123456789"


def a_connection(
    url: str,
    *,
    credentials: Credentials | None = None,
    timeout: float = 60,
    max_rps: float | None = None,
    max_connections: int = 32,
    ca_bundle: Path | None = None,
) -> Connection:
    """Return a connection to a server that has the emulator's paths."""
    return Connection(
        credentials=credentials or ApiKey(API_KEY),
        vpc_url=f"{url}/vpc/{{region}}/v1",
        iam_url=f"{url}/iam",
        search_url=f"{url}/search",
        timeout=timeout,
        max_rps=max_rps,
        max_connections=max_connections,
        ca_bundle=ca_bundle,
    )


@contextmanager
def a_gateway(
    connection: Connection,
    clock: ManualClock | RealClock | None = None,
    observer: RecordingObserver | None = None,
) -> Iterator[CloudGateway]:
    """Open a gateway with seeded jitter, and waits that take no time unless a clock is given."""
    gateway = open_cloud(
        connection,
        clock or ManualClock(),
        observer or RecordingObserver(),
        chance=random.Random(1),  # noqa: S311 - the same jitter each time
    )
    try:
        yield gateway
    finally:
        gateway.close()

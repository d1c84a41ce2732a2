"""The honest list of what is emulated, for the documentation and for whoever asks the emulator."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from vpcmetactl.emulator.guest import routes as guest
from vpcmetactl.emulator.iam import routes as iam
from vpcmetactl.emulator.iam import trust_routes
from vpcmetactl.emulator.routing import Route
from vpcmetactl.emulator.search import routes as search
from vpcmetactl.emulator.vpc import routes as vpc


@dataclass(frozen=True, slots=True)
class EmulatedOperation:
    """One operation, where it is, and what is emulated of it."""

    service: str
    operation: str
    method: str
    path: str
    notes: str


def coverage() -> tuple[EmulatedOperation, ...]:
    """Return every emulated operation; what is not here answers 501 or 404."""
    return (
        *_of("vpc", vpc.PREFIX, vpc.ROUTES),
        *_of("iam", iam.PREFIX, iam.ROUTES),
        *_of("iam_identity", trust_routes.PREFIX, trust_routes.ROUTES),
        *_of("global_search", search.PREFIX, search.ROUTES),
        *_of("guest", guest.PREFIX, guest.ROUTES),
    )


def operations() -> tuple[str, ...]:
    """Return the ids of all operations a fault can name."""
    return tuple(operation.operation for operation in coverage())


def _of(service: str, prefix: str, routes: tuple[Route[Any], ...]) -> Iterator[EmulatedOperation]:
    for route in routes:
        path = f"{prefix}{route.path}".replace("path:", "").replace("<", "{").replace(">", "}")
        yield EmulatedOperation(service, route.operation, route.method, path, route.notes)

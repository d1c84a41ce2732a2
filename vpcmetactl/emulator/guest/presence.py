"""Whether a server gets an answer at its metadata address, and what becomes of its request if not.

Platform notes, section 5.1: while the service is disabled there is no answer at all, although the
list of error codes has one for it; what becomes of the protocol the service is not set to is
documented nowhere. Hence two settings.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from vpcmetactl.emulator.delivery import NoAnswer
from vpcmetactl.emulator.guest.errors import refuse
from vpcmetactl.emulator.vpc.resources import BareMetalServer, Instance, RestartRule

ServiceDisabled = Literal["no_answer", "forbidden"]
WrongProtocol = Literal["no_answer", "refused"]

SERVICE_DISABLED: tuple[ServiceDisabled, ...] = get_args(ServiceDisabled)
WRONG_PROTOCOL: tuple[WrongProtocol, ...] = get_args(WrongProtocol)


@dataclass(slots=True)
class Absence:
    """What a request gets that no service is there for. Settings: a reset leaves them.

    `service_disabled`: no answer, or 403. `wrong_protocol`: no answer, or a reset connection.
    """

    service_disabled: ServiceDisabled = "no_answer"
    wrong_protocol: WrongProtocol = "no_answer"


def require_presence(
    server: Instance | BareMetalServer,
    protocol: str,
    *,
    now: datetime,
    rule: RestartRule,
    absence: Absence,
) -> None:
    """Refuse a request that came by a protocol to a server, unless its service is there now.

    A service that waits for a restart under the rule counts as disabled. A server that does not
    run asks nothing and gets nothing.
    """
    if server.power.status(now) != "running":
        raise NoAnswer
    if not _is_enabled(server, now, rule):
        if absence.service_disabled == "no_answer":
            raise NoAnswer
        raise refuse(403, "unauthorized", "The metadata service is not enabled on this server.")
    if protocol != server.metadata_service.protocol:
        raise NoAnswer("silence" if absence.wrong_protocol == "no_answer" else "reset")


def _is_enabled(server: Instance | BareMetalServer, now: datetime, rule: RestartRule) -> bool:
    if isinstance(server, Instance) and server.needs_restart(now, rule):
        return False
    return server.metadata_service.enabled

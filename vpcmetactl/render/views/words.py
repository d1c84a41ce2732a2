"""Words that several views use for the same thing."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from vpcmetactl.domain.policy import Severity
from vpcmetactl.domain.restarts import Verdict
from vpcmetactl.domain.servers import ServerKind
from vpcmetactl.render.documents import Style
from vpcmetactl.render.items.base import ServerIdentity
from vpcmetactl.render.items.servers import Named, Server

UNREPORTED = "-"
NONE = "-"
NOT_APPLICABLE = "n/a"

# Both of IBM's statements: which of them holds can only be tried out.
RESTART_ADVICE = (
    "IBM's FAQ asks for one stop and start of an instance that was created with "
    "the service disabled; IBM's release notes of 9 August 2022 say that it is no longer needed. "
    "A reboot is not a stop and start."
)

_NAMED = 3
_UNITS = (
    (timedelta(days=1), "d"),
    (timedelta(hours=1), "h"),
    (timedelta(minutes=1), "min"),
)


def on_off(enabled: bool | None) -> str:  # noqa: FBT001 - the value itself
    """Return whether the service is enabled, as a word."""
    if enabled is None:
        return UNREPORTED
    return "enabled" if enabled else "disabled"


def restart_word(verdict: Verdict) -> str:
    """Return a verdict as an answer to "restart?"."""
    return "no" if verdict is Verdict.NOT_NEEDED else verdict.value


def kind_word(kind: ServerKind) -> str:
    """Return a kind of server in at most ten characters."""
    return "instance" if kind is ServerKind.INSTANCE else "bare metal"


def named(resource: Named | None) -> str:
    """Return a resource by its name, or its id where it has none."""
    return (resource and (resource.name or resource.id)) or UNREPORTED


def hop_limit_word(server: Server) -> str:
    """Return the hop limit, telling one that is not reported from one that cannot be."""
    if server.kind is ServerKind.BARE_METAL_SERVER:
        return NOT_APPLICABLE
    limit = server.metadata_service and server.metadata_service.response_hop_limit
    return UNREPORTED if limit is None else str(limit)


def moment(at: datetime | None) -> str:
    """Return a point in time to the second, in UTC."""
    return UNREPORTED if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def age_words(at: datetime, now: datetime) -> str:
    """Return how long ago something was, to the largest unit: ``3 d``."""
    age = now - at
    for unit, name in _UNITS:
        if age >= unit:
            return f"{age // unit} {name}"
    return "0 min"


def counted(count: int, noun: str, plural: str | None = None) -> str:
    """Return a number with its noun: ``1 server``, ``2 servers``."""
    return f"{count} {noun}" if count == 1 else f"{count} {plural or noun + 's'}"


def listed(counts: Sequence[tuple[int, str]]) -> str:
    """Return the counts that are not zero: ``3 to change, 1 refused``."""
    return ", ".join(f"{count} {word}" for count, word in counts if count)


def servers_listed(servers: Sequence[ServerIdentity]) -> str:
    """Return some servers by name: the first three and how many more."""
    names = ", ".join(server.label for server in servers[:_NAMED])
    more = len(servers) - _NAMED
    return f"{names} and {more} more" if more > 0 else names


def severity_style(severity: Severity) -> Style | None:
    """Return how a severity stands out."""
    if severity.rank >= Severity.HIGH.rank:
        return Style.BAD
    return Style.ATTENTION if severity is Severity.MEDIUM else None


def server_sort_key(server: ServerIdentity) -> tuple[str, str, str]:
    """Return what orders servers: region, name, id."""
    return (server.region, server.name or "", server.id)

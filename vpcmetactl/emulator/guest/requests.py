"""What every operation in a server asks of a request: a version, a path it has, known parameters.

IBM documents neither the order of these checks nor what happens before the first version. Chosen
here: version, path, parameters, and only then the token; any version out of range is refused.
"""

from datetime import date

from vpcmetactl.emulator.guest.errors import GuestRefusal, refuse
from vpcmetactl.emulator.guest.state import GuestCall, server_of
from vpcmetactl.emulator.routing import version_date
from vpcmetactl.emulator.vpc.resources import BareMetalServer, Instance

FIRST_VERSION = date(2022, 3, 1)
"""The version of the first general release. That older ones are refused is a guess."""

PATHS_CHANGED = date(2025, 8, 26)
"""From this version on the paths below /instance_identity are no more."""

SOFTWARE_ATTACHMENTS = date(2026, 6, 23)
"""The day software attachments came. That older versions do not have them is a guess."""

_COMMON = frozenset({"version", "generation", "maturity"})
"""What IBM's own examples send; of these, only the version is looked at."""


def guard(call: GuestCall) -> None:
    """Refuse a request that no operation should see."""
    version = _version(call)
    _require_path(call, version)
    _refuse_unknown_parameters(call)


def path_not_found() -> GuestRefusal:
    """Make the 404 of a path that a server does not have. Its code is a guess."""
    return refuse(404, "not_found", "There is no such path.")


def instance_of(call: GuestCall) -> Instance:
    """Return the instance that asks. Bare metal has the Identity API only: 404."""
    server = server_of(call)
    if isinstance(server, Instance):
        return server
    message = "Bare metal servers have the Identity API only, and no metadata."
    raise refuse(404, "not_found", message)


def _version(call: GuestCall) -> date:
    text = call.request.args.get("version")
    if text is None:
        message = "A date of the form YYYY-MM-DD must be given as `version`."
        raise refuse(400, "missing_value", message, "version", "parameter")
    version = version_date(text)
    if version is None:
        message = "The `version` is not a date of the form YYYY-MM-DD."
        raise refuse(400, "invalid_value", message, "version", "parameter", value=text)
    if not FIRST_VERSION <= version <= call.state.now().date():
        message = f"The `version` lies before {FIRST_VERSION} or after today (UTC)."
        raise refuse(400, "invalid_value", message, "version", "parameter", value=text)
    return version


def _require_path(call: GuestCall, version: date) -> None:
    """Refuse what is routed and yet not there, for this version or this kind of server."""
    api = call.request.path.split("/")[3]
    if api == "metadata":
        instance_of(call)
    if api == "instance_identity" and isinstance(server_of(call), BareMetalServer):
        raise refuse(404, "not_found", "Bare metal servers have no path below /instance_identity.")
    if api == "instance_identity" and version >= PATHS_CHANGED:
        message = f"From version {PATHS_CHANGED} on this path is below /identity."
        raise refuse(404, "not_found", message)
    if "/software_attachments" in call.route.path and version < SOFTWARE_ATTACHMENTS:
        raise path_not_found()


def _refuse_unknown_parameters(call: GuestCall) -> None:
    for name, values in call.request.args.lists():
        if name not in _COMMON | call.route.parameters:
            message = f"{call.route.operation} has no query parameter of this name."
            raise refuse(400, "unknown_field", message, name, "parameter")
        if len(values) > 1:
            message = "The parameter is given twice."
            raise refuse(400, "invalid_value", message, name, "parameter", value=values[1])

"""What ``profiles`` does."""

from collections.abc import Sequence
from typing import Any

from vpcmetactl.cli.context import App
from vpcmetactl.cli.output import emitter, failures_told, read_output
from vpcmetactl.cli.parameters import Given, take_app
from vpcmetactl.cli.session import open_session
from vpcmetactl.cli.trust import TrustReading, profiles_of
from vpcmetactl.domain.errors import ExitCode


def list_profiles(app: App, given: Given) -> ExitCode:
    """List every trusted profile of the account."""
    return _show(app, given, "profiles", ())


def show_profile(app: App, given: Given) -> ExitCode:
    """Show one trusted profile in full."""
    return _show(app, given, "profile", (given.pop("profile"),))


def _show(app: App, given: Given, kind: str, words: Sequence[str]) -> ExitCode:
    with failures_told(app, kind, given["output"]):
        app, options = take_app(app, given)
        output = read_output(app, kind, given)
    from vpcmetactl.render.views.profiles import PROFILE, PROFILES  # noqa: PLC0415 - as elsewhere

    view: Any = PROFILE if kind == "profile" else PROFILES
    with emitter(app, view, output) as out, open_session(app, options) as session:
        reading = TrustReading(session, profiles_of(session, words))
        for trust in reading:
            out.item(trust)
        code = session.conclude(
            out,
            output,
            is_short=bool(reading.unread),
            is_finding=bool(given.get("exit_code") and reading.profiles),
        )
        reading.warn()
    return code

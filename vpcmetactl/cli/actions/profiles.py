"""What ``profiles`` does."""

from collections.abc import Generator, Sequence
from typing import Any

from vpcmetactl.cli.accounts import Part, open_accounts
from vpcmetactl.cli.context import App
from vpcmetactl.cli.output import emitter, failures_told, read_output
from vpcmetactl.cli.parameters import Given, take_app
from vpcmetactl.cli.session import Session
from vpcmetactl.cli.trust import TrustReading, profiles_of
from vpcmetactl.domain.errors import ExitCode
from vpcmetactl.domain.trust import ProfileTrust


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

    def read(session: Session) -> Generator[Sequence[ProfileTrust], None, Part]:
        reading = TrustReading(session, profiles_of(session, words))
        for trust in reading:
            yield [trust]
        return Part(is_short=bool(reading.unread), tell=reading.warn)

    with emitter(app, view, output) as out, open_accounts(app, options) as accounts:
        for batch in accounts.read(read):
            for trust in batch:
                out.item(trust)
        return accounts.conclude(out, output, exit_code=bool(given.get("exit_code")))

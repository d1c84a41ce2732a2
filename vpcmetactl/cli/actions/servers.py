"""What ``servers`` does."""

from dataclasses import dataclass
from typing import Any

from vpcmetactl.cli.context import App
from vpcmetactl.cli.output import OutputChoice, emitter, failures_told, read_output
from vpcmetactl.cli.parameters import Choice, Given, Predicate, take_app, take_choice
from vpcmetactl.cli.session import open_session, warn_of_unread
from vpcmetactl.cli.settings import CloudOptions
from vpcmetactl.domain.errors import ExitCode, strongest
from vpcmetactl.domain.identifiers import ServerRef
from vpcmetactl.domain.restarts import AssessedServer
from vpcmetactl.domain.selection import ServerSelector
from vpcmetactl.render.documents import View


def list_servers(app: App, given: Given) -> ExitCode:
    """List the chosen servers, as they arrive where the format allows it."""
    with failures_told(app, "servers", given["output"]):
        choice = take_choice(given)
        app, options = take_app(app, given)
        output = read_output(app, "servers", given)
        where = choice.predicate()
    from vpcmetactl.render.views.servers import SERVERS  # noqa: PLC0415 - usage errors come first

    out = _Output(SERVERS, output, exit_code=given["exit_code"])
    return _read(app, options, out, choice, where)


def show_server(app: App, given: Given) -> ExitCode:
    """Show one server."""
    with failures_told(app, "servers", given["output"]):
        ref = ServerRef.parse(given.pop("server"))
        selector = ServerSelector(refs=(ref,), regions=given.pop("region"))
        choice = Choice(selector, where=None, ignore_not_found=False)
        app, options = take_app(app, given)
        output = read_output(app, "servers", given)
    from vpcmetactl.render.views.servers import SERVER  # noqa: PLC0415 - usage errors come first

    return _read(app, options, _Output(SERVER, output), choice, None)


@dataclass(frozen=True, slots=True)
class _Output:
    """How to show servers, and whether finding any is told by the exit code."""

    view: View[AssessedServer, Any]
    choice: OutputChoice
    exit_code: bool = False


def _read(
    app: App, options: CloudOptions, output: _Output, choice: Choice, where: Predicate | None
) -> ExitCode:
    found = False
    with emitter(app, output.view, output.choice) as out, open_session(app, options) as session:
        reading = session.read(choice, where)
        for batch in reading:
            found = True
            for assessed in batch:
                out.item(assessed)
            out.flush()
        code = strongest(
            ExitCode.INCOMPLETE if reading.unread else ExitCode.OK,
            ExitCode.FINDINGS if output.exit_code and found else ExitCode.OK,
        )
        session.observer.finish()
        trailer = session.trailer(reading, code)
        out.end(trailer)
        warn_of_unread(app, trailer.scope.incomplete, output.choice)
    return code

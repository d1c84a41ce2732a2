"""``servers``: the inventory."""

from typing import Any

import click

from vpcmetactl.cli.context import App, pass_app
from vpcmetactl.cli.options import (
    cloud_options,
    exit_code_option,
    no_state_option,
    output_options,
    selection_options,
)
from vpcmetactl.cli.output import emitter, read_output
from vpcmetactl.cli.session import (
    open_session,
    predicate,
    read_app,
    read_choice,
    warn_of_unread,
)
from vpcmetactl.domain.errors import ExitCode, strongest


@click.group()
def servers() -> None:
    """List and show instances and bare metal servers."""


@servers.command("list")
@selection_options
@output_options
@exit_code_option
@cloud_options
@no_state_option
@pass_app
def list_(app: App, /, *, exit_code: bool, **given: Any) -> ExitCode:
    """List servers with their metadata service, of all regions unless told otherwise.

    \b
    vpcmetactl servers list --kind instance -r us-south
    vpcmetactl servers list --where 'metadata_service.enabled' -o json
    """  # noqa: D301 - click's mark for lines that are not to be wrapped
    choice = read_choice(given)
    app, options = read_app(app, given)
    output = read_output(app, "servers", given)
    where = predicate(choice)
    from vpcmetactl.render.views.servers import SERVERS  # noqa: PLC0415 - usage errors come first

    found = False
    with emitter(app, SERVERS, output) as out, open_session(app, options) as session:
        reading = session.read(choice, where)
        for batch in reading:
            found = True
            for assessed in batch:
                out.item(assessed)
        code = strongest(
            ExitCode.INCOMPLETE if reading.unread else ExitCode.OK,
            ExitCode.FINDINGS if exit_code and found else ExitCode.OK,
        )
        session.observer.finish()
        trailer = session.trailer(reading, code)
        out.end(trailer)
        warn_of_unread(app, trailer.scope.incomplete)
    return code

"""What ``config`` does."""

from vpcmetactl.cli.context import App
from vpcmetactl.cli.output import emitter, failures_told, read_output
from vpcmetactl.cli.parameters import Given
from vpcmetactl.domain.errors import ExitCode, RefusedError
from vpcmetactl.render.documents import Trailer


def show_contexts(app: App, given: Given) -> ExitCode:
    """Show every context of the configuration file, and what is wrong with its credentials."""
    with failures_told(app, "contexts", given["output"]):
        output = read_output(app, "contexts", given)
        contexts = app.settings.describe_contexts()
    from vpcmetactl.render.views.contexts import CONTEXTS  # noqa: PLC0415 - usage errors first

    with emitter(app, CONTEXTS, output) as out:
        for context in contexts:
            out.item(context)
        out.end(Trailer(generated_at=app.clock.now()))
    path = app.settings.configuration_path
    missing = "is not there; vpcmetactl config init writes a template"
    app.terminal.note(f"from {path}" if path.exists() else f"{path} {missing}")
    return ExitCode.OK


def print_path(app: App) -> ExitCode:
    """Print where the configuration file is."""
    app.terminal.stdout.write(f"{app.settings.configuration_path}\n")
    return ExitCode.OK


def write_template(app: App) -> ExitCode:
    """Write the commented template."""
    path = app.settings.configuration_path
    if path.exists():
        raise RefusedError(
            f"{path} is there already", hint="nothing was written; edit it, or move it away first"
        )
    app.files.write_configuration(path)
    app.terminal.note(f"written: {path}; uncomment a context in it, then: vpcmetactl config show")
    return ExitCode.OK

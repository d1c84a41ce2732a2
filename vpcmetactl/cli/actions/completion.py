"""What ``completion`` does."""

import click
from click.shell_completion import get_completion_class

from vpcmetactl.cli.context import App
from vpcmetactl.domain.errors import ExitCode, InvalidInputError

PROGRAM = "vpcmetactl"
VARIABLE = "_VPCMETACTL_COMPLETE"


def print_script(app: App, shell: str) -> ExitCode:
    """Print the script for a shell, which asks the program what there is."""
    kind = get_completion_class(shell)
    if kind is None:
        raise InvalidInputError(f"there is no completion for {shell}")
    root = click.get_current_context().find_root().command
    script = kind(root, {}, PROGRAM, VARIABLE)
    # As `source` does, without asking the bash there is for its version: it may be another one.
    app.terminal.stdout.write(script.source_template % script.source_vars() + "\n")
    return ExitCode.OK

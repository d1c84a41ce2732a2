"""Asking before something is changed."""

from vpcmetactl.cli.terminal import Terminal
from vpcmetactl.domain.errors import RefusedError


def confirm(terminal: Terminal, question: str) -> None:
    """Ask on stderr; raises RefusedError for any answer but yes, end of input included."""
    terminal.write_error(f"{question} [y/N] ")
    answer = ""
    try:
        answer = terminal.stdin.readline()
    finally:
        if not answer:  # nobody has ended the line
            terminal.write_error("\n")
    if answer.strip().lower() not in ("y", "yes"):
        raise RefusedError("declined: nothing was changed")

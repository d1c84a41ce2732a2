"""Entry point of ``vpcmetactl`` and ``python -m vpcmetactl``."""

import sys

_INTERRUPTED = 130


def _pass_over_ends(unraisable: "sys.UnraisableHookArgs") -> None:
    """Say nothing of a second signal that finds the program on its way out, closing things."""
    if issubclass(unraisable.exc_type, Exception):
        sys.__unraisablehook__(unraisable)


def main() -> None:
    """Run the command line."""
    sys.unraisablehook = _pass_over_ends
    try:
        from vpcmetactl.cli.main import cli  # noqa: PLC0415 - kept out of import time

        cli()
    except KeyboardInterrupt:
        # It came before, or after, the part of the program that has words for it.
        sys.exit(_INTERRUPTED)


if __name__ == "__main__":
    main()

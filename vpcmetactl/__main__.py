"""Entry point of ``vpcmetactl`` and ``python -m vpcmetactl``."""

import sys

_INTERRUPTED = 130


def main() -> None:
    """Run the command line."""
    try:
        from vpcmetactl.cli.main import cli  # noqa: PLC0415 - kept out of import time

        cli()
    except KeyboardInterrupt:
        # It came before, or after, the part of the program that has words for it.
        sys.exit(_INTERRUPTED)


if __name__ == "__main__":
    main()

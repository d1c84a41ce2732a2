"""Entry point of ``vpcmetactl`` and ``python -m vpcmetactl``."""


def main() -> None:
    """Run the command line."""
    from vpcmetactl.cli.main import cli  # noqa: PLC0415 - kept out of import time

    cli()


if __name__ == "__main__":
    main()

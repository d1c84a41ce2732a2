"""``guest``: the commands that run inside a server."""

import sys
from io import StringIO, TextIOWrapper
from typing import TYPE_CHECKING, Any, TextIO

import click

from vpcmetactl.cli.options import SecondsType, option

if TYPE_CHECKING:
    from vpcmetactl.domain.errors import ExitCode

_FILE = click.Path(dir_okay=False)
_RESOURCES = (
    "instance",
    "initialization",
    "keys",
    "placement_groups",
    "network_interfaces",
    "network_attachments",
    "volume_attachments",
)

_output_option = option(
    "--output",
    "-o",
    multiple=True,
    metavar="FORMAT[=FILE]",
    help="table or json; with =FILE into a file.",
)
_url_option = option(
    "--url",
    "urls",
    multiple=True,
    metavar="URL",
    help="Ask here, not at the addresses that IBM documents; may be repeated.",
)
_timeout_option = option(
    "--timeout",
    type=SecondsType(),
    default=5.0,
    show_default=True,
    help="For everything together.",
)
_ca_bundle_option = option("--ca-bundle", type=_FILE, help="Trust the certificates in this file.")


def _service_options(command: Any) -> Any:
    for decorate in (_ca_bundle_option, _timeout_option, _url_option):
        command = decorate(command)
    return command


def _stdout() -> TextIO:
    """Return where results go, without the App: a server has no account, state or policy.

    It escapes what its encoding does not have. Notes and prompts there are none.
    """
    app = click.get_current_context().find_root().obj
    stdout: TextIO | None = sys.stdout if app is None else app.terminal.stdout
    if isinstance(stdout, TextIOWrapper):
        stdout.reconfigure(errors="backslashreplace")
    return StringIO() if stdout is None else stdout  # it was closed before we came


@click.group()
def guest() -> None:
    """See and prove, from inside a server, what its metadata service gives.

    These commands run in the server itself, and need no account and no key. They
    ask 169.254.169.254 and api.metadata.cloud.ibm.com, never through a proxy.

    Every process on a server can do the same: user data and tokens are no secrets
    from any of them.
    """


@guest.command()
@click.option(
    "--profile",
    metavar="ID|CRN|NAME",
    help="Ask for a token of this trusted profile, not of the default one.",
)
@_service_options
@_output_option
def probe(**given: Any) -> "ExitCode":
    """Find out whether the service works, and over which protocol.

    Asks for an identity token, an IAM token and the metadata, and looks at the
    clock. JSON is the proof that restarts import-events reads, without a token.

    Exit code 0: it works; 3: it does not, or gives no token of the profile that
    was named; 1: that could not be tested.

    \b
    vpcmetactl guest probe
    vpcmetactl guest probe --profile backup-writer --timeout 2
    vpcmetactl guest probe -o json > proof.json
    """  # noqa: D301 - click's mark for lines that are not to be wrapped
    from vpcmetactl.cli.actions.guest import probe_service  # noqa: PLC0415 - once parsed

    return probe_service(_stdout(), given)


@guest.command()
@click.argument("resource", type=click.Choice(_RESOURCES), default="instance", metavar="[RESOURCE]")
@_service_options
@_output_option
def show(**given: Any) -> "ExitCode":
    """Show the metadata of this instance, or of what belongs to it.

    RESOURCE is instance, initialization, keys, placement_groups,
    network_interfaces, network_attachments or volume_attachments. A table has
    what matters of it, JSON all. User data and passwords are redacted. Bare metal
    servers have no metadata here.

    \b
    vpcmetactl guest show
    vpcmetactl guest show network_interfaces -o json
    """  # noqa: D301 - click's mark for lines that are not to be wrapped
    from vpcmetactl.cli.actions.guest import show_metadata  # noqa: PLC0415 - once parsed

    return show_metadata(_stdout(), given)


@guest.command()
@click.option(
    "--profile",
    metavar="ID|CRN|NAME",
    help="The trusted profile to get the rights of, not the default one.",
)
@click.option("--identity", is_flag=True, help="Stop at the identity token, and describe that.")
@click.option(
    "--expires-in",
    type=click.IntRange(5, 3600),
    metavar="SECONDS",
    help="How long the identity token is to live, 5 to 3600; with --identity.",
)
@click.option("--show-token", is_flag=True, help="Print the token itself, and nothing else.")
@_service_options
@_output_option
def token(**given: Any) -> "ExitCode":
    """Get an IAM token of a trusted profile, and describe it.

    The token itself is printed only with --show-token: whoever has it has the
    rights of the profile until it expires.

    \b
    vpcmetactl guest token --profile backup-writer
    TOKEN=$(vpcmetactl guest token --profile backup-writer --show-token)
    vpcmetactl guest token --identity --expires-in 60
    """  # noqa: D301 - click's mark for lines that are not to be wrapped
    from vpcmetactl.cli.actions.guest import describe_token  # noqa: PLC0415 - once parsed

    return describe_token(_stdout(), given)


@guest.command()
@click.option(
    "--out",
    required=True,
    type=click.Path(file_okay=False),
    metavar="DIR",
    help="Save key.pem, request.pem and chain.pem in this folder.",
)
@click.option(
    "--subject",
    "subject",
    multiple=True,
    metavar="NAME=VALUE",
    help="Part of the subject: C, ST, L, O or OU; may be repeated.",
)
@click.option(
    "--key-size",
    type=click.Choice(["2048", "3072", "4096"]),
    default="4096",
    show_default=True,
    help="Bits of the RSA key.",
)
@click.option(
    "--expires-in",
    type=click.IntRange(1),
    default=3600,
    show_default=True,
    metavar="SECONDS",
    help="How long the certificate is to be valid.",
)
@click.option("--force", is_flag=True, help="Replace what is there.")
@_service_options
def certificate(**given: Any) -> "ExitCode":
    """Get a certificate of this server's identity.

    Its key is made here and stays here; key.pem is readable by you alone. The
    platform sets the Common Name, to the server's id, and refuses extensions.

    \b
    vpcmetactl guest certificate --out identity
    vpcmetactl guest certificate --out identity --subject C=US --subject O=Example
    """  # noqa: D301 - click's mark for lines that are not to be wrapped
    from vpcmetactl.cli.actions.guest import get_certificate  # noqa: PLC0415 - once parsed

    return get_certificate(_stdout(), given)


@guest.command()
def script() -> "ExitCode":
    """Write the probe as one file, for Python 3.6 or newer.

    For servers on which nothing else is installed; it prints what guest probe
    prints.

    \b
    vpcmetactl guest script > probe.py
    ssh web-1 python3 - -o json < probe.py > proof.json
    """  # noqa: D301 - click's mark for lines that are not to be wrapped
    from vpcmetactl.cli.actions.guest import write_script  # noqa: PLC0415 - once parsed

    return write_script(_stdout())

"""The root of the command line. Importing it imports click and nothing else that costs."""

import click

from vpcmetactl import __version__
from vpcmetactl.cli.boundary import GuardedGroup
from vpcmetactl.cli.lazy import LazyCommand

_COMMANDS = "vpcmetactl.cli.commands"

TABLE = {
    "demo": LazyCommand(
        f"{_COMMANDS}.demo:demo", "Run a tour on the embedded emulator; no account, no network."
    ),
    "servers": LazyCommand(
        f"{_COMMANDS}.servers:servers", "List and show instances and bare metal servers."
    ),
    "metadata": LazyCommand(
        f"{_COMMANDS}.metadata:metadata", "Turn the metadata service on and off, and set it."
    ),
    "plan": LazyCommand(
        f"{_COMMANDS}.plan:plan", "Review, apply and invert plans saved with --plan-out."
    ),
    "restarts": LazyCommand(
        f"{_COMMANDS}.restarts:restarts",
        "See which servers need a stop and start, and do it safely.",
    ),
    "runs": LazyCommand(
        f"{_COMMANDS}.runs:runs", "Show, resume and roll back the changes that this program made."
    ),
    "profiles": LazyCommand(
        f"{_COMMANDS}.profiles:profiles",
        "See trusted profiles and what makes them trust somebody.",
    ),
    "links": LazyCommand(
        f"{_COMMANDS}.links:links", "See, make and take away links of trusted profiles to servers."
    ),
    "access": LazyCommand(
        f"{_COMMANDS}.access:access", "See which servers can become which trusted profile."
    ),
    "templates": LazyCommand(
        f"{_COMMANDS}.templates:templates",
        "See which instance templates will make servers that break the policy.",
    ),
    "snapshot": LazyCommand(
        f"{_COMMANDS}.snapshot:snapshot", "Save a fleet in a file, and tell two such files apart."
    ),
    "audit": LazyCommand(f"{_COMMANDS}.audit:audit", "Judge servers against a policy."),
    "config": LazyCommand(f"{_COMMANDS}.config:config", "See and begin the configuration file."),
    "emulator": LazyCommand(
        f"{_COMMANDS}.emulator:emulator", "Serve the embedded VPC and IAM emulator."
    ),
}


@click.command(
    cls=GuardedGroup,
    table=TABLE,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
)
@click.version_option(__version__, message="%(prog)s %(version)s")
def cli() -> None:
    """See, audit and change the metadata service of IBM Cloud VPC servers.

    \b
    Try it without an account:   vpcmetactl demo
    With one:                    export IBMCLOUD_API_KEY=...
                                 vpcmetactl servers list
    """  # noqa: D301 - click's mark for lines that are not to be wrapped

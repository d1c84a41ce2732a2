"""The root of the command line. Importing it imports click and nothing else that costs."""

import click

from vpcmetactl import __version__
from vpcmetactl.cli.boundary import GuardedGroup
from vpcmetactl.cli.lazy import LazyCommand

_COMMANDS = "vpcmetactl.cli.commands"

_BEGIN, _SEE = "To begin", "See and judge"
_CHANGE, _PROVE, _HELP = "Change safely", "Inside a server", "Around it"


def _lazy(name: str, text: str, section: str) -> LazyCommand:
    return LazyCommand(f"{_COMMANDS}.{name}:{name}", text, section)


TABLE = {
    "demo": _lazy("demo", "Run a tour on the embedded emulator; no account, no network.", _BEGIN),
    "doctor": _lazy(
        "doctor", "See who you are, what can be reached, and what you may read.", _BEGIN
    ),
    "config": _lazy("config", "See and begin the configuration file.", _BEGIN),
    "servers": _lazy("servers", "List and show instances and bare metal servers.", _SEE),
    "audit": _lazy("audit", "Judge servers against a policy.", _SEE),
    "snapshot": _lazy("snapshot", "Save fleets in files, merge them, and tell them apart.", _SEE),
    "profiles": _lazy("profiles", "See trusted profiles and what makes them trust somebody.", _SEE),
    "access": _lazy("access", "See which servers can become which trusted profile.", _SEE),
    "templates": _lazy(
        "templates", "See which instance templates will make servers that break the policy.", _SEE
    ),
    "metadata": _lazy("metadata", "Turn the metadata service on and off, and set it.", _CHANGE),
    "restarts": _lazy(
        "restarts", "See which servers need a stop and start, and do it safely.", _CHANGE
    ),
    "links": _lazy(
        "links", "See, make and take away links of trusted profiles to servers.", _CHANGE
    ),
    "plan": _lazy("plan", "Review, apply and invert plans saved with --plan-out.", _CHANGE),
    "runs": _lazy(
        "runs", "Show, resume and roll back the changes that this program made.", _CHANGE
    ),
    "guest": _lazy(
        "guest", "See and prove, from inside a server, what its metadata service gives.", _PROVE
    ),
    "emulator": _lazy("emulator", "Serve the embedded emulator of IBM Cloud's APIs.", _HELP),
    "completion": _lazy(
        "completion", "Print the script that makes a shell complete what is typed.", _HELP
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

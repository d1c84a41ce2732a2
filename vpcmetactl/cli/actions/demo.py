"""What ``demo`` does: the tour, on the embedded emulator."""

import shlex
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from vpcmetactl.cli.bootstrap import build_app
from vpcmetactl.cli.context import App
from vpcmetactl.cli.emulation import EmulatorOptions, running_emulator
from vpcmetactl.domain.errors import ConfigurationError, ExitCode


class _Step(NamedTuple):
    """One command of the tour: what to say of it, and what it ends with."""

    words: str
    line: str
    code: ExitCode = ExitCode.OK


_TOUR = (
    _Step(
        "A fleet of 4 regions: instances and bare metal servers, one table.",
        "servers list --limit 12",
    ),
    _Step(
        "Which of them speak plain HTTP? The exit code is 3: a CI job would fail here.",
        "audit run --name 'web-*'",
        ExitCode.FINDINGS,
    ),
    _Step(
        "What would enabling the service on web-1 change?",
        "metadata enable web-1 --protocol https --response-hop-limit 1 --dry-run",
    ),
    _Step(
        "Do it. Every change is journaled before it is sent, and read back after.",
        "metadata enable web-1 --protocol https --response-hop-limit 1 --yes",
    ),
    _Step(
        "web-1 was enabled while it ran: by IBM's FAQ it wants one stop and start.",
        "restarts list --name 'web-*'",
    ),
    _Step(
        "Stop it, start it, and wait until it is well. Each step is in the journal first.",
        "restarts run web-1 --yes",
    ),
    _Step(
        "Let a trusted profile trust web-1, so that it has IAM rights without any stored key.",
        "links create web-1 --profile backup-writer --yes",
    ),
    _Step("Which servers can become which profile, and how?", "access list"),
    _Step(
        "Prove it from the inside: this is what runs in web-1 itself.",
        "guest probe --profile backup-writer --url {metadata_url} --ca-bundle {ca}",
    ),
)
# Stops and starts take a tenth of their time: nobody wants to watch them.
_PACE = 0.1
# What somebody who has seen enough ends a step with, ends the tour.
_ENDED = (ExitCode.INTERRUPTED, ExitCode.TERMINATED)
_NEXT = """
Next, on the same emulator:
  vpcmetactl emulator serve --port 8080        and paste what it prints into another terminal
  vpcmetactl servers show web-1
  vpcmetactl audit explain VPCMETA001
With trusted profiles: vpcmetactl emulator serve --scenario trusted-fleet --port 8080
  vpcmetactl access list                       who can become what
  vpcmetactl guest token --profile backup-writer --url ...   as the emulator prints it

On your own account:
  export IBMCLOUD_API_KEY=...                  nothing is changed without a plan that you confirm
  vpcmetactl servers list
"""


def run_demo(app: App) -> ExitCode:
    """Run every command of the tour as a user would, and show what it prints.

    Raises ConfigurationError where one does not end as it should.
    """
    options = EmulatorOptions(scenario="tour", pace=_PACE, guest_https_port=0)
    with running_emulator(options) as running:
        inner = build_app({**_kept(app), **running.environment}, replace(app.terminal, quiet=True))
        places = {
            "metadata_url": f"{running.guest_urls[-1]}/{running.server_id('web-1')}",
            "ca": shlex.quote(str(running.guest_ca)),
        }
        for step in _TOUR:
            line = step.line.format(**places)
            app.terminal.stdout.write(f"\n# {step.words}\n$ vpcmetactl {line}\n")
            app.terminal.stdout.flush()
            code = _run(inner, shlex.split(line))
            if code in _ENDED:
                return code
            if code is not step.code:
                raise ConfigurationError(
                    f"the tour cannot go on: vpcmetactl {line} ended with {code}",
                    hint="vpcmetactl doctor tells what is wrong with this installation",
                )
    app.terminal.stdout.write(_NEXT)
    return ExitCode.OK


def _kept(app: App) -> dict[str, str]:
    """Keep what is said about colours and the terminal, and nothing about a real account."""
    names = ("NO_COLOR", "CLICOLOR_FORCE", "TERM", "COLUMNS", "HOME", "PATH")
    return {name: value for name, value in app.settings.environ.items() if name in names}


def _run(app: App, words: Sequence[str]) -> ExitCode:
    from vpcmetactl.cli.main import cli  # noqa: PLC0415 - the root imports this module by name

    # Asked for no such thing, click gives the exit code instead of ending the process.
    code = ExitCode(cli.main(list(words), prog_name="vpcmetactl", standalone_mode=False, obj=app))
    if code and code not in _ENDED:
        app.terminal.stdout.write(f"(exit code {code})\n")
    return code

"""Before a setting of a real server is touched: who trusts it, what will be done, and a yes."""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TextIO

from tests.live.changing import Toggle
from vpcmetactl.domain.errors import RefusedError

_SECONDS = 300
_NAMED = 3
Program = Callable[[Sequence[str]], tuple[int, str]]


def the_program(environ: Mapping[str, str]) -> Program:
    """Return what runs vpcmetactl, and gives its exit code and what it prints."""

    def run(words: Sequence[str]) -> tuple[int, str]:
        command = [sys.executable, "-m", "vpcmetactl", *words]
        try:
            done = subprocess.run(
                command,
                capture_output=True,
                text=True,
                check=False,
                env=dict(environ),
                timeout=_SECONDS,
            )
        except subprocess.TimeoutExpired:
            return 1, ""
        return done.returncode, done.stdout

    return run


def refuse_trusted(toggle: Toggle, program: Program, options: Sequence[str]) -> None:
    """Ask the program which profiles trust the server; raises RefusedError where one does.

    So it does where that cannot be told, or may be: a toggle is not worth a doubt.
    """
    words = ["access", "list", toggle.server_id, "--region", toggle.region, "--no-state"]
    code, printed = program([*words, "-o", "json", *options])
    hint = "--allow-trusted goes on all the same; better take a server that nobody trusts"
    if code != 0:
        raise RefusedError(
            f"it could not be told which trusted profiles trust {toggle.name}: "
            f"vpcmetactl access list ended with {code}",
            hint=hint,
        )
    items = json.loads(printed)["items"]
    if items:
        names = [str(item["profile"]["name"] or item["profile"]["id"]) for item in items[:_NAMED]]
        more = f" and {len(items) - _NAMED} more" if len(items) > _NAMED else ""
        raise RefusedError(
            f"{toggle.name} is trusted, or may be, by {', '.join(names)}{more}", hint=hint
        )


def ask(toggle: Toggle, *, yes: bool, stdin: TextIO, stderr: TextIO) -> None:
    """Show the plan and how to undo it by hand; raises RefusedError unless somebody agrees."""
    state = "enabled" if toggle.is_enabled else "disabled"
    kind = "instance" if toggle.collection == "instances" else "bare metal server"
    etag = ", and a third with an outdated If-Match" if kind == "instance" else ""
    stderr.write(
        f"{kind} {toggle.name} ({toggle.server_id}) in {toggle.region}, {toggle.status}, "
        f"service {state}\n"
        f"  {toggle.field}: {toggle.before} -> {toggle.during}, and back to {toggle.before} after "
        f"a few seconds\n"
        f"  two patches{etag}, and about ten readings\n"
        f"  should this be interrupted, put it back with:\n    {toggle.command}\n"
    )
    if yes:
        return
    if not stdin.isatty():
        raise RefusedError("nobody can be asked", hint="--yes changes without asking")
    stderr.write("Type the server's name to go on: ")
    stderr.flush()
    if stdin.readline().strip() != toggle.name:
        raise RefusedError("the name was not typed", hint="nothing was changed")

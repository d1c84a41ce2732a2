"""Tests the assumptions on a real account: ``make verify-live``, or ``python -m tests.live``.

Exit code 0: every one that was tested holds. 3: one does not. 4: one could not be tested. 1, 2 and
5 as in the program: an error, wrong usage, refused. 6: a setting could not be put back.
"""

import argparse
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from tests.live.assumption import Finding, UntestedError
from tests.live.changing import NotRestoredError, Toggle, plan_toggle, run_toggle
from tests.live.consent import Program, ask, refuse_trusted, the_program
from tests.live.inside import Inside, run_inside
from tests.live.reading import Visit
from tests.live.recording import FOLDER, record
from tests.live.running import exit_code, report, run_reading
from tests.live.wire import Wire
from vpcmetactl.cli.bootstrap import SystemClock
from vpcmetactl.cli.settings import CloudOptions, Settings, process_environment
from vpcmetactl.domain.errors import (
    ExitCode,
    InvalidInputError,
    NotFoundError,
    RefusedError,
    VpcmetactlError,
)
from vpcmetactl.domain.identifiers import Crn
from vpcmetactl.guest.endpoints import ENDPOINTS, endpoint_of
from vpcmetactl.usecases.ports import Clock

_FIELDS = {"hop-limit": "response_hop_limit", "protocol": "protocol"}


@dataclass(frozen=True)
class Surroundings:
    """What a run is given: tests give their own."""

    environ: Mapping[str, str]
    clock: Clock
    program: Program
    stdin: TextIO
    stdout: TextIO
    stderr: TextIO
    folder: Path = FOLDER


def main() -> int:
    """Run with the arguments and the environment of this process; SIGTERM is taken as Ctrl-C."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    environ = process_environment()
    streams = sys.stdin, sys.stdout, sys.stderr
    return run(sys.argv[1:], Surroundings(environ, SystemClock(), the_program(environ), *streams))


def run(arguments: Sequence[str], around: Surroundings) -> int:
    """Run, print what was found whatever else happens, and return the exit code."""
    found: dict[str, Finding] = {}
    try:
        chosen = _parser().parse_args(arguments)
        (_inside if chosen.guest else _outside)(chosen, around, found)
    except VpcmetactlError as error:
        hint = f"hint: {error.hint}\n" if error.hint else ""
        return _ended(found, f"error: {error}\n{hint}", error.exit_code, around)
    except NotRestoredError as error:
        told = f"error: {error}\nhint: the command that puts it back is above\n"
        return _ended(found, told, ExitCode.FAILED, around)
    except KeyboardInterrupt:
        return _ended(found, "interrupted\n", ExitCode.INTERRUPTED, around)
    around.stdout.write(report(found))
    return exit_code(found)


def _ended(found: Mapping[str, Finding], told: str, code: ExitCode, around: Surroundings) -> int:
    """Say why the run ended before its end."""
    if found:
        around.stdout.write(report(found))
    around.stderr.write(told)
    return int(code)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.live",
        description="Test what vpcmetactl assumes of IBM Cloud on your account. Only reads, "
        "with 60 requests at most, unless --allow-changes names a server.",
    )
    parser.add_argument("--context", help="the context of the configuration file to work in")
    parser.add_argument("--account", metavar="ID", help="refuse to go on in any other account")
    parser.add_argument("--api-key-file", type=Path, help="read the API key from this file")
    parser.add_argument("--region", "-r", action="append", default=[], help="look here only")
    parser.add_argument(
        "--allow-changes",
        metavar="SERVER",
        help="change one setting of this server for some seconds: a CRN, or an id or name "
        "together with one --region",
    )
    parser.add_argument(
        "--change", choices=_FIELDS, help="which setting; the hop limit where there is one"
    )
    parser.add_argument(
        "--allow-trusted", action="store_true", help="also where a trusted profile trusts it"
    )
    parser.add_argument("--yes", "-y", action="store_true", help="change without asking")
    parser.add_argument(
        "--record", action="store_true", help="write scrubbed cassettes into cassettes/live"
    )
    parser.add_argument("--guest", action="store_true", help="test inside this server instead")
    parser.add_argument(
        "--guest-url", action="append", default=[], help="the metadata service is here"
    )
    return parser


def _inside(chosen: argparse.Namespace, around: Surroundings, found: dict[str, Finding]) -> None:
    try:
        endpoints = tuple(endpoint_of(url) for url in chosen.guest_url)
    except ValueError as error:
        hint = "without it the addresses that IBM documents are asked"
        raise InvalidInputError(f"--guest-url: {error}", hint=hint) from None
    found |= run_inside(Inside(endpoints or ENDPOINTS, around.clock.wait))


def _outside(chosen: argparse.Namespace, around: Surroundings, found: dict[str, Finding]) -> None:
    place = _place(chosen)
    settings = Settings(around.environ)
    asked = CloudOptions(
        contexts=(chosen.context,) if chosen.context else (), api_key_file=chosen.api_key_file
    )
    (options,) = settings.select(asked)
    connection = settings.connection(options, max_connections=1)
    for region in (*chosen.region, *([place[0]] if place else [])):
        connection.vpc_url_of(region)  # raises for what cannot be one
    wire = Wire(connection, around.clock)
    try:
        _guard_account(wire, chosen, options)
        found |= run_reading(Visit(wire, only=chosen.region))
        _keep(wire, "reading", chosen, around)
        if place is not None:
            wire.exchanges.clear()
            try:
                found |= _changed(wire, place, chosen, around)
            finally:
                _keep(wire, "changing", chosen, around)
    finally:
        wire.close()


def _guard_account(wire: Wire, chosen: argparse.Namespace, options: CloudOptions) -> None:
    """Refuse another account than the one that is meant; the token tells which it is."""
    meant = chosen.account or (options.context.account_id if options.context else None)
    is_account = wire.caller.account_id
    if meant and is_account != meant:
        raise RefusedError(
            f"the credentials are of account {is_account or '(not told)'}, not of {meant}",
            hint="nothing was asked of the account",
        )


def _place(chosen: argparse.Namespace) -> tuple[str, str] | None:
    """Return the region and the id or name of the server to be changed, if there is one."""
    server: str | None = chosen.allow_changes
    if server is None:
        return None
    if server.startswith("crn:"):
        crn = Crn.parse(server)
        return crn.region, crn.resource_id
    if len(chosen.region) != 1:
        raise InvalidInputError(
            f"--allow-changes {server}: where is it?",
            hint="give its CRN, or one --region beside its id or name",
        )
    return chosen.region[0], server


def _changed(
    wire: Wire, place: tuple[str, str], chosen: argparse.Namespace, around: Surroundings
) -> Mapping[str, Finding]:
    wire.allow(10)
    toggle = _planned(wire, place, _FIELDS.get(chosen.change))
    if not chosen.allow_trusted:
        refuse_trusted(toggle, around.program, _passed_on(chosen))
    ask(toggle, yes=chosen.yes, stdin=around.stdin, stderr=around.stderr)
    try:
        return run_toggle(wire, toggle)
    except UntestedError as error:
        raise RefusedError(f"--allow-changes: {error}", hint="nothing was changed") from None


def _planned(wire: Wire, place: tuple[str, str], field: str | None) -> Toggle:
    region, server = place
    try:
        return plan_toggle(wire, region, server, field)
    except UntestedError as error:
        raise NotFoundError(
            f"--allow-changes: {error}", hint="nothing was changed", region=region
        ) from None


def _passed_on(chosen: argparse.Namespace) -> Sequence[str]:
    """Return the options that the program needs to be in the same account."""
    pairs = (
        ("--context", chosen.context),
        ("--account", chosen.account),
        ("--api-key-file", chosen.api_key_file),
    )
    return [word for name, value in pairs if value for word in (name, str(value))]


def _keep(wire: Wire, name: str, chosen: argparse.Namespace, around: Surroundings) -> None:
    if not chosen.record or not wire.exchanges:
        return
    try:
        path = record(wire.exchanges, name, around.folder)
    except OSError as error:
        raise InvalidInputError(
            f"--record: {around.folder} cannot be written: {error.strerror or error}",
            hint="make the folder writable, or leave --record out",
        ) from None
    around.stderr.write(f"recorded, scrubbed: {path}\n")


if __name__ == "__main__":
    sys.exit(main())

"""The probe as a program: what the single file runs."""

import argparse
import json
import os
import sys
from typing import Sequence

from vpcmetactl import __version__
from vpcmetactl.guest.endpoints import ENDPOINTS, Endpoint, endpoint_of
from vpcmetactl.guest.probing import probe

_LONGEST_TIMEOUT = 86_400
_INTERRUPTED = 130
_ABOUT = """Ask the metadata service of this server which protocol it answers on, for an identity
token, and for an IAM token of a trusted profile."""
_EXIT_CODES = """exit codes: 0 the service works; 3 it does not, or the profile that was named is
not given; 1 it could not be tested; 2 an option is wrong"""


def main(argv: "Sequence[str] | None" = None) -> int:
    """Probe, write what was found to stdout, and return the exit code; 2 by SystemExit."""
    options = _parser().parse_args(argv)
    try:
        report = probe(
            tuple(options.url or ENDPOINTS),
            profile=options.profile,
            timeout=options.timeout,
            ca_bundle=options.ca_bundle,
        )
    except KeyboardInterrupt:
        return _INTERRUPTED
    if options.output == "json":
        text = json.dumps(report.document(__version__), indent=2)
    else:
        text = "\n".join(report.lines())
    return report.exit_code if _write(text + "\n") else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=_ABOUT, epilog=_EXIT_CODES)
    parser.add_argument(
        "-o",
        "--output",
        choices=("text", "json"),
        default="text",
        help="text for people (the default), or the proof as JSON",
    )
    parser.add_argument(
        "--url",
        action="append",
        type=_endpoint,
        metavar="URL",
        help="ask here instead of at the addresses that IBM documents; may be repeated",
    )
    parser.add_argument(
        "--profile",
        type=_profile,
        help="the trusted profile, by id, CRN or name; the default one unless given",
    )
    parser.add_argument(
        "--timeout",
        type=_seconds,
        default=5.0,
        metavar="SECONDS",
        help="for everything together (default: 5)",
    )
    parser.add_argument(
        "--ca-bundle", type=_file, metavar="FILE", help="trust the certificates in this file"
    )
    parser.add_argument("--version", action="version", version=__version__)
    return parser


def _endpoint(text: str) -> Endpoint:
    try:
        return endpoint_of(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 < seconds <= _LONGEST_TIMEOUT:
        message = "{!r} is no number of seconds above 0 and up to {}"
        raise argparse.ArgumentTypeError(message.format(text, _LONGEST_TIMEOUT))
    return seconds


def _profile(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("it is empty")
    return text


def _file(text: str) -> str:
    try:
        with open(text, "rb"):  # noqa: PTH123 - pathlib costs more than all of this
            return text
    except OSError as error:
        message = f"{text!r} cannot be read: {error.strerror}"
        raise argparse.ArgumentTypeError(message) from None


def _write(text: str) -> bool:
    """Write to stdout, and return whether that went well; a closed pipe is no failure."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        _discard_stdout()
    except OSError as error:
        _discard_stdout()
        sys.stderr.write(f"error: stdout cannot be written to: {error.strerror}\n")
        return False
    return True


def _discard_stdout() -> None:
    """Keep the interpreter from writing once more, as it ends, what could not be written."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

"""What ``guest`` does, run inside a server: one of its commands, from its options to its text."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TextIO

from vpcmetactl import __version__
from vpcmetactl.cli.plain_output import PlainTarget, read_targets, write_stdout, write_targets
from vpcmetactl.cli.plain_texts import document_of, leaves, redacted, table_of
from vpcmetactl.domain import errors
from vpcmetactl.domain.errors import ExitCode, InvalidInputError, RefusedError, VpcmetactlError
from vpcmetactl.guest.checks import remedy_without_iam, service_in, told_service
from vpcmetactl.guest.claims import profile_of
from vpcmetactl.guest.endpoints import ENDPOINTS, Endpoint, endpoint_of
from vpcmetactl.guest.failures import GuestError, named
from vpcmetactl.guest.moments import moment_of, seconds_of
from vpcmetactl.guest.probing import probe

if TYPE_CHECKING:
    from pathlib import Path

    from vpcmetactl.guest.finding import FoundService

Given = dict[str, Any]

_CONTENTS = {
    "key.pem": "the key, which only you can read",
    "request.pem": "the request",
    "chain.pem": "the certificate, and the intermediate that signed it",
}
# What the platform gives an identity token where nothing is asked for, in seconds.
_LIFETIME = 300
_CLASSES: Mapping[str, type[VpcmetactlError]] = {
    "not_enabled": errors.PermissionDeniedError,
    "token_expired": errors.AuthenticationError,
    "not_found": errors.NotFoundError,
    "bad_answer": errors.MalformedResponseError,
    "nonce_mismatch": errors.MalformedResponseError,
    "profile_not_linked": errors.BadRequestError,
    "invalid_request": errors.BadRequestError,
    "invalid_value": errors.BadRequestError,
    "missing_field": errors.BadRequestError,
    "missing_value": errors.BadRequestError,
    "unknown_field": errors.BadRequestError,
}


def probe_service(stdout: TextIO, given: Given) -> ExitCode:
    """Probe, and write what was found: for people, or as a proof."""
    targets = read_targets(given["output"])
    report = probe(
        _endpoints(given),
        profile=_profile(given),
        timeout=given["timeout"],
        ca_bundle=_ca_bundle(given),
    )
    texts = {
        "table": lambda: "".join(f"{line}\n" for line in report.lines()),
        "json": lambda: json.dumps(report.document(__version__), indent=2) + "\n",
    }
    write_targets(stdout, targets, texts)
    return ExitCode(report.exit_code)


def show_metadata(stdout: TextIO, given: Given) -> ExitCode:
    """Show a resource of the metadata API."""
    targets = read_targets(given["output"])
    with _told(stdout, targets, "guest_metadata"):
        with _explained("guest show"):
            found = _find(given)
        if found.identity is not None and found.identity.bare_metal:
            raise errors.NotFoundError(
                f"{found.identity.server_id} is a bare metal server: it has the Identity API, "
                "and no metadata",
                hint=f"at the desk: vpcmetactl servers show {found.identity.server_id}",
            )
        with _explained(f"guest show {given['resource']}", found):
            body = redacted(found.client.metadata(found.token, given["resource"]))
    texts = {
        "table": lambda: _page(given["resource"], body),
        "json": lambda: document_of("guest_metadata", body),
    }
    write_targets(stdout, targets, texts)
    return ExitCode.OK


def _page(resource: str, body: dict[str, Any]) -> str:
    from vpcmetactl.cli.plain_metadata import rows_of  # noqa: PLC0415 - of this command alone

    service = service_in(body)
    return table_of(rows_of(resource, body, told_service(service) if service else ""))


def describe_token(stdout: TextIO, given: Given) -> ExitCode:
    """Get a token, and say what it says; print it only where that was asked for."""
    targets, profile = _token_targets(given), _profile(given)
    with _told(stdout, targets, "guest_token"):
        with _explained("guest token"):
            found = _find(given, given["expires_in"])
        if given["identity"]:
            text, item = found.token.text, _identity_item(found)
        else:
            text, item = _iam_token(found, profile)
    texts = {
        "table": lambda: table_of(leaves(_without_nulls(item))),
        "json": lambda: document_of("guest_token", item),
    }
    if given["show_token"]:
        write_stdout(stdout, f"{text}\n")
    write_targets(stdout, targets, texts)
    return ExitCode.OK


def get_certificate(stdout: TextIO, given: Given) -> ExitCode:
    """Make a key, have a certificate made for it, and save both."""
    from pathlib import Path  # noqa: PLC0415 - no other command needs any of this

    from vpcmetactl.guest import certificates as made  # noqa: PLC0415

    subject = _subject(given["subject"])
    if not given["out"]:
        raise InvalidInputError("--out: it is empty", hint="name a folder; . is this one")
    folder = Path(given["out"])
    with _saving(folder):
        there = [] if given["force"] else made.present(folder)
        if there:
            raise RefusedError(
                f"--out {folder}: {', '.join(there)} would be replaced",
                hint="name another folder, or say --force",
            )
    with _explained("guest certificate"):
        found = _find(given)
    key, request = made.new_key_and_request(subject, int(given["key_size"]))
    with _explained("guest certificate", found):
        answer = found.client.certificate(found.token, request.decode(), given["expires_in"])
    try:
        leaf = made.check_chain(key, answer.chain)
    except made.MismatchError as error:
        raise errors.MalformedResponseError(
            f"{found.client.endpoint.url}: {error}", hint="nothing was saved"
        ) from None
    chain = "".join(pem if pem.endswith("\n") else f"{pem}\n" for pem in answer.chain)
    contents = {"key.pem": key, "request.pem": request, "chain.pem": chain.encode()}
    with _saving(folder):
        made.save(folder, contents, replace=given["force"])
    rows = [
        ("subject", leaf.subject),
        ("issuer", leaf.issuer),
        ("valid", f"{leaf.not_before} to {leaf.not_after}"),
        ("id", answer.id or "not told"),
        *((str(folder / name), _CONTENTS[name]) for name in contents),
    ]
    write_stdout(stdout, table_of(rows))
    return ExitCode.OK


def write_script(stdout: TextIO) -> ExitCode:
    """Write the probe as a single file."""
    from vpcmetactl.guest.bundle import bundled  # noqa: PLC0415 - no other command takes it apart

    write_stdout(stdout, bundled(__version__))
    return ExitCode.OK


# What is asked for.


def _endpoints(given: Given) -> Sequence[Endpoint]:
    return [_endpoint(url) for url in given["urls"]] or ENDPOINTS


def _endpoint(url: str) -> Endpoint:
    try:
        return endpoint_of(url)
    except ValueError as error:
        raise InvalidInputError(
            f"--url: {error}", hint="write it as in http://169.254.169.254"
        ) from None


def _profile(given: Given) -> str | None:
    """Return the profile; an empty one, as a variable that is not set leaves it, is not meant."""
    profile: str | None = given["profile"]
    if profile is not None and not profile.strip():
        raise InvalidInputError(
            "--profile: it is empty", hint="name a profile, or leave it out for the default one"
        )
    return profile


def _ca_bundle(given: Given) -> str | None:
    path: str | None = given["ca_bundle"]
    if path is not None:
        try:
            os.close(os.open(path, os.O_RDONLY))
        except OSError as error:
            raise InvalidInputError(
                f"--ca-bundle {path}: {error.strerror}", hint="name a file of PEM certificates"
            ) from None
    return path


def _token_targets(given: Given) -> Sequence[PlainTarget]:
    """Return where a description goes; raises InvalidInputError for options that contradict."""
    if given["identity"] and given["profile"]:
        raise InvalidInputError(
            "--profile: an identity token is of the server, and of no profile",
            hint="leave out --identity, or --profile",
        )
    if given["expires_in"] and not given["identity"]:
        raise InvalidInputError(
            "--expires-in: IAM decides how long its tokens live",
            hint="it goes with --identity",
        )
    targets = read_targets(given["output"])
    if not given["show_token"]:
        return targets
    if any(target.path is None and target.format == "json" for target in targets):
        raise InvalidInputError(
            "--show-token prints the token and nothing else, and so does --output json",
            hint="send the description into a file: --output json=FILE",
        )
    return [target for target in targets if target.path is not None]


def _subject(words: Sequence[str]) -> Sequence[Any]:
    from vpcmetactl.guest.certificates import subject_of, subject_part  # noqa: PLC0415 - as above

    parts = []
    for word in words:
        try:
            parts.append(subject_part(word))
        except ValueError as error:
            raise InvalidInputError(
                f"--subject {word}: {error}", hint="as in --subject C=US --subject O=Example"
            ) from None
    try:
        return subject_of(parts)
    except ValueError as error:
        raise InvalidInputError(f"--subject: {error}", hint="give it once") from None


# Asking.


def _find(given: Given, expires_in: int | None = None) -> "FoundService":
    from vpcmetactl.guest.finding import find_service  # noqa: PLC0415 - a probe looks for itself

    return find_service(
        _endpoints(given), given["timeout"], _ca_bundle(given), expires_in or _LIFETIME
    )


def _iam_token(found: "FoundService", profile: str | None) -> tuple[str, dict[str, Any]]:
    identity = found.identity
    what = f"guest token for profile {profile}" if profile else "guest token"
    with _explained(what, found):
        try:
            token = found.client.iam_token(found.token, profile)
        except GuestError as error:
            error.remedy = remedy_without_iam(error, profile, identity)
            raise
    return token.text, {
        "type": "iam",
        "server_id": identity and identity.server_id,
        "server_crn": identity and identity.crn,
        "account_id": _account(token.claims) or (identity and identity.account_id),
        "profile": profile_of(token.claims, profile) or profile,
        "issuer": _word(token.claims.get("iss")),
        "created_at": _issued_at(token.claims),
        "expires_at": _moment(token.expires_at),
        "expires_in": token.expires_in,
    }


def _identity_item(found: "FoundService") -> dict[str, Any]:
    token, identity = found.token, found.identity
    return {
        "type": "identity",
        "server_id": identity and identity.server_id,
        "server_crn": identity and identity.crn,
        "account_id": identity and identity.account_id,
        "profile": None,
        "issuer": _word(token.claims.get("iss")),
        "created_at": _moment(token.created_at),
        "expires_at": _moment(token.expires_at),
        "expires_in": token.expires_in,
    }


def _without_nulls(item: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: value for name, value in item.items() if value is not None}


def _word(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _account(claims: Mapping[str, Any]) -> str | None:
    account = claims.get("account")
    return _word(account.get("bss")) if isinstance(account, dict) else None


def _issued_at(claims: Mapping[str, Any]) -> str | None:
    seconds = claims.get("iat")
    with suppress(ValueError, OverflowError, OSError):
        return moment_of(seconds) if isinstance(seconds, int) else None
    return None


def _moment(text: str | None) -> str | None:
    """Return a moment as everything here writes it: in UTC, to the second."""
    seconds = seconds_of(text)
    return None if seconds is None else moment_of(seconds)


# What went wrong.


@contextmanager
def _explained(what: str, found: "FoundService | None" = None) -> Iterator[None]:
    """Turn a GuestError into one of the program's, with the server's id in its remedy."""
    try:
        yield
    except GuestError as error:
        identity = found.identity if found else None
        hint = named(error.remedy, identity.server_id if identity else None, None)
        code = "" if error.code in error.message else f" ({error.code})"
        class_ = _CLASSES.get(error.code, errors.UnavailableError)
        raise class_(f"{what}: {error.message}{code}", hint=hint) from None


@contextmanager
def _told(stdout: TextIO, targets: Sequence[PlainTarget], kind: str) -> Iterator[None]:
    """Write a failure as JSON where that was asked for on stdout."""
    try:
        yield
    except VpcmetactlError as error:
        if any(target == PlainTarget("json") for target in targets):
            with suppress(OSError, errors.OutputError):  # it is told on stderr in any case
                write_stdout(stdout, document_of(kind, None, error))
        raise


@contextmanager
def _saving(folder: "Path") -> Iterator[None]:
    try:
        yield
    except OSError as error:
        name = os.path.basename(error.filename2 or error.filename or "")  # noqa: PTH119 - pathlib costs more than all of this
        path = folder / name if name in _CONTENTS else folder  # no name of our own making
        raise errors.OutputError(
            f"--out {path}: {error.strerror}", hint="nothing was saved"
        ) from None

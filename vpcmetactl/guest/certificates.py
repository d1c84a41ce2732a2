"""Keys and requests for identity certificates, and whether what came back belongs to them.

Platform notes 5.2: RSA with SHA-256; of the subject only C, ST, L, O and OU are allowed. The
platform sets the Common Name to the server's id; it refuses one that is asked for, and extensions.
"""

from __future__ import annotations

import os
import secrets
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
    from cryptography.x509 import Certificate, ObjectIdentifier

KEY_SIZES = (2048, 3072, 4096)
PARTS = ("C", "ST", "L", "O", "OU")
"""What a subject may have. IBM's documents allow no other."""
FILES = {"key.pem": 0o600, "request.pem": 0o666, "chain.pem": 0o666}
"""What is saved, with the permissions that the umask leaves something of."""

_COUNTRY_LETTERS = 2
_LONGEST = {"ST": 128, "L": 128, "O": 64, "OU": 64}
_COMMON_NAMES = ("CN", "COMMONNAME")


class SubjectPart(NamedTuple):
    """One part of a subject: ``OU`` and ``payments``."""

    name: str
    value: str


class MismatchError(Exception):
    """A chain that is no answer to the request; ``str(error)`` says in what."""


def subject_part(text: str) -> SubjectPart:
    """Read ``OU=payments``; raises ValueError with a sentence for what the platform refuses."""
    name, equals, value = text.partition("=")
    name, value = name.strip().upper(), value.strip()
    if not equals or not name:
        raise ValueError("is not of the form NAME=VALUE, as in O=Example")
    if name in _COMMON_NAMES:
        raise ValueError("the platform sets the Common Name, to the id of the server")
    if name not in PARTS:
        raise ValueError(f"the platform allows {', '.join(PARTS)} only")
    _check_value(name, value)
    return SubjectPart(name, value.upper() if name == "C" else value)


def _check_value(name: str, value: str) -> None:
    if not value.isprintable() or not value:
        raise ValueError(f"there is no text behind {name}=")
    if name == "C":
        if len(value) != _COUNTRY_LETTERS or not value.isascii() or not value.isalpha():
            raise ValueError("a country is two letters, as in C=US")
    elif len(value.encode()) > _LONGEST[name]:
        raise ValueError(f"{name} may have {_LONGEST[name]} characters")


def subject_of(parts: Sequence[SubjectPart]) -> tuple[SubjectPart, ...]:
    """Return the parts as a subject; raises ValueError for one that is there twice, but for OU."""
    names = [part.name for part in parts]
    for name in names:
        if name != "OU" and names.count(name) > 1:
            raise ValueError(f"{name} is given twice")
    return tuple(parts)


def new_key_and_request(subject: Sequence[SubjectPart], key_size: int) -> tuple[bytes, bytes]:
    """Make an RSA key, and a request signed with it; both in PEM, the key in PKCS #8, unencrypted.

    Takes up to seconds for 4096 bits.
    """
    from cryptography import x509  # noqa: PLC0415 - no other command of the guest needs it
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: PLC0415

    key = rsa.generate_private_key(public_exponent=65537, key_size=key_size)
    name = x509.Name([x509.NameAttribute(_oid(part.name), part.value) for part in subject])
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    key_pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return key_pem, request.public_bytes(serialization.Encoding.PEM)


def _oid(name: str) -> ObjectIdentifier:
    from cryptography.x509 import NameOID  # noqa: PLC0415 - as above

    return {
        "C": NameOID.COUNTRY_NAME,
        "ST": NameOID.STATE_OR_PROVINCE_NAME,
        "L": NameOID.LOCALITY_NAME,
        "O": NameOID.ORGANIZATION_NAME,
        "OU": NameOID.ORGANIZATIONAL_UNIT_NAME,
    }[name]


class Leaf(NamedTuple):
    """What a certificate says of itself; moments in UTC, ``2026-11-22T03:00:00Z``."""

    subject: str
    issuer: str
    not_before: str
    not_after: str


def check_chain(key_pem: bytes, chain: Sequence[str]) -> Leaf:
    """Hold a chain against the key it was asked for with, and return what its leaf says.

    Raises MismatchError unless the leaf is for the key and signed by the next, each one signed by
    the one behind it.
    """
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415

    certificates = [_certificate(pem, place) for place, pem in enumerate(chain, 1)]
    if not certificates:
        raise MismatchError("the answer holds no certificate")
    leaf = certificates[0]
    if _encoded(leaf.public_key()) != _encoded(load_pem_private_key(key_pem, None).public_key()):
        raise MismatchError("the certificate is for another key than the one that was made here")
    if len(certificates) == 1:
        raise MismatchError("the answer holds no intermediate certificate")
    for place, (one, issuer) in enumerate(zip(certificates, certificates[1:]), 1):
        _check_signature(one, issuer, place)
    return Leaf(
        subject=leaf.subject.rfc4514_string(),
        issuer=leaf.issuer.rfc4514_string(),
        not_before=f"{leaf.not_valid_before_utc:%Y-%m-%dT%H:%M:%SZ}",
        not_after=f"{leaf.not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}",
    )


def _certificate(pem: str, place: int) -> Certificate:
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - as above
    from cryptography.x509 import load_pem_x509_certificates  # noqa: PLC0415

    try:
        (one,) = load_pem_x509_certificates(pem.encode())
        one.public_key()  # of a kind that is known
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise MismatchError(f"certificate {place} of the chain cannot be read") from None
    return one


def _encoded(key: PublicKeyTypes) -> bytes:
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415 - as above
        Encoding,
        PublicFormat,
    )

    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _check_signature(one: Certificate, issuer: Certificate, place: int) -> None:
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - as above

    try:
        one.verify_directly_issued_by(issuer)
    except (InvalidSignature, ValueError, TypeError):
        raise MismatchError(
            f"certificate {place} of the chain is not signed by certificate {place + 1}"
        ) from None


def present(folder: Path) -> Sequence[str]:
    """Return which of the files that would be saved are in a folder already."""
    return [name for name in FILES if os.path.lexists(folder / name)]


def save(folder: Path, contents: Mapping[str, bytes], *, replace: bool) -> None:
    """Write the files into a folder, which is made where it is missing: all of them, or none.

    The key is never readable by others, at no moment. Raises OSError, FileExistsError for a file
    that is there unless ``replace`` is set; everything is then as it was before.
    """
    with ExitStack() as tidy, ExitStack() as undo:
        if not folder.exists():
            folder.mkdir(mode=0o700)
            tidy.callback(_remove_empty, folder)
        written = {name: _written(folder, name, contents[name], tidy) for name in contents}
        for name, temporary in written.items():
            target = folder / name
            if replace and os.path.lexists(target):
                kept = _beside(target)
                os.link(target, kept, follow_symlinks=False)
                tidy.callback(kept.unlink, missing_ok=True)
                undo.callback(kept.replace, target)
                temporary.replace(target)
            else:
                os.link(temporary, target)  # unlike a rename, fails where something is
                undo.callback(target.unlink)
        undo.pop_all()


def _remove_empty(folder: Path) -> None:
    with suppress(OSError):
        folder.rmdir()


def _written(folder: Path, name: str, content: bytes, tidy: ExitStack) -> Path:
    temporary = _beside(folder / name)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILES[name])
    tidy.callback(temporary.unlink, missing_ok=True)
    with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor has no path
        file.write(content)
        file.flush()
        os.fsync(descriptor)
    return temporary


def _beside(target: Path) -> Path:
    return target.with_name(f".{target.name}.{secrets.token_hex(8)}.new")

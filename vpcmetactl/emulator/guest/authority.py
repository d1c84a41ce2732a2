"""The authority that signs certificates: of servers, and of the emulator's own TLS listener.

Root, intermediate, leaf, as in the platform's chain. The keys of the first two come from the seed
(of elliptic curves, where the platform shows RSA), as do names and serial numbers: whoever trusts
the root of a seed trusts every run of it. Signatures differ from run to run. Both are valid from
2020 to 2050, whatever the time in the emulated world, for TLS clients go by the machine's.
"""

import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from vpcmetactl.emulator.identifiers import Identifiers

HOST = "api.metadata.cloud.ibm.com"
"""The one name under which servers reach their metadata service over https."""

_VALIDITY = (datetime(2020, 1, 1, tzinfo=UTC), datetime(2050, 1, 1, tzinfo=UTC))
_ROOT, _INTERMEDIATE, _LISTENER = "Emulator Root CA", "Emulator Intermediate CA", "listener"
_ORDER_OF_P256 = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@dataclass(frozen=True, slots=True)
class IssuedCertificate:
    """A certificate that a server got; `chain` is it and the intermediate one, as PEM."""

    id: str
    chain: tuple[str, str]
    created_at: datetime
    expires_at: datetime


class Authority:
    """The root and intermediate of a seed, and how many certificates they have given servers.

    Safe for many threads. Everything is made when it is asked for: it takes a few milliseconds.
    """

    def __init__(self, ids: Identifiers) -> None:
        self._ids = ids
        self._lock = threading.Lock()
        self.clear()

    def clear(self) -> None:
        """Begin anew: the next certificate is the first."""
        with self._lock:
            self._issued = 0

    @cached_property
    def root_pem(self) -> str:
        """The certificate that clients have to trust."""
        key = self._key(_ROOT).public_key()
        return _pem(self._signed(_named(_ROOT), key, _ROOT, _VALIDITY, *_authority(1), by=_ROOT))

    def listener_pem(self) -> str:
        """Return what a TLS listener on loopback needs, in one file: certificates, then the key."""
        addresses = [x509.IPAddress(ip_address(text)) for text in ("127.0.0.1", "::1")]
        names = [x509.DNSName(HOST), x509.DNSName("localhost"), *addresses]
        extensions = (
            x509.SubjectAlternativeName(names),
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]),
        )
        key = self._key(_LISTENER)
        leaf = self._signed(
            _named(HOST), key.public_key(), _LISTENER, _VALIDITY, *_LEAF, *extensions
        )
        private = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        return _pem(leaf) + self._intermediate_pem + private.decode()

    def certify(
        self,
        subject: x509.Name,
        key: CertificatePublicKeyTypes,
        created_at: datetime,
        lifetime: timedelta,
    ) -> IssuedCertificate:
        """Certify whose a key is, from a moment in whole seconds on, for so long."""
        with self._lock:
            self._issued += 1
            identifier = self._ids.uuid(f"certificate {self._issued}")
        expires_at = created_at + lifetime
        leaf = self._signed(subject, key, identifier, (created_at, expires_at), *_LEAF)
        chain = (_pem(leaf), self._intermediate_pem)
        return IssuedCertificate(identifier, chain, created_at, expires_at)

    @cached_property
    def _intermediate_pem(self) -> str:
        key = self._key(_INTERMEDIATE).public_key()
        return _pem(
            self._signed(
                _named(_INTERMEDIATE), key, _INTERMEDIATE, _VALIDITY, *_authority(0), by=_ROOT
            )
        )

    def _key(self, owner: str) -> ec.EllipticCurvePrivateKey:

        number = int.from_bytes(self._ids.secret(f"key of {owner}"), "big")
        return ec.derive_private_key(number % (_ORDER_OF_P256 - 1) + 1, ec.SECP256R1())

    def _signed(
        self,
        subject: x509.Name,
        key: CertificatePublicKeyTypes,
        serial: str,
        validity: tuple[datetime, datetime],
        *extensions: x509.ExtensionType,
        by: str = _INTERMEDIATE,
    ) -> x509.Certificate:
        """Return a certificate; `serial` is what its number is made from."""
        issuer = self._key(by)
        builder = x509.CertificateBuilder(
            issuer_name=_named(by),
            subject_name=subject,
            public_key=key,
            # A serial number has at most 159 bits, and is not zero.
            serial_number=int(self._ids.hex(f"serial number of {serial}"), 16) + 1,
            not_valid_before=validity[0],
            not_valid_after=validity[1],
        )
        identifiers = (
            x509.SubjectKeyIdentifier.from_public_key(key),
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key()),
        )
        for extension in (*extensions, *identifiers):
            critical = isinstance(extension, x509.BasicConstraints | x509.KeyUsage)
            builder = builder.add_extension(extension, critical)
        return builder.sign(issuer, hashes.SHA256())


def _authority(path_length: int) -> tuple[x509.ExtensionType, ...]:
    """The extensions of who signs certificates; so many more authorities may be below it."""
    constraints = x509.BasicConstraints(ca=True, path_length=path_length)
    return constraints, _usage("key_cert_sign", "crl_sign")


def _usage(*uses: str) -> x509.KeyUsage:
    names = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(**{name: name in uses for name in names})


_LEAF: tuple[x509.ExtensionType, ...] = (
    x509.BasicConstraints(ca=False, path_length=None),
    _usage("digital_signature", "key_encipherment"),
)
"""The extensions of who signs none."""


def _named(common_name: str) -> x509.Name:
    parts = ((NameOID.ORGANIZATION_NAME, "vpcmetactl"), (NameOID.COMMON_NAME, common_name))
    return x509.Name([x509.NameAttribute(*part) for part in parts])


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()

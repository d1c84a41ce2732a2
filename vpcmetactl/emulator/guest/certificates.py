"""Signing requests of servers: what may be in one, and the certificate that comes of it.

Platform notes, section 5.2: an RSA key, no subject but C, ST, L, O and OU, no extensions; the
common name is the server's id, and the platform sets it. Guesses are the code of every refusal, the
least size of a key, and that attributes other than extensions are passed over.
"""

from datetime import timedelta

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from vpcmetactl.emulator.guest.authority import IssuedCertificate
from vpcmetactl.emulator.guest.errors import GuestRefusal, refuse
from vpcmetactl.emulator.guest.state import GuestState

LEAST_KEY = 2048
"""Bits of the smallest RSA key that is certified."""

_ALLOWED = {
    NameOID.COUNTRY_NAME: "C",
    NameOID.STATE_OR_PROVINCE_NAME: "ST",
    NameOID.LOCALITY_NAME: "L",
    NameOID.ORGANIZATION_NAME: "O",
    NameOID.ORGANIZATIONAL_UNIT_NAME: "OU",
}


def certify(
    state: GuestState, server_id: str, csr_pem: str, lifetime: timedelta
) -> IssuedCertificate:
    """Certify that the key of a signing request is a server's; a refusal if it must not be."""
    subject, key = _read(csr_pem)
    for part in subject:
        if part.oid == NameOID.COMMON_NAME:
            raise _refused("has a common name (CN), which is set to the id of the server")
        if part.oid not in _ALLOWED:
            allowed = ", ".join(_ALLOWED.values())
            raise _refused(f"names its subject by more than {allowed}")
    common_name = x509.NameAttribute(NameOID.COMMON_NAME, server_id)
    whole = x509.Name([*subject.rdns, x509.RelativeDistinguishedName([common_name])])
    return state.authority.certify(whole, key, state.now().replace(microsecond=0), lifetime)


def _read(csr_pem: str) -> tuple[x509.Name, rsa.RSAPublicKey]:
    """Return the subject and the key of a request without extensions that this key signed."""
    try:
        csr = x509.load_pem_x509_csr(csr_pem.encode())
        key, signed = csr.public_key(), csr.is_signature_valid
        extensions, subject = len(csr.extensions), csr.subject
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion):
        raise _refused("cannot be read as a signing request in PEM form") from None
    if not signed:
        raise _refused("is not signed with the key that it is about")
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size < LEAST_KEY:
        raise _refused(f"has no RSA key of {LEAST_KEY} bits or more")
    if extensions:
        raise _refused("asks for extensions, of which none are allowed")
    return subject, key


def _refused(what: str) -> GuestRefusal:
    return refuse(400, "invalid_value", f"The `csr` field {what}.", "csr")

"""A small certificate authority: a root, an intermediate, and leaves for requests."""

import datetime as dt

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

_BEGIN = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])


def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


class Authority:
    """Signs what it is sent, as the platform does: the Common Name is the server's id."""

    def __init__(self) -> None:
        self._root, self._key = _key(), _key()
        self.intermediate_pem = self._signed(
            "intermediate", self._key.public_key(), "root", self._root
        )

    def sign(self, csr_pem: str, server_id: str) -> list[str]:
        """Return the chain of a certificate for a request: the leaf, then the intermediate."""
        request = x509.load_pem_x509_csr(csr_pem.encode())
        assert request.is_signature_valid
        key = request.public_key()
        assert isinstance(key, rsa.RSAPublicKey)
        return [self._signed(server_id, key, "intermediate", self._key), self.intermediate_pem]

    @staticmethod
    def _signed(
        name: str, key: CertificatePublicKeyTypes, issuer: str, issuer_key: rsa.RSAPrivateKey
    ) -> str:
        ends = _BEGIN + dt.timedelta(hours=2)
        serial = x509.random_serial_number()
        one = x509.CertificateBuilder(_name(issuer), _name(name), key, serial, _BEGIN, ends).sign(
            issuer_key, hashes.SHA256()
        )
        return one.public_bytes(serialization.Encoding.PEM).decode()

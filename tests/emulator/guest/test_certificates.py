"""Certificates of servers from the emulator's own authority, and its listener for https."""

import http.client
import json
import shutil
import ssl
import subprocess
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from cryptography.x509.verification import PolicyBuilder, Store
from werkzeug.test import TestResponse

from tests.emulator.caller import body_of, error_of
from tests.emulator.guest.inside import FLAVOR, TODAY, TOKEN, Inside, the_server
from vpcmetactl.emulator.app import Emulator
from vpcmetactl.emulator.clock import EPOCH, ManualClock
from vpcmetactl.emulator.guest.authority import HOST, Authority
from vpcmetactl.emulator.identifiers import Identifiers
from vpcmetactl.emulator.scenarios import build_world
from vpcmetactl.emulator.server import EmulatorServer

CERTIFICATES = "/identity/v1/certificates"
Subject = Iterable[tuple[x509.ObjectIdentifier, str]]
ALLOWED: Subject = (
    (NameOID.COUNTRY_NAME, "US"),
    (NameOID.STATE_OR_PROVINCE_NAME, "Texas"),
    (NameOID.LOCALITY_NAME, "Dallas"),
    (NameOID.ORGANIZATION_NAME, "Example"),
    (NameOID.ORGANIZATIONAL_UNIT_NAME, "Backups"),
)


@cache
def rsa_key(size: int = 2048) -> rsa.RSAPrivateKey:
    """The key of this size; making one takes long."""
    return rsa.generate_private_key(public_exponent=65537, key_size=size)


@pytest.fixture
def inside(app: Emulator) -> Inside:
    return Inside(app, the_server(app.world, "web-2"))


def a_request(
    subject: Subject = ALLOWED,
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | None = None,
    extension: x509.ExtensionType | None = None,
) -> str:
    """A signing request in PEM form."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(
        x509.Name([x509.NameAttribute(*part) for part in subject])
    )
    if extension is not None:
        builder = builder.add_extension(extension, critical=False)
    csr = builder.sign(key or rsa_key(), hashes.SHA256())
    return csr.public_bytes(serialization.Encoding.PEM).decode()


def certify(inside: Inside, body: object) -> TestResponse:
    headers = {"Authorization": f"Bearer {inside.token()}"}
    return inside.call("POST", CERTIFICATES, headers=headers, json=body)


def chain_of(answer: TestResponse) -> list[x509.Certificate]:
    assert answer.status_code == 200, answer.text
    return [x509.load_pem_x509_certificate(pem.encode()) for pem in body_of(answer)["certificates"]]


def test_a_certificate_is_answered_as_the_platform_answers_one(inside: Inside) -> None:
    body = body_of(certify(inside, {"csr": a_request()}))

    assert body.keys() == {"certificates", "created_at", "expires_at", "expires_in", "id"}
    assert (body["created_at"], body["expires_at"], body["expires_in"]) == (
        "2026-11-21T12:00:00Z",
        "2026-11-21T13:00:00Z",
        3600,
    )
    assert len(body["certificates"]) == 2


@pytest.mark.parametrize("name", ["web-2", "metal-2"])
def test_the_certificate_is_the_servers_and_says_what_was_asked(app: Emulator, name: str) -> None:
    server = the_server(app.world, name)
    leaf, _ = chain_of(certify(Inside(app, server), {"csr": a_request(), "expires_in": 60}))

    named = [(part.oid, part.value) for part in leaf.subject]
    assert named == [*ALLOWED, (NameOID.COMMON_NAME, server.id)]
    assert leaf.public_key() == rsa_key().public_key()
    assert leaf.not_valid_before_utc == EPOCH
    assert leaf.not_valid_after_utc == EPOCH + timedelta(seconds=60)
    with pytest.raises(x509.ExtensionNotFound):
        leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName)


def test_the_chain_leads_to_the_published_root(inside: Inside, tmp_path: Path) -> None:
    root_pem = inside.client.get("/_emulator/guest/ca").text
    root = x509.load_pem_x509_certificate(root_pem.encode())
    leaf, intermediate = chain_of(certify(inside, {"csr": a_request()}))

    leaf.verify_directly_issued_by(intermediate)
    intermediate.verify_directly_issued_by(root)
    root.verify_directly_issued_by(root)
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("there is no openssl to ask for a second opinion")
    names = ("root.pem", "intermediate.pem", "leaf.pem")
    for name, certificate in zip(names, (root, intermediate, leaf), strict=True):
        tmp_path.joinpath(name).write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    moment = str(int(EPOCH.timestamp()) + 1)
    command = [openssl, "verify", "-x509_strict", "-attime", moment]
    command += ["-CAfile", names[0], "-untrusted", names[1], names[2]]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)


def test_each_certificate_is_another_and_a_reset_begins_anew(inside: Inside) -> None:
    def one() -> tuple[str, int]:
        answer = certify(inside, {"csr": a_request()})
        return body_of(answer)["id"], chain_of(answer)[0].serial_number

    seen = [one(), one()]
    inside.app.reset()
    assert one() == seen[0] != seen[1]


def test_a_seed_has_its_own_authority_and_keeps_it() -> None:
    def keys(seed: int) -> list[bytes]:
        authority = Authority(Identifiers(seed))
        pems = [authority.root_pem, authority.listener_pem()]
        loaded = [c for pem in pems for c in x509.load_pem_x509_certificates(pem.encode())]
        return [
            f"{c.subject.rfc4514_string()} {c.serial_number}".encode()
            + c.public_key().public_bytes(
                serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
            )
            for c in loaded
        ]

    assert len(keys(1)) == 3
    assert keys(1) == keys(1)
    assert not set(keys(1)) & set(keys(2))


@pytest.mark.parametrize("lifetime", [4, 3601, "60", None])
def test_a_lifetime_out_of_range_is_refused(inside: Inside, lifetime: object) -> None:
    answer = certify(inside, {"csr": a_request(), "expires_in": lifetime})
    assert error_of(answer) == (400, [("invalid_value", "expires_in")])


@pytest.mark.parametrize(
    ("body", "code", "target"),
    [
        ({}, "missing_field", "csr"),
        ({"csr": 7}, "invalid_value", "csr"),
        ({"csr": ""}, "invalid_value", "csr"),
        ({"csr": "rubbish é"}, "invalid_value", "csr"),
        ({"csr": "", "name": "x"}, "unknown_field", "name"),
    ],
)
def test_what_is_no_request_is_refused(
    inside: Inside, body: object, code: str, target: str
) -> None:
    assert error_of(certify(inside, body)) == (400, [(code, target)])


NAMES = x509.SubjectAlternativeName([x509.UniformResourceIdentifier("spiffe://example/backup")])
NO_AUTHORITY = x509.BasicConstraints(ca=False, path_length=None)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: a_request([(NameOID.COMMON_NAME, "web-2")]), "has a common name (CN)"),
        (lambda: a_request([*ALLOWED, (NameOID.EMAIL_ADDRESS, "a@b.c")]), "more than C, ST, L, O"),
        (lambda: a_request(extension=NAMES), "asks for extensions"),
        (lambda: a_request(extension=NO_AUTHORITY), "asks for extensions"),
        (lambda: a_request(key=ec.generate_private_key(ec.SECP256R1())), "no RSA key"),
        (lambda: a_request(key=rsa_key(1024)), "no RSA key of 2048 bits or more"),
        (lambda: a_request()[:-200], "cannot be read"),
    ],
)
def test_a_request_that_says_more_than_it_may_is_refused(
    inside: Inside, make: Callable[[], str], words: str
) -> None:
    answer = certify(inside, {"csr": make()})

    assert error_of(answer) == (400, [("invalid_value", "csr")])
    assert words in body_of(answer)["errors"][0]["message"]


def test_a_request_that_another_key_signed_is_refused(inside: Inside) -> None:
    der = x509.load_pem_x509_csr(a_request().encode()).public_bytes(serialization.Encoding.DER)
    # The signature is at the end.
    forged = x509.load_der_x509_csr(der[:-4] + b"fake")
    pem = forged.public_bytes(serialization.Encoding.PEM).decode()
    answer = certify(inside, {"csr": pem})

    assert error_of(answer) == (400, [("invalid_value", "csr")])
    assert "not signed with the key" in body_of(answer)["errors"][0]["message"]


def test_an_empty_subject_is_allowed(inside: Inside) -> None:
    leaf, _ = chain_of(certify(inside, {"csr": a_request([])}))
    assert [part.value for part in leaf.subject] == [inside.server.id]


def test_without_a_token_there_is_no_certificate(inside: Inside) -> None:
    answer = inside.call("POST", CERTIFICATES, json={"csr": a_request()})
    assert error_of(answer) == (401, [("unauthenticated", "Authorization")])


def test_the_listener_is_verified_under_each_of_its_names(tmp_path: Path) -> None:
    app = Emulator(build_world("demo", clock=ManualClock()))
    server = the_server(app.world, "web-3")
    pem, root = tmp_path / "listener.pem", app.world.guest.authority.root_pem
    pem.write_text(app.world.guest.authority.listener_pem())
    context = ssl.create_default_context(cadata=root)

    with EmulatorServer(app, certificate=pem) as listener:
        for name in ("localhost", "127.0.0.1"):
            connection = http.client.HTTPSConnection(
                name, listener.port, timeout=5, context=context
            )
            path = f"/guest/{server.id}{TOKEN}?version={TODAY}"
            connection.request("PUT", path, headers=FLAVOR)
            answer = connection.getresponse()
            assert (answer.status, json.loads(answer.read())["expires_in"]) == (200, 300)
            connection.close()
        untrusting = http.client.HTTPSConnection("localhost", listener.port, timeout=5)
        with pytest.raises(ssl.SSLCertVerificationError):
            untrusting.request("GET", "/")
        untrusting.close()


def test_the_listener_has_the_name_of_the_service_and_no_address_of_it() -> None:
    authority = Authority(Identifiers(0))
    leaf, intermediate, *_ = x509.load_pem_x509_certificates(authority.listener_pem().encode())
    store = Store([x509.load_pem_x509_certificate(authority.root_pem.encode())])
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value

    for moment in (datetime(2020, 1, 2, tzinfo=UTC), datetime(2049, 12, 31, tzinfo=UTC)):
        for name in (HOST, "localhost"):
            builder = PolicyBuilder().store(store).time(moment)
            chain = builder.build_server_verifier(x509.DNSName(name)).verify(leaf, [intermediate])
            assert len(chain) == 3
    addresses = {str(address) for address in names.get_values_for_type(x509.IPAddress)}
    assert addresses == {"127.0.0.1", "::1"}

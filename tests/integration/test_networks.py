"""IBM's own host names, private ones too, through a proxy and by an authority of one's own."""

import socket
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.integration.cloud import EmulatedCloud, Ran, run, served
from vpcmetactl.emulator.app import Emulator
from vpcmetactl.emulator.scenarios import build_world
from vpcmetactl.emulator.server import EmulatorServer
from vpcmetactl.emulator.vpc.resources import Instance, MetadataService

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_HOSTS = [
    *("*.iaas.cloud.ibm.com", "*.private.iaas.cloud.ibm.com"),
    *("iam.cloud.ibm.com", "private.iam.cloud.ibm.com"),
    "*.global-search-tagging.cloud.ibm.com",
]
_YEAR = timedelta(days=365)


def _certify(folder: Path) -> tuple[Path, Path]:
    """Write an authority, and a certificate of its own for IBM's hosts, with its key."""
    now = datetime.now(UTC)  # noqa: TID251 - TLS looks at the machine's clock
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, n)]) for n in ("Own CA", "hosts")]

    def signed(which: int, *extensions: x509.ExtensionType) -> bytes:
        builder = x509.CertificateBuilder(
            issuer_name=names[0],
            subject_name=names[which],
            public_key=keys[which].public_key(),
            serial_number=which + 1,
            not_valid_before=now - _YEAR,
            not_valid_after=now + _YEAR,
        )
        for one in extensions:
            builder = builder.add_extension(one, critical=isinstance(one, x509.BasicConstraints))
        made = builder.sign(keys[0], hashes.SHA256())
        return made.public_bytes(serialization.Encoding.PEM)

    authority, chain = folder / "ca.pem", folder / "hosts.pem"
    authority.write_bytes(
        signed(
            0,
            x509.BasicConstraints(ca=True, path_length=None),
            x509.SubjectKeyIdentifier.from_public_key(keys[0].public_key()),
        )
    )
    secret = keys[1].private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    hosts = x509.SubjectAlternativeName([x509.DNSName(host) for host in _HOSTS])
    trusted = x509.AuthorityKeyIdentifier.from_issuer_public_key(keys[0].public_key())
    chain.write_bytes(signed(1, hosts, trusted) + secret)
    return authority, chain


@dataclass
class ByHost:
    """The emulator where IBM has it: each API at its host, without the emulator's prefixes."""

    emulator: Emulator
    asked: set[str] = field(default_factory=set)

    def __call__(self, environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
        host = str(environ["HTTP_HOST"]).partition(":")[0]
        self.asked.add(host)
        if "iaas" in host:
            prefix = f"/vpc/{host.partition('.')[0]}"
        else:
            prefix = "/iam" if ".iam." in f".{host}" else "/search"
        return self.emulator({**environ, "PATH_INFO": prefix + environ["PATH_INFO"]}, start)


@dataclass
class Proxy:
    """A proxy on loopback: whatever host it is asked for, it leads to one port."""

    port: int
    asked: set[str] = field(default_factory=set)
    _tunnels: list[threading.Thread] = field(default_factory=list)

    @contextmanager
    def listening(self) -> Iterator[str]:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            serving = threading.Thread(target=self._serve, args=(listener,))
            serving.start()
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
            # Closing alone would not wake who waits for a connection.
            listener.shutdown(socket.SHUT_RDWR)
            serving.join()
        for tunnel in self._tunnels:
            tunnel.join()

    def _serve(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            self._tunnels.append(threading.Thread(target=self._tunnel, args=(client,)))
            self._tunnels[-1].start()

    def _tunnel(self, client: socket.socket) -> None:
        with client:
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                head += client.recv(4096)
            method, target, _ = head.split(b" ", 2)
            assert method == b"CONNECT"
            self.asked.add(target.decode().partition(":")[0])
            with socket.create_connection(("127.0.0.1", self.port)) as behind:
                client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                back = threading.Thread(target=_copy, args=(behind, client))
                back.start()
                _copy(client, behind)
                back.join()


def _copy(source: socket.socket, sink: socket.socket) -> None:
    try:
        while piece := source.recv(65536):
            sink.sendall(piece)
    except OSError:
        pass
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


@dataclass(frozen=True)
class Network:
    """IBM's hosts behind a proxy, and the authority that vouches for them."""

    hosts: ByHost
    proxy: Proxy
    authority: Path
    environment: dict[str, str]


@pytest.fixture
def network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Network]:
    authority, chain = _certify(tmp_path)
    hosts = ByHost(Emulator(build_world("demo")))
    with EmulatorServer(hosts, certificate=chain) as server:
        proxy = Proxy(server.port)
        with proxy.listening() as url:
            monkeypatch.setenv("HTTPS_PROXY", url)
            environment = {
                "IBMCLOUD_API_KEY": hosts.emulator.world.api_key,
                "VPCMETACTL_STATE": str(tmp_path / "state.sqlite"),
            }
            yield Network(hosts, proxy, authority, environment)


@pytest.mark.parametrize(
    ("endpoints", "vpc", "iam"),
    [
        ("public", "us-south.iaas.cloud.ibm.com", "iam.cloud.ibm.com"),
        ("private", "us-south.private.iaas.cloud.ibm.com", "private.iam.cloud.ibm.com"),
    ],
)
def test_endpoints_are_reached_through_the_proxy_by_ones_own_authority(
    network: Network, endpoints: str, vpc: str, iam: str
) -> None:
    trust = ("--ca-bundle", str(network.authority))

    ran = run(
        network.environment,
        *("servers", "list", "-r", "us-south", "--endpoints", endpoints, "-o", "json", *trust),
    )

    assert (ran.exit_code, ran.stderr) == (0, "")
    assert len(ran.envelope.items) > 5
    assert network.proxy.asked == network.hosts.asked == {vpc, iam}


def test_an_authority_that_nobody_named_is_not_trusted(network: Network) -> None:
    ran = run(network.environment, "servers", "list", "-r", "us-south", "--timeout", "5")

    assert (ran.exit_code, ran.stdout) == (1, "")
    assert "--ca-bundle" in ran.stderr
    assert network.hosts.asked == set()


def test_the_doctor_names_the_proxy(network: Network) -> None:
    trust = ("--ca-bundle", str(network.authority))

    ran = run(network.environment, "doctor", "-r", "us-south", "-o", "json", *trust)

    assert ran.exit_code == 0, ran.stdout
    by_name = {item["name"]: item["message"] for item in ran.envelope.items}
    assert "through the proxy 127.0.0.1:" in by_name["IAM"]


# The trusted profile of the server that the program runs on.


@pytest.fixture(scope="module")
def trusted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatedCloud]:
    state = tmp_path_factory.mktemp("trusted") / "state.sqlite"
    with served(state, "trusted-fleet") as cloud:
        server = cloud.server("db-1")
        assert isinstance(server, Instance)
        server.metadata_service = MetadataService(enabled=True)
        yield cloud


def _use(cloud: EmulatedCloud, folder: Path, profile: str, *words: str) -> Ran:
    """Run a command with the credentials of a profile of one of the emulator's servers."""
    server = cloud.server("db-1")
    path = folder / "config.toml"
    path.write_text(
        f"[contexts.here]\ntrusted_profile = {profile}\n"
        f'metadata_url = "{cloud.url}/guest/{server.id}"\n'
    )
    cloud.emulator.clear_requests()
    config = {"VPCMETACTL_CONFIG": str(path), "IBMCLOUD_API_KEY": None}
    return cloud.run(*words, "--context", "here", "--timeout", "9", **config)


@pytest.mark.parametrize("form", ["name", "id", "crn"])
def test_the_profile_of_the_server_it_runs_on_is_enough(
    trusted: EmulatedCloud, tmp_path: Path, form: str
) -> None:
    backup = trusted.emulator.world.trust.profile("backup-writer")
    word = str(getattr(backup, form))

    ran = _use(trusted, tmp_path, f'"{word}"', "servers", "list", "-o", "json")

    assert (ran.exit_code, len(ran.envelope.items)) == (0, 19), ran.stderr
    assert trusted.asked[:2] == ["create_access_token", "create_iam_token"]


def test_it_has_the_rights_of_the_profile_and_no_others(
    trusted: EmulatedCloud, tmp_path: Path
) -> None:
    words = ("metadata", "set", "db-1", "--response-hop-limit", "3", "--yes")

    ran = _use(trusted, tmp_path, '"backup-writer"', *words)

    assert ran.exit_code == 6
    assert "is.instance.instance.update" in ran.stderr + ran.stdout


def test_a_profile_that_does_not_trust_the_server_is_named(
    trusted: EmulatedCloud, tmp_path: Path
) -> None:
    ran = _use(trusted, tmp_path, '"nobody-knows"', "servers", "list")

    assert (ran.exit_code, ran.stdout) == (1, "")
    assert "cannot get an IAM token from the metadata service of this server" in ran.stderr
    assert "hint: run vpcmetactl guest probe --profile PROFILE on this server" in ran.stderr

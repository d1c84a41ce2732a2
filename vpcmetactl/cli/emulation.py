"""The emulator as the command line starts it, and the environment that points to it."""

import shlex
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from vpcmetactl.domain.errors import ConfigurationError, InvalidInputError

if TYPE_CHECKING:
    from vpcmetactl.emulator.app import Emulator
    from vpcmetactl.emulator.server import EmulatorServer


@dataclass(frozen=True, slots=True, kw_only=True)
class EmulatorOptions:
    """What to serve, and how badly; latency in seconds, rate limit in requests a second.

    Without a `guest_https_port` nothing listens for https; 0 takes any that is free.
    """

    scenario: str = "demo"
    port: int = 0
    guest_https_port: int | None = None
    seed: int = 0
    loads: Sequence[Path] = ()
    latency: str | None = None
    rate_limit: str | None = None
    faults: Sequence[str] = ()
    restart_rule: Literal["faq", "none"] | None = None
    pace: float = 1.0
    troubles: Sequence[str] = ()
    service_disabled: Literal["no_answer", "forbidden"] = "no_answer"
    wrong_protocol: Literal["no_answer", "refused"] = "no_answer"


@dataclass(frozen=True, slots=True)
class RunningEmulator:
    """An emulator that serves.

    `environment` points there. `server_id` gives the id of the server of a name. `guest_urls` are
    what the metadata addresses of servers begin with, http first; `guest_ca` is the file with the
    authority of the one with https.
    """

    environment: Mapping[str, str]
    server_id: Callable[[str], str]
    guest_urls: Sequence[str]
    guest_ca: Path | None = None


@contextmanager
def running_emulator(options: EmulatorOptions) -> Iterator[RunningEmulator]:
    """Serve on loopback until the block ends, and tell how to get there.

    State, key and authority are the emulator's own, so that nothing of a real account is ever mixed
    in; their files are deleted at the end. Raises InvalidInputError for what cannot be served, and
    ConfigurationError for a port that is taken.
    """
    app, api_key = _build(options)
    with ExitStack() as stack:
        server = stack.enter_context(_listening(app, "--port", options.port))
        made = tempfile.TemporaryDirectory(prefix="vpcmetactl-emulator-")
        folder = Path(stack.enter_context(made))
        guest_urls, guest_ca = [f"{server.url}/guest"], None
        if options.guest_https_port is not None:
            certificate, guest_ca = folder / "listener.pem", folder / "guest-ca.pem"
            certificate.touch(mode=0o600)
            certificate.write_text(app.world.guest.authority.listener_pem())
            guest_ca.write_text(app.world.guest.authority.root_pem)
            port = options.guest_https_port
            secure = _listening(app, "--guest-https-port", port, certificate)
            guest_urls.append(f"https://localhost:{stack.enter_context(secure).port}/guest")
        environment = {
            "VPCMETACTL_VPC_URL": f"{server.url}/vpc/{{region}}/v1",
            "VPCMETACTL_IAM_URL": f"{server.url}/iam",
            "VPCMETACTL_SEARCH_URL": f"{server.url}/search",
            "VPCMETACTL_STATE": str(folder / "state.sqlite"),
            "IBMCLOUD_API_KEY": api_key,
        }

        def server_id(name: str) -> str:
            (server,) = app.world.find_servers(name)
            return server.id

        yield RunningEmulator(environment, server_id, guest_urls, guest_ca)


def _listening(
    app: "Emulator", option: str, port: int, certificate: Path | None = None
) -> "EmulatorServer":
    from vpcmetactl.emulator.server import EmulatorServer  # noqa: PLC0415 - usage errors first

    try:
        return EmulatorServer(app, port=port, certificate=certificate)
    except OSError as error:
        raise ConfigurationError(
            f"the emulator cannot listen on 127.0.0.1:{port}: {error.strerror}",
            hint=f"choose another {option}; 0 takes any that is free",
        ) from None


def export_lines(environment: Mapping[str, str]) -> str:
    """Return the environment as lines for a shell."""
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in environment.items())


def guest_lines(running: RunningEmulator) -> str:
    """Return how a server reaches its metadata address, as comments for a shell."""
    urls = [f"--url {url}/ID" for url in running.guest_urls]
    trust = (
        [] if running.guest_ca is None else [f"--ca-bundle {shlex.quote(str(running.guest_ca))}"]
    )
    return (
        "# what the server with this ID sees at its metadata address:\n"
        f"# vpcmetactl guest probe {' '.join([*urls, *trust])}\n"
    )


def _build(options: EmulatorOptions) -> "tuple[Emulator, str]":
    from vpcmetactl.emulator.app import Emulator  # noqa: PLC0415
    from vpcmetactl.emulator.clock import SystemClock  # noqa: PLC0415
    from vpcmetactl.emulator.faults import (  # noqa: PLC0415
        parse_fault,
        parse_latency,
        parse_rate_limit,
    )
    from vpcmetactl.emulator.scenarios import build_world, load_recorded  # noqa: PLC0415
    from vpcmetactl.emulator.vpc.troubles import parse_trouble  # noqa: PLC0415

    try:
        world = build_world(
            options.scenario,
            seed=options.seed,
            clock=SystemClock(),
            restart_rule=options.restart_rule,
        )
        world.vpc.pace = options.pace
        world.vpc.troubles.set([parse_trouble(text) for text in options.troubles])
        world.guest.absence.service_disabled = options.service_disabled
        world.guest.absence.wrong_protocol = options.wrong_protocol
        for path in options.loads:
            load_recorded(world, path.read_bytes(), str(path))
        app = Emulator(
            world,
            faults=[parse_fault(text) for text in options.faults],
            latency=parse_latency(options.latency) if options.latency else 0.0,
            rate_limit=parse_rate_limit(options.rate_limit) if options.rate_limit else None,
        )
    except ValueError as error:
        raise InvalidInputError(str(error)) from None
    except OSError as error:
        raise InvalidInputError(f"--load {error.filename}: {error.strerror}") from None
    return app, world.api_key

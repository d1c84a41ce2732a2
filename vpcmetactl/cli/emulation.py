"""The emulator as the command line starts it, and the environment that points to it."""

import shlex
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from vpcmetactl.domain.errors import ConfigurationError, InvalidInputError

if TYPE_CHECKING:
    from vpcmetactl.emulator.app import Emulator


@dataclass(frozen=True, slots=True, kw_only=True)
class EmulatorOptions:
    """What to serve, and how badly; latency in seconds, rate limit in requests a second."""

    scenario: str = "demo"
    port: int = 0
    seed: int = 0
    loads: Sequence[Path] = ()
    latency: str | None = None
    rate_limit: str | None = None
    faults: Sequence[str] = ()
    restart_rule: Literal["faq", "none"] | None = None
    pace: float = 1.0
    troubles: Sequence[str] = ()


@contextmanager
def running_emulator(options: EmulatorOptions) -> Iterator[Mapping[str, str]]:
    """Serve on loopback until the block ends, and give the environment that points there.

    State and key are the emulator's own, so that nothing of a real account is ever mixed in; the
    state is deleted at the end. Raises InvalidInputError for what cannot be served, and
    ConfigurationError for a port that is taken.
    """
    from vpcmetactl.emulator.server import EmulatorServer  # noqa: PLC0415 - usage errors first

    app, api_key = _build(options)
    try:
        server = EmulatorServer(app, port=options.port)
    except OSError as error:
        raise ConfigurationError(
            f"the emulator cannot listen on 127.0.0.1:{options.port}: {error.strerror}",
            hint="choose another --port; 0 takes any that is free",
        ) from None
    with server, tempfile.TemporaryDirectory(prefix="vpcmetactl-emulator-") as folder:
        server.start()
        yield {
            "VPCMETACTL_VPC_URL": f"{server.url}/vpc/{{region}}/v1",
            "VPCMETACTL_IAM_URL": f"{server.url}/iam",
            "VPCMETACTL_SEARCH_URL": f"{server.url}/search",
            "VPCMETACTL_STATE": str(Path(folder) / "state.sqlite"),
            "IBMCLOUD_API_KEY": api_key,
        }


def export_lines(environment: Mapping[str, str]) -> str:
    """Return the environment as lines for a shell."""
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in environment.items())


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

"""The recordings beside the project, and an emulator that serves them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.program import Ran, run
from vpcmetactl.emulator.app import Emulator
from vpcmetactl.emulator.clock import ManualClock
from vpcmetactl.emulator.scenarios import build_world, load_recorded
from vpcmetactl.emulator.server import EmulatorServer

FOLDER = Path(__file__).parents[2].parent / "shared" / "recordings"

needs_recordings = pytest.mark.skipif(
    not FOLDER.is_dir(), reason="the recordings are not beside the project: ../shared/recordings"
)

Body = dict[str, Any]
_KINDS = {"instances": "instance", "bare_metal_servers": "bare_metal_server"}


@dataclass(frozen=True)
class Recorded:
    """A server as it was recorded."""

    kind: str
    body: Body

    @property
    def region(self) -> str:
        """The region its zone lies in."""
        region: str = self.body["zone"]["name"].rpartition("-")[0]
        return region

    @property
    def service(self) -> Body | None:
        """Its metadata service, where the recording has one."""
        return self.body.get("metadata_service")


def document(name: str) -> Body:
    """Return a recording by its path in the folder."""
    found: Body = json.loads((FOLDER / name).read_bytes())
    return found


def files() -> Sequence[Path]:
    """Every recording with servers in it; empty where there are no recordings."""
    return [path for path in sorted(FOLDER.glob("*/*.json")) if servers_in(path)]


def servers_in(path: Path) -> Sequence[Recorded]:
    """Return every server in a recording, in its order."""
    content = json.loads(path.read_bytes())
    if not isinstance(content, dict):
        return []
    response = (content.get("response") or {}).get("body") or {}
    collections = [content, response, *(content.get("responses") or {}).values()]
    found = [
        Recorded(kind, body)
        for collection in collections
        for array, kind in _KINDS.items()
        for body in (collection or {}).get(array) or []
    ]
    if response.get("resource_type") == "instance":
        found.append(Recorded("instance", response))
    return found


@dataclass(frozen=True)
class RecordedCloud:
    """An emulator that serves recorded servers and no others."""

    environ: Mapping[str, str]

    def run(self, *words: str) -> Ran:
        """Run a command whose result is JSON."""
        return run([*words, "-o", "json"], self.environ)

    def print(self, output: str, *words: str) -> Ran:
        """Run a command whose result is in this format."""
        return run([*words, "-o", output], self.environ)


@contextmanager
def serving(paths: Sequence[Path], state: Path) -> Iterator[RecordedCloud]:
    """Serve recordings; what is remembered of them goes into a file in ``state``."""
    world = build_world("empty", clock=ManualClock())
    for path in paths:
        load_recorded(world, path.read_bytes(), path.name)
    with EmulatorServer(Emulator(world)) as server:
        yield RecordedCloud(
            {
                "VPCMETACTL_VPC_URL": f"{server.url}/vpc/{{region}}/v1",
                "VPCMETACTL_IAM_URL": f"{server.url}/iam",
                "VPCMETACTL_STATE": str(state / "state.sqlite"),
                "IBMCLOUD_API_KEY": world.api_key,
            }
        )

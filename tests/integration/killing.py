"""Rounds of ``kill -9``: a fleet, an apply of 60 changes that is killed, and what must hold after.

One round is one apply in a process of its own, killed at a random moment; the rest of it runs in
this process. Rounds may be spread over processes, not over threads.
"""

import random
import signal
import sqlite3
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from tests.integration.cloud import EmulatedCloud, finish, wait_until
from vpcmetactl.emulator.app import Emulator
from vpcmetactl.emulator.fleet import HTTP, HTTPS, OFF, Fleet, hops
from vpcmetactl.emulator.server import EmulatorServer
from vpcmetactl.emulator.vpc.resources import MetadataService
from vpcmetactl.emulator.world import World

CHANGES = 60
WISH = ("metadata", "enable", "--all", "--protocol", "https")
APPLY = ("--yes", "--canary", "2", "--max-workers", "4")
SETTLED = ("applied", "already_done")
# The emulator does a change at once and answers after this: a kill finds every stage of a change.
LATENCY = 0.004
EARLY = 0.1


@dataclass(frozen=True)
class Killed:
    """What one round found: how far the apply had come, and how much was left to settle.

    ``sent`` changes had reached the API, ``journaled`` of them were known to be made, ``open``
    ones were intended with nothing known since. ``began`` says whether there was a run at all.
    ``late`` changes were still on their way when resuming looked, and were sent once more.
    """

    began: bool
    ended: bool
    sent: int
    journaled: int
    open: int
    late: int = 0


def populate(world: World) -> None:
    """Add 60 servers that enabling with https changes, of both kinds, and ten that it does not."""
    fleet = Fleet(world)
    vpc = fleet.vpc("us-south", "prod")
    for number in range(30):
        fleet.instance(vpc, f"web-{number:02}", OFF)
    for number in range(15):
        fleet.instance(vpc, f"old-{number:02}", hops(HTTP, 3))
    for number in range(15):
        fleet.bare_metal_server(vpc, f"metal-{number:02}", OFF)
    for number in range(10):
        fleet.instance(vpc, f"good-{number:02}", HTTPS)


@contextmanager
def gallows(folder: Path) -> Iterator["Gallows"]:
    """Serve the fleet, and save the plan of the 60 changes."""
    world = World()
    world.populate(populate)
    emulator = Emulator(world)
    with EmulatorServer(emulator) as server:
        cloud = EmulatedCloud(emulator, server.url, folder / "state" / "state.sqlite")
        plan = folder / "plan.json"
        assert cloud.run(*WISH, "--plan-out", str(plan)).exit_code == 0
        emulator.latency = LATENCY
        yield Gallows(cloud, plan)


@dataclass(frozen=True)
class Gallows:
    """A fleet that is put back before each round, and a plan for it."""

    cloud: EmulatedCloud
    plan: Path

    def round(self, dice: random.Random, longest: float) -> Killed:
        """Apply, kill at a random moment of ``longest`` seconds, resume, and check everything."""
        self._prepare()
        wanted = self._wanted()
        self._apply_and_kill(dice, longest)
        found = self._look()
        made = self._made() if found.began else set()
        sent_before = self._patches()
        self._go_on(began=found.began)
        self._check_fleet(wanted)
        late = self._check_requests(made, sent_before)
        self._check_journal()
        return replace(found, late=late)

    def seconds(self) -> float:
        """Return how long the whole apply takes from its first read on."""
        self._prepare()
        process = self.cloud.start("plan", "apply", str(self.plan), *APPLY, "-q")
        wait_until(lambda: "get_bare_metal_server" in self.cloud.asked)
        ran = finish(process)
        assert ran.exit_code == 0
        return ran.seconds

    def _prepare(self) -> None:
        self.cloud.emulator.reset()
        for path in self.cloud.state.parent.glob("*"):
            path.unlink()

    def _wanted(self) -> dict[str, MetadataService]:
        return {
            name: MetadataService(
                enabled=True, protocol="https", response_hop_limit=service.response_hop_limit
            )
            for name, service in self._services().items()
        }

    def _services(self) -> dict[str, MetadataService]:
        found = {}
        for server in self.cloud.emulator.world.servers():
            service = server.metadata_service
            assert isinstance(service, MetadataService)
            found[str(server.name)] = service
        return found

    def _apply_and_kill(self, dice: random.Random, longest: float) -> None:
        """Kill at a moment between the first read and the end; one time in ten, as it starts."""
        sign = "create_token" if dice.random() < EARLY else "get_bare_metal_server"
        after = dice.uniform(0, longest)
        process = self.cloud.start("plan", "apply", str(self.plan), *APPLY, "-q")
        wait_until(lambda: sign in self.cloud.asked or process.poll() is not None, 30)
        with suppress(subprocess.TimeoutExpired):
            process.wait(after)
        process.kill()
        ran = finish(process)
        assert ran.exit_code in (-signal.SIGKILL, 0), ran.stderr

    def _look(self) -> Killed:
        """Open the state as it was left, before anything else touches it."""
        sent = self._patches().total()
        if not self.cloud.state.exists():
            return Killed(began=False, ended=False, sent=sent, journaled=0, open=0)
        assert self._rows("PRAGMA integrity_check") == [("ok",)]
        if not self._rows("SELECT 1 FROM sqlite_master WHERE name = 'runs'"):
            return Killed(began=False, ended=False, sent=sent, journaled=0, open=0)
        runs = self._rows("SELECT finished_at FROM runs")
        # What was sent was intended, and what was intended is of a run.
        assert len(runs) <= 1
        assert runs or sent == 0
        outcomes = Counter(outcome for (outcome,) in self._rows("SELECT outcome FROM changes"))
        assert sent <= outcomes.total()
        return Killed(
            began=bool(runs),
            ended=bool(runs) and runs[0][0] is not None,
            sent=sent,
            journaled=outcomes["applied"],
            open=outcomes[None],
        )

    def _made(self) -> set[str]:
        """Return the ids of the servers whose change is journaled as made."""
        rows = self._rows("SELECT server_id FROM changes WHERE outcome = 'applied'")
        return {str(server_id) for (server_id,) in rows}

    def _patches(self, *statuses: int) -> Counter[str]:
        """Count the changes that reached the API, or were answered so, by the server's id."""
        return Counter(
            request.path.rpartition("/")[2]
            for request in self.cloud.emulator.requests
            if request.method == "PATCH" and (not statuses or request.status in statuses)
        )

    def _go_on(self, *, began: bool) -> None:
        if not began:
            assert self.cloud.run("plan", "apply", str(self.plan), *APPLY).exit_code == 0
            return
        listed = self.cloud.run("runs", "list", "-o", "ids")
        (run_id,) = listed.stdout.split()
        resumed = self.cloud.run("runs", "resume", run_id, "--max-workers", "4")
        assert resumed.exit_code == 0, resumed.stdout + resumed.stderr

    def _check_fleet(self, wanted: dict[str, MetadataService]) -> None:
        assert self._services() == wanted

    def _check_requests(self, made: set[str], before: Counter[str]) -> int:
        """Nothing that was journaled as made is sent again; return what else was sent twice.

        A request of the killed process may arrive after resuming has looked, from where nobody
        can call it back. Where the API knows versions, only one of the two takes effect.
        """
        after = self._patches()
        again = {server_id for server_id in made if after[server_id] != before[server_id]}
        assert again == set(), f"sent again after it was journaled: {again}"
        assert len(after) == CHANGES, f"{len(after)} servers were changed"
        assert max(after.values()) <= 2, f"sent more than twice: {after.most_common(1)}"
        effective = self._patches(200)
        twice = [server_id for server_id, count in effective.items() if count > 1]
        instances = [server_id for server_id in twice if "_" in server_id]
        assert instances == [], f"took effect twice: {instances}"
        return sum(count > 1 for count in after.values())

    def _check_journal(self) -> None:
        """Every change has come to its end in the one run, and the last word is that it is made."""
        assert self._rows("PRAGMA integrity_check") == [("ok",)]
        assert self._rows("SELECT count(*) FROM runs WHERE finished_at IS NOT NULL") == [(1,)]
        assert self._rows("SELECT count(*) FROM runs") == [(1,)]
        last = "SELECT server_id, outcome FROM changes GROUP BY server_id HAVING id = max(id)"
        outcomes = Counter(outcome for _, outcome in self._rows(last))
        assert outcomes == {"applied": CHANGES}

    def _rows(self, query: str) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(self.cloud.state)) as connection:
            return connection.execute(query).fetchall()

"""The whole state of an emulator: one account's servers, trusted profiles, key and tokens."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from vpcmetactl.emulator.clock import Clock, SystemClock
from vpcmetactl.emulator.iam.resources import Account
from vpcmetactl.emulator.iam.trust import TrustState
from vpcmetactl.emulator.identifiers import Identifiers
from vpcmetactl.emulator.vpc.recorded import RecordedServer
from vpcmetactl.emulator.vpc.regions import Region
from vpcmetactl.emulator.vpc.resources import BareMetalServer, Instance
from vpcmetactl.emulator.vpc.state import VpcState

AnyServer = Instance | BareMetalServer | RecordedServer


class World:
    """Everything a request can read or change, in the states of the services.

    The same seed, scenario and clock give the same world, whatever order it is read in. Reading
    changes nothing. `token_lifetime` is what new tokens live.
    """

    def __init__(
        self,
        *,
        seed: int = 0,
        clock: Clock | None = None,
        scenario: str = "",
    ) -> None:
        self.seed = seed
        self.scenario = scenario
        self.clock: Clock = SystemClock() if clock is None else clock
        self.ids = Identifiers(seed)
        self.iam = Account(self.ids, self.clock)
        self.trust = TrustState(self.ids, self.clock, self.iam)
        self.vpc = VpcState(self.clock, self.iam)
        self.created_at = self.clock.now()
        self._populations: list[Callable[[World], None]] = []

    @property
    def account_id(self) -> str:
        """The account everything belongs to: 32 hexadecimal digits."""
        return self.iam.account_id

    @property
    def api_key(self) -> str:
        """The API key IAM gives tokens for."""
        return self.iam.api_key

    @property
    def token_lifetime(self) -> timedelta:
        """How long new tokens live."""
        return self.iam.token_lifetime

    @token_lifetime.setter
    def token_lifetime(self, lifetime: timedelta) -> None:
        self.iam.token_lifetime = lifetime

    @property
    def regions(self) -> dict[str, Region]:
        """The regions by name."""
        return self.vpc.regions

    def populate(self, population: Callable[["World"], None]) -> None:
        """Run something that adds resources, and run it again after every reset."""
        with self.vpc.lock:
            population(self)
            self._populations.append(population)

    def reset(self) -> None:
        """Go back to what the scenario and the loaded files describe. Tokens end, too."""
        with self.vpc.lock:
            self.iam.clear()
            self.trust.clear()
            self.vpc.clear()
            for population in self._populations:
                population(self)

    def expire_tokens(self) -> int:
        """Expire every token issued so far, and return how many that were."""
        return self.iam.expire_tokens()

    def now(self) -> datetime:
        """Return the present moment of this world."""
        return self.clock.now()

    def servers(self) -> Iterator[AnyServer]:
        """Go through all servers: region by region, instances before bare metal."""
        for region in self.regions.values():
            yield from region.instances
            yield from region.bare_metal_servers

    def find_servers(self, name: str) -> list[AnyServer]:
        """Return the servers with this exact name, in all regions."""
        return [server for server in self.servers() if server.name == name]

    def change_metadata_service(self, server: AnyServer, **parts: bool | str | int) -> None:
        """Change parts of a server's metadata service as someone else would, past every check."""
        with self.vpc.lock:
            if isinstance(server, RecordedServer):
                server.change({"metadata_service": parts})
            else:
                server.change_metadata_service(parts, self.now())

    def delete(self, server: AnyServer) -> None:
        """Take a server away as someone else would. The platform removes its links."""
        with self.vpc.lock:
            self.trust.unlink(server.crn)
            for region in self.regions.values():
                region.instances.discard(server.id)
                region.bare_metal_servers.discard(server.id)

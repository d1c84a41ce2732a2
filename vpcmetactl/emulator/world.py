"""The whole state of an emulator: one account's servers, trusted profiles, key and tokens."""

from collections.abc import Callable, Iterator
from contextlib import nullcontext, suppress
from datetime import datetime, timedelta

from vpcmetactl.emulator.clock import Clock, SystemClock
from vpcmetactl.emulator.guest.state import GuestState
from vpcmetactl.emulator.iam.resources import Account
from vpcmetactl.emulator.iam.trust import TrustState
from vpcmetactl.emulator.identifiers import Identifiers
from vpcmetactl.emulator.search.state import SearchState
from vpcmetactl.emulator.vpc.activity import SOMEBODY, AnyServer
from vpcmetactl.emulator.vpc.deeds import act, actions_of, delete, update
from vpcmetactl.emulator.vpc.errors import VpcRefusal
from vpcmetactl.emulator.vpc.regions import Region
from vpcmetactl.emulator.vpc.resources import Instance, RestartRule
from vpcmetactl.emulator.vpc.schedule import Deed
from vpcmetactl.emulator.vpc.state import VpcState


class World:
    """Everything a request can read or change, in the states of the services.

    The same seed, scenario and clock give the same world, whatever order it is read in. Reading
    changes nothing. `token_lifetime` is what new tokens live, `restart_rule` which of IBM's two
    readings holds for servers.
    """

    def __init__(
        self,
        *,
        seed: int = 0,
        clock: Clock | None = None,
        scenario: str = "",
        restart_rule: RestartRule = "faq",
    ) -> None:
        self.seed = seed
        self.scenario = scenario
        self.clock: Clock = SystemClock() if clock is None else clock
        self.ids = Identifiers(seed)
        self.iam = Account(self.ids, self.clock)
        self.trust = TrustState(self.ids, self.clock, self.iam)
        self.vpc = VpcState(self.clock, self.iam, seed=seed)
        self.vpc.restart_rule = restart_rule
        self.search = SearchState(self.vpc)
        self.guest = GuestState(self.ids, self.vpc, self.trust)
        self.iam.compute_resources = self.guest
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
        """The regions by name, as they are now."""
        self.vpc.catch_up()
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
            self.search.clear()
            self.guest.clear()
            for population in self._populations:
                population(self)

    def expire_tokens(self) -> int:
        """Expire every token issued so far, and return how many that were."""
        return self.iam.expire_tokens() + self.guest.tokens.clear()

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

    @property
    def restart_rule(self) -> RestartRule:
        """Which of IBM's two readings holds: "faq", or "none" where nothing needs a restart."""
        return self.vpc.restart_rule

    @restart_rule.setter
    def restart_rule(self, rule: RestartRule) -> None:
        self.vpc.restart_rule = rule

    def needs_restart(self, server: AnyServer) -> bool:
        """Tell the hidden truth about a server now.

        There is no rule for bare metal, and no knowing it of servers loaded from a file: False.
        """
        if not isinstance(server, Instance):
            return False
        self.vpc.catch_up()
        return server.needs_restart(self.now(), self.restart_rule)

    def change_metadata_service(
        self, server: AnyServer, *, after: float = 0, **parts: bool | str | int
    ) -> None:
        """Change parts of a server's metadata service as someone else would, past every check.

        `after` so many seconds, here as in what follows.
        """
        self._do(lambda at: update(self.vpc, server, parts, SOMEBODY, at), after)

    def act(self, server: AnyServer, action: str, *, force: bool = False, after: float = 0) -> None:
        """Start, stop or restart a server as someone else would.

        ValueError if a server of its kind has no such action, a VpcRefusal if its status does not
        take it. What is refused later only leaves an event.
        """
        if action not in (known := actions_of(server)):
            raise ValueError(
                f"{action!r} is no action of this server; there are {', '.join(known)}"
            )

        def deed(at: datetime) -> None:
            with suppress(VpcRefusal) if after else nullcontext():
                act(self.vpc, server, action, SOMEBODY, at, force=force)

        self._do(deed, after)

    def tag(self, server: AnyServer, *tags: str, after: float = 0) -> None:
        """Give a server these user tags and no others, as someone else would."""
        self._do(lambda at: self.search.tag(server.crn, *tags, at=at), after)

    def delete(self, server: AnyServer, *, after: float = 0) -> None:
        """Take a server away as someone else would. The platform removes its links."""

        def deed(at: datetime) -> None:
            self.trust.unlink(server.crn)
            self.search.bury(server, at)
            delete(self.vpc, server, SOMEBODY, at)

        self._do(deed, after)

    def _do(self, deed: Deed, after: float) -> None:
        self.vpc.catch_up()
        with self.vpc.lock:
            if after:
                self.vpc.schedule.add(self.now() + timedelta(seconds=after), deed)
            else:
                deed(self.now())

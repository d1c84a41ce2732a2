"""An emulator between which and its askers a rule stands, to break one assumption at a time."""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING, Any

from tests.live.reading import Visit
from tests.live.wire import Wire
from tests.support.clock import ManualClock
from tests.support.gateways import a_connection
from vpcmetactl.emulator.app import Emulator
from vpcmetactl.emulator.clock import ManualClock as EmulatorClock
from vpcmetactl.emulator.faults import parse_fault
from vpcmetactl.emulator.fleet import HTTP, HTTPS, OFF, Fleet
from vpcmetactl.emulator.iam.trusted import Condition
from vpcmetactl.emulator.server import EmulatorServer
from vpcmetactl.emulator.vpc.activity import AnyServer
from vpcmetactl.emulator.world import World
from vpcmetactl.ibmcloud.connection import ApiKey

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


@dataclass
class Reply:
    """An answer on its way, with the request that it is to; a rule may alter it."""

    method: str
    path: str
    query: str
    sent: bytes
    status: int
    headers: dict[str, str]
    body: Any

    def refuse(self, status: int, code: str) -> None:
        """Answer with an error instead."""
        self.status = status
        self.body = {"errors": [{"code": code, "message": "Broken on purpose."}], "trace": "t"}


Rule = Callable[[Reply], None]


@dataclass
class Rules:
    """A WSGI application around another; ``drop_if_match`` lets no condition through."""

    app: "WSGIApplication"
    rule: Rule | None = None
    drop_if_match: bool = False
    # Tokens that a rule gave, by what it gave them for.
    tokens: dict[str, str] = field(default_factory=dict)

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """Ask the application, and let the rule alter what it answers."""
        if self.rule is None:
            return self.app(environ, start_response)
        sent = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ = {**environ, "wsgi.input": BytesIO(sent)}
        if self.drop_if_match:
            environ.pop("HTTP_IF_MATCH", None)
        given = environ.get("HTTP_AUTHORIZATION", "").removeprefix("Bearer ")
        if given in self.tokens:
            environ["HTTP_AUTHORIZATION"] = f"Bearer {self.tokens[given]}"
        held: list[Any] = []

        def start(status: str, headers: list[tuple[str, str]], _: object = None) -> None:
            held.extend((int(status.split(maxsplit=1)[0]), dict(headers)))

        content = b"".join(self.app(environ, start))  # type: ignore[arg-type] # it never writes
        reply = Reply(
            environ["REQUEST_METHOD"],
            environ["PATH_INFO"],
            environ["QUERY_STRING"],
            sent,
            held[0],
            held[1],
            json.loads(content) if content else None,
        )
        self.rule(reply)
        answered = b"" if reply.body is None else json.dumps(reply.body).encode()
        reply.headers["Content-Length"] = str(len(answered))
        start_response(f"{reply.status} X", list(reply.headers.items()))
        return [answered]


@dataclass
class Stage:
    """A cloud to be tried: as it is, or with a rule or a fault."""

    world: World
    emulator: Emulator
    rules: Rules
    url: str

    @contextmanager
    def wire(self) -> Iterator[Wire]:
        """Open a wire to it, whose waits take no time."""
        connection = a_connection(self.url, credentials=ApiKey(self.world.api_key))
        wire = Wire(connection, ManualClock())
        try:
            yield wire
        finally:
            wire.close()

    @contextmanager
    def visit(self) -> Iterator[Visit]:
        """Open a visit to the account."""
        with self.wire() as wire:
            yield Visit(wire)

    def broken(self, *, rule: Rule | None = None, fault: str | None = None) -> None:
        """Answer otherwise from now on."""
        self.rules.rule = rule
        self.rules.drop_if_match = False
        self.rules.tokens.clear()
        self.emulator.set_faults([parse_fault(fault)] if fault else [])

    def server(self, name: str) -> AnyServer:
        """Return the one server of this name."""
        [found] = self.world.find_servers(name)
        return found

    def setting(self, name: str, field: str) -> object:
        """Return a setting of a server's metadata service, as it really is."""
        return getattr(self.server(name).metadata_service, field)

    @property
    def environ(self) -> dict[str, str]:
        """What points the program here."""
        return {
            "VPCMETACTL_VPC_URL": f"{self.url}/vpc/{{region}}/v1",
            "VPCMETACTL_IAM_URL": f"{self.url}/iam",
            "VPCMETACTL_SEARCH_URL": f"{self.url}/search",
            "IBMCLOUD_API_KEY": self.world.api_key,
        }


@contextmanager
def stage() -> Iterator[Stage]:
    """Serve an account in which every assumption can be tested."""
    world = World(seed=3, clock=EmulatorClock(), scenario="live")
    world.populate(_populate)
    emulator = Emulator(world)
    rules = Rules(emulator)
    with EmulatorServer(rules) as server:
        yield Stage(world, emulator, rules, server.url)


def _populate(world: World) -> None:
    """Add little: two servers that a profile trusts, three that none does, tags, a template."""
    fleet = Fleet(world)
    prod = fleet.vpc("us-south", "prod", "production")
    fleet.instance_template(prod, "worker", {"enabled": True})
    web = fleet.instance(prod, "web-1", HTTP)
    fleet.instance(prod, "web-2", HTTPS, zone=2)
    fleet.instance(fleet.vpc("eu-de", "prod", "production"), "web-eu-1", HTTPS)
    lonely = fleet.vpc("jp-tok", "lonely", "apart")
    fleet.instance(lonely, "toggle-1", HTTP, tags=("env:canary-tag", "owner:canary-owner"))
    fleet.instance(lonely, "toggle-off", OFF, tags=("env:canary-tag",))
    fleet.bare_metal_server(lonely, "toggle-metal", HTTP)
    linked = world.trust.add_profile("linked-profile", "Linked to web-1, and its default")
    fleet.default_profile(web, linked)
    ruled = world.trust.add_profile("ruled-profile", "Whatever is in the production VPC")
    world.trust.add_rule(ruled, Condition("vpc_id", "EQUALS", json.dumps(prod.id)))

"""What the services in a server read: the server itself, the clock, trusted profiles, tokens."""

from datetime import datetime

from vpcmetactl.emulator.clock import Clock
from vpcmetactl.emulator.guest.errors import refuse
from vpcmetactl.emulator.guest.presence import Absence
from vpcmetactl.emulator.guest.tokens import TokenIssuer
from vpcmetactl.emulator.iam.resources import Account
from vpcmetactl.emulator.iam.trust import TrustState
from vpcmetactl.emulator.identifiers import Identifiers
from vpcmetactl.emulator.routing import Call
from vpcmetactl.emulator.vpc.activity import AnyServer
from vpcmetactl.emulator.vpc.recorded import RecordedServer
from vpcmetactl.emulator.vpc.regions import DefaultTrustedProfile
from vpcmetactl.emulator.vpc.resources import BareMetalServer, Instance
from vpcmetactl.emulator.vpc.state import VpcState

Server = Instance | BareMetalServer
"""A server of which enough is known; of one that was loaded from a file it is not."""


class GuestState:
    """One account's servers as they see themselves. It holds nothing but the tokens they have.

    `absence` is a setting: it outlives `clear`.
    """

    def __init__(self, ids: Identifiers, vpc: VpcState, trust: TrustState) -> None:
        self.ids = ids
        self.vpc = vpc
        self.trust = trust
        self.tokens = TokenIssuer(ids, vpc.clock)
        self.absence = Absence()

    @property
    def account(self) -> Account:
        """The account everything belongs to, which issues IAM tokens."""
        return self.vpc.account

    @property
    def clock(self) -> Clock:
        """What tells the time."""
        return self.vpc.clock

    def now(self) -> datetime:
        """Return the present moment."""
        return self.clock.now()

    def clear(self) -> None:
        """Forget every identity token."""
        self.tokens.clear()

    def find_server(self, server_id: str) -> AnyServer | None:
        """Return the server of this id, in whatever region it is; None if there is none."""
        for region in self.vpc.regions.values():
            found = region.instances.get(server_id) or region.bare_metal_servers.get(server_id)
            if found is not None:
                return found
        return None

    def default_profile(self, server: Server) -> DefaultTrustedProfile | None:
        """Return the default trusted profile that a server was given when it was made."""
        return self.vpc.regions[server.zone.region].default_profiles.get(server.id)


GuestCall = Call[GuestState]


def server_of(call: GuestCall) -> Server:
    """Return the server whose address the path begins with.

    A refusal if there is none, and for one that was loaded from a file.
    """
    server = call.state.find_server(call.arguments["server_id"])
    if server is None:
        message = "The emulator has no server of this id, in any region."
        raise refuse(404, "not_found", message, "server_id", "parameter")
    if isinstance(server, RecordedServer):
        message = "What a server that was loaded from a file sees of itself is not known."
        raise refuse(501, "not_emulated", message)
    return server

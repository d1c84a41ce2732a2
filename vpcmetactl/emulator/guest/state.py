"""What the services in a server read: the server itself, the clock, trusted profiles, tokens."""

from datetime import datetime

from vpcmetactl.emulator.clock import Clock
from vpcmetactl.emulator.guest.authority import Authority
from vpcmetactl.emulator.guest.errors import refuse
from vpcmetactl.emulator.guest.linked import may_become
from vpcmetactl.emulator.guest.presence import Absence
from vpcmetactl.emulator.guest.tokens import TokenIssuer
from vpcmetactl.emulator.iam.resources import AccessToken, Account, CannotBecomeError
from vpcmetactl.emulator.iam.trust import TrustState
from vpcmetactl.emulator.iam.trusted import TrustedProfile
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
    """One account's servers as they see themselves. It keeps the tokens and certificates they got.

    `authority` is the same for a seed, and for as long as the state is. `absence` is a setting: it
    outlives `clear`.
    """

    def __init__(self, ids: Identifiers, vpc: VpcState, trust: TrustState) -> None:
        self.ids = ids
        self.vpc = vpc
        self.trust = trust
        self.tokens = TokenIssuer(ids, vpc.clock)
        self.absence = Absence()
        self.authority = Authority(ids)

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
        """Forget every identity token, and begin the certificates anew."""
        self.tokens.clear()
        self.authority.clear()

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

    def find_profile(self, kind: str, value: str) -> TrustedProfile | None:
        """Return the trusted profile of this id, CRN or name; `kind` says which of them."""
        with self.trust.lock:
            profiles = self.trust.profiles.values()
            return next((item for item in profiles if getattr(item, kind) == value), None)

    def iam_token(self, server: Server, profile: TrustedProfile) -> AccessToken:
        """Return an IAM token of a profile; CannotBecomeError unless it trusts the server."""
        with self.trust.lock:
            if not may_become(profile, server):
                message = f"The trusted profile {profile.name} is not linked to the server."
                raise CannotBecomeError(message)
            profile.authenticated(self.now())
        return self.account.issue_token(profile)

    def become(self, cr_token: str, kind: str, profile: str) -> AccessToken:
        """Return an IAM token for an identity token: what IAM itself is asked for.

        Raises CannotBecomeError, also where the token is none of these servers'.
        """
        token = self.tokens.find(cr_token)
        server = self.find_server(token.server_id) if token else None
        if token is None or server is None or isinstance(server, RecordedServer):
            raise CannotBecomeError("The CR token is not the identity token of any server.")
        if token.expires_at <= self.now():
            raise CannotBecomeError("The CR token has expired.")
        wanted = self.find_profile(kind, profile)
        if wanted is None:
            raise CannotBecomeError(f"The account has no trusted profile of the {kind} {profile}.")
        return self.iam_token(server, wanted)


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

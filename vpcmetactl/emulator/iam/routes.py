"""Which IAM operations there are."""

from vpcmetactl.emulator.iam.handlers import create_token, fallback, guard, refusal_for
from vpcmetactl.emulator.iam.resources import Account
from vpcmetactl.emulator.routing import Route, Service

ROUTES: tuple[Route[Account], ...] = (
    Route(
        "create_token",
        "POST",
        "/identity/token",
        create_token,
        "For API keys, and for identity tokens of servers as `cr_token`. Signed with HS256 and a "
        "seeded key, where IAM signs with RS256; no refresh tokens.",
    ),
)

PREFIX = "/iam"


def service(account: Account) -> Service[Account]:
    """Make the IAM service of one account."""
    return Service(
        name="iam",
        prefix=PREFIX,
        state=account,
        routes=ROUTES,
        guard=guard,
        refusal=refusal_for,
        fallback=fallback,
    )

"""A plan that was put aside to be reviewed, and applied later or elsewhere."""

from dataclasses import dataclass
from datetime import datetime

from vpcmetactl.domain.applying import ApplyOptions
from vpcmetactl.domain.errors import RefusedError
from vpcmetactl.domain.plans import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedPlan:
    """A plan with where, when and from what it was made.

    ``selection`` holds the words by which the servers were chosen. ``incomplete`` names the
    regions that could not be read when it was made. ``digest`` is the SHA-256, in hexadecimal, of
    the file's content without the digest itself. ``inverse_of`` is the digest of the plan, or the
    id of the run, that this one takes back.
    """

    plan: Plan
    account_id: str
    vpc_endpoint: str
    iam_host: str
    selection: tuple[str, ...]
    created_at: datetime
    expires_at: datetime
    tool_version: str
    options: ApplyOptions
    incomplete: tuple[str, ...] = ()
    inverse_of: str | None = None
    digest: str = ""

    def guard(self, *, account_id: str, vpc_endpoint: str, iam_host: str, now: datetime) -> None:
        """Raise RefusedError where the plan is stale, or was made for another place."""
        if now >= self.expires_at:
            raise RefusedError(
                f"the plan expired at {self.expires_at:%Y-%m-%d %H:%M} UTC",
                hint="nothing was changed; make it anew: what it was made from may have changed",
            )
        if account_id != self.account_id:
            raise RefusedError(
                f"the plan is for account {self.account_id}, the credentials belong to "
                f"{account_id or '(not told)'}",
                hint="nothing was changed; use credentials of the plan's account",
            )
        if (vpc_endpoint, iam_host) != (self.vpc_endpoint, self.iam_host):
            raise RefusedError(
                f"the plan is for {self.vpc_endpoint} with IAM {self.iam_host}, "
                f"not for {vpc_endpoint} with IAM {iam_host}",
                hint="nothing was changed; point the program to the plan's endpoints",
            )

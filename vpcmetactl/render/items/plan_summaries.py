"""What is said of a whole plan, and of a whole apply, as JSON shows it."""

from typing import Annotated

from vpcmetactl.domain import applying, saved_plans
from vpcmetactl.domain.plans import Action, MetadataServicePatch, Plan, SkipReason
from vpcmetactl.render.documents import Trailer
from vpcmetactl.render.items.base import Moment, Shape, about


class Wish(Shape, frozen=True):
    """The fields that were asked for; `null` leaves a field as it is."""

    enabled: Annotated[bool | None, about("Whether the service shall be enabled.")]
    protocol: Annotated[str | None, about("The protocol it shall speak.")]
    response_hop_limit: Annotated[int | None, about("The response hop limit it shall have.")]


class ApplyOptions(Shape, frozen=True):
    """How a plan is to be applied, unless the command that applies it says otherwise."""

    canary: Annotated[
        int, about("How many changes come first; then twice as many, and so on. 0: all at once.")
    ]
    max_workers: Annotated[int, about("How many changes are under way at a time.")]
    max_failures: Annotated[
        str, about("How many changes may fail, such as `5` or `5%`, before no more are started.")
    ]
    max_targets: Annotated[int | None, about("A plan of more changes is refused.")]
    expect_count: Annotated[int | None, about("A plan of another number of changes is refused.")]
    soak: Annotated[float, about("How many seconds pass between waves.")]


class SavedPlan(Shape, frozen=True):
    """Where, when and from what a plan was made that is kept in a file."""

    digest: Annotated[str, about("The SHA-256 of the file's content, in hexadecimal.")]
    account_id: Annotated[str, about("The account it is for.")]
    vpc_endpoint: Annotated[str, about("The VPC API it is for, `{region}` standing in it.")]
    iam_host: Annotated[str, about("The IAM it is for.")]
    selection: Annotated[list[str], about("The words by which the servers were chosen.")]
    created_at: Annotated[Moment, about("When it was made.")]
    expires_at: Annotated[Moment, about("From when on it is refused.")]
    tool_version: Annotated[str, about("The version of vpcmetactl that made it.")]
    options: Annotated[ApplyOptions, about("How it is to be applied.")]
    incomplete: Annotated[
        list[str], about("Regions that could not be read: their servers may be missing.")
    ]
    inverse_of: Annotated[
        str | None, about("The digest of the plan, or the id of the run, that it takes back.")
    ]


class PlanSummary(Shape, frozen=True):
    """What was asked for, and counts over all servers, shown or not."""

    action: Annotated[Action | None, about("The command the plan is for.")]
    wish: Annotated[
        Wish | None, about("What was asked for; nothing but `null` where the plan restores.")
    ]
    total: Annotated[int, about("How many items there are: servers, or links of servers.")]
    change: Annotated[int, about("Servers that would be changed.")]
    already_so: Annotated[int, about("Servers that are so already.")]
    skip: Annotated[int, about("Servers that cannot have it and are left out.")]
    refuse: Annotated[int, about("Servers that are left out though that leaves a wish unmet.")]
    by_reason: Annotated[
        dict[SkipReason, int],
        about("Servers that would not be changed, by reason; one that none has is left out."),
    ]
    saved: Annotated[SavedPlan | None, about("What more is known of a plan that is in a file.")]


class OutcomesSummary(Shape, frozen=True):
    """What was asked for, and counts over all servers, shown or not."""

    action: Annotated[Action | None, about("The command that was applied.")]
    wish: Annotated[
        Wish | None, about("What was asked for; nothing but `null` where the plan restores.")
    ]
    run_id: Annotated[str | None, about("The run's id in the journal.")]
    plan_digest: Annotated[str | None, about("The digest of the plan, where it is from a file.")]
    total: Annotated[int, about("How many items there are: servers, or links of servers.")]
    applied: Annotated[int, about("Servers that were changed, and read back.")]
    already_so: Annotated[int, about("Servers that were so already.")]
    skipped: Annotated[int, about("Servers that cannot have it and were left out.")]
    refused: Annotated[int, about("Servers that were refused, or had changed since the plan.")]
    failed: Annotated[int, about("Servers whose change failed.")]
    unknown: Annotated[int, about("Servers of which it is not known whether they changed.")]
    not_attempted: Annotated[int, about("Servers that were not come to.")]

    @property
    def unsettled(self) -> int:
        """How many changes there are that resuming would go on with."""
        return self.failed + self.unknown + self.not_attempted


def wish_item(patch: MetadataServicePatch) -> Wish:
    """Return what was asked for, as JSON shows it."""
    protocol = patch.protocol.value if patch.protocol else None
    return Wish(patch.enabled, protocol, patch.response_hop_limit)


def asked(trailer: Trailer) -> tuple[Action | None, Wish | None]:
    """Return what a document's plan is for."""
    whole = trailer.whole
    plan = whole.plan if isinstance(whole, saved_plans.SavedPlan) else whole
    return (plan.action, wish_item(plan.patch)) if isinstance(plan, Plan) else (None, None)


def saved_plan(trailer: Trailer) -> SavedPlan | None:
    """Return what is known of a document's plan that is in a file, as JSON shows it."""
    plan = trailer.whole
    if not isinstance(plan, saved_plans.SavedPlan):
        return None
    return SavedPlan(
        digest=plan.digest,
        account_id=plan.account_id,
        vpc_endpoint=plan.vpc_endpoint,
        iam_host=plan.iam_host,
        selection=list(plan.selection),
        created_at=plan.created_at,
        expires_at=plan.expires_at,
        tool_version=plan.tool_version,
        options=_options(plan.options),
        incomplete=list(plan.incomplete),
        inverse_of=plan.inverse_of,
    )


def _options(options: applying.ApplyOptions) -> ApplyOptions:
    return ApplyOptions(
        canary=options.canary,
        max_workers=options.max_workers,
        max_failures=str(options.max_failures),
        max_targets=options.max_targets,
        expect_count=options.expect_count,
        soak=options.soak,
    )

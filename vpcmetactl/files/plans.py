"""Plan files: a plan put aside, to be reviewed in a pull request and applied later or elsewhere."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from vpcmetactl.domain.applying import ApplyOptions, FailureBudget
from vpcmetactl.domain.errors import InvalidInputError
from vpcmetactl.domain.plans import Action, Plan
from vpcmetactl.domain.saved_plans import SavedPlan
from vpcmetactl.files import items
from vpcmetactl.files.sealing import NO_DIGEST, FileFormat, Sealed, encodable
from vpcmetactl.files.servers import ContradictionError
from vpcmetactl.files.shapes import (
    ChangeShape,
    Count,
    Digest,
    LinkShape,
    Moment,
    Patch,
    RestartShape,
    Shape,
    SkipShape,
    Word,
    about,
)
from vpcmetactl.files.storage import read_bytes, write_whole

_MOST_FAILURES = 10**15 - 1
_MOST_WORKERS = 256
_LONGEST_SOAK = 86_400.0

Budget = Annotated[
    str,
    msgspec.Meta(pattern=r"^([0-9]{1,15}|[0-9]{1,3}(\.[0-9]{1,20})?(e-[0-9]{1,3})?%)$(?!\n)"),
]


class Options(Shape, frozen=True):
    """How the plan is to be applied, unless the command that applies it says otherwise."""

    canary: Annotated[Count, about("How many changes come first; 0 makes one wave of all.")]
    max_workers: Annotated[
        Annotated[int, msgspec.Meta(ge=1, le=_MOST_WORKERS)],
        about("How many changes are under way at a time."),
    ]
    max_failures: Annotated[
        Budget, about("How many changes may fail, `5`, or what share of them, `5%`.")
    ]
    max_targets: Annotated[
        Count | None, about("More changes than this are refused; `null`: no bound.")
    ]
    expect_count: Annotated[
        Count | None, about("Another number of changes is refused; `null`: any is fine.")
    ]
    soak: Annotated[
        Annotated[float, msgspec.Meta(ge=0, le=_LONGEST_SOAK)],
        about("Seconds between two waves."),
    ]


class PlanFile(Sealed, frozen=True):
    """A plan that was put aside to be reviewed and applied later."""

    format: Annotated[Literal["vpcmetactl-plan"], about("What the file is.")]
    format_version: Annotated[
        Literal[1, 2], about("The version of this format; restarts and links are of version 2.")
    ]
    digest: Annotated[
        Digest, about("SHA-256 of the file without indentation and without this member.")
    ]
    tool_version: Annotated[Word, about("The vpcmetactl that made the plan.")]
    account_id: Annotated[Word, about("The account that the plan is for.")]
    vpc_endpoint: Annotated[Word, about("The VPC API that the plan is for.")]
    iam_host: Annotated[Word, about("The IAM that the plan is for.")]
    action: Annotated[Action, about("What the plan is for.")]
    patch: Annotated[
        Patch,
        about("What was asked for; nothing for restarts and links, and to restore."),
    ]
    selection: Annotated[tuple[str, ...], about("The words by which the servers were chosen.")]
    created_at: Annotated[Moment, about("When the plan was made.")]
    expires_at: Annotated[Moment, about("From when on it is not applied any more.")]
    incomplete: Annotated[
        tuple[str, ...], about("The regions that could not be read when it was made.")
    ]
    options: Annotated[Options, about("How it is to be applied.")]
    inverse_of: Annotated[
        Word | None, about("The digest of the plan, or the id of the run, that it takes back.")
    ]
    items: Annotated[
        tuple[ChangeShape | RestartShape | LinkShape | SkipShape, ...],
        about("One item a server, or a link of a server, in the plan's order."),
    ]


PLAN_FILE = FileFormat(
    "vpcmetactl-plan", "plan file", PlanFile, "make the plan anew with --plan-out"
)


def encode_plan(plan: SavedPlan) -> tuple[bytes, SavedPlan]:
    """Return the text of the plan's file, and the plan with its digest filled in.

    The same plan gives the same text, indented, with a line break at its end. Raises
    InvalidInputError where ``decode_plan`` could not read it back.
    """
    content, digest = PLAN_FILE.seal(_file_of(plan))
    return content, replace(plan, digest=digest)


def decode_plan(content: bytes, name: str) -> SavedPlan:
    """Return the plan that the file called ``name`` holds.

    Raises InvalidInputError, naming the file and the place, for what is no plan file, of a format
    that is not known, or at odds with itself: whatever is sent is what the file shows. Raises
    RefusedError where it was edited.
    """
    file = PLAN_FILE.open(content, name)
    try:
        return _plan_of(file)
    except (ContradictionError, OverflowError) as error:
        PLAN_FILE.reject(name, str(error))


def read_plan(path: Path) -> SavedPlan:
    """Return the plan in a file; raises as ``decode_plan`` does, and where it cannot be read."""
    return decode_plan(read_bytes(path), str(path))


def write_plan(path: Path, plan: SavedPlan) -> SavedPlan:
    """Write a plan to a file, whole or not at all; return it with its digest.

    Raises OutputError where it cannot be written, and as ``encode_plan`` does.
    """
    content, written = encode_plan(plan)
    write_whole(path, content)
    return written


def _file_of(saved: SavedPlan) -> PlanFile:
    shaped = tuple(items.item_shape(item) for item in saved.plan.items)
    return PlanFile(
        format="vpcmetactl-plan",
        format_version=items.version_of(saved.plan.action, shaped),
        digest=NO_DIGEST,
        tool_version=saved.tool_version,
        account_id=saved.account_id,
        vpc_endpoint=saved.vpc_endpoint,
        iam_host=saved.iam_host,
        action=saved.plan.action,
        patch=items.patch_shape(saved.plan.patch),
        selection=tuple(encodable(word) for word in saved.selection),
        created_at=saved.created_at.astimezone(UTC),
        expires_at=saved.expires_at.astimezone(UTC),
        incomplete=saved.incomplete,
        options=_options_of(saved.options),
        inverse_of=saved.inverse_of,
        items=shaped,
    )


def _plan_of(file: PlanFile) -> SavedPlan:
    created_at, expires_at = _in_order(file.created_at, file.expires_at)
    items.refuse_newer(file.format_version, items.version_of(file.action, file.items))
    patch = items.patch_from(file.action, file.patch)
    planned = items.items_from(file.items, file.action, patch, file.account_id)
    return SavedPlan(
        plan=Plan(file.action, patch, planned),
        account_id=file.account_id,
        vpc_endpoint=file.vpc_endpoint,
        iam_host=file.iam_host,
        selection=file.selection,
        created_at=created_at,
        expires_at=expires_at,
        tool_version=file.tool_version,
        options=_options_from(file.options),
        incomplete=file.incomplete,
        inverse_of=file.inverse_of,
        digest=file.digest.removeprefix("sha256:"),
    )


def _in_order(created_at: datetime, expires_at: datetime) -> tuple[datetime, datetime]:
    created, expires = created_at.astimezone(UTC), expires_at.astimezone(UTC)
    if expires <= created:
        raise ContradictionError("it expires before it was created")
    return created, expires


def _options_of(options: ApplyOptions) -> Options:
    return Options(
        canary=options.canary,
        max_workers=options.max_workers,
        max_failures=str(options.max_failures),
        max_targets=options.max_targets,
        expect_count=options.expect_count,
        soak=options.soak,
    )


def _options_from(options: Options) -> ApplyOptions:
    return ApplyOptions(
        canary=options.canary,
        max_workers=options.max_workers,
        max_failures=_budget_from(options.max_failures),
        max_targets=options.max_targets,
        expect_count=options.expect_count,
        soak=options.soak,
    )


def _budget_from(text: str) -> FailureBudget:
    try:
        return FailureBudget.parse(text)
    except InvalidInputError as error:
        raise ContradictionError(f"options.max_failures: {error}") from None

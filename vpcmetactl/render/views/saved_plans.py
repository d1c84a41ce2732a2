"""Where, when and from what a plan was made that is kept in a file."""

from collections.abc import Sequence
from datetime import datetime

from vpcmetactl.render.documents import Line, Style
from vpcmetactl.render.items.plan_summaries import ApplyOptions, SavedPlan
from vpcmetactl.render.views.words import counted, moment


def saved_plan_lines(plan: SavedPlan, now: datetime) -> Sequence[Line]:
    """Return what a reviewer should know besides the changes."""
    lines = [
        Line(plan.digest, label="Digest", keep=True),
        Line(f"{moment(plan.created_at)}, by vpcmetactl {plan.tool_version}", label="Made"),
        _expiry(plan, now),
    ]
    if plan.selection:
        lines.append(Line(" ".join(plan.selection), label="Selection"))
    if plan.inverse_of is not None:
        lines.append(Line(plan.inverse_of, label="Takes back", keep=True))
    lines += [
        Line(plan.account_id, label="Account", keep=True),
        Line(plan.vpc_endpoint, label="Endpoint", keep=True),
        Line(_options_words(plan.options), label="Applied"),
    ]
    if plan.incomplete:
        regions = ", ".join(plan.incomplete)
        missing = f"{regions} could not be read: servers there may be missing"
        lines.append(Line(missing, label="Incomplete", style=Style.BAD))
    return lines


def _expiry(plan: SavedPlan, now: datetime) -> Line:
    if now < plan.expires_at:
        return Line(moment(plan.expires_at), label="Expires")
    return Line(moment(plan.expires_at), label="Expired", style=Style.BAD)


def _options_words(options: ApplyOptions) -> str:
    first = f"{options.canary} first, then waves that double" if options.canary else "in one wave"
    words = [first, f"{options.max_workers} at a time"]
    if options.soak:
        words.append(f"{options.soak:g} s between waves")
    words.append(f"stopped when more than {options.max_failures} fail")
    if options.max_targets is not None:
        words.append(f"refused for more than {counted(options.max_targets, 'change')}")
    if options.expect_count is not None:
        words.append(f"refused for other than {counted(options.expect_count, 'change')}")
    return "; ".join(words)

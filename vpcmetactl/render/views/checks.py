"""The checks as a list, and one check as a page."""

from collections.abc import Sequence
from dataclasses import replace

from vpcmetactl.domain import checks
from vpcmetactl.render.documents import Column, Document, Fit, Group, Line, Trailer, View
from vpcmetactl.render.items.audits import Check, ChecksSummary, check_item
from vpcmetactl.render.views.words import NONE, counted, severity_style

COLUMNS = (
    Column[Check](key="id", title="CHECK", text=lambda check: check.id),
    Column[Check](
        key="severity",
        title="SEVERITY",
        text=lambda check: check.severity.value,
        style=lambda check: severity_style(check.severity),
    ),
    Column[Check](
        key="title", title="A SERVER FAILS WHERE", text=lambda check: check.title, fit=Fit.WRAP
    ),
    Column[Check](key="parameter", title="PARAMETER", text=lambda check: check.parameter or NONE),
    Column[Check](key="source", title="SOURCE", text=lambda check: check.source, wide_only=True),
)


def _summarize(items: Sequence[Check], _: Trailer) -> ChecksSummary:
    return ChecksSummary(total=len(items))


def _remarks(document: Document[Check]) -> Sequence[Group]:
    total = counted(document.total, "check")
    return [Group([Line(f"{total}; vpcmetactl audit explain CHECK tells more.")])]


def _page(check: Check) -> Sequence[Group]:
    mending = [Line(check.remedy)]
    if check.command is not None:
        mending.append(Line(check.command, keep=True))
    if check.terraform is not None:
        mending.append(Line(check.terraform, label="Terraform", keep=True))
    return [
        Group(
            [Line(check.title)],
            title=f"{check.id} ({check.severity})",
            style=severity_style(check.severity),
        ),
        Group([Line(check.rationale)], title="Why"),
        Group(mending, title="What to do"),
        Group([Line(_judged(check))], title="When it judges"),
        Group([Line(check.source)], title="Source"),
    ]


def _judged(check: Check) -> str:
    if check.about == "waivers":
        return "Where the policy has waivers."
    judges = "Where a rule of the policy is about the server"
    if check.parameter is None:
        return f"{judges}."
    if check.parameter_required:
        return f"{judges}, and gives {check.parameter}."
    return f"{judges}; it may give {check.parameter}."


def _no_remarks(_: Document[Check]) -> Sequence[Group]:
    return ()


CHECKS = View[checks.Check, Check](
    kind="checks",
    to_item=check_item,
    sort_key=lambda check: check.id,
    identity=lambda check: check.id,
    columns=COLUMNS,
    summarize=_summarize,
    remarks=_remarks,
)
CHECK = replace(CHECKS, page=_page, remarks=_no_remarks)

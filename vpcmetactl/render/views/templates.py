"""Instance templates, and what the servers that they make next would be found to be."""

from collections.abc import Callable, Sequence

from vpcmetactl.domain.templates import JudgedTemplate
from vpcmetactl.render.documents import Column, Document, Fit, Group, Line, Style, Trailer, View
from vpcmetactl.render.items.base import MetadataService
from vpcmetactl.render.items.templates import (
    Template,
    TemplateGroup,
    TemplatesSummary,
    template_item,
)
from vpcmetactl.render.views.words import NONE, counted, listed, on_off, severity_style

_BY_DEFAULT = "*"
_LEGEND = f"{_BY_DEFAULT} the template does not say; this is what the platform makes of it."
_NOT_CHANGED = (
    "A template cannot be changed: write the body of another one, create it, and give that to the "
    "groups. The file holds the user data, which may hold secrets."
)
# As many groups or templates as are named before the rest is counted.
_NAMED = 3


def _marked(name: str, words: Callable[[MetadataService], str]) -> Callable[[Template], str]:
    """Return what shows a field of the service as the next server gets it."""

    def show(item: Template) -> str:
        said = item.metadata_service
        is_said = said is not None and getattr(said, name) is not None
        return words(item.effective) + ("" if is_said else _BY_DEFAULT)

    return show


_enabled = _marked("enabled", lambda service: on_off(service.enabled))
_protocol = _marked("protocol", lambda service: service.protocol or NONE)
_hop_limit = _marked("response_hop_limit", lambda service: str(service.response_hop_limit))


def _faint_if_off(item: Template) -> Style | None:
    return None if item.effective.enabled else Style.FAINT


def _group_words(group: TemplateGroup) -> str:
    label = group.name or group.id
    return label if group.membership_count is None else f"{label} ({group.membership_count})"


def _groups(item: Template) -> tuple[str, ...]:
    words = [_group_words(group) for group in item.groups[:_NAMED]]
    more = len(item.groups) - _NAMED
    return (*words, f"{more} more") if more > 0 else tuple(words) or (NONE,)


def _findings(item: Template) -> tuple[str, ...]:
    return tuple(dict.fromkeys(finding.check for finding in item.findings)) or (NONE,)


def _worst(item: Template) -> Style | None:
    return severity_style(item.findings[0].severity) if item.findings else None


COLUMNS = (
    Column[Template](
        key="name", title="TEMPLATE", text=lambda item: item.label, fit=Fit.SHORTEN, least=14
    ),
    Column[Template](key="id", title="ID", text=lambda item: item.id, wide_only=True),
    Column[Template](key="region", title="REGION", text=lambda item: item.region),
    Column[Template](key="effective.enabled", title="METADATA", text=_enabled, style=_faint_if_off),
    Column[Template](
        key="effective.protocol", title="PROTOCOL", text=_protocol, style=_faint_if_off
    ),
    Column[Template](
        key="effective.response_hop_limit", title="HOPS", text=_hop_limit, style=_faint_if_off
    ),
    Column[Template](key="groups", title="GROUPS", text=_groups, fit=Fit.SHORTEN, least=12),
    Column[Template](key="findings", title="FINDINGS", text=_findings, style=_worst),
    Column[Template](
        key="command", title="COMMAND", text=lambda item: item.command or NONE, wide_only=True
    ),
)


def _sort_key(item: Template) -> tuple[object, ...]:
    return (item.account_id or "", item.region, item.name or "", item.id)


def _summarize(items: Sequence[Template], _: Trailer) -> TemplatesSummary:
    return TemplatesSummary(
        total=len(items),
        with_findings=sum(bool(item.findings) for item in items),
        in_use=sum(bool(item.groups) for item in items),
        in_use_with_findings=sum(bool(item.groups and item.findings) for item in items),
        enabled=sum(item.effective.enabled is True for item in items),
    )


def _remarks(document: Document[Template]) -> Sequence[Group]:
    summary: TemplatesSummary = document.summary
    totals = Group([Line(_totals(summary))])
    if not summary.total:
        return [totals]
    is_marked = any(
        _BY_DEFAULT in show(item)
        for item in document.items
        for show in (_enabled, _protocol, _hop_limit)
    )
    legend = [Group([Line(_LEGEND)])] if is_marked else []
    return [*legend, *_explained(document.items), totals, *_replacing(document.items)]


def _explained(items: Sequence[Template]) -> Sequence[Group]:
    """Say of each check that fails what it means and of which templates, gravest first."""
    failed = {finding.check: finding for item in items for finding in item.findings}
    groups = []
    for check, finding in sorted(failed.items(), key=lambda one: (-one[1].severity.rank, one[0])):
        labels = [item.label for item in items if any(one.check == check for one in item.findings)]
        more = len(labels) - _NAMED
        named = ", ".join(labels[:_NAMED]) + (f" and {more} more" if more > 0 else "")
        title = f"{check} ({finding.severity}): {finding.title}"
        style = severity_style(finding.severity)
        groups.append(Group([Line(named, label="Templates")], title=title, style=style))
    return groups


def _replacing(items: Sequence[Template]) -> Sequence[Group]:
    """Say once for each way of mending what to type."""
    commands = dict.fromkeys(
        item.command.replace(item.id, "TEMPLATE") for item in items if item.command
    )
    if not commands:
        return []
    return [Group([Line(_NOT_CHANGED), *(Line(command, keep=True) for command in commands)])]


def _totals(summary: TemplatesSummary) -> str:
    if not summary.total:
        return "No instance templates."
    templates = counted(summary.total, "instance template")
    told = [(summary.in_use, "in use"), (summary.enabled, "with the service enabled")]
    about = listed(told)
    judged = "none would make a server with findings"
    if summary.with_findings:
        judged = (
            f"{summary.with_findings} would make servers with findings, "
            f"{summary.in_use_with_findings} of them in use"
        )
    return f"{templates}{', ' + about if about else ''}: {judged}."


TEMPLATES = View[JudgedTemplate, Template](
    kind="templates",
    account_key="account_id",
    to_item=template_item,
    sort_key=_sort_key,
    identity=lambda item: item.id,
    columns=COLUMNS,
    summarize=_summarize,
    remarks=_remarks,
)

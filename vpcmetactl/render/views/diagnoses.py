"""What ``doctor`` saw: a line for each thing, and what to do about those that are not right."""

from collections import Counter
from collections.abc import Sequence

from vpcmetactl.domain import diagnosis
from vpcmetactl.domain.diagnosis import Health, Layer
from vpcmetactl.render.documents import Column, Document, Fit, Group, Line, Style, Trailer, View
from vpcmetactl.render.items.diagnoses import DiagnosisSummary, Sight, sight_item
from vpcmetactl.render.views.words import NONE, counted

_STYLES = {
    Health.OK: Style.GOOD,
    Health.WARNING: Style.ATTENTION,
    Health.FAILED: Style.BAD,
    Health.SKIPPED: Style.FAINT,
    Health.NOT_TESTED: Style.FAINT,
}
_ORDER = {layer: place for place, layer in enumerate(Layer)}


def _milliseconds(sight: Sight) -> str:
    return NONE if sight.seconds is None else f"{sight.seconds * 1000:,.0f} ms"


COLUMNS = (
    Column[Sight](key="layer", title="LAYER", text=lambda sight: sight.layer.value, wide_only=True),
    Column[Sight](key="name", title="WHAT", text=lambda sight: sight.name, fit=Fit.WRAP),
    Column[Sight](
        key="health",
        title="HEALTH",
        text=lambda sight: sight.health.value.replace("_", " "),
        style=lambda sight: _STYLES[sight.health],
    ),
    Column[Sight](key="seconds", title="TOOK", text=_milliseconds, right=True),
    Column[Sight](key="message", title="SEEN", text=lambda sight: sight.message, fit=Fit.WRAP),
    Column[Sight](
        key="permission",
        title="IAM ACTION",
        text=lambda sight: sight.permission or NONE,
        wide_only=True,
    ),
)


def _summarize(items: Sequence[Sight], _: Trailer) -> DiagnosisSummary:
    counts = Counter(sight.health for sight in items)
    return DiagnosisSummary(total=len(items), **{health.value: counts[health] for health in Health})


def _remarks(document: Document[Sight]) -> Sequence[Group]:
    ill = [sight for sight in document.items if sight.health in (Health.FAILED, Health.WARNING)]
    remedies: dict[str, list[str]] = {}
    for sight in ill:
        if sight.remedy:
            remedies.setdefault(sight.remedy, []).append(sight.name)
    groups = [Group([Line(f"{', '.join(names)}: {remedy}") for remedy, names in remedies.items()])]
    told: DiagnosisSummary = document.summary
    if told.failed:
        words = f"{counted(told.failed, 'thing')} not in order."
    elif told.warning:
        words = f"{counted(told.warning, 'thing')} to look after."
    else:
        words = "Everything that was looked at is in order."
    closing = Group([Line(words)])
    return [Group(groups[0].lines, title="What to do"), closing] if remedies else [closing]


DOCTOR = View[diagnosis.Sight, Sight](
    kind="doctor",
    to_item=sight_item,
    sort_key=lambda sight: _ORDER[sight.layer],
    identity=lambda sight: sight.name,
    columns=COLUMNS,
    summarize=_summarize,
    remarks=_remarks,
)

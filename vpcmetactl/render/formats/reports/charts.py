"""How the service is set in each region: tables of counts, with a bar drawn in each row."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence

from vpcmetactl.domain.fleet_counts import Shape
from vpcmetactl.domain.servers import ServerKind
from vpcmetactl.render.formats.reports.markup import Markup, joined, tag

_NOT_KNOWN = "not known"
_COLOURS = 5
# Hop limits up to this one have a column of their own.
_FEW_HOPS = 3
_MANY_HOPS = f"over {_FEW_HOPS}"


def charts(shapes: Mapping[Shape, int]) -> Markup:
    """Return a chart for each setting that any server has; nothing where there is no server."""
    hops = [*map(str, range(1, _FEW_HOPS + 1)), _MANY_HOPS, _NOT_KNOWN]
    drawn = [
        _chart("Service by region", _enabled, ["enabled", "disabled", _NOT_KNOWN], shapes),
        _chart(
            "Protocol by region, where enabled", _protocol, ["https", "http", _NOT_KNOWN], shapes
        ),
        _chart("Response hop limit by region, where enabled", _hop_limit, hops, shapes),
    ]
    return tag("div", *(tag("div", chart) for chart in drawn if chart), class_="charts")


def _enabled(shape: Shape) -> str | None:
    if shape.enabled is None:
        return _NOT_KNOWN
    return "enabled" if shape.enabled else "disabled"


def _protocol(shape: Shape) -> str | None:
    return (shape.protocol or _NOT_KNOWN) if shape.enabled else None


def _hop_limit(shape: Shape) -> str | None:
    if not shape.enabled or shape.kind is ServerKind.BARE_METAL_SERVER:
        return None
    limit = shape.response_hop_limit
    if limit is None:
        return _NOT_KNOWN
    return str(limit) if limit <= _FEW_HOPS else _MANY_HOPS


def _chart(
    title: str,
    series_of: Callable[[Shape], str | None],
    order: Sequence[str],
    shapes: Mapping[Shape, int],
) -> Markup:
    regions: dict[str, Counter[str]] = defaultdict(Counter)
    for shape, count in shapes.items():
        series = series_of(shape)
        if series is not None:
            regions[shape.region or "region not known"][series] += count
    found = {series for counts in regions.values() for series in counts}
    used = [series for series in order if series in found]
    others = sorted(found.difference(order))
    used += others
    if not used:
        return Markup()
    classes = {series: f"s{place % _COLOURS}" for place, series in enumerate([*order, *others])}
    most = max(counts.total() for counts in regions.values())
    rows = [
        tag(
            "tr",
            tag("th", region, scope="row"),
            tag("td", _bar(counts, used, classes, most), class_="bar"),
            *(tag("td", str(counts[series]), class_="number") for series in used),
        )
        for region, counts in sorted(regions.items())
    ]
    return tag("div", _table(title, used, classes, rows), class_="scroll")


def _table(
    title: str, used: Sequence[str], classes: Mapping[str, str], rows: Sequence[Markup]
) -> Markup:
    heads = [
        tag("th", _swatch(classes[series]), f" {series}", scope="col", class_="number")
        for series in used
    ]
    # What the bar shows is told in numbers beside it.
    bar = tag("td", "", aria_hidden="true")
    head = tag("thead", tag("tr", tag("th", "Region", scope="col"), bar, *heads))
    return tag("table", tag("caption", title), head, tag("tbody", *rows))


def _bar(
    counts: Counter[str], used: Sequence[str], classes: Mapping[str, str], most: int
) -> Markup:
    return tag(
        "svg",
        joined(*_parts(counts, used, classes, most)),
        viewBox="0 0 100 10",
        preserveAspectRatio="none",
        aria_hidden="true",
        focusable="false",
    )


def _parts(
    counts: Counter[str], used: Sequence[str], classes: Mapping[str, str], most: int
) -> Iterator[Markup]:
    start = 0
    for series in used:
        if counts[series]:
            left, width = f"{start * 100 / most:.2f}", f"{counts[series] * 100 / most:.2f}"
            yield tag("rect", x=left, y="0", width=width, height="10", class_=classes[series])
            start += counts[series]


def _swatch(class_: str) -> Markup:
    square = tag("rect", width="10", height="10", class_=class_)
    return tag("svg", square, viewBox="0 0 10 10", class_="swatch", aria_hidden="true")

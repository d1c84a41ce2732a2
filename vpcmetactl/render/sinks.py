"""Where results go: values are pushed in, text comes out through ``write``."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Generic, Protocol, TypeVar

from vpcmetactl.domain.errors import InvalidInputError
from vpcmetactl.render.documents import Document, ItemT, Trailer, ValueT, View, Write
from vpcmetactl.render.formats import csvs, ids, jsons, markdown, tables
from vpcmetactl.render.options import Format, OutputOptions, formats_of
from vpcmetactl.render.paths import sort_by
from vpcmetactl.render.query import Query

ValueT_contra = TypeVar("ValueT_contra", contravariant=True)


class Sink(Protocol[ValueT_contra]):
    """Takes the values of one result: ``start``, any number of ``item``, ``end``."""

    def start(self) -> None:
        """Begin the result."""

    def item(self, value: ValueT_contra) -> None:
        """Take a value, in any order."""

    def end(self, trailer: Trailer) -> None:
        """Complete the result."""


def open_sink(
    view: View[ValueT, ItemT], format_: Format, options: OutputOptions, write: Write
) -> Sink[ValueT]:
    """Return a sink that writes values of a view in a format.

    ``jsonl`` without ``sort`` writes each item as it comes and holds none; everything else is
    written at the end. Raises InvalidInputError for a format that the view cannot be had in, for
    options that the format has no use for and for a query that is no JMESPath.
    """
    check_format(format_, view.kind)
    check_options(format_, options)
    if format_ is Format.JSONL and not options.sort:
        return _Stream(view, options, write)
    return _Collector(view, options, _renderer(format_, options), write)


def check_format(format_: Format, kind: str) -> None:
    """Raise InvalidInputError where documents of a kind cannot be had in a format."""
    formats = formats_of(kind)
    if format_ not in formats:
        raise InvalidInputError(
            f"--output {format_}: only audit run has it",
            hint=f"the formats here are {', '.join(formats)}",
        )


def check_options(format_: Format, options: OutputOptions) -> None:
    """Raise InvalidInputError where a format has no use for an option."""
    if options.query is not None and format_ is not Format.JSON:
        raise InvalidInputError(
            f"--query shapes JSON, and the output is {format_}", hint="add --output json"
        )
    if options.columns and not format_.has_columns:
        raise InvalidInputError(
            f"{format_} has no columns to choose",
            hint="--columns goes with table, wide, csv and markdown; json has --query",
        )


_Renderer = Callable[[Document[ItemT], Write], None]

_RENDERERS: Mapping[Format, _Renderer[Any]] = {
    Format.TABLE: tables.render_table,
    Format.WIDE: tables.render_wide,
    Format.JSON: jsons.render_envelope,
    Format.JSONL: jsons.render_lines,
    Format.CSV: csvs.render_csv,
    Format.MARKDOWN: markdown.render_markdown,
    Format.IDS: ids.render_ids,
}


def _renderer(format_: Format, options: OutputOptions) -> _Renderer[ItemT]:
    if options.query is not None:
        return jsons.QueryRenderer(Query(options.query))
    if format_.is_report:
        # Imported here: few commands make a report.
        from vpcmetactl.render.formats.reports.rendering import render_report  # noqa: PLC0415

        return partial(render_report, format_)
    return _RENDERERS[format_]


class _Stream(Generic[ValueT, ItemT]):
    """Writes JSON lines as values come."""

    def __init__(self, view: View[ValueT, ItemT], options: OutputOptions, write: Write) -> None:
        self._to_item = view.to_item
        self._left = options.limit
        self._write = write

    def start(self) -> None:
        pass

    def item(self, value: ValueT) -> None:
        if self._left is not None:
            if self._left == 0:
                return
            self._left -= 1
        self._write(jsons.line(self._to_item(value)))

    def end(self, trailer: Trailer) -> None:
        pass


class _Collector(Generic[ValueT, ItemT]):
    """Keeps items until the end, then sorts, limits and renders them."""

    def __init__(
        self,
        view: View[ValueT, ItemT],
        options: OutputOptions,
        render: _Renderer[ItemT],
        write: Write,
    ) -> None:
        self._view = view
        self._options = options
        self._render = render
        self._write = write
        self._items: list[ItemT] = []

    def start(self) -> None:
        pass

    def item(self, value: ValueT) -> None:
        self._items.append(self._view.to_item(value))

    def end(self, trailer: Trailer) -> None:
        items = sorted(self._items, key=self._view.sort_key)
        document = Document(
            view=self._view,
            items=sort_by(items, self._options.sort)[: self._options.limit],
            total=len(items),
            summary=self._view.summarize(items, trailer),
            trailer=trailer,
            options=self._options,
        )
        self._render(document, self._write)

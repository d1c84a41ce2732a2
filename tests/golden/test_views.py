"""Every view in every format, at the widths that terminals have."""

from collections.abc import Callable
from itertools import product
from pathlib import Path

import pytest

from tests.render.examples import EXAMPLES, rendered_example
from vpcmetactl.render.options import Format, OutputOptions, formats_of

_EXTENSIONS = {
    Format.JSON: "json",
    Format.JSONL: "jsonl",
    Format.CSV: "csv",
    Format.MARKDOWN: "md",
    Format.SARIF: "json",
    Format.JUNIT: "xml",
    Format.HTML: "html",
    Format.PROMETHEUS: "prom",
}
_FIXED = [
    (name, format_)
    for name, example in EXAMPLES.items()
    for format_ in formats_of(example.view.kind)
    if format_ is not Format.TABLE
]
_WIDTHS = (80, 120)


def _file(example: str, format_: Format) -> str:
    return f"{example}/{format_}.{_EXTENSIONS.get(format_, 'txt')}"


@pytest.mark.parametrize(("example", "width"), list(product(EXAMPLES, _WIDTHS)))
def test_a_table_fits_the_terminal(
    golden: Callable[[str, str], None], example: str, width: int
) -> None:
    golden(
        f"{example}/table-{width}.txt",
        rendered_example(example, Format.TABLE, OutputOptions(width=width)),
    )


@pytest.mark.parametrize(
    "example",
    [
        *("servers", "findings", "plan", "outcomes", "server", "runs", "run", "plan-restore"),
        *("restarts", "outcomes-restart", "access", "links"),
    ],
)
def test_colour_marks_what_needs_attention(
    golden: Callable[[str, str], None], example: str
) -> None:
    golden(
        f"{example}/table-color.txt",
        rendered_example(example, Format.TABLE, OutputOptions(color=True)),
    )


@pytest.mark.parametrize(("example", "format_"), _FIXED)
def test_every_other_format_shows_the_same_result(
    golden: Callable[[str, str], None], example: str, format_: Format
) -> None:
    golden(_file(example, format_), rendered_example(example, format_))


def test_no_expected_output_is_left_over() -> None:
    folder = Path(__file__).parent
    expected = {_file(*case) for case in _FIXED}
    expected |= {f"{name}/table-{width}.txt" for name, width in product(EXAMPLES, _WIDTHS)}
    present = {
        path.relative_to(folder).as_posix()
        for name in EXAMPLES
        for path in folder.joinpath(name).iterdir()
    }
    assert {name for name in present if "table-color" not in name} == expected

"""The picture of an audit: what the program prints in colour, as SVG.

``python -m docs._generate.picture`` writes it; with ``--check`` it fails where the file differs.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.sax.saxutils import escape

from docs._generate.console import Console

FILE = Path(__file__).parents[1] / "images" / "audit.svg"
LINE = "vpcmetactl audit run --name 'web-*' --require enabled --max-response-hop-limit 2"

_COLUMNS = 82
_CELL = 8.4
_LEADING = 19
_MARGIN = 20
_BAR = 30
_STYLES = {
    "1": ' font-weight="bold" fill="#f0f3f6"',
    "2": ' fill="#8b949e"',
    "31": ' fill="#ff7b72"',
    "32": ' fill="#7ee787"',
    "33": ' fill="#e3b341"',
}
_WORDS = re.compile(r"\S+(?: \S+)*")
_SGR = re.compile(r"\x1b\[(\d+)m")


def svg() -> str:
    """Return the picture."""
    text = Console("demo", color=True).run(LINE, exit_code=3, notes=False).rstrip()
    lines = [f"\x1b[2m$\x1b[0m \x1b[1m{LINE}\x1b[0m", *text.splitlines()]
    width = round(_COLUMNS * _CELL + 2 * _MARGIN)
    height = _BAR + len(lines) * _LEADING + _MARGIN
    body = "\n".join(
        part for number, line in enumerate(lines) for part in _drawn(line, _line_at(number))
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" role="img" aria-label="{escape(LINE)}">\n'
        f'<rect width="{width}" height="{height}" rx="8" fill="#0d1117"/>\n'
        f'<g fill="#ff5f57"><circle cx="20" cy="17" r="5"/></g>\n'
        f'<g fill="#febc2e"><circle cx="38" cy="17" r="5"/></g>\n'
        f'<g fill="#28c840"><circle cx="56" cy="17" r="5"/></g>\n'
        '<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, DejaVu Sans Mono, '
        'monospace" font-size="14" fill="#c9d1d9">\n'
        f"{body}\n</g>\n</svg>\n"
    )


def _line_at(number: int) -> int:
    return _BAR + (number + 1) * _LEADING


def _drawn(line: str, y: int) -> Iterator[str]:
    """Yield a text element for each run of one style, each set where its column is."""
    column = 0
    style = ""
    for index, part in enumerate(_SGR.split(line)):
        if index % 2:
            style = _STYLES.get(part, "")
            continue
        # Viewers differ in what they make of several spaces: none is drawn.
        for words in _WORDS.finditer(part):
            x = _MARGIN + (column + words.start()) * _CELL
            width = len(words[0]) * _CELL
            yield (
                f'<text x="{x:.1f}" y="{y}" textLength="{width:.1f}" '
                f'lengthAdjust="spacingAndGlyphs"{style}>{escape(words[0])}</text>'
            )
        column += len(part)


def main() -> None:
    """Write the picture, or compare it."""
    picture = svg()
    if "--check" not in sys.argv[1:]:
        FILE.write_text(picture, "utf-8")
    elif not FILE.is_file() or FILE.read_text("utf-8") != picture:
        sys.exit(f"{FILE.name} is out of date: run make docs")


if __name__ == "__main__":
    main()

"""The documentation as tests read it: pages, links, code, tables."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)")
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_COG = re.compile(r"^<!-- \[\[\[.*?\]\]\] -->$", re.MULTILINE | re.DOTALL)
_GENERATED = re.compile(
    r"^<!-- \[\[\[.*?\]\]\] -->$.*?^<!-- \[\[\[end\]\]\] -->$", re.MULTILINE | re.DOTALL
)
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def pages() -> Sequence[Path]:
    """Every page of the documentation."""
    return [README, ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def text_of(page: str | Path) -> str:
    """What a reader sees of a page: without what generates it."""
    return _COG.sub("", (ROOT / page).read_text("utf-8"))


def written(page: str | Path) -> str:
    """A page without what is generated."""
    return _GENERATED.sub("", (ROOT / page).read_text("utf-8"))


def fences(text: str) -> Sequence[tuple[str, str]]:
    """The blocks of code, each with its language."""
    return _FENCE.findall(text)


def prose(text: str) -> str:
    """A text without its blocks of code."""
    return _FENCE.sub("", text)


def code_spans(text: str) -> Sequence[str]:
    """The code within the prose."""
    return [match[2].strip() for match in _CODE.finditer(prose(text))]


def links(text: str) -> Sequence[str]:
    """Where links and pictures point to."""
    return _LINK.findall(_CODE.sub("", prose(text)))


def headings(text: str) -> Sequence[str]:
    """The headings, without their marks."""
    return _HEADING.findall(prose(text))


def anchors(text: str) -> set[str]:
    """What a link to a heading may say after its #."""
    return {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in headings(text)}


def first_column(text: str) -> Sequence[str]:
    """The code that begins a row of a table."""
    return re.findall(r"^\| `([^`]+)`", text, re.MULTILINE)


def command_lines(text: str) -> Iterator[str]:
    """Every line that calls the program: in blocks of a shell, and in the prose."""
    for language, block in fences(text):
        if language in {"sh", "console"}:
            yield from _calls(block, prompted=language == "console")
        elif language == "yaml":
            yield from re.findall(r"^\s*- (vpcmetactl .*)$", block, re.MULTILINE)
    for span in code_spans(text):
        if span.startswith("vpcmetactl "):
            yield span


def _calls(block: str, *, prompted: bool) -> Iterator[str]:
    for line in block.splitlines():
        if prompted and not line.startswith("$ "):
            continue
        words = re.sub(r"^(?:[A-Z_]+=\S+ )+", "", line.removeprefix("$ ").strip())
        if re.match(r"(?:\S*/)?vpcmetactl\s", words):
            yield words

"""The page: read by a parser, and used in a browser where there is one."""

import re
import shutil
import subprocess
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

from tests.render.report_examples import CLEAN, REPORT, hostile, reported, reported_with_a_hole
from vpcmetactl.render.items.audits import finding_item
from vpcmetactl.render.options import Format

_BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
_VOID = {"meta", "br", "input"}
PAGE = reported(Format.HTML)
LABELS = [finding_item(one).label for one in REPORT.open_findings]


class _Reader(HTMLParser):
    """Checks that elements are closed in order, and keeps what is of interest."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in {"script", "style"}:
            self.text += f"{data} "


def read(text: str) -> _Reader:
    reader = _Reader()
    reader.feed(text)
    reader.close()
    assert reader.open == []
    return reader


def all_of(reader: _Reader, tag: str) -> list[dict[str, str | None]]:
    return [attributes for name, attributes in reader.elements if name == tag]


def test_the_page_needs_nothing_from_elsewhere() -> None:
    reader = read(PAGE)
    names = {name for name, _ in reader.elements}
    assert names.isdisjoint({"link", "img", "iframe", "object", "embed", "base"})
    for _, attributes in reader.elements:
        assert {"src", "srcset", "style", "onclick", "action"}.isdisjoint(attributes)
        assert (attributes.get("href") or "#").startswith("#")
    assert not re.search(r"url\(|@import|fetch\(|XMLHttpRequest", PAGE)


def test_the_security_policy_allows_the_one_script_and_the_one_style() -> None:
    policy = next(
        str(one["content"])
        for one in all_of(read(PAGE), "meta")
        if one.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy.startswith("default-src 'none';")
    for tag in ("script", "style"):
        (body,) = re.findall(f"<{tag}>(.*?)</{tag}>", PAGE, re.DOTALL)
        digest = b64encode(sha256(body.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy


def test_whoever_cannot_see_it_finds_the_way() -> None:
    reader = read(PAGE)
    assert all_of(reader, "html") == [{"lang": "en"}]
    for landmark in ("header", "main", "footer"):
        assert len(all_of(reader, landmark)) == 1
    ids = {str(one["id"]) for _, one in reader.elements if "id" in one}
    assert all(str(one["aria-labelledby"]) in ids for one in all_of(reader, "section"))
    assert all(one.get("scope") in {"col", "row", "rowgroup"} for one in all_of(reader, "th"))
    assert len(all_of(reader, "caption")) == len(all_of(reader, "table"))
    assert all(one.get("aria-hidden") == "true" for one in all_of(reader, "svg"))
    fields = len(all_of(reader, "input")) + len(all_of(reader, "select"))
    assert len(all_of(reader, "label")) == fields
    levels = [int(name[1]) for name, _ in reader.elements if re.fullmatch("h[1-6]", name)]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_the_header_says_what_an_auditor_asks() -> None:
    text = read(PAGE).text
    for said in (
        "5f2b8b0a3c4d4e5f8a9b0c1d2e3f4a5b",
        "eu-de, eu-gb, jp-tok, us-south",
        "br-sao",
        "2026-11-21T12:00:00Z",
        "2026-11-22 (UTC)",
        "IBM's published best practices",
        "3: there are findings that count",
    ):
        assert said in text


def test_waived_unknown_and_checks_have_tables() -> None:
    text = re.sub(r"\s+", " ", read(PAGE).text)
    assert "platform team moves in December 2027-03-01" in text
    assert "dark-1" in text.partition("Not judged")[2]
    assert "IBM Cloud docs: Security best practices for using instance metadata" in text


def test_what_is_missing_stands_before_the_totals() -> None:
    text = reported_with_a_hole(Format.HTML)
    assert text.index("could not be read") < text.index("Totals")


def test_the_charts_add_up() -> None:
    chart = PAGE.partition("Service by region")[2].partition("</table>")[0]
    assert sum(map(int, re.findall(r'class="number">(\d+)<', chart))) == REPORT.subjects
    for bar in re.findall("<svg.*?</svg>", chart.partition("<tbody>")[2]):
        ends = [
            (float(left), float(left) + float(width))
            for left, width in re.findall(r'<rect x="([\d.]+)" y="0" width="([\d.]+)"', bar)
        ]
        assert ends[0][0] == 0
        assert ends[-1][1] <= 100.01
        assert all(abs(one[1] - next_[0]) < 0.02 for one, next_ in pairwise(ends))


def test_without_findings_there_is_no_filter() -> None:
    clean = reported(Format.HTML, CLEAN)
    assert "There are none." in read(clean).text
    assert 'id="filter"' not in clean


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_every_text_stands_out_from_its_ground() -> None:
    # WCAG 2.1, AA: 4.5 to 1 for text, 3 to 1 for graphics; light first, then dark.
    style = PAGE.partition("<style>")[2]
    for scheme in re.findall(r":root \{(.*?)\}", style, re.DOTALL)[:2]:
        colours = dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", scheme))
        for ground in ("ground", "raised"):
            for name in ("text", "quiet", "link", "bad", "warn", "s0", "s1", "s2", "s3", "s4"):
                light, dark = sorted(
                    (luminance(colours[ground]), luminance(colours[name])), reverse=True
                )
                least = 3 if re.fullmatch(r"s\d", name) else 4.5
                assert (light + 0.05) / (dark + 0.05) >= least, (name, ground)


@pytest.fixture(scope="session")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(PAGE, "utf-8")
    return path


def used(page: Path, address: str) -> str:
    """Return the page's document as a browser has it once the script has run."""
    assert _BROWSER is not None
    done = subprocess.run(
        [
            _BROWSER,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            f"--user-data-dir={page.parent / 'profile'}",
            "--dump-dom",
            f"{page.as_uri()}#{address}",
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout


def rows(dom: str) -> list[str]:
    """Return the names in the rows that are shown, in order."""
    found = re.findall(r'<tr id="f-[0-9a-f]{64}"([^>]*)>', dom)
    return [
        match[1]
        for attributes in found
        if "hidden" not in attributes and (match := re.search('data-name="([^"]*)"', attributes))
    ]


@pytest.mark.skipif(_BROWSER is None, reason="no Chromium here")
def test_a_browser_filters_and_sorts(page_file: Path) -> None:
    everything = used(page_file, "")
    assert sorted(rows(everything)) == sorted(LABELS)
    assert 'id="filter" hidden' not in everything
    assert f"Showing {len(REPORT.open_findings)} of {len(REPORT.open_findings)}" in everything

    dom = used(page_file, "check=VPCMETA002&region=us-south&sort=-name")
    assert rows(dom) == ["web-1", "waived-1", "metal-1"]
    assert f"Showing 3 of {len(REPORT.open_findings)}" in dom
    assert 'aria-sort="descending"' in dom
    assert rows(used(page_file, "text=FAR-1&severity=low")) == ["far-1"]
    assert rows(used(page_file, "text=nothing+like+it")) == []


@pytest.mark.skipif(_BROWSER is None, reason="no Chromium here")
def test_a_browser_runs_nothing_that_a_name_says(tmp_path: Path) -> None:
    report, scope = hostile("</script><script>document.title='taken'</script><img src=x onerror=1>")
    path = tmp_path / "report.html"
    path.write_text(reported(Format.HTML, report, scope=scope), "utf-8")
    dom = used(path, "")
    assert "<title>Metadata service audit" in dom
    assert "<img" not in dom

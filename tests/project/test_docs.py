"""The documentation holds together: its links, its two promises, its words."""

import re
import tomllib
from pathlib import Path

import pytest

from tests.support.pages import (
    ROOT,
    anchors,
    code_spans,
    fences,
    links,
    pages,
    prose,
    text_of,
    written,
)

README = text_of("README.md")

# Where a link of ours may lead: IBM's services and the standards and tools that we name.
_HOSTS = re.compile(
    r"(?:[\w{}.-]+\.)?(?:cloud\.ibm\.com)|127\.0\.0\.1:8080|169\.254\.169\.254|proxy\.example:3128"
    r"|jmespath\.org|semver\.org"
)
_FORBIDDEN = (
    r"\bTODO\b",
    r"\bFIXME\b",
    r"\bTBD\b",
    r"lorem ipsum",
    r"(?<![\w.:}])/(?:home|root|Users|tmp|opt|mnt|srv)/\w",
    r"\bsimply\b",
    r"\beasily\b",
    r"\bseamless",
    r"\bpowerful\b",
    r"\bblazing",
    r"\bcutting[- ]edge\b",
    r"\bstate[- ]of[- ]the[- ]art\b",
    r"\brobust\b",
    r"\bbest[- ]in[- ]class\b",
    r"\bworld[- ]class\b",
    r"shields\.io",
    r"!\[[^\]]*badge",
)

each_page = pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))


@each_page
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in links(text_of(page)):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        assert target.is_file(), link
        if anchor:
            assert anchor in anchors(text_of(target)), link


@each_page
def test_every_host_is_one_that_we_mean_to_name(page: Path) -> None:
    hosts = re.findall(r"https?://([^/\s`\"')>\\]+)", text_of(page))

    strangers = [host for host in hosts if not _HOSTS.fullmatch(host.rstrip(".,:;"))]

    assert strangers == []


@each_page
def test_no_page_says_what_we_do_not_say(page: Path) -> None:
    found = [
        word for word in _FORBIDDEN if re.search(word, prose(text_of(page)), flags=re.IGNORECASE)
    ]

    assert found == []


@each_page
def test_sentences_stand_on_lines_of_their_own(page: Path) -> None:
    lines = [
        line
        for line in prose(written(page)).splitlines()
        if not re.match(r"\s*(?:[-|>*]|\d+\. )", line)
    ]

    crowded = [line for line in lines if re.search(r"[a-z)`][.?!] [A-Z]", line)]

    assert crowded == []


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        page = waiting.pop().resolve()
        if page in reached:
            continue
        reached.add(page)
        targets = [link.partition("#")[0] for link in links(text_of(page)) if "://" not in link]
        waiting += [page.parent / target for target in targets if target.endswith(".md")]

    assert {page.resolve() for page in pages()} - reached == set()


@pytest.mark.parametrize(
    ("heading", "command"), [("Try it", "make demo"), ("Test it", "make test")]
)
def test_the_readme_has_one_command_under(heading: str, command: str) -> None:
    _, after = README.split(f"\n## {heading}\n")
    section = after.partition("\n## ")[0]

    assert fences(section) == [("sh", f"{command}\n")]


def test_the_readme_shows_the_picture_that_is_generated() -> None:
    assert "docs/images/audit.svg" in links(README)


def test_every_dependency_has_its_reason_and_nothing_else_has() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    declared = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    documented = re.findall(r"^\| `([^`]+)`", text_of("docs/dev/dependencies.md"), re.MULTILINE)

    assert documented == [re.split(r"[^\w-]", one)[0] for one in declared]


def test_every_target_of_make_that_is_named_exists() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    blocks = [
        line for page in pages() for _, block in fences(text_of(page)) for line in block.split("\n")
    ]
    spans = [span for page in pages() for span in code_spans(text_of(page))]
    named = {
        words[1]
        for words in map(str.split, [*blocks, *spans])
        if words[:1] == ["make"] and words[1:]
    }

    assert named - targets == set()


def test_every_module_that_the_architecture_names_exists() -> None:
    spans = code_spans(text_of("docs/dev/architecture.md"))
    files = [span for span in spans if re.fullmatch(r"[\w/]+\.py|[\w/]+/", span)]

    missing = [
        name
        for name in files
        if not any((root / name).exists() for root in (ROOT, ROOT / "vpcmetactl"))
    ]

    assert [name for name in missing if name != "routes.py"] == []
    assert len(files) > 30


def test_every_folder_of_tests_says_what_it_proves() -> None:
    documented = re.findall(r"`tests/(\w+)/`", text_of("docs/dev/testing.md"))
    folders = {path.parent.name for path in (ROOT / "tests").glob("*/*.py")}

    assert folders - set(documented) == set()


def test_every_name_in_the_walk_through_the_code_is_in_the_code() -> None:
    walk = text_of("docs/dev/architecture.md").partition("## One command through the code")[2]
    code = "\n".join(path.read_text("utf-8") for path in (ROOT / "vpcmetactl").rglob("*.py"))
    names = {
        part
        for span in code_spans(walk.partition("## How to add")[0])
        if re.fullmatch(r"[A-Za-z_.]+", span) and not span.endswith(".py")
        for part in span.split(".")
    }

    assert [name for name in sorted(names) if not re.search(rf"\b{name}\b", code)] == []

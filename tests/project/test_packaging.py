"""What is released: the wheel's files, the locks, the licences, the Dockerfile, the man pages.

Offline and quick; `make package-check` tries what needs the network and minutes.
"""

import re
import shutil
import subprocess
import tarfile
import tomllib
import zipfile
from collections.abc import Sequence
from email.parser import Parser
from fnmatch import fnmatch
from importlib.metadata import PathDistribution, distribution
from pathlib import Path

import pytest

from release.build import build, built
from release.dockerfile import DOCKERFILE, Instruction, read_instructions, read_stages
from release.licences import UNKNOWN, is_accepted, licence_of, licensed
from release.man import pages, roff
from tests.support.pages import ROOT, text_of
from vpcmetactl import __version__
from vpcmetactl.cli.main import TABLE

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
BOUND = re.compile(r"([\w-]+)>=([\d.]+)")


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the sdist and the wheel of the project as it is."""
    folder = tmp_path_factory.mktemp("dist")
    build(ROOT, folder)
    return folder


def sources(folder: str) -> set[str]:
    """Name every file of a folder of the project, without what Python leaves there."""
    files = ROOT.joinpath(folder).rglob("*")
    return {
        str(path.relative_to(ROOT))
        for path in files
        if path.is_file() and "__pycache__" not in path.parts
    }


# The wheel and the sdist.


def test_the_wheel_holds_the_package_its_metadata_and_man_pages_and_nothing_else(
    release: Path,
) -> None:
    [wheel] = release.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    metadata = ("METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE")
    made = ROOT.glob("dist/man/*.1")

    assert names == {
        *sources("vpcmetactl"),
        *(f"vpcmetactl-{__version__}.dist-info/{name}" for name in metadata),
        *(f"vpcmetactl-{__version__}.data/data/share/man/man1/{page.name}" for page in made),
    }


def test_the_package_has_nothing_but_code_and_what_the_code_reads() -> None:
    endings = {Path(name).suffix or Path(name).name for name in sources("vpcmetactl")}

    assert endings == {".py", ".typed", ".json", ".toml", ".css", ".js"}
    assert {
        "vpcmetactl/py.typed",
        "vpcmetactl/files/plan.schema.json",
        "vpcmetactl/files/default_policy.toml",
        "vpcmetactl/render/schemas/servers.json",
        "vpcmetactl/render/formats/reports/page.css",
        "vpcmetactl/render/formats/reports/page.js",
    } < sources("vpcmetactl")


def test_the_sdist_holds_what_building_and_testing_need(release: Path) -> None:
    [sdist] = release.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    folders = (
        *("vpcmetactl", "tests", "docs", "cassettes", "benchmarks"),
        *("deploy", "release", "requirements"),
    )
    files = {path.name for path in ROOT.iterdir() if path.is_file() and path.name != "PKG-INFO"}

    assert set().union(*map(sources, folders)) - names == set()
    assert files - names == set()
    strangers = {name.partition("/")[0] for name in names} - {*folders, *files, "PKG-INFO"}
    assert strangers <= {"dist"}  # the man pages, where they were made


def test_man_pages_that_were_made_are_in_both_and_none_that_were_not(tmp_path: Path) -> None:
    project = tmp_path / "project"
    small = shutil.ignore_patterns("__pycache__", "emulator", "guest", "journal", "usecases")
    shutil.copytree(ROOT / "vpcmetactl", project / "vpcmetactl", ignore=small)
    shutil.copytree(ROOT / "release", project / "release")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, project)
    page = project / "dist" / "man" / "vpcmetactl-new.1"
    page.parent.mkdir(parents=True)
    page.write_text(".TH NEW 1\n")

    build(project, tmp_path)

    [wheel, sdist] = built(tmp_path)
    with zipfile.ZipFile(wheel) as archive:
        found = [name for name in archive.namelist() if name.endswith(".1")]
    assert found == [f"vpcmetactl-{__version__}.data/data/share/man/man1/vpcmetactl-new.1"]
    with tarfile.open(sdist) as tar:
        found = [name for name in tar.getnames() if name.endswith(".1")]
    assert found == [f"vpcmetactl-{__version__}/dist/man/vpcmetactl-new.1"]


def test_the_metadata_says_what_is_so(release: Path) -> None:
    [wheel] = release.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        text = archive.read(f"vpcmetactl-{__version__}.dist-info/METADATA").decode()
    metadata = Parser().parsestr(text)

    assert metadata["Version"] == __version__
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata["Requires-Python"] == ">=3.11"
    assert "Typing :: Typed" in (metadata.get_all("Classifier") or [])


# The dependencies.


def test_every_lower_bound_is_given_and_those_that_are_explained_are_as_explained() -> None:
    bounds = dict(BOUND.findall("\n".join(PROJECT["dependencies"])))
    assert len(bounds) == len(PROJECT["dependencies"])
    rows = re.findall(r"^\| `([\w-]+)` \| [^|]+ \| ([^|]+) \|$", _dependencies(), re.MULTILINE)

    assert [name for name, _ in rows] == [*bounds]
    for name, reason in rows:
        stated = re.match(r"([\d.]+\d) ", reason)
        assert not stated or stated[1] == bounds[name], name


def _dependencies() -> str:
    return text_of("docs/dev/dependencies.md").partition("## Of its development")[0]


def locked(name: str) -> dict[str, set[str]]:
    """Return each pin of a lock with its hashes."""
    text = (ROOT / "requirements" / name).read_text("utf-8")
    entries = re.split(r"^(?=[\w.-]+==)", text, flags=re.MULTILINE)[1:]
    pin = re.compile(r"[\w.-]+==[\w.]+")
    return {
        found[0]: set(re.findall(r"--hash=(sha256:[0-9a-f]{64})", entry))
        for entry in entries
        if (found := pin.match(entry))
    }


def test_what_is_released_is_what_was_tested() -> None:
    released, tested = locked("runtime.lock"), locked("dev.lock")

    assert {pin: tested.get(pin) for pin in released} == released
    assert all(released.values())


def test_the_runtime_lock_has_every_dependency() -> None:
    names = {pin.partition("==")[0] for pin in locked("runtime.lock")}

    assert {re.split(r"[^\w-]", one)[0] for one in PROJECT["dependencies"]} - names == set()


def test_nothing_in_the_runtime_lock_has_a_licence_that_is_not_accepted() -> None:
    names = {pin.partition("==")[0] for pin in locked("runtime.lock")}
    rows = licensed(distribution(name) for name in names)

    assert [row for row in rows if not is_accepted(row.licence)] == []
    assert len(rows) > 15


@pytest.mark.parametrize(
    "expression",
    [
        "MIT",
        "Apache-2.0 OR BSD-3-Clause",
        "GPL-3.0-or-later OR MIT",
        "MIT AND BSD-3-Clause",
    ],
)
def test_a_licence_is_accepted_where_it_leaves_a_choice_that_is(expression: str) -> None:
    assert is_accepted(expression)


@pytest.mark.parametrize(
    "expression",
    [
        "GPL-3.0-or-later",
        "AGPL-3.0-only AND MIT",
        "(MIT OR GPL-2.0-only) AND BSD-3-Clause",
        "LGPL-2.1-only",
        UNKNOWN,
        "",
    ],
)
def test_a_licence_that_nobody_decided_about_is_not_accepted(expression: str) -> None:
    assert not is_accepted(expression)


_OSI = "Classifier: License :: OSI Approved"


@pytest.mark.parametrize(
    ("declared", "licence"),
    [
        (["License-Expression: MIT"], "MIT"),
        (["License: Apache-2.0"], "Apache-2.0"),
        ([f"{_OSI} :: MIT License"], "MIT"),
        (
            ["License: Dual", f"{_OSI} :: BSD License", f"{_OSI} :: Apache Software License"],
            "BSD AND Apache-2.0",
        ),
        (["License: MIT", "License-Expression: GPL-3.0-only"], "GPL-3.0-only"),
        (
            [f"{_OSI} :: GNU Affero General Public License v3"],
            "GNU Affero General Public License v3",
        ),
        (["License: see the file"], "see the file"),
        ([_OSI], UNKNOWN),
        ([], UNKNOWN),
    ],
)
def test_a_licence_is_what_the_metadata_declares(
    tmp_path: Path, declared: Sequence[str], licence: str
) -> None:
    (tmp_path / "METADATA").write_text("\n".join(["Name: some", *declared, "", ""]))

    assert licence_of(PathDistribution(tmp_path).metadata) == licence


# The Dockerfile.

STAGES = read_stages(DOCKERFILE.read_text("utf-8"))


def named(stage: Sequence[Instruction], name: str) -> Sequence[str]:
    """Return what follows each instruction of a name."""
    return [one.text for one in stage if one.name == name]


def test_the_image_has_two_stages_of_one_base_with_a_tag_that_is_no_moving_target() -> None:
    [base] = [one.text for one in read_instructions(DOCKERFILE.read_text()) if one.name == "ARG"]

    found = re.fullmatch(r"BASE=python:(3\.\d+)-slim-bookworm", base)
    assert found
    assert f"Programming Language :: Python :: {found[1]}" in PROJECT["classifiers"]
    assert [named(stage, "FROM") for stage in STAGES] == [["${BASE} AS build"], ["${BASE}"]]


def test_the_image_runs_the_program_and_not_as_root() -> None:
    last = STAGES[-1]

    assert named(last, "ENTRYPOINT") == ['["vpcmetactl"]']
    assert [user.isdecimal() and int(user) > 0 for user in named(last, "USER")] == [True]
    [made] = named(last, "RUN")
    assert f"--uid {named(last, 'USER')[0]} " in made
    assert [one.name for one in last].index("USER") > [one.name for one in last].index("RUN")


def test_the_image_is_made_of_the_wheel_and_the_lock_and_the_context_has_nothing_else() -> None:
    build_stage, last = STAGES

    assert named(build_stage, "COPY") == ["requirements/runtime.lock dist/*.whl ./"]
    assert named(last, "COPY") == ["--from=build /opt/vpcmetactl /opt/vpcmetactl"]
    assert [one for stage in STAGES for one in stage if one.name == "ADD"] == []
    ignore = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    rules = [line for line in ignore if not line.startswith("#")]
    assert rules[0] == "*"
    assert [rule.lstrip("!") for rule in rules[1:]] == ["requirements/runtime.lock", "dist/*.whl"]


def test_everything_in_the_image_is_installed_by_hash_and_compiled() -> None:
    [steps] = named(STAGES[0], "RUN")
    installs = [step for step in steps.split(" && ") if " pip install " in step]

    assert ["--require-hashes -r runtime.lock" in step for step in installs] == [True, False]
    assert ["--no-index --no-deps" in step for step in installs] == [False, True]
    assert "python -m compileall -q --invalidation-mode unchecked-hash" in steps


def test_the_image_holds_no_secret() -> None:
    text = DOCKERFILE.read_text("utf-8")

    assert re.findall(r"(?i)api_?key|token|secret|passw|IBMCLOUD|^\s*VOLUME", text) == []
    assert not any(fnmatch(name, "ARG*") for stage in STAGES for name, _ in stage)


def test_a_dockerfile_is_read_with_its_comments_and_continued_lines() -> None:
    text = "# one\nARG A=1\nFROM x AS y\nRUN a \\\n  # between\n && b\n\ncopy c d\n"

    assert read_stages(text) == [[("FROM", "x AS y"), ("RUN", "a && b"), ("COPY", "c d")]]


# The man pages.

MAN = dict(pages())


def test_every_command_has_its_page_and_every_page_leads_to_others() -> None:
    assert {"vpcmetactl.1", *(f"vpcmetactl-{name}.1" for name in TABLE)} < MAN.keys()
    for text in MAN.values():
        related = re.findall(r"\\fB(.+)\\fP\(1\)", text)
        assert related
        assert {f"{name}.1".replace("\\-", "-") for name in related} <= MAN.keys()


def test_a_page_has_what_help_has() -> None:
    page = MAN["vpcmetactl-metadata-enable.1"]

    assert re.findall(r"^\.SH (.+)$", page, re.MULTILINE)[:3] == ["NAME", "SYNOPSIS", "DESCRIPTION"]
    assert ".B vpcmetactl metadata enable\n" in page
    assert ".nf\nvpcmetactl metadata enable " in page
    assert "\\-\\-response\\-hop\\-limit" in page
    assert ".B VPCMETACTL_CANARY\n" in page


def test_nothing_in_a_text_is_taken_for_roff() -> None:
    assert roff(".B\n'a\\n-é→") == "\\&.B\n\\(aqa\\en\\-\\[u00E9]\\[u2192]"


@pytest.mark.skipif(not shutil.which("groff"), reason="groff is not installed")
def test_the_pages_are_set_without_a_warning(tmp_path: Path) -> None:
    for name, text in MAN.items():
        (tmp_path / name).write_text(text, "ascii")

    command = ["groff", "-man", "-Tutf8", "-ww", *sorted(MAN)]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)

    assert ran.stderr == ""
    assert "vpcmetactl metadata enable" in ran.stdout


# The newest Pythons.


def test_no_statement_has_numbered_parameters_which_python_3_14_refuses() -> None:
    found = [
        path.name
        for path in (ROOT / "vpcmetactl" / "journal").glob("*.py")
        if re.search(r"\?\d", path.read_text("utf-8"))
    ]

    assert found == []

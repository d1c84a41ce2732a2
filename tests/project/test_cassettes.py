"""The cassettes are what the emulator gives today, clean, described, and each used by a test."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.replay import scenarios
from tests.replay.scenarios import Scenario, table
from tests.support.cassettes import ACCOUNT, FOLDER, REDACTED, TOKEN
from tests.support.record import cassette_world, record_all
from vpcmetactl.emulator.iam.resources import API_KEY

ROOT = Path(__file__).parents[2]

CASSETTES = sorted(FOLDER.glob("*"))


def named_scenarios() -> Mapping[str, Scenario]:
    """Every scenario by the name of its constant."""
    return {name: value for name, value in vars(scenarios).items() if isinstance(value, Scenario)}


def test_recording_again_gives_the_same_bytes(tmp_path: Path) -> None:
    recorded = record_all(tmp_path)
    kept = {path.name: path.read_bytes() for path in CASSETTES}
    differing = sorted(
        name for name in recorded.keys() | kept.keys() if recorded.get(name) != kept.get(name)
    )
    assert differing == [], "run make record, and read the difference"


def test_there_is_a_cassette_for_each_scenario_and_no_other() -> None:
    expected = sorted(f"{scenario.name}.yaml" for scenario in scenarios.scenarios())
    assert [path.name for path in CASSETTES] == expected


def test_every_scenario_is_replayed_by_a_test() -> None:
    tests = "".join(path.read_text() for path in (ROOT / "tests/replay").glob("test_*.py"))
    unused = [name for name in named_scenarios() if f"play(scenarios.{name}," not in tests]
    assert unused == []


def test_the_readme_lists_every_cassette_and_what_it_proves() -> None:
    assert table() in (ROOT / "cassettes/README.md").read_text()


@pytest.mark.parametrize("path", CASSETTES, ids=lambda path: path.stem)
def test_a_cassette_holds_no_secret_and_no_trace_of_a_machine(path: Path) -> None:
    content = path.read_bytes()
    text = content.decode()
    assert b"\r" not in content
    assert set(re.findall(r"eyJ[\w.-]+", text)) <= {TOKEN}
    assert set(re.findall(r"apikey=([^&\s]*)", text)) == {"%3Credacted%3E"}
    assert REDACTED == "<redacted>"
    assert (
        re.findall(r"(?i)127\.0\.0\.1|localhost|bearer \S+|authorization:|user-agent:", text) == []
    )
    assert API_KEY not in text
    assert scenarios.KEY_REFUSED.api_key is not None
    assert scenarios.KEY_REFUSED.api_key not in text


@pytest.mark.parametrize("path", CASSETTES, ids=lambda path: path.stem)
def test_every_request_in_a_cassette_goes_to_ibm(path: Path) -> None:
    hosts = set(re.findall(r"^ +uri: (https?://[^/]+/\w+)", path.read_text(), re.MULTILINE))
    assert hosts <= {
        "https://api.global-search-tagging.cloud.ibm.com/v3",
        "https://iam.cloud.ibm.com/identity",
        "https://iam.cloud.ibm.com/v1",
        "https://us-south.iaas.cloud.ibm.com/v1",
        "https://eu-de.iaas.cloud.ibm.com/v1",
    }


def test_the_token_in_the_cassettes_is_of_the_account_whose_servers_they_hold() -> None:
    assert cassette_world().account_id == ACCOUNT

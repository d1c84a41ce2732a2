"""A command, answered from its cassette."""

from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.replay.scenarios import Scenario, arguments_of
from tests.support.cassettes import ACCOUNT, FOLDER, replaying
from tests.support.program import Ran, run

NOTHING_ASKED: dict[str, object] = {
    "accounts": [],
    "regions": [],
    "excluded": [],
    "incomplete": [],
    "endpoint": None,
    "snapshot": None,
    "taken_at": None,
}
"""The scope of a command that failed: its envelope is whole, whatever ``--query`` asks for."""

PROFILES = f"GET iam.cloud.ibm.com/v1/profiles?account_id={ACCOUNT}&pagesize=100"

_PROFILE = "iam.cloud.ibm.com/v1/profiles/Profile-f4c3523b-4c2f-42a6-a9ef-72f78bf8076b"
LINKS, RULES, IDENTITIES = (f"GET {_PROFILE}/{part}" for part in ("links", "rules", "identities"))
SEARCH = (
    "POST api.global-search-tagging.cloud.ibm.com/v3/resources/search"
    f"?account_id={ACCOUNT}&limit=1000"
)
"""What each page of a search for tags is."""

TRUST = [PROFILES, LINKS, RULES, IDENTITIES]
"""What it takes to read who trusts servers, where there is one trusted profile."""

_QUERY = "version=2025-08-26&generation=2"


@dataclass(frozen=True)
class Played(Ran):
    """How a command ended, and what it asked for, as one line for each request."""

    requests: list[str]


def play(
    scenario: Scenario, folder: Path, query: str | None = None, *, command: str | None = None
) -> Played:
    """Run a scenario's command, or another one, from its cassette; its state is in ``folder``.

    ``query`` shapes the JSON: it does not change what is asked of the cloud. Fails unless every
    answer of the cassette was asked for.
    """
    environ = {
        "IBMCLOUD_API_KEY": "any-key-will-do",
        "VPCMETACTL_STATE": str(folder / "state.sqlite"),
    }
    shape = [] if query is None else ["--query", query]
    with replaying(FOLDER / f"{scenario.name}.yaml") as cassette:
        ran = run([*arguments_of(command or scenario.command), *shape], environ)
    requests = [f"{request.method} {_short(request.uri)}" for request in cassette.requests]
    unplayed = [text for i, text in enumerate(requests) if not cassette.play_counts[i]]
    assert cassette.all_played, unplayed
    return Played(ran.exit_code, ran.stdout, ran.stderr, requests)


def sent(scenario: Scenario, method: str, path: str) -> list[dict[str, object]]:
    """The bodies of the requests of a cassette by this method, to what has this in its path."""
    cassette = yaml.safe_load((FOLDER / f"{scenario.name}.yaml").read_text())
    requests = [interaction["request"] for interaction in cassette["interactions"]]
    return [
        yaml.safe_load(request["body"])
        for request in requests
        if request["method"] == method and path in request["uri"]
    ]


def _short(uri: str) -> str:
    """Leave out what is the same in every address of the VPC API."""
    return (
        uri.removeprefix("https://")
        .replace(".iaas.cloud.ibm.com/v1", "")
        .replace(f"{_QUERY}&", "")
        .removesuffix(f"?{_QUERY}")
    )

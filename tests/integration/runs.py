"""What tests of plans and runs ask of a cloud, again and again."""

from collections import Counter
from pathlib import Path
from typing import Any

from tests.integration.cloud import EmulatedCloud, Ran
from vpcmetactl.emulator.vpc.resources import MetadataService

# Of the demo's 42 servers 26 change, both kinds among them; one is being deleted.
HTTPS = ("metadata", "set", "--all", "--protocol", "https")
CHANGES = 26
# Four instances that run, with the service off.
LEGACY = ("metadata", "enable", "--name", "legacy-[1-4]", "-r", "au-syd")

Services = dict[str, MetadataService]


def saved(cloud: EmulatedCloud, path: Path, *words: str) -> Path:
    """Save a plan, and forget what was asked for it."""
    ran = cloud.run(*(words or LEGACY), "--plan-out", str(path))
    assert ran.exit_code in (0, 5), ran.stderr
    cloud.emulator.clear_requests()
    return path


def services(cloud: EmulatedCloud) -> Services:
    """Return the metadata service of every server, by its id."""
    found = {}
    for server in cloud.emulator.world.servers():
        assert isinstance(server.metadata_service, MetadataService)
        found[server.id] = server.metadata_service
    return found


def results(ran: Ran) -> Counter[str]:
    """Count what became of the servers."""
    return Counter(str(item["result"]) for item in ran.envelope.items)


def patches(cloud: EmulatedCloud) -> Counter[str]:
    """Count the changes that reached the API, by the server's id, whatever the answer."""
    return Counter(
        request.path.rpartition("/")[2]
        for request in cloud.emulator.requests
        if request.method == "PATCH"
    )


def run_ids(cloud: EmulatedCloud) -> list[str]:
    """Return the runs, newest first."""
    return cloud.run("runs", "list", "-o", "ids").stdout.split()


def shown(cloud: EmulatedCloud, run_id: str) -> dict[str, Any]:
    """Return a run as an auditor reads it."""
    (run,) = cloud.run("runs", "show", run_id, "-o", "json").envelope.items
    return run


def outcomes(cloud: EmulatedCloud, run_id: str) -> Counter[str]:
    """Count what the journal says became of the planned changes."""
    items = shown(cloud, run_id)["items"]
    return Counter(str(item["outcome"]) for item in items if item["decision"] == "change")

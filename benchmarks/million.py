"""A sweep of a million servers: 200 accounts of 5,000 are merged, and the whole is audited.

``python -m benchmarks.million [ACCOUNTS SERVERS]`` writes the snapshots of the accounts first, as
``snapshot save`` does, into a temporary folder: 0.2 GB for a million servers. It fails where merge
and audit together take longer than a second for each 100,000 servers, or a process more than
400 MB. Of a hundred servers three speak http, and are found.
"""

import os
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

from benchmarks.harness import PROGRAM, Run, measure, verdict
from vpcmetactl import __version__
from vpcmetactl.domain.restarts import AssessedServer, RestartRule, assess_restart
from vpcmetactl.domain.servers import BareMetalServer, Instance, MetadataService, Reference, Server
from vpcmetactl.domain.snapshots import Content, Reading
from vpcmetactl.domain.templates import InstanceTemplate
from vpcmetactl.domain.trust import ProfileLink, ProfileTrust, TrustedProfile
from vpcmetactl.files.snapshots.writing import SnapshotWriter

ACCOUNTS, SERVERS = 200, 5_000
SPEED, MEMORY = 100_000, 400e6 / 2**20
PROFILES, LINKS, TEMPLATES, VPCS = 20, 5, 10, 10
# Of a hundred servers each.
REGIONS = {"eu-de": 30, "us-east": 10, "us-south": 60}
BARE_METAL, HTTP, HTTPS = 2, 3, 42
_PLACES = [region for region, share in REGIONS.items() for _ in range(share)]
_ROUNDS = 3


class _Account:
    """One account, the same one each time it is made."""

    def __init__(self, number: int) -> None:
        self.id = f"{number:032x}"
        self._random = Random(number)  # noqa: S311 - the same fleet each time
        self._group = Reference(f"{number:032x}", "Default")
        self._vpcs = {
            region: [
                self._reference(region, "vpc", f"r006-{self._uuid()}", f"vpc-{place}")
                for place in range(VPCS)
            ]
            for region in REGIONS
        }

    def servers(self, count: int) -> Iterator[AssessedServer]:
        """Give servers, with what is known of them at first sight."""
        for number in range(count):
            server = self._server(number)
            yield AssessedServer(server, assess_restart(server))

    def profiles(self) -> Iterator[ProfileTrust]:
        """Give the trusted profiles."""
        for number in range(PROFILES):
            profile_id = f"Profile-{self._uuid()}"
            links = tuple(
                ProfileLink(
                    id=f"link-{self._uuid()}",
                    profile_id=profile_id,
                    cr_type="VSI",
                    crn=self._crn("us-south-1", "instance", f"0717_{self._uuid()}"),
                )
                for _ in range(LINKS)
            )
            profile = TrustedProfile(id=profile_id, name=f"reader-{number}", account_id=self.id)
            yield ProfileTrust(profile=profile, links=links)

    def templates(self) -> Iterator[InstanceTemplate]:
        """Give the instance templates."""
        for number in range(TEMPLATES):
            yield InstanceTemplate(
                id=f"0717-{self._uuid()}",
                region="us-south",
                name=f"template-{number}",
                account_id=self.id,
                metadata_service=MetadataService(enabled=True, protocol="https"),
            )

    def _server(self, number: int) -> Server:
        region, share = _PLACES[number % 100], number * 37 % 100
        zone, server_id = f"{region}-{number % 3 + 1}", f"0717_{self._uuid()}"
        service = MetadataService(
            enabled=share < HTTP + HTTPS,
            protocol="http" if share < HTTP else "https",
            response_hop_limit=1,
        )
        name = f"node-{number:06d}"
        common: dict[str, Any] = {
            "id": server_id,
            "region": region,
            "account_id": self.id,
            "name": name,
            "zone": zone,
            "status": "running",
            "status_reasons": (),
            "lifecycle_state": "stable",
            "health_state": "ok",
            "vpc": self._vpcs[region][number % VPCS],
            "resource_group": self._group,
            "profile": "bx2-2x8",
            "architecture": "amd64",
            "created_at": f"2026-0{number % 9 + 1}-{number % 28 + 1:02}T11:19:{number % 60:02}Z",
            "metadata_service": service,
        }
        if number % 100 < BARE_METAL:
            crn = self._crn(zone, "bare-metal-server", server_id)
            return BareMetalServer(crn=crn, **common)
        return Instance(
            crn=self._crn(zone, "instance", server_id),
            availability_class="standard",
            boot_volume=self._reference(zone, "volume", f"r006-{self._uuid()}", f"{name}-boot"),
            has_reserved_ip=True,
            subnet_ids=(f"0717-{self._uuid()}",),
            **common,
        )

    def _reference(self, place: str, kind: str, resource_id: str, name: str) -> Reference:
        return Reference(resource_id, name, self._crn(place, kind, resource_id))

    def _crn(self, place: str, kind: str, resource_id: str) -> str:
        return f"crn:v1:bluemix:public:is:{place}:a/{self.id}::{kind}:{resource_id}"

    def _uuid(self) -> UUID:
        return UUID(int=self._random.getrandbits(128))


def save(number: int, servers: int, folder: Path) -> None:
    """Write the snapshot of one account, as an index of a job would."""
    account = _Account(number)
    reading = Reading(
        account_id=account.id,
        vpc_endpoint="https://{region}.iaas.cloud.ibm.com/v1",
        iam_host="https://iam.cloud.ibm.com",
        taken_at=datetime(2026, 11, 22, tzinfo=UTC),
        rule=RestartRule.FAQ,
        regions=tuple(REGIONS),
        contents=tuple(Content),
    )
    with SnapshotWriter() as writer:
        writer.add_servers(account.servers(servers))
        for trust in account.profiles():
            writer.add_profile(trust)
        for template in account.templates():
            writer.add_template(template)
        writer.save(folder / f"shard-{number:03d}.jsonl.gz", [reading], __version__)


def _say(what: str, run: Run, servers: int) -> None:
    print(
        f"{what}: {run.wall:.1f} s, {run.cpu:.1f} s of CPU, {run.memory:.0f} MiB, "
        f"{servers / run.wall:,.0f} servers/s, exit {run.exit_code}"
    )


def main() -> None:
    """Print a line for each process, and whether both claims hold in the best round."""
    accounts, servers = map(int, sys.argv[1:] or (ACCOUNTS, SERVERS))
    total = accounts * servers
    environment = os.environ  # noqa: TID251 - handed on
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with ProcessPoolExecutor() as pool:
            list(pool.map(partial(save, servers=servers, folder=folder), range(accounts)))
        shards = sorted(folder.glob("shard-*"))
        size = sum(shard.stat().st_size for shard in shards)
        print(f"{accounts} accounts, {total:,} servers, {size / 1e6:,.0f} MB of snapshots")
        fleet = str(folder / "fleet.jsonl.gz")
        merge = ("snapshot", "merge", *map(str, shards), "-o", fleet, "--expect", str(accounts))
        audit = ("audit", "run", "--source", fleet, "--fail-on", "none", "-o", "ids")
        times, memory = [], 0.0
        for _ in range(_ROUNDS):
            merged = measure([*PROGRAM, *merge], environment)
            _say("merge", merged, total)
            audited = measure([*PROGRAM, *audit], environment)
            _say("audit", audited, total)
            times.append(merged.wall + audited.wall)
            memory = max(memory, merged.memory, audited.memory)
            if merged.exit_code or audited.exit_code:
                sys.exit(1)
    speed = total / min(times)
    print(f"together {speed:,.0f} servers/s")
    holds = verdict("seconds for 100,000 servers", SPEED / speed, 1.0, " s")
    sys.exit(0 if verdict("memory of a process", memory, MEMORY, " MiB") and holds else 1)


if __name__ == "__main__":
    main()

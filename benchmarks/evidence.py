"""Measures evidence: 1,000,000 imported events of 10,000 servers, and the verdicts by them.

``python -m benchmarks.evidence``. Each stage is a process of its own: reading the export alone,
importing it, reading the rows that were kept alone, and judging all servers by them, a page of
them at a time as a listing does. Exits with 1 where a claim does not hold.
"""

import json
import random
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from io import BytesIO
from itertools import islice
from pathlib import Path

from benchmarks.harness import verdict
from tests.support.clock import RealClock
from vpcmetactl.domain.evidence import NOTHING_KNOWN, Observation, Sights
from vpcmetactl.domain.restarts import assess_restart
from vpcmetactl.domain.servers import Instance, MetadataService
from vpcmetactl.files.activity import open_evidence
from vpcmetactl.journal.state import SqliteJournal, open_journal
from vpcmetactl.usecases.ports import Realm

SERVERS, EVENTS = 10_000, 1_000_000
PAGE, TOGETHER = 100, 100_000
CPU_SECONDS, MEMORY, IMPORT_MEMORY = 3.0, 200.0, 300.0
ACCOUNT = "5f2b8b0a3c4d4e5f8a9b0c1d2e3f4a5b"
REALM = Realm("iam.cloud.ibm.com", "https://{region}.iaas.cloud.ibm.com/v1", ACCOUNT)
BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
# An update tells its values one time in two here; nothing documented says how often.
_ACTIONS: Sequence[tuple[str, dict[str, object]]] = (
    ("is.instance.instance.update", {}),
    (
        "is.instance.instance.update",
        {
            "initialValue": {"metadata_service": {"enabled": False}},
            "newValue": {"metadata_service": {"enabled": True}},
        },
    ),
    (
        "is.instance.instance.update",
        {
            "initialValue": {"metadata_service": {"enabled": True}},
            "newValue": {"metadata_service": {"enabled": False}},
        },
    ),
    ("is.instance.instance.stop", {}),
    ("is.instance.instance.start", {}),
)


def _id(number: int) -> str:
    return f"0717_{number:08x}-0000-4000-8000-000000000000"


def _crn(number: int) -> str:
    return f"crn:v1:bluemix:public:is:us-south-1:a/{ACCOUNT}::instance:{_id(number)}"


def _lines() -> Iterator[str]:
    """Yield the export: every server has a hundred events over ten months, in order of time."""
    dice = random.Random(4)  # noqa: S311 - events, no secrets
    apart = timedelta(days=300) / EVENTS
    for number in range(EVENTS):
        action, values = dice.choice(_ACTIONS)
        at = BEGINNING + number * apart
        event = {
            "action": action,
            "eventTime": at.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000",
            "correlationId": f"{number:032x}",
            "initiator": {"id": "IBMid-5500000001", "name": "somebody@example.com"},
            "outcome": "success",
            "reason": {"reasonCode": 200, "reasonType": "OK"},
            "requestData": values,
            "target": {"id": _crn(dice.randrange(SERVERS)), "typeURI": "is.instance/instance"},
        }
        yield json.dumps(event, separators=(",", ":")) + "\n"


def _servers(first: int, count: int) -> Sequence[Instance]:
    service = MetadataService(enabled=True, protocol="https", response_hop_limit=1)
    return [
        Instance(
            id=_id(number),
            region="us-south",
            crn=_crn(number),
            account_id=ACCOUNT,
            name=f"web-{number}",
            zone="us-south-1",
            status="running",
            architecture="amd64",
            metadata_service=service,
        )
        for number in range(first, first + count)
    ]


def _open(folder: Path) -> SqliteJournal:
    return open_journal(folder / "state.sqlite", REALM, RealClock())


def read_export(folder: Path) -> str:
    """Read the export and keep nothing of it."""
    with open_evidence(str(folder / "activity.jsonl"), ACCOUNT, BytesIO()) as reader:
        return f"{sum(1 for _ in reader.events()):,} events"


def import_export(folder: Path) -> str:
    """Import the export as ``restarts import-events`` does; every server was seen before it."""
    journal = _open(folder)
    seen = [Observation(_id(n), BEGINNING, False, "running") for n in range(SERVERS)]  # noqa: FBT003 - by position
    journal.record_sights(Sights(seen))
    with open_evidence(str(folder / "activity.jsonl"), ACCOUNT, BytesIO()) as reader:
        events, new = reader.events(), 0
        while together := tuple(islice(events, TOGETHER)):
            new += journal.add_events(together)
    journal.close()
    return f"{new:,} new, {(folder / 'state.sqlite').stat().st_size / 2**20:.0f} MiB"


def read_rows(folder: Path) -> str:
    """Read the rows that were kept, page by page, and make nothing of them."""
    with sqlite3.connect(folder / "state.sqlite") as connection:
        rows = 0
        for first in range(0, SERVERS, PAGE):
            marks = ",".join("?" * PAGE)
            ids = [_id(number) for number in range(first, first + PAGE)]
            query = f"SELECT * FROM events WHERE realm = 1 AND server_id IN ({marks})"  # noqa: S608 - marks
            rows += sum(1 for _ in connection.execute(query, ids))
    return f"{rows:,} rows"


def judge(folder: Path) -> str:
    """Judge every server by all that is known of it."""
    journal, found = _open(folder), dict[str, int]()
    for first in range(0, SERVERS, PAGE):
        servers = _servers(first, PAGE)
        histories = journal.load_histories([server.id for server in servers])
        for server in servers:
            judged = assess_restart(server, histories.get(server.id, NOTHING_KNOWN))
            found[judged.verdict] = found.get(judged.verdict, 0) + 1
    journal.close()
    return ", ".join(f"{count:,} {name}" for name, count in sorted(found.items()))


STAGES: dict[str, Callable[[Path], str]] = {
    one.__name__: one for one in (read_export, import_export, read_rows, judge)
}


def _stage(name: str, folder: str) -> None:
    """Run one stage, and print what it took: seconds of CPU, peak memory in MiB, what it found."""
    before = time.process_time()
    found = STAGES[name](Path(folder))
    cpu = time.process_time() - before
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps([cpu, memory, found]))


def _measure(stage: str, folder: str) -> tuple[float, float]:
    command = [sys.executable, "-m", "benchmarks.evidence", stage, folder]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    cpu, memory, found = json.loads(ran.stdout)
    print(f"     {stage}: {cpu:.2f} s of CPU, {memory:.0f} MiB; {found}")
    return cpu, memory


def main() -> None:
    """Measure every stage on a new export."""
    if len(sys.argv) > 1:
        _stage(*sys.argv[1:])
        return
    with tempfile.TemporaryDirectory() as folder:
        with (Path(folder) / "activity.jsonl").open("w") as export:
            export.writelines(_lines())
        _measure("read_export", folder)
        _, import_memory = _measure("import_export", folder)
        bare, _ = min(_measure("read_rows", folder) for _ in range(2))
        cpu, memory = min(_measure("judge", folder) for _ in range(2))
    holds = [
        verdict("CPU of verdicts beyond reading the file", cpu - bare, CPU_SECONDS, " s"),
        verdict("memory of verdicts", memory, MEMORY, " MiB"),
        verdict("memory of an import", import_memory, IMPORT_MEMORY, " MiB"),
    ]
    sys.exit(0 if all(holds) else 1)


if __name__ == "__main__":
    main()

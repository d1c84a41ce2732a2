"""What opening a gateway costs, and what it must not cost those who open none."""

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.support.scripted_server import Answer, Dribble, ScriptedServer, a_token_answer

_MODULES = """
import importlib, json, sys
importlib.import_module(sys.argv[1])
print(json.dumps(sorted(sys.modules)))
"""
_OPENING = """
import gc, json, sys, threading
from tests.support.gateways import a_connection, a_gateway

class Watch:
    seen = None
    def find_spec(self, name, path=None, target=None):
        if name == "ibm_vpc.vpc_v1":
            Watch.seen = (sorted(t.name for t in threading.enumerate()), gc.isenabled())

sys.meta_path.insert(0, Watch())
with a_gateway(a_connection(sys.argv[1])) as gateway:
    regions = len(gateway.list_regions())
print(json.dumps([*Watch.seen, gc.isenabled(), gc.get_freeze_count() > 100_000, regions]))
"""


_TRUST = """
import json, sys
from tests.support.gateways import a_connection, a_gateway

def services():
    return sorted(name for name in sys.modules if name.startswith("ibm_platform_services."))

with a_gateway(a_connection(sys.argv[1])) as gateway:
    before = services()
    gateway.list_profiles("account")
    gateway.list_profiles("account")
print(json.dumps([before, services()]))
"""


@pytest.mark.parametrize("door", ["connection", "opening"])
def test_the_doors_can_be_imported_without_any_sdk(door: str) -> None:
    loaded = _run(_MODULES, f"vpcmetactl.ibmcloud.{door}")
    heavy = {"ibm_vpc", "ibm_cloud_sdk_core", "requests", "urllib3", "msgspec", "jwt", "ssl"}
    assert heavy.isdisjoint(loaded)


def test_the_token_is_requested_while_the_sdk_is_imported_and_the_collector_rests() -> None:
    slow_token = Dribble(a_token_answer(), seconds=0.002)
    regions = Answer(body={"regions": [{"name": "us-south"}]})
    with ScriptedServer([regions], [slow_token]) as server:
        threads, was_collecting, collects, is_frozen, found = _run(_OPENING, server.url)
    assert "iam-token" in threads
    assert (was_collecting, collects, is_frozen) == (False, True, True)
    assert found == 1
    assert len(server.token_requests) == 1


def test_of_the_sdk_of_iam_one_service_is_imported_and_only_when_it_is_needed() -> None:
    with ScriptedServer([Answer(body={"profiles": []})]) as server:
        before, after = _run(_TRUST, server.url)
    assert before == []
    assert after == [
        f"ibm_platform_services.{name}" for name in ("common", "iam_identity_v1", "version")
    ]


def _run(program: str, argument: str) -> list[Any]:
    done = subprocess.run(
        [sys.executable, "-c", program, argument], check=True, capture_output=True, text=True
    )
    result: list[Any] = json.loads(done.stdout)
    return result

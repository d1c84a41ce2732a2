"""The probe where there is no service, in as many ways as a network has to say so.

Each runs in a network namespace of its own, made with ``unshare -rn``.
"""

import json
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.guest import fake_service

_FAKE = Path(fake_service.__file__)
_PROBE = [sys.executable, "-m", "vpcmetactl", "guest", "probe", "--timeout", "1", "-o", "json"]
_UNSHARE = [shutil.which("unshare") or "unshare", "-rn"]
_LINK_LOCAL = "http://169.254.169.254"
# How a setup says that this machine cannot do it.
_IMPOSSIBLE = 77

# A device on the way to the address that takes packets and forgets them. What is there depends on
# the kernel; a first connection must run into the time-out, else it would prove nothing.
_DROPPING = f"""
(ip link add gone type dummy || ip link add gone type ifb || ip tuntap add dev gone mode tun) \
    2>/dev/null || exit {_IMPOSSIBLE}
ip address add 169.254.1.1/16 dev gone && ip link set gone up || exit {_IMPOSSIBLE}
"{sys.executable}" -I -S -c '
import socket, sys
link = socket.socket()
link.settimeout(0.2)
try:
    link.connect(("169.254.169.254", 80))
except socket.timeout:
    sys.exit(0)
except OSError:
    pass
sys.exit({_IMPOSSIBLE})' || exit {_IMPOSSIBLE}
"""
_OWN_ADDRESS = f"""
ip link set lo up && ip address add 169.254.169.254/32 dev lo || exit {_IMPOSSIBLE}
"""


@dataclass(frozen=True)
class Probed:
    """What came of a probe: its proof, exit code, and how long it took with its start, in s."""

    proof: Any
    exit_code: int
    seconds: float

    @property
    def at_link_local(self) -> str:
        [outcome] = {one["outcome"] for one in self.proof["attempts"] if one["url"] == _LINK_LOCAL}
        return str(outcome)


@cache
def _reason_against() -> str | None:
    for program in ("unshare", "ip"):
        if shutil.which(program) is None:
            return f"there is no program {program}"
    tried = subprocess.run([*_UNSHARE, "true"], capture_output=True, text=True, check=False)
    return tried.stderr.strip() if tried.returncode else None


def probe_behind(setup: str, *before: str) -> Probed:
    """Probe in a namespace of its own; ``before`` is what the probe is an argument of."""
    reason = _reason_against()
    if reason:
        pytest.skip(f"no network namespace can be made: {reason}")
    began = time.monotonic()
    ran = subprocess.run(
        [*_UNSHARE, "sh", "-c", f'{setup}\nexec "$@"', "sh", *before, *_PROBE],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    if ran.returncode == _IMPOSSIBLE:
        pytest.skip("this namespace cannot be set up on this machine")
    assert ran.stderr == ""
    return Probed(json.loads(ran.stdout), ran.returncode, time.monotonic() - began)


def test_without_a_route_nothing_can_be_tested() -> None:
    probed = probe_behind("")

    assert probed.exit_code == 1
    assert probed.proof["outcome"] == probed.at_link_local == "no_route"
    assert not probed.proof["answered"]
    assert "route" in probed.proof["attempts"][0]["remedy"]


def test_behind_a_firewall_that_drops_nothing_answers() -> None:
    probed = probe_behind(_DROPPING)

    assert probed.exit_code == 3
    assert probed.proof["outcome"] == probed.at_link_local == "no_answer"
    assert "metadata enable" in probed.proof["attempts"][0]["remedy"]
    assert max(one["seconds"] for one in probed.proof["attempts"]) <= 1
    assert probed.seconds < 4


def test_a_port_at_which_nobody_listens_refuses() -> None:
    probed = probe_behind(_OWN_ADDRESS)

    assert probed.exit_code == 3
    assert probed.proof["outcome"] == probed.at_link_local == "refused"


def test_a_service_at_the_link_local_address_is_found_without_being_named() -> None:
    probed = probe_behind(_OWN_ADDRESS, sys.executable, "-I", str(_FAKE), "169.254.169.254", "80")

    assert probed.exit_code == 0
    assert probed.proof["outcome"] == probed.at_link_local == "answered"
    assert probed.proof["url"] == _LINK_LOCAL
    assert probed.proof["server"]["id"] == fake_service.INSTANCE
    assert {one["outcome"] for one in probed.proof["attempts"] if one["url"] != _LINK_LOCAL} == {
        "name_not_found"
    }

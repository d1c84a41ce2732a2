"""What holds for every test: an environment that says nothing, and laws tried the same way."""

import gc
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.support.quick_rules import keep_rules
from tests.support.quick_trust import trust_one

# The suite must stay quick: laws are tried on few examples, and on the same ones in CI.
settings.register_profile(
    "local", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("ci", settings.get_profile("local"), derandomize=True, database=None)
settings.load_profile("ci" if os.environ.get("CI") else "local")  # noqa: TID251 - no setting of ours

_OURS = ("IBMCLOUD_", "IC_", "VPC_", "VPCMETACTL_", "VCAP_", "IAM_", "IBM_CREDENTIALS")
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
_OTHERS = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "CLICOLOR_FORCE", "TERM")

keep_rules()


# What is made until then stays to the end: modules, tests and what they are given.
gc.disable()


def pytest_collection_finish() -> None:
    """Let the garbage collector search what the tests leave behind, and nothing else."""
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session", autouse=True)
def _quick_trust(tmp_path_factory: pytest.TempPathFactory) -> None:
    trust_one(tmp_path_factory.mktemp("trust") / "one.pem")


@pytest.fixture(scope="session")
def _empty_home(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    """A home with nothing in it: the last one, unless a test left something there."""
    homes = [tmp_path_factory.mktemp("home")]

    def empty() -> Path:
        if any(homes[-1].iterdir()):
            homes.append(tmp_path_factory.mktemp("home"))
        return homes[-1]

    return empty


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, _empty_home: Callable[[], Path]) -> None:
    """Nothing of the machine's own account, proxies or home reaches a test."""
    for name in list(os.environ):  # noqa: TID251 - to empty it
        if name.startswith(_OURS) or name.upper() in _PROXIES or name in _OTHERS:
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(_empty_home()))
    for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")

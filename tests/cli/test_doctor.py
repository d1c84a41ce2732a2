"""``doctor``: each layer in turn, as far as each lets the next be looked at."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.app import a_terminal, an_app, use
from tests.support.builders import ACCOUNT, an_instance
from tests.support.clock import ManualClock
from tests.support.fake_cloud import InMemoryCloud
from tests.support.program import Ran
from vpcmetactl.cli.settings import CloudOptions
from vpcmetactl.domain.errors import (
    AuthenticationError,
    PermissionDeniedError,
    StateError,
    UnavailableError,
)
from vpcmetactl.usecases.diagnosing import WRITES
from vpcmetactl.usecases.ports import Caller, HostLooker, HostSight


@dataclass
class Looker:
    """Reaches every host, except where it is told otherwise."""

    skew: float | None = 0.0
    proxy: str | None = None
    error: UnavailableError | None = None

    def look(self, url: str) -> HostSight:
        if self.error is not None:
            raise self.error
        host = url.split("/")[2]
        return HostSight(
            host=host, name_seconds=0.001, seconds=0.02, proxy=self.proxy, clock_skew=self.skew
        )


@dataclass
class Patient:
    """A user with a cloud, hosts and an environment, who calls the doctor."""

    folder: Path
    cloud: InMemoryCloud = field(default_factory=lambda: InMemoryCloud([an_instance("web-1")]))
    looker: Looker = field(default_factory=Looker)
    environ: Mapping[str, str] = field(default_factory=lambda: {"IBMCLOUD_API_KEY": "canary-key"})
    state_error: StateError | None = None
    clock: ManualClock = field(default_factory=ManualClock)

    def call(self, *words: str, form: str = "json") -> Ran:
        environ = {"VPCMETACTL_STATE": str(self.folder / "state.sqlite"), **self.environ}
        app = an_app(
            self.cloud,
            environ=environ,
            terminal=a_terminal(environ),
            state_error=self.state_error,
            clock=self.clock,
        )

        @contextmanager
        def open_hosts(options: CloudOptions) -> Iterator[HostLooker]:
            del options
            yield self.looker

        app = replace(app, open_hosts=open_hosts, has_bytecode=lambda: True)
        return use(app, "doctor", "-o", form, *words)

    def sights(self, *words: str) -> dict[str, dict[str, Any]]:
        return {item["name"]: item for item in self.call(*words).answer["items"]}


@pytest.fixture
def patient(tmp_path: Path) -> Patient:
    return Patient(tmp_path)


def test_where_all_is_well_every_layer_says_so(patient: Patient) -> None:
    ran = patient.call()

    assert ran.exit_code == 0, ran.stdout
    assert (
        ran.answer["scope"] | {"accounts": [ACCOUNT], "regions": ["us-south"]}
        == (ran.answer["scope"])
    )
    layers = [item["layer"] for item in ran.answer["items"]]
    assert list(dict.fromkeys(layers)) == [
        *("program", "configuration", "state", "credentials", "network"),
        *("identity", "regions", "reads", "writes"),
    ]
    healths = {item["health"] for item in ran.answer["items"]}
    assert healths == {"ok", "not_tested"}


def test_it_changes_nothing_and_names_what_changes_need(patient: Patient) -> None:
    sights = patient.sights()

    assert {name for name, one in sights.items() if one["health"] == "not_tested"} == set(WRITES)
    assert not [name for name in patient.cloud.operations() if name.startswith(("update", "st"))]


def test_a_region_that_does_not_exist_is_named_and_not_read(patient: Patient) -> None:
    ran = patient.call("-r", "us-sout")

    sights = {item["name"]: item for item in ran.answer["items"]}
    assert ran.exit_code == 4
    assert sights["region us-sout"]["message"] == "there is no region 'us-sout'"
    assert sights["region us-sout"]["remedy"] == "did you mean us-south?"
    assert "instances in us-sout" not in sights


def test_a_region_that_the_context_excludes_is_not_passed_over_silently(patient: Patient) -> None:
    path = patient.folder / "config.toml"
    path.write_text('[contexts.prod]\nexclude_regions = ["us-south"]\n')
    patient.environ = {**patient.environ, "VPCMETACTL_CONFIG": str(path)}

    ran = patient.call("--context", "prod", "-r", "us-south")

    sights = {item["name"]: item for item in ran.answer["items"]}
    assert ran.exit_code == 4
    assert "exclude_regions" in sights["region us-south"]["remedy"]
    assert "instances in us-south" not in sights


def test_no_secret_is_told(patient: Patient) -> None:
    for form in ("json", "wide", "csv"):
        ran = patient.call(form=form)
        assert "canary" not in ran.stdout + ran.stderr
        assert "IBMCLOUD_API_KEY" in ran.stdout


def test_with_nothing_configured_it_says_what_to_do(patient: Patient) -> None:
    patient.environ = {}

    ran, sights = patient.call(form="table"), patient.sights()

    assert ran.exit_code == 1
    assert sights["credentials"]["code"] == "configuration"
    assert sights["IAM"]["health"] == "ok"
    assert {sights[name]["health"] for name in ("identity", "regions", "reads")} == {"skipped"}
    assert "What to do" in ran.stdout
    assert "set IBMCLOUD_API_KEY" in ran.stdout
    assert patient.cloud.operations() == []


def test_a_configuration_that_is_broken_is_the_first_thing_told(patient: Patient) -> None:
    path = patient.folder / "config.toml"
    path.write_text("[contexts.prod")
    patient.environ = {**patient.environ, "VPCMETACTL_CONFIG": str(path)}

    ran = patient.call()

    assert ran.exit_code == 1
    failed = [item for item in ran.answer["items"] if item["health"] == "failed"]
    assert [item["name"] for item in failed] == ["configuration file"]
    assert str(path) in failed[0]["message"]


def test_a_context_that_is_not_there_is_told_with_those_that_are(patient: Patient) -> None:
    path = patient.folder / "config.toml"
    path.write_text("[contexts.prod]\n")
    patient.environ = {**patient.environ, "VPCMETACTL_CONFIG": str(path)}

    assert patient.sights("--context", "prd")["configuration file"]["remedy"] == (
        "did you mean prod?"
    )
    assert patient.call("--context", "prod").exit_code == 0


def test_a_state_that_cannot_be_written_does_not_keep_from_reading(patient: Patient) -> None:
    patient.state_error = StateError("the state cannot be written", hint="make room")

    ran, sights = patient.call(), patient.sights()

    assert ran.exit_code == 4
    assert sights["state file"]["health"] == "failed"
    assert sights["instances in us-south"]["health"] == "ok"
    assert patient.sights("--no-state")["state file"]["health"] == "skipped"


@pytest.mark.parametrize(("skew", "word"), [(90.4, "ahead"), (-3600.0, "behind")])
def test_a_clock_that_is_off_is_told(patient: Patient, skew: float, word: str) -> None:
    patient.looker.skew = skew

    sight = patient.sights()["IAM"]

    assert sight["health"] == "warning"
    assert f"{abs(skew):.0f} s {word}" in sight["message"]
    assert patient.call().exit_code == 0


def test_a_proxy_on_the_way_is_named(patient: Patient) -> None:
    patient.looker.proxy = "proxy.example:3128"

    assert "through the proxy proxy.example:3128" in patient.sights()["IAM"]["message"]


def test_hosts_that_cannot_be_reached_are_told_each(patient: Patient) -> None:
    patient.looker.error = UnavailableError("nobody answers", hint="check HTTPS_PROXY")

    ran = patient.call()

    failed = [item["layer"] for item in ran.answer["items"] if item["health"] == "failed"]
    assert (ran.exit_code, failed) == (1, ["network"] * 3)


def test_a_refused_token_leaves_the_rest_unlooked_at(patient: Patient) -> None:
    patient.cloud.fail("get_caller", AuthenticationError("the key was refused", hint="a new key"))

    ran = patient.call()

    by_name = {item["name"]: item for item in ran.answer["items"]}
    assert ran.exit_code == 1
    assert by_name["token"]["remedy"] == "a new key"
    assert by_name["reads"]["health"] == "skipped"


def test_a_token_that_ends_soon_is_told(patient: Patient) -> None:
    soon = patient.clock.now() + timedelta(seconds=90)
    patient.cloud.caller = Caller(ACCOUNT, "IBMid-1", soon)

    assert "expires in" in patient.sights()["token"]["message"]


def test_the_wrong_account_is_told_and_nothing_of_it_is_read(patient: Patient) -> None:
    ran = patient.call("--account", "somebody-elses")

    by_name = {item["name"]: item for item in ran.answer["items"]}
    assert ran.exit_code == 1
    assert by_name["account"]["health"] == "failed"
    assert "somebody-elses" in by_name["account"]["message"]
    assert set(patient.cloud.operations()) <= {"get_caller"}


def test_a_read_that_is_not_allowed_is_told_with_its_action(patient: Patient) -> None:
    denied = PermissionDeniedError("not authorized", hint="ask for it")
    patient.cloud.fail("list_profiles", denied)

    ran = patient.call()

    [failed] = [item for item in ran.answer["items"] if item["health"] == "failed"]
    assert ran.exit_code == 4
    assert (failed["name"], failed["permission"]) == (
        "trusted profiles",
        "iam-identity.profile.get",
    )


def test_regions_can_be_chosen(patient: Patient) -> None:
    patient.cloud = InMemoryCloud(
        [an_instance(region, region=region) for region in ("eu-de", "jp-tok", "us-south")]
    )
    names = [name for name in patient.sights("-r", "eu-de", "-r", "jp-tok") if " in " in name]

    assert [name for name in names if name.startswith("instances")] == [
        "instances in eu-de",
        "instances in jp-tok",
    ]
    assert "VPC API in eu-de" in names

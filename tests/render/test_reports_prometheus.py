from collections.abc import Mapping
from dataclasses import replace

from hypothesis import given
from prometheus_client.parser import text_string_to_metric_families

from tests.render.examples import NOON, PLAIN, SCOPE
from tests.render.report_examples import (
    CLEAN,
    REPORT,
    WORDS,
    hostile,
    reported,
    reported_with_a_hole,
)
from vpcmetactl.domain.errors import AuthenticationError, ExitCode
from vpcmetactl.render.documents import Unread
from vpcmetactl.render.options import Format

Samples = Mapping[tuple[str, frozenset[tuple[str, str]]], float]


def samples(text: str) -> Samples:
    """Read metrics as Prometheus does; each sample must be there once, with help and a type."""
    found: dict[tuple[str, frozenset[tuple[str, str]]], float] = {}
    for family in text_string_to_metric_families(text):
        assert family.type == "gauge"
        assert family.documentation.endswith(".")
        assert family.name.startswith("vpcmetactl_")
        for sample in family.samples:
            assert sample.timestamp is None
            key = (sample.name.removeprefix("vpcmetactl_"), frozenset(sample.labels.items()))
            assert key not in found
            found[key] = sample.value
    return found


def value(found: Samples, name: str, **labels: str) -> float | None:
    """Return the sum of the samples that have these labels, ``None`` where there is none."""
    values = [
        number
        for (metric, said), number in found.items()
        if metric == name and labels.items() <= dict(said).items()
    ]
    return sum(values) if values else None


def test_the_fleet_is_counted_by_what_it_is() -> None:
    found = samples(reported(Format.PROMETHEUS))
    assert value(found, "audit_servers") == REPORT.subjects == 8
    assert value(found, "audit_servers", region="eu-de", enabled="true", protocol="https") == 2
    assert value(found, "audit_servers", kind="bare_metal_server") == 1
    assert value(found, "audit_servers", region="jp-tok", enabled="unknown") == 1
    assert value(found, "audit_servers", origin="terraform_plan") == 1


def test_findings_are_counted_waived_or_not() -> None:
    found = samples(reported(Format.PROMETHEUS))
    assert value(found, "audit_findings") == len(REPORT.findings)
    assert value(found, "audit_findings", check="VPCMETA001", waived="true") == 1
    assert value(found, "audit_findings", check="VPCMETA001", waived="false") == 3
    assert value(found, "audit_check_servers", check="VPCMETA001", result="unknown") == 1


def test_the_limit_changes_no_count() -> None:
    assert reported(Format.PROMETHEUS, options=replace(PLAIN, limit=1)) == reported(
        Format.PROMETHEUS
    )


def test_a_check_that_finds_nothing_says_so() -> None:
    found = samples(reported(Format.PROMETHEUS, CLEAN, exit_code=ExitCode.OK))
    assert value(found, "audit_findings", check="VPCMETA002", severity="high", waived="false") == 0
    assert value(found, "audit_exit_code") == 0


def test_time_and_outcome_are_metrics() -> None:
    found = samples(reported(Format.PROMETHEUS))
    assert value(found, "audit_timestamp_seconds") == NOON.timestamp()
    assert value(found, "audit_exit_code") == 3
    assert value(found, "audit_complete") == 1


def test_each_region_and_kind_says_whether_it_could_be_read() -> None:
    found = samples(reported_with_a_hole(Format.PROMETHEUS))
    assert value(found, "audit_scan_success", region="eu-gb", kind="instance") == 0
    assert value(found, "audit_scan_success", region="eu-gb", kind="bare_metal_server") == 1
    assert value(found, "audit_scan_success", region="eu-de", kind="instance") == 1
    assert value(found, "audit_complete") == 0


def test_profiles_that_could_not_be_read_make_no_region_fail() -> None:
    error = AuthenticationError("profiles could not be listed")
    profiles = Unread(None, None, None, error, content="profiles")
    found = samples(reported(Format.PROMETHEUS, scope=replace(SCOPE, incomplete=(profiles,))))
    assert value(found, "audit_scan_success", region="eu-de", kind="instance") == 1
    assert value(found, "audit_scan_success", region="unknown") is None
    assert value(found, "audit_complete") == 0


def test_servers_of_no_region_that_is_known_fail_there() -> None:
    gone = Unread(None, None, None, AuthenticationError("regions could not be listed"))
    found = samples(reported(Format.PROMETHEUS, scope=replace(SCOPE, incomplete=(gone,))))
    assert value(found, "audit_scan_success", region="unknown", kind="instance") == 0


@given(word=WORDS)
def test_no_word_adds_a_metric_or_a_label(word: str) -> None:
    report, scope = hostile(word)
    found = samples(reported(Format.PROMETHEUS, report, scope=scope))
    quiet, quiet_scope = hostile("plain")
    expected = samples(reported(Format.PROMETHEUS, quiet, scope=quiet_scope))

    def shapes(of: Samples) -> set[tuple[str, frozenset[str]]]:
        return {(name, frozenset(key for key, _ in labels)) for name, labels in of}

    assert shapes(found) == shapes(expected)
    assert value(found, "audit_exit_code") == 3

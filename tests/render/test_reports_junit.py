from xml.etree import ElementTree as ET

from hypothesis import given
from junitparser import Error as JUnitError
from junitparser import Failure, JUnitXml, Skipped, TestCase, TestSuite

from tests.render.report_examples import (
    CLEAN,
    REPORT,
    STRICT,
    TODAY,
    WORDS,
    a_fleet,
    hostile,
    reported,
    reported_with_a_hole,
)
from vpcmetactl.domain.audit import audit
from vpcmetactl.domain.default_policy import policy_of_flags
from vpcmetactl.domain.policy import Requirement
from vpcmetactl.render.formats.reports.junit import MOST_CASES
from vpcmetactl.render.options import Format


def suites(text: str) -> dict[str, TestSuite]:
    """Return the suites by the first word of their names, read as another program reads them."""
    return {suite.name.partition(" ")[0]: suite for suite in JUnitXml.fromstring(text.encode())}


def cases(suite: TestSuite) -> dict[str, TestCase]:
    """Return the cases by the first word of their names."""
    return {case.name.partition(" ")[0]: case for case in suite}


def test_there_is_a_suite_for_each_check_of_the_policy() -> None:
    assert list(suites(reported(Format.JUNIT))) == list(REPORT.counts)


def test_a_failure_says_what_to_do() -> None:
    case = cases(suites(reported(Format.JUNIT))["VPCMETA001"])["web-1"]
    (failure,) = case.result
    assert isinstance(failure, Failure)
    assert (case.classname, failure.message, failure.type) == (
        "VPCMETA001",
        "enabled over http, not https",
        "medium",
    )
    finding = next(
        one for one in REPORT.findings if (one.label, one.check.id) == ("web-1", "VPCMETA001")
    )
    assert f"Command: {finding.command}" in failure.text
    assert f"Fingerprint: {finding.fingerprint}" in failure.text
    assert "Remedy: For https" in failure.text


def test_a_resource_names_its_file() -> None:
    found = cases(suites(reported(Format.JUNIT))["VPCMETA001"])
    case = found["module.web.ibm_is_instance.web[0]"]
    assert case._elem.get("file") == "./out/my plan.json"  # noqa: SLF001 - the reader has no word for it


def test_a_waived_finding_is_skipped_with_who_and_why() -> None:
    (skipped,) = cases(suites(reported(Format.JUNIT))["VPCMETA001"])["waived-1"].result
    assert isinstance(skipped, Skipped)
    assert skipped.message == "waived by platform team until 2027-03-01: moves in December"
    waived = next(
        one for one in REPORT.findings if (one.label, one.check.id) == ("waived-1", "VPCMETA001")
    )
    assert skipped.text == f"Fingerprint: {waived.fingerprint}"


def test_what_could_not_be_judged_is_skipped_or_an_error_as_the_policy_says() -> None:
    (skipped,) = cases(suites(reported(Format.JUNIT))["VPCMETA001"])["dark-1"].result
    assert isinstance(skipped, Skipped)
    assert skipped.message == ("could not be judged: whether the service is enabled is not known")
    (error,) = cases(suites(reported(Format.JUNIT, STRICT))["VPCMETA001"])["dark-1"].result
    assert isinstance(error, JUnitError)
    assert error.message == skipped.message


def test_those_that_pass_are_one_case() -> None:
    names = [case.name for case in suites(reported(Format.JUNIT))["VPCMETA001"]]
    assert [name for name in names if "passed" in name] == ["3 servers passed"]
    clean = suites(reported(Format.JUNIT, CLEAN))
    assert {name: [case.name for case in suite] for name, suite in clean.items()} == {
        "VPCMETA001": ["1 server passed"],
        "VPCMETA002": ["1 server passed"],
        "VPCMETA004": ["1 server passed"],
    }


def test_counts_are_those_of_the_cases() -> None:
    for text in (reported(Format.JUNIT), reported_with_a_hole(Format.JUNIT)):
        told = JUnitXml.fromstring(text.encode())
        before = [(s.tests, s.failures, s.errors, s.skipped) for s in [told, *told]]
        for suite in told:
            suite.update_statistics()  # type: ignore[no-untyped-call]  # of junitparser
        told.update_statistics()  # type: ignore[no-untyped-call]  # as above
        assert [(s.tests, s.failures, s.errors, s.skipped) for s in [told, *told]] == before


def test_no_two_cases_have_the_same_name() -> None:
    # GitLab would drop the second.
    found = [
        (case.classname, case.name)
        for suite in JUnitXml.fromstring(reported(Format.JUNIT).encode())
        for case in suite
    ]
    assert len(found) == len(set(found))


def test_a_region_that_could_not_be_read_is_an_error() -> None:
    (case,) = suites(reported_with_a_hole(Format.JUNIT))["vpcmetactl"]
    (error,) = case.result
    assert isinstance(error, JUnitError)
    assert case.name.startswith("instances in eu-gb of ")
    assert error.message.endswith("eu-gb did not answer within 60 s")


def test_more_cases_than_readers_take_are_left_out_and_counted() -> None:
    report = audit(a_fleet(MOST_CASES // 2 + 1), policy_of_flags(Requirement.DISABLED), TODAY)
    found = suites(reported(Format.JUNIT, report))
    assert sum(len(suite) for suite in found.values()) == MOST_CASES + 1
    (case,) = found["vpcmetactl"]
    assert case.result[0].message.startswith("2 more")


@given(word=WORDS)
def test_whatever_is_in_a_word_the_xml_can_be_read_and_has_the_same_shape(word: str) -> None:
    report, scope = hostile(word)
    told = ET.fromstring(reported(Format.JUNIT, report, scope=scope))  # noqa: S314 - our own
    assert {element.tag for element in told.iter()} == {
        "testsuites",
        "testsuite",
        "properties",
        "property",
        "testcase",
        "failure",
        "error",
        "skipped",
    }
    failures = told.findall(".//failure")
    assert len(failures) == len(report.open_findings)

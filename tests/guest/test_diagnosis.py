"""What attempts come to when each address has its own story."""

import itertools

import pytest

from vpcmetactl.guest.diagnosis import (
    ANSWERED,
    OK,
    SKIPPED,
    Attempt,
    Check,
    Diagnosis,
    Surroundings,
    diagnosed,
)
from vpcmetactl.guest.endpoints import ENDPOINTS
from vpcmetactl.guest.failures import EXPLANATIONS, GuestError, named

NOWHERE = Surroundings()


def attempts(*outcomes: str) -> tuple[Attempt, ...]:
    """Return attempts at the three addresses, in their order."""
    return tuple(
        Attempt(
            endpoint.url,
            endpoint.protocol,
            outcome,
            "",
            None if outcome == ANSWERED else EXPLANATIONS[outcome].remedy,
            0.1,
        )
        for endpoint, outcome in zip(ENDPOINTS, outcomes, strict=True)
    )


def of(*outcomes: str, surroundings: Surroundings = NOWHERE) -> Diagnosis:
    return diagnosed(attempts(*outcomes), (), surroundings, profile_asked=False)


@pytest.mark.parametrize(
    ("outcomes", "outcome", "exit_code"),
    [
        # Disabled, as a rule.
        (("no_answer", "no_answer", "no_answer"), "no_answer", 3),
        (("no_answer", "name_not_found", "name_not_found"), "no_answer", 3),
        # Disabled, as the list of errors has it.
        (("not_enabled", "no_answer", "refused"), "not_enabled", 3),
        (("refused", "refused", "refused"), "refused", 3),
        (("refused", "refused", "no_answer"), "refused", 3),
        (("closed", "refused", "refused"), "closed", 3),
        (("refused", "refused", "wrong_protocol"), "wrong_protocol", 3),
        # It may well be there, and cannot be seen.
        (("refused", "refused", "tls_failed"), "tls_failed", 1),
        (("wrong_protocol", "wrong_protocol", "tls_failed"), "tls_failed", 1),
        (("wrong_protocol", "wrong_protocol", "name_not_found"), "wrong_protocol", 3),
        (("no_route", "no_route", "no_route"), "no_route", 1),
        (("no_route", "name_not_found", "name_not_found"), "no_route", 1),
        (("name_not_found", "name_not_found", "name_not_found"), "name_not_found", 1),
        # Something answers, and not as it should.
        (("bad_answer", "no_answer", "no_answer"), "bad_answer", 1),
        (("service_error", "service_error", "refused"), "service_error", 1),
        (("nonce_mismatch", "no_answer", "no_answer"), "nonce_mismatch", 1),
        # Where one answers, that the others do not is as it should be.
        ((ANSWERED, ANSWERED, "refused"), ANSWERED, 0),
        (("no_answer", "no_answer", ANSWERED), ANSWERED, 0),
        ((ANSWERED, "name_not_found", "name_not_found"), ANSWERED, 0),
    ],
)
def test_of_all_attempts_the_one_that_says_most_decides(
    outcomes: tuple[str, ...], outcome: str, exit_code: int
) -> None:
    diagnosis = of(*outcomes)

    assert (diagnosis.outcome, diagnosis.exit_code) == (outcome, exit_code)
    if outcome != ANSWERED:
        assert diagnosis.advice[0] == EXPLANATIONS[outcome].remedy
        assert EXPLANATIONS[outcome].meaning in diagnosis.summary


def test_any_three_outcomes_have_a_diagnosis() -> None:
    for outcomes in itertools.product([ANSWERED, *EXPLANATIONS], repeat=3):
        diagnosis = of(*outcomes)

        assert diagnosis.outcome in outcomes
        assert (diagnosis.exit_code == 0) is (ANSWERED in outcomes)
        assert (ANSWERED in outcomes) is (diagnosis.outcome == ANSWERED)


def test_which_protocol_answers_is_said() -> None:
    assert of(ANSWERED, ANSWERED, "refused").summary == ("The metadata service answers over http.")
    assert of("no_answer", "no_answer", ANSWERED).summary == (
        "The metadata service answers over https."
    )


def test_over_http_all_is_said_where_all_is_well() -> None:
    assert of(ANSWERED, ANSWERED, "refused").advice == ()


def test_over_https_others_must_be_told() -> None:
    [advice] = of("refused", "refused", ANSWERED).advice

    assert "IBMCLOUD_CR_VPC_URL=https://api.metadata.cloud.ibm.com" in advice
    assert "url=https://api.metadata.cloud.ibm.com" in advice


def test_a_name_that_is_missing_is_told_before_https_needs_it() -> None:
    [advice] = of(ANSWERED, "name_not_found", "name_not_found").advice

    assert "switched to https" in advice


def test_a_name_that_is_missing_may_be_why_nothing_was_found() -> None:
    [first, second] = of("no_answer", "name_not_found", "name_not_found").advice

    assert "metadata enable" in first
    assert "speaks https could not be found" in second


def test_both_protocols_at_once_are_not_the_platform() -> None:
    [advice] = of(ANSWERED, ANSWERED, ANSWERED).advice

    assert "never serves both" in advice


def test_in_a_container_hops_come_first() -> None:
    first, second = of(*["no_answer"] * 3, surroundings=Surroundings(container=True)).advice

    assert "This seems to be a container" in first
    assert "--response-hop-limit 2" in second
    assert "general reasoning about IP" in second
    assert of(*["refused"] * 3, surroundings=Surroundings(container=True)).advice == (
        EXPLANATIONS["refused"].remedy,
    )


def test_on_windows_the_route_is_told() -> None:
    advice = of(*["no_answer"] * 3, surroundings=Surroundings(windows=True)).advice

    assert "route /p add 169.254.169.254" in advice[-1]


@pytest.mark.parametrize(
    ("outcome", "asked", "exit_code"),
    [
        (OK, True, 0),
        (OK, False, 0),
        ("profile_not_linked", True, 3),
        ("no_answer", True, 3),
        ("service_error", False, 0),
        (SKIPPED, False, 0),
    ],
)
def test_a_profile_counts_where_it_was_asked_for(
    outcome: str, exit_code: int, *, asked: bool
) -> None:
    checks = [Check("identity_token", OK, ""), Check("iam_token", outcome, "", "do this")]
    diagnosis = diagnosed(
        attempts(ANSWERED, ANSWERED, "refused"), checks, NOWHERE, profile_asked=asked
    )

    assert (diagnosis.outcome, diagnosis.exit_code) == (ANSWERED, exit_code)
    assert ("no IAM token" in diagnosis.summary) is (exit_code == 3)
    assert diagnosis.advice == ("do this",)


def test_the_same_advice_is_given_once() -> None:
    checks = [Check("iam_token", "no_answer", "", "b"), Check("metadata", "no_answer", "", "b")]
    checks.append(Check("clock", "clock_skewed", "", "a"))

    diagnosis = diagnosed(
        attempts(ANSWERED, ANSWERED, "refused"), checks, NOWHERE, profile_asked=False
    )

    assert diagnosis.advice == ("b", "a")


def test_every_explanation_is_a_sentence_for_any_terminal() -> None:
    for code, (meaning, remedy) in EXPLANATIONS.items():
        for text in (code, meaning, remedy):
            assert text.isascii()
            assert text.isprintable()
        assert meaning.endswith(".")


@pytest.mark.parametrize(
    ("code", "command"),
    [
        ("no_answer", "vpcmetactl metadata enable SERVER"),
        ("no_answer", "vpcmetactl restarts list SERVER"),
        ("no_answer", "vpcmetactl metadata set SERVER --response-hop-limit 2"),
        ("not_enabled", "vpcmetactl metadata enable SERVER"),
        ("refused", "vpcmetactl metadata set SERVER --protocol http"),
        ("wrong_protocol", "vpcmetactl metadata set SERVER --protocol http"),
        ("profile_not_linked", "vpcmetactl links create SERVER --profile PROFILE"),
        ("name_not_found", "vpcmetactl metadata set SERVER --protocol http"),
    ],
)
def test_remedies_name_the_command_at_the_desk(code: str, command: str) -> None:
    assert command in EXPLANATIONS[code].remedy


def test_a_remedy_is_completed_with_what_is_known() -> None:
    remedy = EXPLANATIONS["profile_not_linked"].remedy

    assert named(remedy, "0717_1", "my profile").startswith(
        "vpcmetactl links create 0717_1 --profile 'my profile'; "
    )
    assert named(remedy, None, None) == remedy


def test_an_error_brings_the_remedy_of_its_code_or_a_better_one() -> None:
    assert GuestError("refused", "no").remedy == EXPLANATIONS["refused"].remedy
    assert GuestError("refused", "no", "do").remedy == "do"
    assert str(GuestError("refused", "no")) == "no"

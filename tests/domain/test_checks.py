import pytest

from vpcmetactl.domain.checks import CHECKS, Check, get_check
from vpcmetactl.domain.errors import NotFoundError
from vpcmetactl.domain.policy import Severity


def test_every_check_has_an_id_of_its_own_and_everything_a_reader_wants() -> None:
    ids = [check.id for check in CHECKS]
    assert ids == sorted({*ids})
    for check in CHECKS:
        assert all((check.title, check.rationale, check.remedy, check.source))
        assert "CIS" not in check.title + check.rationale


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_a_check_of_servers_has_a_command_that_names_the_server(check: Check) -> None:
    if check.is_about_waivers:
        assert check.command is check.sample(check.command) is None
        return
    assert check.command is not None
    assert check.command.startswith("vpcmetactl ")
    assert "SERVER" in (check.sample(check.command) or "")


def test_words_in_capitals_stand_for_what_a_rule_gives() -> None:
    assert get_check("VPCMETA004").sample("limit {limit}") == "limit LIMIT"
    assert get_check("VPCMETA001").sample("{protocol}") == "https"


def test_the_service_over_http_weighs_medium_for_ibm_calls_it_the_default() -> None:
    assert get_check("VPCMETA001").severity is Severity.MEDIUM


def test_a_check_is_found_by_its_id_in_any_case() -> None:
    assert get_check("vpcmeta001") is CHECKS[0]


def test_a_check_that_is_misspelt_is_an_error_that_names_what_may_be_meant() -> None:
    with pytest.raises(NotFoundError, match="there is no check 'vpcmeta01'") as caught:
        get_check("vpcmeta01")

    assert "VPCMETA001" in (caught.value.hint or "")
    assert (caught.value.hint or "").startswith("did you mean ")


def test_a_check_that_is_not_there_is_an_error_that_names_those_that_are() -> None:
    with pytest.raises(NotFoundError, match="there is no check 'CIS-41'") as caught:
        get_check("CIS-41")

    assert caught.value.hint == f"the checks are {', '.join(check.id for check in CHECKS)}"


def test_severities_rank_from_info_to_critical() -> None:
    assert sorted(Severity, key=lambda severity: severity.rank) == [
        *(Severity.INFO, Severity.LOW, Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL)
    ]


def test_only_the_parameters_without_a_usual_value_must_be_given() -> None:
    assert [check.id for check in CHECKS if check.needs_parameter] == [
        *("VPCMETA004", "VPCMETA005", "VPCMETA006")
    ]

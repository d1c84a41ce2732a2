"""What people read: to the letter, within 80 columns, of plain characters."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpcmetactl.guest.claims import Identity
from vpcmetactl.guest.diagnosis import ANSWERED, OK, Attempt, Check, Surroundings, diagnosed
from vpcmetactl.guest.failures import EXPLANATIONS
from vpcmetactl.guest.report import Report, Seen

INSTANCE = "0717_9f3c2b1a-4d5e-4f6a-8b7c-1d2e3f4a5b6c"
ACCOUNT = "4d3c2b1a4d3c2b1a4d3c2b1a4d3c2b1a"
CRN = f"crn:v1:bluemix:public:is:us-south-1:a/{ACCOUNT}::instance:{INSTANCE}"
PROFILE = "Profile-11111111-2222-4333-8444-555555555555"
AT_IP = "http://169.254.169.254"
BY_NAME = "https://api.metadata.cloud.ibm.com"
WHO = Identity(CRN, INSTANCE, ACCOUNT, "us-south-1", "us-south", bare_metal=False)
LAST = (
    "Every process on this server can reach the service: user data and tokens are no\n"
    "secrets from any of them."
)


def an_attempt(url: str, outcome: str, message: str, seconds: float = 0.5) -> Attempt:
    remedy = None if outcome == ANSWERED else EXPLANATIONS[outcome].remedy
    return Attempt(url, url.partition(":")[0], outcome, message, remedy, seconds)


def a_report(*attempts: Attempt, seen: Seen | None = None, asked: bool = False) -> Report:
    checks = seen.checks if seen else ()
    return Report(
        "2026-11-22T03:00:00Z",
        attempts,
        diagnosed(attempts, checks, Surroundings(), profile_asked=asked),
        seen,
    )


def a_sight(*checks: Check, **changed: Any) -> Seen:  # noqa: ANN401 - fields of all types
    seen = Seen(AT_IP, "http", "2025-08-26", WHO, PROFILE, None, 0.42, checks)
    return seen._replace(**changed)


def test_where_all_is_well() -> None:
    report = a_report(
        an_attempt(AT_IP, ANSWERED, "an identity token was given", 0.012),
        an_attempt(BY_NAME, "refused", "api.metadata.cloud.ibm.com port 443 refuses connections"),
        seen=a_sight(
            Check("identity_token", OK, "given for 300 s, with API version 2025-08-26"),
            Check("iam_token", OK, f"given for the default profile ({PROFILE})"),
        ),
    )

    assert (
        "\n".join(report.lines())
        == f"""\
The metadata service answers over http.

Addresses
  answered  http://169.254.169.254 (0.01 s)
  refused   https://api.metadata.cloud.ibm.com (0.50 s)
            api.metadata.cloud.ibm.com port 443 refuses connections

Server
  instance  {INSTANCE}
  account   {ACCOUNT}
  zone      us-south-1
  profile   {PROFILE}

Checks
  ok  identity token: given for 300 s, with API version 2025-08-26
  ok  iam token: given for the default profile
      ({PROFILE})

{LAST}"""
    )


def test_where_nothing_answers() -> None:
    report = a_report(
        an_attempt(AT_IP, "no_answer", "169.254.169.254 port 80 accepted no connection in time", 3),
        an_attempt(BY_NAME, "no_answer", f"{BY_NAME} accepted a connection, but began no TLS", 3),
    )

    assert (
        "\n".join(report.lines())
        == f"""\
The metadata service gave no identity token. Nothing answered in time: a service
that is disabled does not answer at all.

Addresses
  no_answer  http://169.254.169.254 (3.00 s)
             169.254.169.254 port 80 accepted no connection in time
  no_answer  https://api.metadata.cloud.ibm.com (3.00 s)
             accepted a connection, but began no TLS

What to do
  *  vpcmetactl metadata enable SERVER. If it is enabled already, vpcmetactl
     restarts list SERVER says whether a stop and start is still due. If only
     containers get no answer: vpcmetactl metadata set SERVER
     --response-hop-limit 2 (general reasoning about IP, not a statement of
     IBM's).

{LAST}"""
    )


def test_a_server_that_is_not_known_is_not_shown() -> None:
    report = a_report(an_attempt(AT_IP, ANSWERED, ""), seen=a_sight(identity=None, profile=None))

    assert "Server" not in report.lines()


def test_bare_metal_is_called_so() -> None:
    identity = WHO._replace(bare_metal=True)
    report = a_report(an_attempt(AT_IP, ANSWERED, ""), seen=a_sight(identity=identity))

    assert f"  bare metal server  {INSTANCE}" in report.lines()


@pytest.mark.parametrize("code", EXPLANATIONS)
def test_every_code_is_shown_with_its_remedy(code: str) -> None:
    report = a_report(an_attempt(AT_IP, code, "so it was"))
    text = " ".join(" ".join(report.lines()).split())

    assert EXPLANATIONS[code].meaning in text
    assert EXPLANATIONS[code].remedy in text


ANY_TEXT = st.text(max_size=120) | st.text("ab -", max_size=300)


@given(url=ANY_TEXT, message=ANY_TEXT, code=st.sampled_from(list(EXPLANATIONS)), value=ANY_TEXT)
def test_lines_are_plain_and_short_and_end_with_who_can_reach_the_service(
    url: str, message: str, code: str, value: str
) -> None:
    identity = Identity(value, value or "x", value, value, value, bare_metal=False)
    reports = [
        a_report(an_attempt(url, code, message)),
        a_report(
            an_attempt(url, ANSWERED, message),
            seen=a_sight(
                Check("iam_token", code, message, value), identity=identity, profile=value
            ),
            asked=True,
        ),
    ]
    for report in reports:
        lines = report.lines()

        assert "\n".join(lines[-2:]) == LAST
        for line in lines:
            assert len(line) <= 80
            assert line.isascii()
            assert not line or line.isprintable()
            assert line == line.rstrip()


def test_the_proof_is_the_same_in_all_its_members() -> None:
    report = a_report(
        an_attempt(AT_IP, ANSWERED, "an identity token was given", 0.01234),
        seen=a_sight(Check("clock", OK, "within a second of the service's")),
    )

    assert report.document("1.0") == {
        "format": "vpcmetactl-proof",
        "format_version": 1,
        "tool_version": "1.0",
        "probed_at": "2026-11-22T03:00:00Z",
        "answered": True,
        "outcome": "answered",
        "server": {"crn": CRN, "id": INSTANCE},
        "account_id": ACCOUNT,
        "zone": "us-south-1",
        "region": "us-south",
        "protocol": "http",
        "url": AT_IP,
        "api_version": "2025-08-26",
        "profile": PROFILE,
        "metadata_service": None,
        "clock_skew_seconds": 0.4,
        "attempts": [
            {
                "url": AT_IP,
                "protocol": "http",
                "outcome": "answered",
                "message": "an identity token was given",
                "remedy": None,
                "seconds": 0.012,
            }
        ],
        "checks": [
            {
                "name": "clock",
                "outcome": "ok",
                "message": "within a second of the service's",
                "remedy": None,
            }
        ],
    }


def test_the_proof_of_no_answer_names_no_server() -> None:
    proof = a_report(an_attempt(AT_IP, "no_route", "nothing can be sent")).document("1.0")

    assert (proof["answered"], proof["outcome"], proof["checks"]) == (False, "no_route", [])
    assert {name for name, value in proof.items() if value is None} == {
        "server",
        "account_id",
        "zone",
        "region",
        "protocol",
        "url",
        "api_version",
        "profile",
        "metadata_service",
        "clock_skew_seconds",
    }

"""The probe as a whole: all addresses at once, then all that the one that answers gives."""

import json
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.guest.fake_service import (
    ACCOUNT,
    INSTANCE,
    PROFILE,
    PROFILE_NAME,
    SECRET,
    USER_DATA,
    FakeService,
    serving,
)
from tests.guest.listeners import Speaker, full, refusing, silent, speaking
from tests.support.scripted_server import Answer, Dribble, ScriptedServer
from vpcmetactl.guest.diagnosis import Check
from vpcmetactl.guest.endpoints import Endpoint, endpoint_of
from vpcmetactl.guest.failures import EXPLANATIONS
from vpcmetactl.guest.probing import probe
from vpcmetactl.guest.report import Report

TLS = Path(__file__).parents[1] / "ibmcloud" / "tls"
PROBED = "import vpcmetactl.guest.probing, vpcmetactl.guest.program"


class SlowService(FakeService):
    """Gives an identity token at once, and then waits."""

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: Any) -> Any:  # noqa: ANN401 - JSON
        if method != "PUT":
            time.sleep(1)  # noqa: TID251 - the time of another
        return super().answer(method, path, headers, body)


@pytest.fixture
def service() -> FakeService:
    return FakeService()


@pytest.fixture
def url(service: FakeService) -> Iterator[str]:
    with serving(service) as address:
        yield address


def probe_at(*urls: str, **options: Any) -> Report:  # noqa: ANN401 - those of the probe
    return probe([endpoint_of(each) for each in urls], **options)


def outcomes(report: Report) -> list[str]:
    return [each.outcome for each in report.attempts]


def checked(report: Report) -> dict[str, str]:
    return {each.name: each.outcome for each in report.seen.checks} if report.seen else {}


def check_of(report: Report, name: str) -> Check:
    assert report.seen is not None
    [check] = [each for each in report.seen.checks if each.name == name]
    return check


def test_all_that_the_service_gives_is_in_the_report(url: str, service: FakeService) -> None:
    report = probe_at(url, profile=PROFILE_NAME)

    assert report.exit_code == 0
    assert checked(report) == dict.fromkeys(
        ["identity_token", "nonce", "identity", "iam_token", "metadata", "clock"], "ok"
    )
    assert report.seen is not None
    assert report.seen.url == url
    assert report.seen.protocol == "http"
    assert report.seen.api_version == "2025-08-26"
    assert report.seen.profile == PROFILE
    assert report.seen.metadata_service == {
        "enabled": True,
        "protocol": "http",
        "response_hop_limit": 1,
    }
    assert sorted(service.requests) == [
        ("GET", "/metadata/v1/instance"),
        ("POST", "/identity/v1/iam_tokens"),
        ("PUT", "/identity/v1/token"),
    ]


def test_no_token_and_no_user_data_get_out(url: str) -> None:
    report = probe_at(url)
    told = json.dumps(report.document("1")) + "\n".join(report.lines()) + repr(report)

    for secret in (SECRET, "eyJ", "ZXlK", USER_DATA, "hunter2"):
        assert secret not in told


def test_every_address_is_asked_at_the_same_time(url: str) -> None:
    with ExitStack() as opened:
        ports = [opened.enter_context(open_()) for open_ in (silent, full, silent, refusing)]
        began = time.monotonic()
        report = probe_at(*(f"http://127.0.0.1:{port}" for port in ports), url, timeout=1)

    assert outcomes(report) == ["no_answer", "no_answer", "no_answer", "refused", "answered"]
    assert report.exit_code == 0
    assert time.monotonic() - began < 1
    assert all(0.5 < each.seconds < 0.9 for each in report.attempts[:3])


def test_who_is_silent_while_another_has_answered_is_not_waited_for(url: str) -> None:
    with silent() as port:
        began = time.monotonic()
        report = probe_at(f"http://127.0.0.1:{port}", url, timeout=30)

    assert time.monotonic() - began < 10
    left = report.attempts[0]
    assert (left.outcome, left.remedy) == ("no_answer", None)
    assert left.message.endswith("was not waited for any longer: another address had answered")
    assert 0.4 < left.seconds < 10
    assert report.exit_code == 0


def test_who_answers_a_little_later_is_reported_too(url: str, service: FakeService) -> None:
    class LateService(FakeService):
        def answer(self, *asked: Any) -> Any:  # noqa: ANN401 - JSON
            time.sleep(0.1)  # noqa: TID251 - the time of another
            return super().answer(*asked)

    with serving(LateService()) as late:
        report = probe_at(late, url)

    assert outcomes(report) == ["answered", "answered"]
    assert report.seen is not None
    assert report.seen.url == late
    assert ("POST", "/identity/v1/iam_tokens") not in service.requests


def test_of_several_that_answer_the_first_in_order_is_used(service: FakeService) -> None:
    with serving(service) as second, serving(FakeService()) as first:
        report = probe_at(first, second)

    assert outcomes(report) == ["answered", "answered"]
    assert report.seen is not None
    assert report.seen.url == first
    assert service.requests == [("PUT", "/identity/v1/token")]


def test_https_answers_where_its_certificate_is_trusted() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(TLS / "localhost.pem")
    granted = Answer(body={"access_token": "opaque"})
    with ScriptedServer([granted], tls=context) as server, refusing() as port:
        addresses = (f"http://127.0.0.1:{port}", server.url)
        report = probe_at(*addresses, ca_bundle=str(TLS / "authority.pem"))
        untrusted = probe_at(*addresses)

    assert outcomes(report) == ["refused", "answered"]
    assert report.diagnosis.summary == "The metadata service answers over https."
    assert (untrusted.diagnosis.outcome, untrusted.exit_code) == ("tls_failed", 1)


def test_time_is_kept_whatever_becomes_slow() -> None:
    with serving(SlowService()) as address:
        began = time.monotonic()
        report = probe_at(address, profile=PROFILE_NAME, timeout=0.5)

    assert time.monotonic() - began < 1.4
    assert report.exit_code == 3
    assert checked(report)["identity_token"] == "ok"
    assert checked(report)["iam_token"] == checked(report)["metadata"] == "no_answer"


def test_an_answer_that_dribbles_ends_with_the_time() -> None:
    with ScriptedServer([Dribble(Answer(body=b" " * 100), from_the_start=True)]) as server:
        began = time.monotonic()
        report = probe_at(server.url, timeout=0.5)

    assert outcomes(report) == ["no_answer"]
    assert time.monotonic() - began < 0.5


@pytest.mark.parametrize(
    ("status", "given", "outcome", "exit_code"),
    [
        (403, "unauthorized", "not_enabled", 3),
        (401, "unauthenticated", "token_expired", 1),
        (500, "service_error", "service_error", 1),
        (400, "invalid_request", "invalid_request", 1),
    ],
)
def test_a_service_that_gives_no_token_is_told_with_its_words(
    status: int, given: str, outcome: str, exit_code: int
) -> None:
    said = {"errors": [{"code": given, "message": "The service is not enabled."}]}
    with serving(FakeService(overrides={"/identity/v1/token": (status, said)})) as address:
        report = probe_at(address)

    assert (report.diagnosis.outcome, report.exit_code) == (outcome, exit_code)
    assert report.attempts[0].message == (
        f"the service answered {status} {given}: The service is not enabled."
    )
    assert report.attempts[0].remedy == EXPLANATIONS[outcome].remedy
    assert report.seen is None


def test_a_profile_that_is_not_linked_is_told_with_the_command_that_links_it(url: str) -> None:
    report = probe_at(url, profile="audit reader")
    check = check_of(report, "iam_token")

    assert report.exit_code == 3
    assert check.outcome == "profile_not_linked"
    assert check.message.startswith("not given for profile audit reader: the service answered 400")
    assert check.remedy is not None
    assert f"links create {INSTANCE} --profile 'audit reader'" in check.remedy


def test_that_there_is_no_default_profile_is_no_failure() -> None:
    with serving(FakeService(default_profile=False)) as address:
        report = probe_at(address)
    check = check_of(report, "iam_token")

    assert report.exit_code == 0
    assert (check.outcome, check.remedy) == ("skipped", None)
    assert "no default profile" in check.message
    assert report.seen is not None
    assert report.seen.profile is None


def test_a_default_profile_that_cannot_be_had_is_told_and_no_failure(
    url: str, service: FakeService
) -> None:
    service.overrides["/identity/v1/iam_tokens"] = (500, {"errors": [{"code": "service_error"}]})
    report = probe_at(url)

    assert report.exit_code == 0
    assert check_of(report, "iam_token").outcome == "service_error"


def test_bare_metal_is_asked_for_no_metadata() -> None:
    service = FakeService(bare_metal=True)
    with serving(service) as address:
        report = probe_at(address)
    check = check_of(report, "metadata")

    assert report.exit_code == 0
    assert check.outcome == "skipped"
    assert "service_version='2025-08-26'" in (check.remedy or "")
    assert report.document("1")["metadata_service"] is None
    assert all(path.startswith("/identity/") for _, path in service.requests)


def test_metadata_may_be_left_out(url: str, service: FakeService) -> None:
    report = probe_at(url, with_metadata=False)

    assert checked(report)["metadata"] == "skipped"
    assert not any(path.startswith("/metadata/") for _, path in service.requests)


@pytest.mark.parametrize(
    ("body", "outcome", "service_seen"),
    [
        ({"id": "another"}, "bad_answer", None),
        ({"id": INSTANCE}, "ok", None),
        ({"id": INSTANCE, "metadata_service": []}, "ok", None),
        (
            {"id": INSTANCE, "metadata_service": {"enabled": "\x1b", "response_hop_limit": 65}},
            "ok",
            {"enabled": None, "protocol": None, "response_hop_limit": None},
        ),
        (
            {"metadata_service": {"enabled": False, "protocol": "https", "response_hop_limit": 2}},
            "ok",
            {"enabled": False, "protocol": "https", "response_hop_limit": 2},
        ),
    ],
)
def test_metadata_is_read_with_care(
    body: object, outcome: str, service_seen: object, url: str, service: FakeService
) -> None:
    service.overrides["/metadata/v1/instance"] = (200, body)
    report = probe_at(url)

    assert checked(report)["metadata"] == outcome
    assert report.document("1")["metadata_service"] == service_seen
    assert report.exit_code == 0


def test_a_token_that_names_no_server_proves_nothing_of_any() -> None:
    with ScriptedServer([Answer(body={"access_token": "opaque"})]) as server:
        report = probe_at(server.url)
    proof = report.document("1")

    assert report.exit_code == 0
    assert proof["answered"] is True
    assert proof["server"] is proof["account_id"] is proof["zone"] is proof["region"] is None
    assert checked(report)["identity"] == "bad_answer"


@pytest.mark.parametrize(
    ("ahead", "outcome", "words"),
    [(20, "ok", "s ahead of"), (-20, "ok", "s behind"), (3600, "clock_skewed", "s ahead of")],
)
def test_a_clock_that_is_off_is_told(ahead: int, outcome: str, words: str) -> None:
    then = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - ahead))
    granted = Answer(body={"access_token": "opaque", "created_at": then})
    with ScriptedServer([granted]) as server:
        report = probe_at(server.url)
    check = check_of(report, "clock")

    assert check.outcome == outcome
    assert words in check.message
    assert report.document("1")["clock_skew_seconds"] == pytest.approx(ahead, abs=1.5)
    assert report.exit_code == 0


def test_a_token_for_another_request_is_no_answer() -> None:
    claims = "eyJub25jZSI6Im90aGVyIn0"  # {"nonce":"other"}
    granted = Answer(body={"access_token": f"e30.{claims}.c2ln"})
    with ScriptedServer([granted]) as server:
        report = probe_at(server.url)

    assert (report.diagnosis.outcome, report.exit_code) == ("nonce_mismatch", 1)
    assert report.document("1")["answered"] is False


def test_what_is_said_at_random_is_no_answer() -> None:
    with speaking(Speaker(b"\x15\x03\x01\x00\x02\x02\x46")) as port:
        report = probe_at(f"http://127.0.0.1:{port}", f"https://127.0.0.1:{port}")

    assert outcomes(report)[0] == "wrong_protocol"
    assert report.seen is None


def test_the_proof_names_server_and_account(url: str) -> None:
    proof = probe_at(url).document("1.2.3")

    assert proof["format"] == "vpcmetactl-proof"
    assert proof["tool_version"] == "1.2.3"
    assert proof["server"] == {
        "crn": f"crn:v1:bluemix:public:is:us-south-1:a/{ACCOUNT}::instance:{INSTANCE}",
        "id": INSTANCE,
    }
    assert proof["account_id"] == ACCOUNT
    assert (proof["zone"], proof["region"]) == ("us-south-1", "us-south")
    assert json.loads(json.dumps(proof)) == proof


def test_a_mistake_of_ours_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: Endpoint) -> str:
        raise ZeroDivisionError

    monkeypatch.setattr(Endpoint, "host", property(fail))

    with pytest.raises(ZeroDivisionError):
        probe_at("http://127.0.0.1:1")


def test_it_needs_nothing_but_the_standard_library() -> None:
    program = f"import sys; before = {{*sys.modules}}; {PROBED}; print(*{{*sys.modules}} - before)"
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    loaded = {name.partition(".")[0] for name in ran.stdout.split()}

    assert "vpcmetactl" in loaded
    assert loaded - sys.stdlib_module_names == {"vpcmetactl"}


def test_it_loads_no_other_part_of_the_program() -> None:
    program = f"{PROBED}; import sys; print(*sys.modules)"
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    ours = {name for name in ran.stdout.split() if name.startswith("vpcmetactl.")}

    assert {".".join(name.split(".")[:2]) for name in ours} == {"vpcmetactl.guest"}

"""``emulator serve`` as a process, spoken to over bare sockets; and the SDK's configuration."""

import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from tests.integration.cloud import EmulatedCloud, Process, Ran, finish, start

EXPORT = re.compile(r"export (\w+)='?([^'\n]*)'?\n")


def serve(*words: str) -> Process:
    return start({}, "emulator", "serve", *words)


@contextmanager
def serving(*words: str) -> Iterator[dict[str, str]]:
    """Serve, and give the environment that is printed to be exported."""
    process = serve("--port", "0", *words)
    try:
        yield dict(EXPORT.findall(printed(process)))
    finally:
        process.send_signal(signal.SIGINT)
        ended = finish(process)
    assert (ended.exit_code, ended.stdout) == (0, "")
    assert "Traceback" not in ended.stderr


def printed(process: Process) -> str:
    """All that is to be pasted: lines up to the one that shows how to probe."""
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line.startswith("# vpcmetactl guest probe"):
            break
    return "".join(lines)


def said(url: str, request: str) -> str:
    """Send bytes as they are, and return all that comes back."""
    host, _, port = url.split("/")[2].partition(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(request.replace("\n", "\r\n").encode())
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    return answer.decode()


def test_what_is_printed_points_another_terminal_to_it() -> None:
    with serving() as environment:
        ran = finish(start(environment, "servers", "list", "-o", "json"))

    assert sorted(environment) == [
        "IBMCLOUD_API_KEY",
        "VPCMETACTL_IAM_URL",
        "VPCMETACTL_SEARCH_URL",
        "VPCMETACTL_STATE",
        "VPCMETACTL_VPC_URL",
    ]
    assert (ran.exit_code, len(ran.envelope.items)) == (0, 42)
    assert not Path(environment["VPCMETACTL_STATE"]).exists()


def test_sigterm_ends_it_too() -> None:
    process = serve("--port", "0")
    state = dict(EXPORT.findall(printed(process)))["VPCMETACTL_STATE"]

    process.send_signal(signal.SIGTERM)
    ended = finish(process)

    assert ended.exit_code == 143
    assert "Traceback" not in ended.stderr
    assert not Path(state).parent.exists()


def test_what_a_server_gets_without_its_service_is_chosen_at_the_start() -> None:
    chosen = ("--service-disabled", "forbidden", "--wrong-protocol", "refused")
    with serving("--scenario", "empty", *chosen) as environment:
        answer = said(
            environment["VPCMETACTL_IAM_URL"],
            "GET /_emulator/settings HTTP/1.1\nHost: emulator\nConnection: close\n\n",
        )

    assert '"service_disabled":"forbidden","wrong_protocol":"refused"' in answer


def test_several_requests_are_answered_on_one_connection() -> None:
    one = "GET /vpc/us-south/v1/regions HTTP/1.1\nHost: emulator\n\n"
    with serving() as environment:
        answer = said(environment["VPCMETACTL_IAM_URL"], one * 3)

    assert answer.count("HTTP/1.1 401 ") == 3  # there is no token


@pytest.mark.parametrize(
    ("request_text", "status"),
    [
        ("GET /nowhere HTTP/1.1\nHost: emulator\n\n", "404"),
        ("POST /iam/identity/token HTTP/1.1\nHost: emulator\nContent-Length: x\n\n", "400"),
        ("POST /iam/identity/token HTTP/1.1\nHost: e\nTransfer-Encoding: chunked\n\n", "411"),
        ("POST /iam/identity/token HTTP/1.1\nHost: e\nContent-Length: 99999999\n\n", "413"),
        ("GET /_emulator/state HTTP/1.1\nHost: emulator\n\n", "200"),
        ("HEAD /_emulator/nothing HTTP/1.1\nHost: emulator\n\n", "404"),
        ("rubbish\n\n", ""),
    ],
)
def test_raw_requests_get_an_answer(request_text: str, status: str) -> None:
    with serving("--scenario", "empty") as environment:
        answer = said(environment["VPCMETACTL_IAM_URL"], request_text)
        still = said(
            environment["VPCMETACTL_IAM_URL"],
            "GET /_emulator/state HTTP/1.1\nHost: emulator\nConnection: close\n\n",
        )

    assert answer.startswith(f"HTTP/1.1 {status}") or not status
    assert still.startswith("HTTP/1.1 200 ")


def test_faults_latency_and_limits_can_be_given() -> None:
    options = ["--latency", "1ms", "--rate-limit", "500/s", "--fault", "list_instances:500:1"]
    with serving("--scenario", "mixed-fleet", "--seed", "7", *options) as environment:
        ran = finish(start(environment, "servers", "list", "-v", "-o", "json"))

    assert (ran.exit_code, len(ran.envelope.items)) == (0, 205)
    assert ran.stderr.count("HTTP 500") == 1
    assert re.search(r"list instances in [a-z-]+: .*; again in \d\.\d s", ran.stderr)


@pytest.mark.parametrize(
    ("words", "exit_code", "message"),
    [
        (("--scenario", "nope"), 2, "error: there is no scenario 'nope'; there are empty, demo"),
        (("--scenario", "large:x"), 2, "error: scenario large:x is not of the form large:N"),
        (("--fault", "rubbish"), 2, "error: fault 'rubbish' is not of the form OPERATION"),
        (("--fault", "fly:500"), 2, "error: fault 'fly:500' names no operation there is"),
        (("--fault", "list_instances:418"), 2, "has the unknown effect '418'"),
        (("--fault", "list_instances@mars:500"), 2, "names no region there is"),
        (("--fault", "list_instances:500:200%"), 2, "has the unknown frequency '200%'"),
        (("--load", "/nowhere/x.json"), 2, "error: --load /nowhere/x.json: No such file"),
        (("--load", "/bin/sh"), 2, "/bin/sh: it is not a JSON object"),
        (("--load", "/"), 2, "error: --load /: Is a directory"),
        (("--latency", "soon"), 2, "'soon' is not a duration such as 50ms"),
        (("--rate-limit", "few"), 2, "'few' is not a rate such as 20/s"),
        (("--port", "99999"), 2, "99999 is not in the range"),
    ],
)
def test_what_cannot_be_served_is_a_usage_error(
    words: tuple[str, ...], exit_code: int, message: str
) -> None:
    ran = finish(serve(*words))

    assert (ran.exit_code, ran.stdout) == (exit_code, "")
    assert message in ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize("option", ["--port", "--guest-https-port"])
def test_a_port_that_is_taken_is_an_error(option: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ran = finish(serve("--port", "0", option, str(port)))

    assert (ran.exit_code, ran.stdout) == (1, "")
    assert f"error: the emulator cannot listen on 127.0.0.1:{port}: Address already" in ran.stderr
    assert f"hint: choose another {option}; 0 takes any that is free" in ran.stderr


def test_metadata_addresses_are_served_by_http_and_by_https() -> None:
    process = serve("--port", "0")
    lines = printed(process)
    insecure, secure = re.findall(r"--url (\S+)/ID", lines)
    found = re.search(r"--ca-bundle (\S+)", lines)
    assert found is not None

    pasted = subprocess.run(
        ["/bin/sh", "-ec", f'{lines}echo "$VPCMETACTL_IAM_URL"'],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    truth = requests.get(pasted.replace("/iam", "/_emulator/truth"), timeout=5).json()
    ids = {server["name"]: server["id"] for server in truth["servers"]}
    # web-2 is set to http, web-3 to https.
    for url, name in ((insecure, "web-2"), (secure, "web-3")):
        answer = requests.put(
            f"{url}/{ids[name]}/identity/v1/token",
            params={"version": "2025-08-26"},
            headers={"Metadata-Flavor": "ibm"},
            verify=found[1],
            timeout=5,
        )
        assert answer.json()["expires_in"] == 300
    assert urlsplit(secure).hostname == "localhost"

    process.send_signal(signal.SIGINT)
    assert finish(process).exit_code == 0
    assert not Path(found[1]).exists()


def configured(cloud: EmulatedCloud, **environment: str) -> Ran:
    """List servers with credentials from the SDK's own configuration."""
    return cloud.spawn("servers", "list", "-q", "-o", "ids", IBMCLOUD_API_KEY=None, **environment)


def test_the_sdks_configuration_of_service_vpc_gives_credentials(
    cloud: EmulatedCloud, tmp_path: Path
) -> None:
    key = cloud.emulator.world.api_key
    file = tmp_path / "credentials.env"
    file.write_text(f"VPC_AUTH_TYPE=iam\nVPC_APIKEY={key}\n")

    by_variable = configured(cloud, VPC_APIKEY=key)
    by_file = configured(cloud, IBM_CREDENTIALS_FILE=str(file))

    assert [(ran.exit_code, len(ran.stdout.split())) for ran in (by_variable, by_file)] == [
        (0, 42)
    ] * 2


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"VPC_URL": "https://example.com/v1"}, "error: VPC_URL is set in the SDK's configuration"),
        ({"VPC_DISABLE_SSL": "True"}, "error: VPC_DISABLE_SSL is set in the SDK's configuration"),
        ({"VPC_AUTH_DISABLE_SSL": "true"}, "error: VPC_AUTH_DISABLE_SSL is set"),
        ({"VPC_AUTH_TYPE": "basic"}, "error: VPC_AUTH_TYPE basic cannot be used"),
    ],
)
def test_what_weakens_in_the_sdks_configuration_is_refused(
    cloud: EmulatedCloud, environment: dict[str, str], message: str
) -> None:
    ran = configured(cloud, VPC_APIKEY="key", **environment)

    assert (ran.exit_code, ran.stdout) == (1, "")
    assert message in ran.stderr
    assert cloud.asked == []

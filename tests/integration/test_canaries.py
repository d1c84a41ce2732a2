"""Secrets are planted wherever the program meets some, and looked for in all that it leaves behind.

Every command is run, well and badly, told to say all it can and to write every format. What it
printed, the files it wrote and what the emulator kept of its requests are then searched, once for
each secret in every form in which it may be told: as it is, quoted, escaped, and in base64.
"""

import base64
import gzip
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from docs._generate.commands import commands
from tests.integration.canaries import (
    ASKED_FOR,
    KEY,
    PLANTED,
    PRIVATE_KEY,
    REPORTS,
    Overhearing,
    Session,
    forms,
    leaks,
    populate,
)
from tests.integration.cloud import EmulatedCloud, run
from tests.support.cassettes import recording
from tests.support.terraform import a_change, a_new_server, a_plan
from vpcmetactl.emulator.app import Emulator
from vpcmetactl.emulator.scenarios import build_world
from vpcmetactl.emulator.server import EmulatorServer

REFUSED = PLANTED["an API key that IAM refuses"]


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """Everything that is typed, once; the tests look at what came of it."""
    folder = tmp_path_factory.mktemp("canaries")
    world = build_world("trusted-fleet")
    world.vpc.pace = 0.01
    world.iam.api_key = KEY
    world.populate(populate)
    overheard = Overhearing(Emulator(world))
    with EmulatorServer(overheard) as server:
        cloud = EmulatedCloud(overheard.emulator, server.url, folder / "state.sqlite")
        session = Session(cloud, folder, overheard)
        for act in (configure, look, change, restart, link, keep, inside, fail, begin):
            act(session)
        yield session


def configure(session: Session) -> None:
    """Where keys come from: a configuration file, a key file, and what is wrong with either."""
    session.do("config", "init")
    session.do("config", "path")
    (session.folder / "good.key").write_text(json.dumps({"name": "ci", "apikey": KEY}))
    (session.folder / "config.toml").write_text(
        '[contexts.prod]\napi_key_file = "good.key"\n[contexts.lab]\napi_key_env = "LAB_KEY"\n'
    )
    session.write("config", "show")
    session.write("servers", "list", "--context", "prod", "-v", IBMCLOUD_API_KEY=REFUSED)
    session.do("servers", "list", "--context", "lab", "-ojson", LAB_KEY=REFUSED)
    sdk = session.folder / "sdk.env"
    sdk.write_text(f"VPC_AUTH_TYPE=iam\nVPC_APIKEY={KEY}\n")
    nothing = {"IBMCLOUD_API_KEY": None}
    session.do("servers", "list", "-v", "-ojson", **nothing, VPC_APIKEY=KEY)
    session.do("servers", "list", "-v", "-ojson", **nothing, IBM_CREDENTIALS_FILE=str(sdk))
    token = session.cloud.emulator.world.iam.issue_token().text
    session.overheard.tokens.add(token.encode())
    session.do("servers", "list", "-v", "-ojson", **nothing, IBMCLOUD_IAM_TOKEN=f"Bearer {token}")
    session.do("doctor", "-v", "-ojson", **nothing, IC_IAM_TOKEN=token)


def look(session: Session) -> None:
    """Every command that reads, from the cloud."""
    session.write("servers", "list", "-v", "--with", "profiles", "--with", "tags")
    session.write("servers", "show", "bird-1", "-v")
    session.write("profiles", "list", "-v")
    session.write("profiles", "show", "backup-writer", "-v")
    session.write("links", "list", "-v")
    session.write("access", "list", "-v", "--default-profiles")
    session.write("templates", "list", "-v")
    session.write("audit", "run", "-v", "--templates", "--fail-on", "none", more=REPORTS)
    session.write("audit", "checks")
    session.write("audit", "explain", "VPCMETA001")
    session.write("restarts", "list", "-v")
    session.write("doctor", "-v")
    with recording(session.folder / "cassette.yaml"):
        session.do("access", "list", "-r", "us-south", "--default-profiles", "-v")
        session.do("templates", "list", "-r", "us-south")
    body = session.folder / "body.json"
    session.do("templates", "replace", "secretive", "--protocol", "https", "--body-out", body)


def change(session: Session) -> None:
    """Plans, runs, and what takes them back."""
    plan, undo, runs = (session.folder / name for name in ("plan.json", "undo.json", "runs.json"))
    state = a_terraform_state(session.folder)
    settings = ("--name", "off-*", "--protocol", "https", "-v", "--terraform-state", state)
    session.write("metadata", "enable", *settings, "--dry-run")
    session.do("metadata", "enable", *settings, "--plan-out", plan)
    session.write("plan", "show", plan)
    session.do("plan", "invert", plan, "--plan-out", undo)
    session.write("plan", "apply", plan, "--yes", "-v")
    (run_id,) = session.do("runs", "list", "-oids").stdout.split()
    session.write("metadata", "set", "--name", "off-*", "--protocol", "http", "--yes", "-v")
    session.cloud.fail("update_instance:403")
    session.write("metadata", "set", "off-1", "--protocol", "https", "--yes", "-v")
    session.cloud.fail()
    session.write("metadata", "disable", "off-1", "--yes", "-v", "--allow-identity-loss")
    session.write("runs", "list")
    session.write("runs", "show", run_id)
    session.do("runs", "export", run_id, "--out", runs)
    session.do("runs", "import", runs, VPCMETACTL_STATE=str(session.folder / "other.sqlite"))
    session.write("runs", "resume", run_id, "-v")
    session.write("runs", "rollback", run_id, "--yes", "-v")


def restart(session: Session) -> None:
    """Restarts, and what settles whether they are needed."""
    assert session.do("metadata", "enable", "off-2", "--yes").exit_code == 0
    session.write("restarts", "run", "off-2", "--yes", "-v")
    session.write("restarts", "ack", "off-3", "-v")
    guest = f"{session.cloud.url}/guest/{session.cloud.server('off-2').id}"
    proof = session.folder / "proof.json"
    session.do("guest", "probe", "--url", guest, "-otable", f"-ojson={proof}")
    session.write("restarts", "import-events", proof, "-v")


def link(session: Session) -> None:
    """Links, made and taken away."""
    session.write("links", "create", "--profile", "backup-writer", "bird-1", "--yes", "-v")
    session.write("links", "delete", "--profile", "backup-writer", "bird-1", "--yes", "-v")
    session.write("links", "prune", "--assert-full-visibility", "--yes", "-v")


def keep(session: Session) -> None:
    """Files of evidence, and files of others that hold secrets."""
    one, other, both = (session.folder / f"{name}.jsonl.gz" for name in ("one", "other", "both"))
    session.do("snapshot", "save", one, "-v")
    session.do("snapshot", "save", other, "-r", "us-south")
    session.write("snapshot", "diff", one, other)
    session.do("snapshot", "merge", one, other, "-o", both, "--prefer", "newest")
    session.write("servers", "list", "--source", one)
    terraform = ("audit", "run", "--fail-on", "none", "--source")
    session.write(*terraform, a_terraform_plan(session.folder), more=REPORTS)
    session.write(*terraform, a_terraform_state(session.folder), more=REPORTS)
    spoilt = session.folder / "spoilt.tfplan"
    spoilt.write_text(a_terraform_plan(session.folder).read_text()[:-40])
    session.do(*terraform, spoilt, "-ojson")


def inside(session: Session) -> None:
    """What a server sees of itself."""
    server = session.cloud.server("bird-1").id
    here = ("--url", f"{session.cloud.url}/guest/{server}")
    session.do("metadata", "set", "bird-1", "--protocol", "http", "--yes")
    profile = ("--profile", "backup-writer")
    assert session.do("links", "create", *profile, "bird-1", "--yes").exit_code == 0
    session.do("guest", "probe", *here, *profile)
    for resource in ("instance", "initialization", "keys"):
        session.do("guest", "show", resource, *here)
        session.do("guest", "show", resource, *here, "-ojson")
    session.do("guest", "token", *here, *profile)
    session.do("guest", "token", *here, *profile, "-ojson")
    session.do("guest", "token", *here, "--identity")
    session.do("guest", "token", *here, "--profile", "admin", "-ojson")
    session.do(
        "guest", "certificate", *here, "--key-size", "2048", "--out", session.folder / "identity"
    )
    session.do("guest", "script")
    # Who trusts whom is kept for a while, until links are changed.
    session.do("metadata", "disable", "bird-1", "--dry-run", "-v")
    secret = PLANTED["the password in a URL"]
    session.do("guest", "probe", "--url", f"http://operator:{secret}@127.0.0.1:9/guest/x")


def fail(session: Session) -> None:
    """What goes wrong is told, in words and in JSON, without what it went wrong with."""
    secret = PLANTED["the password in a URL"]
    spoilt = PLANTED["an API key in a file that holds none"]
    for form in ("-otable", "-ojson"):
        wrong = ("servers", "list", "-v", form)
        session.do(*wrong, IBMCLOUD_API_KEY=REFUSED)
        session.do(*wrong, IBMCLOUD_IAM_TOKEN=f"{REFUSED}.x.y", IBMCLOUD_API_KEY=None)
        session.do(*wrong, IBMCLOUD_API_KEY=f'"{REFUSED}"')
        session.do(*wrong, VPCMETACTL_IAM_URL=f"https://operator:{secret}@iam.example")
        session.do(*wrong, VPCMETACTL_VPC_URL=f"https://operator:{secret}@x.example/{{region}}")
        session.do("doctor", form, IBMCLOUD_API_KEY=REFUSED)
        session.do("doctor", form, VPCMETACTL_IAM_URL=f"https://operator:{secret}@iam.example")
        # The proxy is asked, and is not there.
        beyond = {"VPCMETACTL_IAM_URL": "https://iam.example", "NO_PROXY": ""}
        session.do(*wrong, "--timeout", "0.3", **beyond)
        session.do("doctor", "--timeout", "0.3", form, **beyond)
        for name, text in (("spaced.key", "{} {}"), ("broken.key", '{{"apikey": "{}", {}')):
            path = session.folder / name
            path.write_text(text.format(spoilt, spoilt))
            session.do(*wrong, "--api-key-file", path)
        session.cloud.fail("list_instances:401", "list_bare_metal_servers:403")
        session.do(*wrong)
        session.cloud.fail("create_token:500")
        session.do(*wrong, "--timeout", "0.3")
        session.cloud.fail()
    configured = PLANTED["an API key in the configuration file"]
    for line in (f'api_key = "{configured}"', f"api_key = {configured}"):
        path = session.folder / "wrong.toml"
        path.write_text(f"[contexts.prod]\n{line}\n")
        for words in (("config", "show"), ("doctor",), ("servers", "list", "--context", "prod")):
            session.do(*words, "-ojson", VPCMETACTL_CONFIG=str(path))


def begin(session: Session) -> None:
    """What needs no account."""
    session.do("completion", "bash")
    port = session.cloud.url.rpartition(":")[2]
    session.do("emulator", "serve", "--port", port)
    session.do("--help")


def a_terraform_plan(folder: Path) -> Path:
    """Write a plan of a server with user data, and return its path."""
    secret = PLANTED["the user data in a Terraform plan"]
    server = a_new_server(user_data=secret)
    path = folder / "given.tfplan"
    path.write_text(json.dumps(a_plan([a_change("ibm_is_instance", "web", server)])))
    return path


def a_terraform_state(folder: Path) -> Path:
    """Write a state of a server with user data, and return its path."""
    secret = PLANTED["the user data in a Terraform plan"]
    values = {"id": "0717_x", "name": "off-1", "zone": "us-south-1", "user_data": secret}
    resource = {
        "mode": "managed",
        "type": "ibm_is_instance",
        "name": "web",
        "provider": 'provider["registry.terraform.io/ibm-cloud/ibm"]',
        "instances": [{"schema_version": 1, "attributes": values}],
    }
    state: dict[str, Any] = {"version": 4, "terraform_version": "1.9.0", "serial": 1}
    path = folder / "given.tfstate"
    path.write_text(json.dumps({**state, "lineage": "x", "outputs": {}, "resources": [resource]}))
    return path


def kept(folder: Path) -> dict[str, bytes]:
    """Return every file that the program wrote, by its path, unpacked where it is packed."""
    return {
        str(path.relative_to(folder)): unpacked(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in GIVEN
    }


# Files that the tests themselves wrote, with secrets in them.
GIVEN = {
    *("good.key", "sdk.env", "spaced.key", "broken.key", "wrong.toml"),
    *("given.tfplan", "given.tfstate", "spoilt.tfplan"),
}


def unpacked(path: Path) -> bytes:
    content = path.read_bytes()
    return gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content


# What makes the search worth anything.


def test_every_command_is_run(session: Session) -> None:
    lines = [line.partition(": ")[2] for line in session.ran]
    missed = [
        found.line
        for found in commands()
        if not any(f"{line} ".startswith(f"{' '.join(found.words[1:])} ") for line in lines)
    ]

    # The tour has an emulator and a key of its own, and takes seconds.
    assert missed == ["vpcmetactl demo"]


def test_the_secrets_come_to_the_program(session: Session) -> None:
    assert session.overheard.told >= {"the user data of a template", "the password of a server"}
    assert len(session.overheard.tokens) > 10
    for name, secret in ASKED_FOR.items():
        (path,) = session.folder.rglob(name)
        wanted = PLANTED[secret].encode() if secret in PLANTED else PRIVATE_KEY
        assert wanted in path.read_bytes()


@pytest.mark.parametrize(
    "told", [str, quote, json.dumps, lambda text: base64.b64encode(text.encode()).decode()]
)
@pytest.mark.parametrize("before", ["", "a", "ab", "a b "])
def test_a_secret_would_be_found_in_every_form(told: Callable[[str], str], before: str) -> None:
    secrets = {"the API key": forms(KEY)}

    assert leaks(secrets, {"x": told(f"{before}{KEY} c").encode()}) == ["the API key in x"]
    assert leaks(secrets, {"x": told(f"{before}canary").encode()}) == []


def test_every_group_does_what_is_asked_and_every_kind_of_failure_is_met(session: Session) -> None:
    done = {line.split()[1] for line, ran in session.ran.items() if ran.exit_code == 0}

    assert done >= {found.words[1] for found in commands()} - {"demo", "emulator"}
    assert {ran.exit_code for ran in session.ran.values()} == {0, 1, 2, 4, 5, 6}


# The search.


def test_nothing_that_is_printed_holds_a_secret(session: Session) -> None:
    printed = {f"stdout of {line}": ran.stdout.encode() for line, ran in session.ran.items()}
    said = {f"stderr of {line}": ran.stderr.encode() for line, ran in session.ran.items()}

    assert leaks(session.secrets, {**printed, **said}) == []


def test_no_file_holds_a_secret_but_those_that_were_asked_for(session: Session) -> None:
    files = kept(session.folder)

    assert {Path(name).suffix for name in files} >= {
        ".sqlite",
        ".trust",
        ".gz",
        ".yaml",
        ".html",
        ".sarif",
    }
    asked_for = [name for name in files if Path(name).name in ASKED_FOR]
    assert leaks(session.secrets, files) == [
        f"{ASKED_FOR[Path(name).name]} in {name}" for name in asked_for
    ]


def test_files_that_hold_a_secret_are_for_their_owner_alone(session: Session) -> None:
    for name in ASKED_FOR:
        (path,) = session.folder.rglob(name)
        assert path.stat().st_mode & 0o777 == 0o600


def test_the_emulator_keeps_no_secret_of_its_requests(session: Session) -> None:
    log = repr(session.cloud.emulator.requests).encode()

    assert leaks(session.secrets, {"the request log": log}) == []


def test_a_token_is_printed_where_that_is_asked_for_and_nothing_else(session: Session) -> None:
    here = f"{session.cloud.url}/guest/{session.cloud.server('bird-1').id}"
    environment: Mapping[str, str | None] = session.environment
    words = ("guest", "token", "--url", here, "--profile", "backup-writer", "--show-token")

    ran = run(environment, *words)

    assert ran.stdout.strip().encode() in session.overheard.tokens

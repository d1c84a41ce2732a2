"""Secrets to plant, a user who has them all, and the search for them in what was left behind."""

import base64
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

import pytest

from tests.integration.cloud import EmulatedCloud, Ran, run
from vpcmetactl.emulator.app import Emulator
from vpcmetactl.emulator.fleet import HTTPS, OFF, Fleet
from vpcmetactl.emulator.vpc.initialization import PASSWORD_MARK
from vpcmetactl.emulator.world import World

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

KEY = "canary-Key-4f1b7c93"
PLANTED = {
    "the API key": KEY,
    "an API key that IAM refuses": "canary-Refused-0d52e8a1",
    "an API key in the configuration file": "canary-Configured-77ab60fe",
    "an API key in a file that holds none": "canary-Spoilt-b8c1149d",
    "the password of a proxy": "canary-Proxy-2c9e5510",
    "the password in a URL": "canary-Url-e6137f28",
    "the user data of a template": "canary-Template-91d04b6c",
    "the user data in a Terraform plan": "canary-Terraform-5a7f33e9",
    # What the emulator tells of how servers were made begins with this.
    "the password of a server": PASSWORD_MARK,
}
FORMATS = ("wide", "json", "jsonl", "csv", "markdown", "ids")
REPORTS = ("sarif", "junit", "github", "html", "prometheus")
# A secret in a file of its own is what these were asked for; each is for its owner alone.
ASKED_FOR = {"body.json": "the user data of a template", "key.pem": "a private key"}
_TOKEN = re.compile(rb"eyJ[\w-]+\.[\w-]+\.[\w-]+")
PRIVATE_KEY = b"PRIVATE KEY-----"


def forms(secret: str) -> set[bytes]:
    """Return a secret in every form in which it may be told, shortest last letters cut off."""
    found = {secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1]}
    # The letters in the middle of base64 depend on where in its bytes the secret begins.
    for before in range(3):
        whole = base64.b64encode(b"x" * before + secret.encode()).decode()
        found.add(whole[4 if before else 0 : -4])
    return {form.encode() for form in found}


@dataclass
class Overhearing:
    """Passes on what an emulator answers, and keeps the tokens in it and what else was secret."""

    emulator: Emulator
    tokens: set[bytes] = field(default_factory=set)
    told: set[str] = field(default_factory=set)

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        answer = b"".join(self.emulator(environ, start_response))
        self.tokens.update(_TOKEN.findall(answer))
        self.told.update(name for name, secret in PLANTED.items() if secret.encode() in answer)
        return [answer]


@dataclass
class Session:
    """A user with secrets, and all that came of what was typed."""

    cloud: EmulatedCloud
    folder: Path
    overheard: Overhearing
    ran: dict[str, Ran] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """An account, a proxy that wants a password, and a configuration file."""
        proxy = f"http://operator:{PLANTED['the password of a proxy']}@127.0.0.1:9"
        return {
            **self.cloud.environment,
            "HTTPS_PROXY": proxy,
            "https_proxy": proxy,
            "VPCMETACTL_CONFIG": str(self.folder / "config.toml"),
            "XDG_STATE_HOME": str(self.folder / "state"),
            "XDG_CACHE_HOME": str(self.folder / "cache"),
        }

    def do(self, *words: str | Path, **environment: str | None) -> Ran:
        """Run a command; the libraries see the same environment as the program."""
        environ = {**self.environment, **environment}
        with pytest.MonkeyPatch.context() as patch:
            for name, value in environ.items():
                if value is None:
                    patch.delenv(name, raising=False)
                else:
                    patch.setenv(name, value)
            ran = run(environ, *map(str, words))
        self.ran[f"{len(self.ran)}: {' '.join(map(str, words))}"] = ran
        return ran

    def write(self, *words: str | Path, more: Iterable[str] = (), **environment: str) -> Ran:
        """Run a command and have the table printed and every other format written to a file."""
        stem = self.folder / f"out-{len(self.ran)}"
        files = [f"-o{form}={stem}.{form}" for form in (*FORMATS, *more)]
        return self.do(*words, "-otable", *files, **environment)

    @property
    def secrets(self) -> dict[str, set[bytes]]:
        """All that nobody is to be told, in every form."""
        planted = {name: forms(secret) for name, secret in PLANTED.items()}
        return {**planted, "a token": self.overheard.tokens, "a private key": {PRIVATE_KEY}}


def leaks(secrets: Mapping[str, set[bytes]], kept: Mapping[str, bytes]) -> list[str]:
    """Tell which of the secrets stand in which of what was kept."""
    return [
        f"{name} in {place}"
        for place, content in kept.items()
        for name, found in secrets.items()
        if any(form in content for form in found)
    ]


def populate(world: World) -> None:
    """Add what is disabled, and a group whose members are made with user data."""
    fleet = Fleet(world)
    vpc = fleet.vpc("us-south", "canaries")
    secret = f"#cloud-config\npassword: {PLANTED['the user data of a template']}\n"
    template = fleet.instance_template(vpc, "secretive", {"enabled": True}, user_data=secret)
    group = fleet.instance_group(vpc, "secretive", template)
    fleet.instance(vpc, "bird-1", HTTPS, instance_group=group)
    for number in range(1, 4):
        fleet.instance(vpc, f"off-{number}", OFF)

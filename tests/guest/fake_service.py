"""A metadata service small enough to run anywhere, in this process or as a program of its own.

``python -I fake_service.py ADDRESS PORT COMMAND...`` serves one instance over http while a command
runs, and ends as that ends. It needs the standard library alone.
"""

import base64
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

ACCOUNT = "4d3c2b1a4d3c2b1a4d3c2b1a4d3c2b1a"
INSTANCE = "0717_9f3c2b1a-4d5e-4f6a-8b7c-1d2e3f4a5b6c"
BARE_METAL = "0717-1a2b3c4d-4d5e-4f6a-8b7c-1d2e3f4a5b6c"
PROFILE = "Profile-11111111-2222-4333-8444-555555555555"
PROFILE_NAME = "backup-writer"
USER_DATA = "#cloud-config password: hunter2"
SECRET = "c2lnbmF0dXJl-of-a-token-that-nobody-may-see"

_DAY = 86_400


def _crn(kind: str, server_id: str) -> str:
    return f"crn:v1:bluemix:public:is:us-south-1:a/{ACCOUNT}::{kind}:{server_id}"


def _moment(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def _jwt(claims: Mapping[str, object]) -> str:
    parts = [json.dumps(part).encode() for part in ({"alg": "RS256"}, claims)]
    encoded = [base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts]
    return ".".join([*encoded, SECRET])


class RefusalError(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.body = {
            "errors": [{"code": code, "message": message}],
            "status_code": status,
            "trace": "trace-of-the-fake",
        }


@dataclass
class FakeService:
    """What one server is given; ``requests`` are the methods and paths that came, in order.

    ``sign`` takes a request for a certificate and the server's id, and returns a chain. What is in
    ``overrides`` is answered to a path instead of anything else: a status and a body.
    """

    bare_metal: bool = False
    default_profile: bool = True
    old_paths: bool = False
    fixed_nonce: str | None = None
    sign: Callable[[str, str], list[str]] | None = None
    overrides: dict[str, tuple[int, Any]] = field(default_factory=dict)
    requests: list[tuple[str, str]] = field(default_factory=list)
    bodies: list[Any] = field(default_factory=list)

    @property
    def server_id(self) -> str:
        return BARE_METAL if self.bare_metal else INSTANCE

    @property
    def crn(self) -> str:
        return _crn("bare-metal-server" if self.bare_metal else "instance", self.server_id)

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: Any) -> Any:  # noqa: ANN401 - JSON
        self.requests.append((method, path))
        self.bodies.append(body)
        if path in self.overrides:
            return self.overrides[path]
        old, new = "/instance_identity/v1/", "/identity/v1/"
        prefix = old if self.old_paths else new
        calls = {
            ("PUT", f"{prefix}token"): self._identity_token,
            ("POST", f"{old}iam_token" if self.old_paths else f"{new}iam_tokens"): self._iam_token,
            ("POST", f"{prefix}certificates"): self._certificate,
        }
        if (method, path) in calls:
            if method == "PUT" and headers.get("Metadata-Flavor") != "ibm":
                raise RefusalError(400, "missing_value", "The header Metadata-Flavor is missing.")
            if method == "POST":
                self._check_bearer(headers)
            return calls[method, path](body or {})
        if method == "GET" and path.startswith("/metadata/v1/") and not self.bare_metal:
            self._check_bearer(headers)
            return 200, self._metadata(path.removeprefix("/metadata/v1/"))
        raise RefusalError(404, "not_found", "There is nothing here.")

    def _check_bearer(self, headers: Mapping[str, str]) -> None:
        if not headers.get("Authorization", "").endswith(SECRET):
            raise RefusalError(401, "unauthenticated", "The token has expired.")

    def _identity_token(self, body: Any) -> Any:  # noqa: ANN401 - JSON
        lifetime = body.get("expires_in", 300)
        now = int(time.time())
        claims = {
            "iss": "VSI-CR_us-south",
            "iat": now,
            "exp": now + lifetime,
            "iaas": {
                "crn": self.crn,
                "accountID": ACCOUNT,
                "instanceID": self.server_id,
                "zone": "us-south-1",
                "region": "us-south",
            },
        }
        if "nonce" in body:
            claims["nonce"] = self.fixed_nonce or body["nonce"]
        return 200, _granted(claims, now, lifetime)

    def _iam_token(self, body: Any) -> Any:  # noqa: ANN401 - JSON
        wanted = body.get("trusted_profile", {})
        named = set(wanted.values())
        if not named <= {PROFILE, PROFILE_NAME} or not (named or self.default_profile):
            raise RefusalError(
                400, "profile_not_linked", "The profile is not linked to this server."
            )
        now = int(time.time())
        claims = {
            "iss": "https://iam.cloud.ibm.com/identity",
            "iam_id": f"iam-{PROFILE}",
            "sub": PROFILE,
            "sub_type": "Profile",
            "account": {"bss": ACCOUNT},
            "iat": now,
            "exp": now + 3600,
        }
        return 200, _granted(claims, now, 3600)

    def _certificate(self, body: Any) -> Any:  # noqa: ANN401 - JSON
        assert self.sign is not None
        now = time.time()
        chain = self.sign(body["csr"], self.server_id)
        ends = {"created_at": _moment(now), "expires_at": _moment(now + body["expires_in"])}
        return 201, {"certificates": chain, "id": "cert-1", **ends}

    def _metadata(self, resource: str) -> Any:  # noqa: ANN401 - JSON
        bodies: dict[str, Any] = {
            "instance": {
                "id": INSTANCE,
                "crn": self.crn,
                "name": "web-1",
                "metadata_service": {
                    "enabled": True,
                    "protocol": "http",
                    "response_hop_limit": 1,
                },
                "zone": {"name": "us-south-1"},
            },
            "instance/initialization": {
                "user_data": USER_DATA,
                "password": {"encrypted_password": SECRET, "encryption_key": {"id": "key-1"}},
                "keys": [{"id": "key-1", "name": "op\x1b[31ms"}],
            },
            "keys": {"keys": [{"id": "key-1", "name": "ops"}, {"id": "key-2", "name": "ci"}]},
            "placement_groups": {"placement_groups": []},
        }
        if resource not in bodies:
            raise RefusalError(404, "not_found", "There is no such resource.")
        return bodies[resource]


def _granted(claims: Mapping[str, object], now: int, lifetime: int) -> dict[str, Any]:
    return {
        "access_token": _jwt(claims),
        "created_at": _moment(now),
        "expires_at": _moment(now + lifetime),
        "expires_in": lifetime,
    }


@contextmanager
def serving(service: FakeService, address: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """Serve while the context is open, and give the URL."""

    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            url = urlsplit(self.path)
            length = int(self.headers.get("Content-Length", 0))
            body = json.loads(self.rfile.read(length)) if length else None
            assert "version" in parse_qs(url.query)
            try:
                status, held = service.answer(self.command, url.path, dict(self.headers), body)
            except RefusalError as refused:
                status, held = refused.status, refused.body
            content = json.dumps(held).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_PUT = do_POST = _serve  # noqa: N815 - named by http.server

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer((address, port), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://{address}:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


if __name__ == "__main__":
    with serving(FakeService(), sys.argv[1], int(sys.argv[2])):
        ended = subprocess.run(sys.argv[3:], check=False).returncode
    sys.exit(ended)

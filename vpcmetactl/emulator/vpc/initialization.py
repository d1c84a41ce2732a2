"""What servers were given when they were made: keys, passwords, a default trusted profile.

None of it is in the body of a server, and links made or removed later do not change it. The
passwords are invented, and all hold PASSWORD_MARK, so that a test can look for one in any output.
"""

import base64
from typing import Any

import msgspec
from werkzeug.wrappers import Response

from vpcmetactl.emulator.identifiers import derived_uuid
from vpcmetactl.emulator.vpc.bodies import image_reference
from vpcmetactl.emulator.vpc.catalog import OPERATING_SYSTEMS, endpoint, region_prefix
from vpcmetactl.emulator.vpc.errors import refuse
from vpcmetactl.emulator.vpc.handlers import answer, bare_metal_server_of, instance_of
from vpcmetactl.emulator.vpc.recorded import RecordedServer
from vpcmetactl.emulator.vpc.regions import DefaultTrustedProfile
from vpcmetactl.emulator.vpc.requests import region_of
from vpcmetactl.emulator.vpc.resources import BareMetalServer, Instance
from vpcmetactl.emulator.vpc.state import VpcCall

PASSWORD_MARK = base64.b64encode(b"emulated password, not a secret! ").decode()
"""The beginning of every encrypted password."""

Body = dict[str, Any]


def get_instance_initialization(call: VpcCall) -> Response:
    """GET /instances/{id}/initialization."""
    instance = instance_of(call)
    if isinstance(instance, RecordedServer):
        raise _unknown()
    default_profile = region_of(call).default_profiles.get(instance.id)
    return answer(call, msgspec.json.encode(initialization_body(instance, default_profile)))


def get_bare_metal_server_initialization(call: VpcCall) -> Response:
    """GET /bare_metal_servers/{id}/initialization."""
    server = bare_metal_server_of(call)
    if isinstance(server, RecordedServer):
        raise _unknown()
    key = _key(server)
    account = {
        "encrypted_password": _password(server.id),
        "encryption_key": key,
        "resource_type": "host_user_account",
        "username": "root",
    }
    body = {
        **_default_profile(region_of(call).default_profiles.get(server.id)),
        "image": image_reference(server.zone.region, OPERATING_SYSTEMS["ubuntu-24-04-amd64"]),
        "keys": [key],
        "user_accounts": [account],
    }
    return answer(call, msgspec.json.encode(body))


def initialization_body(instance: Instance, default_profile: DefaultTrustedProfile | None) -> Body:
    """What an instance was made with, as the VPC API tells it: without the user data."""
    key = _key(instance)
    return {
        **_default_profile(default_profile),
        "keys": [key],
        "password": {
            "encrypted_password": _password(instance.id),
            "encryption_key": {"fingerprint": key["fingerprint"]},
        },
    }


def _default_profile(given: DefaultTrustedProfile | None) -> Body:
    if given is None:
        return {}
    target = {"crn": given.crn, "id": given.id, "resource_type": "trusted_profile"}
    return {"default_trusted_profile": {"auto_link": given.auto_link, "target": target}}


def _key(server: Instance | BareMetalServer) -> Body:
    """The one SSH key of a region, which all its servers were made with."""
    region, account_id = server.zone.region, server.vpc.account_id
    uuid = derived_uuid(account_id, f"key of {region}")
    identifier = f"{region_prefix(region)}-{uuid}"
    fingerprint = base64.b64encode(uuid.replace("-", "").encode()).decode().rstrip("=")
    return {
        "crn": f"crn:v1:bluemix:public:is:{region}:a/{account_id}::key:{identifier}",
        "fingerprint": f"SHA256:{fingerprint}",
        "href": f"{endpoint(region)}/v1/keys/{identifier}",
        "id": identifier,
        "name": f"operations-{region}",
    }


def _password(server_id: str) -> str:
    own = base64.b64encode(derived_uuid(server_id, "password").encode()[:18]).decode()
    return PASSWORD_MARK + own


def _unknown() -> Exception:
    message = "How a server that was loaded from a file was made is not known."
    return refuse(501, "not_emulated", message)

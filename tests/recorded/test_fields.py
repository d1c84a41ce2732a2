"""Every field that was recorded of an instance is in the emulator's bodies, or known to be gone.

``tests/conformance`` holds the emulator against IBM's models, which tell what may be there; this
tells what is.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from tests.emulator.caller import Caller
from tests.recorded.recordings import FOLDER, Body, document, files, needs_recordings, servers_in
from vpcmetactl.emulator.app import Emulator
from vpcmetactl.emulator.clock import ManualClock
from vpcmetactl.emulator.scenarios import build_world

pytestmark = needs_recordings

# Recorded in 2020 and 2021, and in no model of today's SDK.
GONE = {
    "boot_volume_attachment.resource_type",
    "network_interfaces[].primary_ipv4_address",
    "primary_network_interface.primary_ipv4_address",
    "resource_group.crn",
    "volume_attachments[].resource_type",
    "zone.resource_type",
}


def fields_of(value: object, path: str = "") -> Iterator[str]:
    """Name every field of a body, of what is in it, and of what is in its lists."""
    if isinstance(value, dict):
        for name, part in value.items():
            inner = f"{path}.{name}".removeprefix(".")
            yield inner
            yield from fields_of(part, inner)
    elif isinstance(value, list):
        for part in value:
            yield from fields_of(part, f"{path}[]")


def all_fields(bodies: Iterable[Body]) -> set[str]:
    return {field for body in bodies for field in fields_of(body)}


def emulated(collection: str) -> Iterator[dict[str, Any]]:
    for scenario in ("demo", "mixed-fleet"):
        app = Emulator(build_world(scenario, clock=ManualClock()))
        for region in app.world.regions:
            yield from Caller(app, region).find(f"/{collection}", limit=100)[collection]


def test_an_emulated_instance_has_every_field_that_was_recorded_and_still_exists() -> None:
    recorded = [
        server.body
        for path in files()
        if path.parent.name == "manageiq-us-east"
        for server in servers_in(path)
    ]
    assert all_fields(recorded) - all_fields(emulated("instances")) == GONE


def test_an_emulated_instance_has_every_field_that_collectors_got_from_newer_accounts() -> None:
    recorded = [
        server.body for path in (FOLDER / "np-guard").glob("*.json") for server in servers_in(path)
    ]
    missing = all_fields(recorded) - all_fields(emulated("instances"))
    # It put whole network interfaces in the place of references, and tags beside them.
    assert {field for field in missing if not field.startswith("network_interfaces[].")} == {"tags"}


def test_emulated_servers_have_what_ibm_s_own_tests_give_them_but_for_what_is_not_emulated() -> (
    None
):
    mocks = document("sdk-mocks/IBM__vpc-java-sdk.json")["responses"]
    instance = set(mocks["GET /instances/testString 200 (getInstance)"])
    metal = set(mocks["GET /bare_metal_servers/testString 200 (getBareMetalServer)"])
    assert instance - all_fields(emulated("instances")) == {"catalog_offering"}
    assert metal - all_fields(emulated("bare_metal_servers")) == {"reservation"}

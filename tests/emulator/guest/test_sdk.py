"""IBM's own authenticators, as they are, get tokens from the emulator over real HTTP."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from ibm_cloud_sdk_core import ApiException
from ibm_cloud_sdk_core.authenticators import (
    Authenticator,
    ContainerAuthenticator,
    VPCInstanceAuthenticator,
)
from ibm_vpc import VpcV1

from tests.emulator.guest.inside import the_server
from vpcmetactl.emulator.app import Emulator
from vpcmetactl.emulator.scenarios import build_world
from vpcmetactl.emulator.server import EmulatorServer
from vpcmetactl.emulator.world import World

OLD, NEW = "2022-03-01", "2025-08-26"


@pytest.fixture(scope="module")
def world() -> World:
    """The trusted fleet at the machine's time, which the SDK goes by, on http throughout."""
    world = build_world("trusted-fleet")
    for name in ("web-1", "db-1", "metal-1", "metal-2"):
        world.change_metadata_service(the_server(world, name), enabled=True, protocol="http")
    return world


@pytest.fixture(scope="module")
def url(world: World) -> Iterator[str]:
    with EmulatorServer(Emulator(world)) as server:
        yield server.url


def authenticator(
    world: World, url: str, name: str, version: str | None, **profile: str
) -> VPCInstanceAuthenticator:
    """What a program on a server makes of the address of the metadata service."""
    address = f"{url}/guest/{the_server(world, name).id}"
    return VPCInstanceAuthenticator(url=address, service_version=version, **profile)


def service(authenticator: Authenticator, url: str) -> VpcV1:
    sdk = VpcV1(version="2026-06-23", authenticator=authenticator)
    sdk.set_service_url(f"{url}/vpc/us-south/v1")
    return sdk


@pytest.mark.parametrize("version", [None, OLD, NEW])
@pytest.mark.parametrize("kind", ["id", "crn", "name"])
def test_a_virtual_server_gets_a_token_through_both_paths(
    world: World, url: str, version: str | None, kind: str
) -> None:
    named = {f"iam_profile_{kind}": getattr(world.trust.profile("backup-writer"), kind)}
    sdk = service(authenticator(world, url, "db-1", version, **named), url)

    assert sdk.list_instances(limit=1).get_result()["total_count"] == 13


@pytest.mark.parametrize(
    ("name", "version"), [("web-1", None), ("web-1", OLD), ("web-1", NEW), ("metal-2", NEW)]
)
def test_without_a_name_it_is_the_default_profile(
    world: World, url: str, name: str, version: str | None
) -> None:
    sdk = service(authenticator(world, url, name, version), url)
    assert sdk.list_bare_metal_servers().get_result()["total_count"] == 3


@pytest.mark.parametrize("kind", ["id", "crn", "name"])
def test_bare_metal_gets_one_through_the_new_paths_only(world: World, url: str, kind: str) -> None:
    named = {f"iam_profile_{kind}": getattr(world.trust.profile("backup-writer"), kind)}

    assert authenticator(world, url, "metal-1", NEW, **named).token_manager.get_token()
    for version in (None, OLD):
        with pytest.raises(ApiException) as caught:
            authenticator(world, url, "metal-1", version, **named).token_manager.get_token()
        assert caught.value.status_code == 404


def test_the_token_has_the_rights_of_the_profile(world: World, url: str) -> None:
    signed = authenticator(world, url, "db-1", NEW, iam_profile_name="backup-writer")
    sdk, server = service(signed, url), the_server(world, "db-1")

    assert sdk.get_instance(server.id).get_result()["name"] == "db-1"
    patch = {"metadata_service": {"enabled": False}}
    with pytest.raises(ApiException) as caught:
        sdk.update_instance(server.id, patch)
    assert (caught.value.status_code, caught.value.message) == (
        403,
        "The profile of the token lacks is.instance.instance.update.",
    )
    assert server.metadata_service.enabled


def test_a_profile_that_is_not_linked_is_an_error_of_the_sdk(world: World, url: str) -> None:
    unlinked = authenticator(world, url, "db-1", NEW, iam_profile_name="web-frontend")
    with pytest.raises(ApiException, match="The trusted profile web-frontend is not linked"):
        unlinked.token_manager.get_token()


def test_an_identity_token_in_a_file_is_exchanged_by_iam(
    world: World, url: str, tmp_path: Path
) -> None:
    address = f"{url}/guest/{the_server(world, 'db-1').id}/identity/v1/token"
    answer = requests.put(
        address, params={"version": NEW}, headers={"Metadata-Flavor": "ibm"}, timeout=5
    )
    file = tmp_path / "token"
    file.write_text(answer.json()["access_token"])
    for named in (
        {"iam_profile_name": "backup-writer"},
        {"iam_profile_id": world.trust.profile("backup-writer").id},
    ):
        container = ContainerAuthenticator(cr_token_filename=str(file), url=f"{url}/iam", **named)
        assert service(container, url).list_instances(limit=1).get_result()["total_count"] == 13


def test_a_server_that_is_set_to_https_is_reached_by_https(
    world: World, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pem, root = tmp_path / "listener.pem", tmp_path / "root.pem"
    pem.write_text(world.guest.authority.listener_pem())
    root.write_text(world.guest.authority.root_pem)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(root))

    assert the_server(world, "db-2").metadata_service.protocol == "https"
    with EmulatorServer(Emulator(world), certificate=pem) as listener:
        secure = f"https://localhost:{listener.port}"
        signed = authenticator(world, secure, "db-2", NEW, iam_profile_name="backup-writer")
        assert service(signed, url).list_instances(limit=1).get_result()["total_count"] == 13

"""What becomes of the metadata service: known, unknown until apply, or the platform's default."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.terraform import (
    UNKNOWN,
    Json,
    Provider,
    a_change,
    a_configured,
    a_known_server,
    a_new_server,
    a_plan,
    a_shown,
    a_shown_state,
    save,
    written,
)
from vpcmetactl.domain.servers import MetadataService
from vpcmetactl.domain.subjects import Origin
from vpcmetactl.files.terraform.reading import read_terraform

DEFAULTS = MetadataService(enabled=False, protocol="http", response_hop_limit=1)
NOTHING = MetadataService()
INSTANCE, TEMPLATE = "ibm_is_instance", "ibm_is_instance_template"
METAL = "ibm_is_bare_metal_server"
ON = {"enabled": True, "protocol": "https", "response_hop_limit": 2}


@pytest.mark.parametrize("kind", [INSTANCE, TEMPLATE])
@pytest.mark.parametrize("provider", Provider)
def test_a_new_server_of_which_nothing_is_written_gets_the_defaults(
    tmp_path: Path, provider: Provider, kind: str
) -> None:
    values = a_new_server(provider)
    assert _service(tmp_path, values, {}, kind=kind) == DEFAULTS


def test_what_is_written_and_known_is_what_there_will_be(tmp_path: Path) -> None:
    values = a_new_server(metadata_service=[ON])
    block = [{name: written(value) for name, value in ON.items()}]
    found = _service(tmp_path, values, {"metadata_service": block})
    assert found == MetadataService(enabled=True, protocol="https", response_hop_limit=2)


def test_the_parts_of_a_block_that_are_not_written_get_the_defaults(tmp_path: Path) -> None:
    block = {"enabled": True, "protocol": UNKNOWN, "response_hop_limit": UNKNOWN}
    values = a_new_server(metadata_service=[block])
    found = _service(tmp_path, values, {"metadata_service": [{"enabled": written(value=True)}]})
    assert found == MetadataService(enabled=True, protocol="http", response_hop_limit=1)


def test_what_is_written_and_not_known_is_unknown(tmp_path: Path) -> None:
    block = {"enabled": UNKNOWN, "protocol": "https", "response_hop_limit": UNKNOWN}
    values = a_new_server(metadata_service=[block])
    expressions = {"enabled": written(UNKNOWN, "data.x.y"), "protocol": written("https")}
    found = _service(tmp_path, values, {"metadata_service": [expressions]})
    assert found == MetadataService(enabled=None, protocol="https", response_hop_limit=1)


def test_a_block_that_is_an_unknown_whole_is_unknown(tmp_path: Path) -> None:
    expression = {"metadata_service": written(UNKNOWN, "var.service")}
    assert _service(tmp_path, a_new_server(), expression) == NOTHING


def test_a_block_that_is_there_and_not_written_is_dynamic_and_its_parts_may_be_set(
    tmp_path: Path,
) -> None:
    block = {"enabled": True, "protocol": UNKNOWN, "response_hop_limit": UNKNOWN}
    values = a_new_server(metadata_service=[block])
    assert _service(tmp_path, values, {}) == MetadataService(enabled=True)


def test_without_a_configuration_nothing_is_taken_for_not_written(tmp_path: Path) -> None:
    plan = a_plan([a_change(INSTANCE, "web", a_new_server())])
    [subject] = read_terraform(save(tmp_path, plan)).subjects
    assert subject.server.metadata_service == NOTHING


@pytest.mark.parametrize("provider", [Provider.OLD, Provider.BOTH])
@pytest.mark.parametrize(
    ("value", "enabled"), [(True, True), (False, False), (UNKNOWN, None)], ids=["on", "off", "?"]
)
def test_the_deprecated_attribute_counts_where_it_is_written(
    tmp_path: Path, provider: Provider, value: object, *, enabled: bool | None
) -> None:
    values = a_new_server(provider, metadata_service_enabled=value)
    found = _service(tmp_path, values, {"metadata_service_enabled": written(UNKNOWN, "var.on")})
    assert found == MetadataService(enabled=enabled, protocol="http", response_hop_limit=1)


@pytest.mark.parametrize("actions", [["update"], ["no-op"]])
@pytest.mark.parametrize(
    ("expressions", "enabled"),
    [
        ({"metadata_service_enabled": written(value=False)}, False),
        ({"metadata_service": [{"enabled": written(value=True)}]}, True),
        ({}, None),
    ],
)
def test_where_both_contradict_each_other_the_one_that_is_written_counts(
    tmp_path: Path, actions: list[str], expressions: Json, *, enabled: bool | None
) -> None:
    values = a_known_server(metadata_service_enabled=False)
    found = _service(tmp_path, values, expressions, actions=actions)
    assert found == MetadataService(enabled=enabled, protocol="http", response_hop_limit=1)


def test_of_what_exists_the_state_tells_what_is_not_written(tmp_path: Path) -> None:
    found = _service(tmp_path, a_known_server(), {}, actions=["no-op"])
    assert found == MetadataService(enabled=True, protocol="http", response_hop_limit=1)


@pytest.mark.parametrize("service", [None, []])
def test_of_what_exists_and_is_not_told_nothing_is_known(tmp_path: Path, service: object) -> None:
    values = a_known_server(metadata_service=service, metadata_service_enabled=None)
    assert _service(tmp_path, values, {}, actions=["update"]) == NOTHING


def test_an_old_provider_tells_of_what_exists_whether_it_is_enabled(tmp_path: Path) -> None:
    found = _service(tmp_path, a_known_server(Provider.OLD), {}, actions=["no-op"])
    assert found == MetadataService(enabled=True)


@pytest.mark.parametrize("actions", [["delete", "create"], ["create", "delete"]])
def test_what_is_replaced_is_new(tmp_path: Path, actions: list[str]) -> None:
    assert _service(tmp_path, a_new_server(), {}, actions=actions) == DEFAULTS


@pytest.mark.parametrize("template", ["0717-t", UNKNOWN], ids=["known", "unknown"])
def test_what_is_made_from_a_template_may_get_what_that_says(
    tmp_path: Path, template: object
) -> None:
    values = a_new_server(instance_template=template)
    expression = {"instance_template": written(UNKNOWN, "ibm_is_instance_template.t.id")}
    assert _service(tmp_path, values, expression) == NOTHING


def test_bare_metal_has_no_hop_limit(tmp_path: Path) -> None:
    values = a_new_server(Provider.BLOCK, METAL)
    found = _service(tmp_path, values, {}, kind=METAL)
    assert found == MetadataService(enabled=False, protocol="http")


@pytest.mark.parametrize(
    ("service", "expected"),
    [
        ([], DEFAULTS),
        (None, DEFAULTS),
        (
            [{"enabled": True, "protocol": "", "response_hop_limit": 0}],
            MetadataService(enabled=True, protocol="http", response_hop_limit=1),
        ),
    ],
)
def test_servers_of_a_template_get_defaults_for_what_it_leaves_out(
    tmp_path: Path, service: object, expected: MetadataService
) -> None:
    values = {"id": "0717-t", "metadata_service": service, "metadata_service_enabled": None}
    assert _in_state(tmp_path, TEMPLATE, values) == expected


def test_a_template_of_a_provider_that_cannot_tell_of_the_service_is_unknown(
    tmp_path: Path,
) -> None:
    assert _in_state(tmp_path, TEMPLATE, {"id": "0717-t"}) == NOTHING


@pytest.mark.parametrize("provider", Provider)
def test_a_state_tells_what_it_has(tmp_path: Path, provider: Provider) -> None:
    found = _in_state(tmp_path, INSTANCE, a_known_server(provider))
    known = MetadataService(enabled=True, protocol="http", response_hop_limit=1)
    assert found == (MetadataService(enabled=True) if provider is Provider.OLD else known)


@pytest.mark.parametrize("hidden", ["metadata_service", "metadata_service_enabled"])
def test_what_is_sensitive_is_unknown(tmp_path: Path, hidden: str) -> None:
    given: Json = {hidden: [ON] if hidden == "metadata_service" else True}
    values = {**a_new_server(), **given}
    change = a_change(INSTANCE, "web", values)
    change["change"]["after_sensitive"] = {hidden: [{"enabled": True}], "name": True}
    plan = a_plan([change], [a_configured(INSTANCE, "web", **{hidden: written(value=True)})])
    [subject] = read_terraform(save(tmp_path, plan)).subjects
    assert subject.server.metadata_service == NOTHING
    assert subject.server.name is None


def _service(
    folder: Path,
    values: Json,
    expressions: Json,
    *,
    kind: str = INSTANCE,
    actions: list[str] | None = None,
) -> MetadataService | None:
    """Return what a plan of one resource says of it."""
    change = a_change(kind, "web", values, actions=actions or ["create"])
    plan = a_plan([change], [a_configured(kind, "web", **expressions)])
    reading = read_terraform(save(folder, plan))
    [subject] = reading.subjects
    assert reading.origin is subject.origin is Origin.TERRAFORM_PLAN
    return subject.server.metadata_service


def _in_state(folder: Path, kind: str, values: Any) -> MetadataService | None:  # noqa: ANN401
    reading = read_terraform(save(folder, a_shown_state(a_shown(kind, "web", values))))
    [subject] = reading.subjects
    assert reading.origin is subject.origin is Origin.TERRAFORM_STATE
    return subject.server.metadata_service

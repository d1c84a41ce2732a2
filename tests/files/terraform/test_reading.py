"""Which resources are read from plans and states, and what is told of each."""

import json
from pathlib import Path

import pytest

from tests.support.terraform import (
    ACCOUNT,
    UNKNOWN,
    Json,
    Provider,
    a_change,
    a_configured,
    a_crn,
    a_known_server,
    a_new_server,
    a_plan,
    a_shown,
    a_shown_state,
    a_stored,
    a_stored_state,
    save,
    written,
)
from vpcmetactl.domain.errors import InvalidInputError
from vpcmetactl.domain.servers import BareMetalServer, Instance, Reference
from vpcmetactl.domain.subjects import Location, Origin, Subject
from vpcmetactl.domain.terraform import AttributeForm, ManagedBy
from vpcmetactl.files.terraform.reading import addresses_by_server_id, read_terraform

INSTANCE, TEMPLATE = "ibm_is_instance", "ibm_is_instance_template"
METAL = "ibm_is_bare_metal_server"


@pytest.mark.parametrize(
    ("actions", "is_there"),
    [
        (["no-op"], True),
        (["create"], True),
        (["update"], True),
        (["delete", "create"], True),
        (["create", "delete"], True),
        (["create", "forget"], True),
        (["delete"], False),
        (["forget"], False),
    ],
)
def test_what_there_will_be_is_judged(
    tmp_path: Path, actions: list[str], *, is_there: bool
) -> None:
    plan = a_plan([a_change(INSTANCE, "web", a_known_server(), actions=actions)])
    assert bool(_subjects(tmp_path, plan)) is is_there


def test_data_sources_deposed_objects_and_other_resources_are_passed_over(tmp_path: Path) -> None:
    plan = a_plan(
        [
            a_change(INSTANCE, "web", a_known_server(), actions=["read"], mode="data"),
            a_change(INSTANCE, "old", a_known_server(), actions=["no-op"], deposed="0a1b"),
            a_change("ibm_is_vpc", "prod", {"name": 5}),
        ]
    )
    assert _subjects(tmp_path, plan) == {}


def test_modules_and_indexes_are_in_the_address(tmp_path: Path) -> None:
    plan = a_plan(
        [
            a_change(INSTANCE, "web", a_new_server(), module='module.a["x.y"].module.b', key=0),
            a_change(METAL, "db", a_new_server(Provider.BLOCK, METAL), key="eu"),
            a_change(TEMPLATE, "t", a_new_server()),
        ]
    )
    subjects = _subjects(tmp_path, plan)
    assert list(subjects) == [
        'ibm_is_bare_metal_server.db["eu"]',
        "ibm_is_instance_template.t",
        'module.a["x.y"].module.b.ibm_is_instance.web[0]',
    ]
    for address, subject in subjects.items():
        assert subject.location == Location(address, str(tmp_path / "plan.json"))
        assert (subject.key, subject.server.id) == (address, address)
    kinds = [type(subject.server) for subject in subjects.values()]
    assert kinds == [BareMetalServer, Instance, Instance]


def test_what_is_known_of_a_server_is_told_and_the_rest_is_not(tmp_path: Path) -> None:
    plan = a_plan(
        [
            a_change(INSTANCE, "old", a_known_server(), actions=["no-op"]),
            a_change(INSTANCE, "new", a_new_server(vpc=UNKNOWN, name=UNKNOWN)),
        ]
    )
    new, old = _subjects(tmp_path, plan).values()
    assert old.server == Instance(
        id="0717_web",
        region="us-south",
        crn=a_crn("web"),
        account_id=ACCOUNT,
        name="web",
        zone="us-south-1",
        status="running",
        vpc=Reference(id="r006-v"),
        resource_group=Reference(id="0123", name="Default"),
        profile="bx2-2x8",
        architecture="amd64",
        metadata_service=old.server.metadata_service,
    )
    assert (new.server.crn, new.server.name, new.server.vpc) == (None, None, None)
    assert (new.server.status, new.server.resource_group) == (None, None)


def test_user_data_is_never_kept(tmp_path: Path) -> None:
    for subject in _subjects(
        tmp_path, a_plan([a_change(INSTANCE, "web", a_new_server())])
    ).values():
        assert "geheim" not in repr(subject)


@pytest.mark.parametrize(
    ("values", "expression", "variables", "region"),
    [
        ({"zone": "jp-tok-2"}, None, {}, "jp-tok"),
        ({"crn": a_crn("x", zone="br-sao")}, None, {}, "br-sao"),
        ({}, {"constant_value": "eu-de"}, {}, "eu-de"),
        ({}, {"references": ["var.where"]}, {"where": {"value": "eu-gb"}}, "eu-gb"),
        ({}, {"references": ["var.where"]}, {}, ""),
        ({}, {"references": ["local.where"]}, {}, ""),
        ({}, {"references": ["var.a", "var.b"]}, {"a": {"value": "eu-gb"}}, ""),
        ({}, None, {}, ""),
        ({}, {"constant_value": 5}, {}, ""),
    ],
)
def test_the_region_is_the_zones_or_the_providers(
    tmp_path: Path, values: Json, expression: object, variables: Json, region: str
) -> None:
    server = a_new_server(**{"zone": UNKNOWN, **values})
    plan = a_plan([a_change(INSTANCE, "web", server)], [a_configured(INSTANCE, "web")])
    plan["configuration"]["provider_config"]["ibm"]["expressions"] = (
        {"region": expression} if expression is not None else {}
    )
    plan["variables"] = variables
    [subject] = _subjects(tmp_path, plan).values()
    assert subject.server.region == region


def test_a_shown_state_is_read_with_its_modules(tmp_path: Path) -> None:
    inner = a_shown(INSTANCE, "b", a_known_server())
    inner["address"] = "module.m[0].ibm_is_instance.b"
    state = a_shown_state(
        a_shown(INSTANCE, "a", a_known_server()),
        a_shown(INSTANCE, "seen", a_known_server(), mode="data"),
        a_shown(INSTANCE, "gone", a_known_server(), deposed_key="0a"),
        modules=[{"address": "module.m[0]", "resources": [inner]}],
    )
    reading = read_terraform(save(tmp_path, state))
    assert reading.origin is Origin.TERRAFORM_STATE
    addresses = [subject.key for subject in reading.subjects]
    assert addresses == ["ibm_is_instance.a", "module.m[0].ibm_is_instance.b"]
    assert {subject.server.region for subject in reading.subjects} == {"us-south"}


def test_a_state_file_is_read_with_its_instances(tmp_path: Path) -> None:
    def instance(key: object) -> Json:
        return {"index_key": key, "attributes": a_known_server()}

    state = a_stored_state(
        a_stored(INSTANCE, "web", instance(0), instance(11), {**instance(2), "deposed": "0a"}),
        a_stored(INSTANCE, "one", instance(None), module='module.m["a"]'),
        a_stored(METAL, "db", instance('q"\\${x}')),
        a_stored(INSTANCE, "seen", instance(None), mode="data"),
        a_stored("ibm_is_vpc", "v", {"attributes": {"name": 5}}),
    )
    reading = read_terraform(save(tmp_path, state))
    assert reading.origin is Origin.TERRAFORM_STATE
    assert [subject.key for subject in reading.subjects] == [
        'ibm_is_bare_metal_server.db["q\\"\\\\$${x}"]',
        "ibm_is_instance.web[0]",
        "ibm_is_instance.web[11]",
        'module.m["a"].ibm_is_instance.one',
    ]


def test_sensitive_attributes_of_a_state_file_are_not_kept(tmp_path: Path) -> None:
    path = [{"type": "get_attr", "value": "name"}]
    instance = {"attributes": a_known_server(), "sensitive_attributes": [path, "odd", []]}
    state = a_stored_state(a_stored(INSTANCE, "web", instance))
    [subject] = read_terraform(save(tmp_path, state)).subjects
    assert (subject.server.name, subject.server.id) == (None, "0717_web")


@pytest.mark.parametrize(
    "state",
    [
        {"format_version": "1.0"},
        {"format_version": "0.2", "terraform_version": "1.0.0", "checks": []},
        {"format_version": "1.0", "values": None},
        a_stored_state(),
        a_plan([]),
    ],
)
def test_what_is_empty_has_no_servers(tmp_path: Path, state: Json) -> None:
    reading = read_terraform(save(tmp_path, state))
    assert (list(reading.subjects), list(reading.gaps)) == ([], [])


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"errored": True, "complete": False}, "ended in an error"),
        ({"complete": False}, "not complete"),
        (
            {
                "complete": False,
                "deferred_changes": [
                    {"reason": "r", "resource_change": a_change(INSTANCE, "later", {})}
                ],
            },
            "ibm_is_instance.later",
        ),
    ],
)
def test_a_plan_that_may_not_tell_everything_says_so(
    tmp_path: Path, more: Json, words: str
) -> None:
    plan = a_plan([a_change(INSTANCE, "web", a_new_server())], **more)
    reading = read_terraform(save(tmp_path, plan))
    assert len(reading.subjects) == 1
    [gap] = reading.gaps
    assert words in gap


FORMS = [
    ({"metadata_service_enabled": written(value=True)}, AttributeForm.DEPRECATED),
    ({"metadata_service": [{"enabled": written(value=True)}]}, AttributeForm.BLOCK),
    ({}, AttributeForm.BLOCK),
]


@pytest.mark.parametrize(("expressions", "form"), FORMS)
def test_a_plan_tells_by_which_resource_a_server_is_managed(
    tmp_path: Path, expressions: Json, form: AttributeForm
) -> None:
    plan = a_plan(
        [
            a_change(INSTANCE, "web", a_known_server(), actions=["update"], key=1),
            a_change(INSTANCE, "new", a_new_server()),
            a_change(TEMPLATE, "t", a_known_server(), actions=["no-op"]),
        ],
        [a_configured(INSTANCE, "web", **expressions)],
    )
    assert addresses_by_server_id(save(tmp_path, plan)) == {
        "0717_web": ManagedBy("ibm_is_instance.web[1]", form)
    }


@pytest.mark.parametrize("provider", Provider)
def test_a_state_tells_by_which_resource_a_server_is_managed(
    tmp_path: Path, provider: Provider
) -> None:
    form = AttributeForm.DEPRECATED if provider is Provider.OLD else AttributeForm.BLOCK
    server = a_known_server(provider)
    expected = {"0717_web": ManagedBy("ibm_is_instance.web", form)}
    stored = a_stored_state(a_stored(INSTANCE, "web", {"attributes": server}))
    assert addresses_by_server_id(save(tmp_path, stored)) == expected
    shown = a_shown_state(a_shown(INSTANCE, "web", server))
    assert addresses_by_server_id(save(tmp_path, shown)) == expected


PLAN = a_plan([a_change(INSTANCE, "web", a_known_server(metadata_service=5))])


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({}, "neither a plan nor a state"),
        ({"version": 4}, "neither a plan nor a state"),
        ({"format_version": "1.0", "valid": True}, "neither a plan nor a state"),
        ({"format_version": "1.0", "provider_schemas": {}}, "neither a plan nor a state"),
        ({"format_version": "2.0", "values": {}}, "$.format_version: '2.0' is not known"),
        ({"format_version": 1, "values": {}}, "$.format_version: 1 is not known"),
        ({"version": 3, "resources": []}, "$.version: 3 is not known"),
        ({"version": True, "resources": []}, "$.version: True is not known"),
        ({"version": 4, "resources": {}}, "$.resources: Expected `array"),
        ({"serial": 1, "lineage": "x", "encrypted_data": "abc"}, "encrypted"),
        ([], "$: Expected `object`"),
        (PLAN, "$.resource_changes[0].change.after.metadata_service: Expected"),
        (
            a_plan([a_change(INSTANCE, "web", {}), {"address": ""}]),
            "$.resource_changes[1].address: Expected `str` of length >= 1",
        ),
        (
            a_plan([a_change(INSTANCE, "web", {}, actions=["invent"])]),
            "$.resource_changes[0].change.actions: ['invent'] is not known",
        ),
        (
            a_plan([a_change(INSTANCE, "web", {}, change={"actions": ["create"]})]),
            "$.resource_changes[0].change.after: it is missing",
        ),
        (
            a_shown_state(a_shown(INSTANCE, "web", {"id": 5})),
            "$.values.root_module.resources[0].values.id: Expected `str | null`, got `int`",
        ),
        (
            a_stored_state(a_stored(INSTANCE, "web", {"attributes": None})),
            "$.resources[0].instances[0].attributes: it is missing",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, document: object, words: str) -> None:
    path = save(tmp_path, document)
    with pytest.raises(InvalidInputError) as caught:
        read_terraform(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert words in str(caught.value)
    assert caught.value.hint


def test_a_plan_from_which_the_changes_were_cut_is_refused(tmp_path: Path) -> None:
    plan = a_plan([])
    del plan["resource_changes"]
    plan["planned_values"] = {"root_module": {"resources": [a_shown(INSTANCE, "web", {})]}}
    with pytest.raises(InvalidInputError, match="resource_changes: it is missing"):
        read_terraform(save(tmp_path, plan))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no JSON"),
        (b"{", "no JSON"),
        (b'resource "ibm_is_instance" "x" {}', "no JSON"),
        (b"PK\x03\x04rest", "terraform plan -out"),
        (b"\x1f\x8brest", "gzipped"),
        ('{"format_version": "1.0"}'.encode("utf-16"), "UTF-16"),
        (b'{"@level":"info","@message":"Terraform 1.9"}\n', "messages of terraform plan -json"),
        (b'{"format_version":"1.0","values":' + b'{"a":' * 9000 + b"1" + b"}" * 9001, "$"),
    ],
)
def test_a_file_that_is_something_else_is_told_what_it_may_be(
    tmp_path: Path, content: bytes, words: str
) -> None:
    path = tmp_path / "plan.json"
    path.write_bytes(content)
    with pytest.raises(InvalidInputError) as caught:
        read_terraform(path)
    assert words in str(caught.value)


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(a_plan([])).encode())
    assert list(read_terraform(path).subjects) == []


def _subjects(folder: Path, plan: Json) -> dict[str, Subject]:
    return {subject.key: subject for subject in read_terraform(save(folder, plan)).subjects}

"""What Terraform would take back, and what has to be written so that it does not."""

import pytest

from tests.support.builders import OFF, ON, a_bare_metal_server, an_instance
from vpcmetactl.domain.metadata_plans import plan_metadata
from vpcmetactl.domain.plans import Action, MetadataChange, MetadataServicePatch, NoteCode, Plan
from vpcmetactl.domain.servers import Protocol, Server
from vpcmetactl.domain.terraform import AttributeForm, ManagedBy
from vpcmetactl.domain.terraform_plans import mark_managed

WEB = an_instance("web-1", metadata_service=OFF)
DB = an_instance("db-1", metadata_service=OFF)
METAL = a_bare_metal_server("metal-1", metadata_service=OFF)


def planned(*servers: Server, protocol: Protocol | None = None) -> Plan:
    patch = MetadataServicePatch(enabled=True, protocol=protocol)
    return plan_metadata(Action.ENABLE, patch, servers, named=False)


def hcl(server: Server, form: AttributeForm, protocol: Protocol | None = None) -> str | None:
    marked = mark_managed(planned(server, protocol=protocol), {server.id: ManagedBy("a.b", form)})
    [change] = marked.changes
    assert isinstance(change, MetadataChange)
    return change.notes[-1].hcl


def test_only_what_terraform_manages_is_marked() -> None:
    by = ManagedBy('module.web.ibm_is_instance.web["a"]', AttributeForm.BLOCK)

    plan = mark_managed(planned(WEB, DB), {WEB.id: by})
    notes = {change.server.name: change.notes for change in plan.changes}

    assert notes["web-1"][-1].code is NoteCode.MANAGED_BY_TERRAFORM
    assert by.address in notes["web-1"][-1].message
    assert NoteCode.MANAGED_BY_TERRAFORM not in [note.code for note in notes["db-1"]]


def test_what_is_not_changed_is_not_marked() -> None:
    server = an_instance("web-2", metadata_service=ON)
    by = ManagedBy("ibm_is_instance.web", AttributeForm.BLOCK)

    plan = mark_managed(planned(server), {server.id: by})

    assert plan == planned(server)


def test_the_block_says_all_that_the_server_will_be() -> None:
    assert hcl(WEB, AttributeForm.BLOCK, Protocol.HTTPS) == (
        "metadata_service {\n"
        "  enabled            = true\n"
        '  protocol           = "https"\n'
        "  response_hop_limit = 1\n"
        "}"
    )


def test_bare_metal_has_no_hop_limit() -> None:
    assert "hop" not in (hcl(METAL, AttributeForm.BLOCK) or "")


@pytest.mark.parametrize(
    ("protocol", "first"),
    [
        (None, "metadata_service_enabled = true"),
        (
            Protocol.HTTPS,
            "# in the place of metadata_service_enabled, which conflicts with it",
        ),
    ],
)
def test_the_deprecated_attribute_is_kept_where_it_can_say_it(
    protocol: Protocol | None, first: str
) -> None:
    text = hcl(WEB, AttributeForm.DEPRECATED, protocol) or ""

    assert text.splitlines()[0] == first

import pytest

from tests.support.builders import ON, a_bare_metal_server, an_instance
from vpcmetactl.domain.container_hosts import mark_container_hosts
from vpcmetactl.domain.metadata_plans import plan_metadata
from vpcmetactl.domain.plans import Action, MetadataChange, MetadataServicePatch, NoteCode, Plan
from vpcmetactl.domain.servers import MetadataService, Protocol, Server

_HTTPS = MetadataServicePatch(protocol=Protocol.HTTPS)
_TAGS = ("container-host", "k8s:node")


def codes(plan: Plan) -> dict[str, list[NoteCode]]:
    return {
        item.server.name or "": [note.code for note in item.notes]
        for item in plan.items
        if isinstance(item, MetadataChange)
    }


def marked(servers: list[Server], patch: MetadataServicePatch = _HTTPS) -> dict[str, bool]:
    plan = plan_metadata(Action.SET, patch, servers, named=False)
    found = codes(mark_container_hosts(plan, servers, _TAGS))
    return {name: NoteCode.CONTAINER_HOST in notes for name, notes in found.items()}


def test_a_host_that_is_left_a_hop_limit_of_1_is_marked_and_no_other_server_is() -> None:
    servers: list[Server] = [
        an_instance("host", metadata_service=ON, tags=("container-host", "env:prod")),
        an_instance("node", metadata_service=ON, tags=("k8s:node",)),
        an_instance("web", metadata_service=ON, tags=("env:prod",)),
        an_instance("untagged", metadata_service=ON, tags=()),
        an_instance("unknown", metadata_service=ON),
        a_bare_metal_server(
            "metal",
            metadata_service=MetadataService(enabled=True, protocol="http"),
            tags=("container-host",),
        ),
    ]

    assert marked(servers) == {
        "host": True,
        "node": True,
        "web": False,
        "untagged": False,
        "unknown": False,
        "metal": False,
    }


@pytest.mark.parametrize(
    ("before", "patch", "expected"),
    [
        (1, _HTTPS, True),
        (2, _HTTPS, False),
        (2, MetadataServicePatch(response_hop_limit=1), True),
        (1, MetadataServicePatch(response_hop_limit=2), False),
        (1, MetadataServicePatch(enabled=False), False),
    ],
)
def test_what_the_change_leads_to_decides(
    before: int, patch: MetadataServicePatch, *, expected: bool
) -> None:
    service = MetadataService(enabled=True, protocol="http", response_hop_limit=before)
    host = an_instance("host", metadata_service=service, tags=("container-host",))

    assert marked([host], patch) == {"host": expected}


def test_the_note_names_the_tags_and_the_way_out_and_stands_behind_the_others() -> None:
    host = an_instance("host", metadata_service=ON, tags=_TAGS)
    plan = plan_metadata(Action.SET, _HTTPS, [host], named=False)

    (item,) = mark_container_hosts(plan, [host], _TAGS).items

    assert isinstance(item, MetadataChange)
    assert [note.code for note in item.notes] == [
        NoteCode.HTTPS_NEEDS_HOST_NAME,
        NoteCode.CONTAINER_HOST,
    ]
    assert item.notes[-1].message.startswith(
        "is tagged container-host and k8s:node, as a container host: "
    )
    assert "--response-hop-limit 2" in item.notes[-1].message


def test_without_tags_nothing_is_marked() -> None:
    host = an_instance("host", metadata_service=ON, tags=_TAGS)
    plan = plan_metadata(Action.SET, _HTTPS, [host], named=False)

    assert mark_container_hosts(plan, [host], ()) == plan

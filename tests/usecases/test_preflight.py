"""What preflight makes of a plan, and what it reads for that."""

import threading
from dataclasses import replace

import pytest

from tests.support.builders import ON, ON_HTTPS, a_bare_metal_server, an_instance
from tests.support.fake_cloud import Call, InMemoryCloud
from tests.support.observer import RecordingObserver
from vpcmetactl.domain.errors import (
    AuthenticationError,
    MalformedResponseError,
    NotFoundError,
    PermissionDeniedError,
    UnavailableError,
    VpcmetactlError,
)
from vpcmetactl.domain.metadata_plans import plan_metadata
from vpcmetactl.domain.plans import (
    Action,
    MetadataChange,
    MetadataServicePatch,
    Note,
    NoteCode,
    Plan,
    Skip,
    SkipReason,
)
from vpcmetactl.domain.servers import (
    Instance,
    MetadataService,
    Protocol,
    Reference,
    Server,
)
from vpcmetactl.usecases.preflight import preflight

SECURE_ONLY = "metadata_service.enabled == true && metadata_service.protocol == 'https'"
DISABLE = MetadataServicePatch(enabled=False)
ENABLE = MetadataServicePatch(enabled=True)
HTTPS = MetadataServicePatch(protocol=Protocol.HTTPS)
HOPS = MetadataServicePatch(response_hop_limit=2)
GROUP = Reference(id="r006-group", name="workers")
WEB = an_instance("web-1", metadata_service=ON_HTTPS)
WORKERS = [
    an_instance(f"worker-{number}", metadata_service=ON, instance_group=GROUP)
    for number in (1, 2, 3)
]


class Scene:
    """A plan of these servers, and the cloud that preflight asks."""

    def __init__(
        self,
        patch: MetadataServicePatch,
        *servers: Server,
        allowed_use: str | None = "true",
        template: MetadataService | None = None,
    ) -> None:
        self.servers = servers
        self.cloud = InMemoryCloud(servers)
        self.observer = RecordingObserver()
        self.plan = plan_metadata(Action.SET, patch, servers, named=False)
        for server in servers:
            if isinstance(server, Instance) and server.boot_volume and server.boot_volume.id:
                self.cloud.allowed_use[server.boot_volume.id] = allowed_use
        if template:
            self.cloud.group_metadata["r006-group"] = template

    def checked(self, max_workers: int = 4) -> Plan:
        return preflight(self.plan, self.servers, self.cloud, self.observer, max_workers)

    def added(self) -> list[tuple[NoteCode, str]]:
        """The notes of the only change that planning did not know of."""
        (before,), (after,) = self.plan.changes, self.checked().changes
        assert after == replace(before, notes=after.notes)
        assert after.notes[: len(before.notes)] == before.notes
        return [(note.code, note.message) for note in after.notes[len(before.notes) :]]

    def calls(self) -> list[tuple[str, object]]:
        return sorted((call.operation, str(call.detail)) for call in self.cloud.calls)


def test_a_change_that_the_boot_volume_forbids_is_skipped_and_refused() -> None:
    scene = Scene(DISABLE, WEB, allowed_use=SECURE_ONLY)
    message = f"its boot volume's allowed_use forbids this: {SECURE_ONLY}"
    skip = Skip(WEB.identity, SkipReason.ALLOWED_USE, message, refused=True)
    assert scene.checked() == replace(scene.plan, items=(skip,))
    assert scene.calls() == [("get_allowed_use", _volume(WEB))]
    assert scene.observer.warnings == []


@pytest.mark.parametrize(
    "expression",
    [None, "true", "metadata_service.enabled == false", "vcpu.count > 2", "gpu.model > 1"],
)
def test_what_permits_a_change_or_is_not_about_it_leaves_the_plan_as_it_is(
    expression: str | None,
) -> None:
    scene = Scene(DISABLE, WEB, allowed_use=expression)
    assert scene.checked() == scene.plan


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("metadata_service.enabled || vcpu.count > 2", "vcpu.count is not known here"),
        (
            "size(metadata_service.protocol) > 2 || metadata_service.enabled",
            "functions and selections from values are not evaluated",
        ),
        ("metadata_service.enabled ?", "'?' is not understood"),
    ],
)
def test_what_cannot_be_told_is_a_note(expression: str, reason: str) -> None:
    message = (
        "whether its boot volume's allowed_use permits this cannot be told, for "
        f"{reason}: {expression}"
    )
    scene = Scene(DISABLE, WEB, allowed_use=expression)
    assert scene.added() == [(NoteCode.ALLOWED_USE_UNKNOWN, message)]


def test_a_state_that_is_not_reported_is_not_guessed() -> None:
    server = an_instance(metadata_service=MetadataService(enabled=True))
    scene = Scene(DISABLE, server, allowed_use="metadata_service.protocol == 'https'")
    assert scene.added() == []
    scene = Scene(DISABLE, server, allowed_use=SECURE_ONLY)
    assert [type(item) for item in scene.checked().items] == [Skip]
    scene = Scene(DISABLE, server, allowed_use=SECURE_ONLY.replace("true", "false"))
    assert [code for code, _ in scene.added()] == [NoteCode.ALLOWED_USE_UNKNOWN]


@pytest.mark.parametrize(
    "error",
    [
        PermissionDeniedError("cannot read volume V", hint="is.volume.volume.read is needed"),
        NotFoundError("there is no volume V"),
        UnavailableError("no answer"),
        MalformedResponseError("no volume"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_volume_that_cannot_be_read_is_a_note_and_one_warning(error: VpcmetactlError) -> None:
    scene = Scene(DISABLE, WEB)
    scene.cloud.fail("get_allowed_use", error)
    message = (
        "whether its boot volume's allowed_use permits this is not known, for the volume could "
        f"not be read ({error.code})"
    )
    assert scene.added() == [(NoteCode.ALLOWED_USE_UNKNOWN, message)]
    hint = f" ({error.hint})" if error.hint else ""
    [warning] = scene.observer.warnings
    assert warning == (
        f"1 of 1 boot volumes could not be read, so not everything could be checked: {error}{hint}"
    )


def test_without_a_token_there_is_no_preflight() -> None:
    scene = Scene(DISABLE, WEB)
    scene.cloud.fail("get_allowed_use", AuthenticationError("no token"))
    with pytest.raises(AuthenticationError):
        scene.checked()


@pytest.mark.parametrize(
    ("patch", "server"),
    [
        (HOPS, WEB),
        (ENABLE, WEB),
        (DISABLE, replace(WEB, boot_volume=None)),
        (DISABLE, replace(WEB, boot_volume=Reference(name="boot"))),
        (DISABLE, a_bare_metal_server(metadata_service=ON)),
        (DISABLE, replace(WEB, instance_group=Reference(name="workers"), boot_volume=None)),
    ],
    ids=["hop limit", "already so", "no volume", "no volume id", "bare metal", "no group id"],
)
def test_nothing_is_read_where_nothing_could_matter(
    patch: MetadataServicePatch, server: Server
) -> None:
    scene = Scene(patch, server, allowed_use="false")
    assert scene.checked() == scene.plan
    assert scene.cloud.calls == []


def test_a_template_that_says_otherwise_is_a_note_of_each_member_and_is_read_once() -> None:
    scene = Scene(HTTPS, *WORKERS, template=MetadataService(enabled=True))
    checked = scene.checked()
    note = Note(
        NoteCode.INSTANCE_GROUP_DIFFERS,
        "the template of its instance group workers says protocol http (here: https): the next "
        "scale-out repeats that; a template cannot be changed, so make a new one and give it to "
        "the group",
    )
    assert [change.notes[-1] for change in checked.changes] == [note] * 3
    assert scene.calls().count(("get_group_metadata", "r006-group")) == 1
    assert len(scene.calls()) == 4


def test_a_template_that_says_the_same_is_none() -> None:
    template = MetadataService(enabled=True, protocol="https")
    assert Scene(HTTPS, WORKERS[0], template=template).added() == []


def test_the_hop_limit_alone_is_compared_with_the_template_too() -> None:
    scene = Scene(HOPS, WORKERS[0], template=MetadataService(enabled=True))
    [(code, message)] = scene.added()
    assert code is NoteCode.INSTANCE_GROUP_DIFFERS
    assert "says response_hop_limit 1 (here: 2): " in message
    assert scene.calls() == [("get_group_metadata", "r006-group")]


def test_a_template_that_says_nothing_gives_the_defaults_of_the_platform() -> None:
    [(_, message)] = Scene(HTTPS, WORKERS[0]).added()
    assert "says enabled false (here: true), protocol http (here: https): " in message


def test_a_group_that_cannot_be_read_is_a_note_and_one_warning() -> None:
    scene = Scene(HTTPS, *WORKERS)
    scene.cloud.fail("get_group_metadata", PermissionDeniedError("cannot read instance group G"))
    for change in scene.checked().changes:
        assert change.notes[-1].code is NoteCode.INSTANCE_GROUP_UNKNOWN
    [warning] = scene.observer.warnings
    assert warning == (
        "1 of 1 instance groups or their templates could not be read, so not everything could be "
        "checked: cannot read instance group G"
    )


def test_a_forbidden_change_of_a_member_has_no_note_of_its_group() -> None:
    scene = Scene(DISABLE, WORKERS[0], allowed_use="metadata_service.enabled")
    assert [type(item) for item in scene.checked().items] == [Skip]


def test_items_keep_their_order_and_skips_stay_as_they_are() -> None:
    servers: list[Server] = [
        an_instance("a", metadata_service=ON),
        an_instance("b"),
        an_instance("c", metadata_service=ON, status="deleting"),
        a_bare_metal_server("d", metadata_service=ON),
        an_instance("e", metadata_service=ON),
    ]
    scene = Scene(DISABLE, *servers)
    scene.cloud.allowed_use[_volume(servers[4])] = "metadata_service.enabled"
    items = scene.checked().items
    assert [item.server.name for item in items] == ["a", "b", "c", "d", "e"]
    assert items[:4] == scene.plan.items[:4]
    assert [type(item) for item in items] == [MetadataChange, Skip, Skip, MetadataChange, Skip]


def test_a_change_of_a_server_that_was_not_given_stays_as_it_is() -> None:
    scene = Scene(DISABLE, WEB, allowed_use=SECURE_ONLY)
    assert preflight(scene.plan, [], scene.cloud, scene.observer, 4) == scene.plan
    assert scene.cloud.calls == []


def test_one_id_in_two_regions_is_two_volumes() -> None:
    twin = replace(WEB, region="eu-de", id="02b7_1")
    cloud = InMemoryCloud([WEB, twin])
    plan = plan_metadata(Action.SET, DISABLE, [WEB, twin], named=False)
    preflight(plan, [WEB, twin], cloud, RecordingObserver(), 4)
    assert sorted(str(call.region) for call in cloud.calls) == ["eu-de", "us-south"]


def test_reads_are_made_at_the_same_time_and_never_more_than_allowed() -> None:
    servers = [an_instance(f"web-{number}", metadata_service=ON) for number in range(20)]
    scene = Scene(DISABLE, *servers)
    barrier, lock, at_once = threading.Barrier(4), threading.Lock(), [0, 0]

    def arrive(_: Call) -> None:
        with lock:
            at_once[0] += 1
            at_once[1] = max(at_once)
        barrier.wait(10)
        with lock:
            at_once[0] -= 1

    scene.cloud.before(arrive)
    scene.checked(max_workers=4)
    assert at_once == [0, 4]
    assert len(scene.cloud.calls) == 20


def _volume(server: Server) -> str:
    assert isinstance(server, Instance)
    assert server.boot_volume is not None
    assert server.boot_volume.id is not None
    return server.boot_volume.id

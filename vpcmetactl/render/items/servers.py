"""A server with its restart verdict, as JSON shows it."""

from collections.abc import Sequence
from enum import StrEnum
from functools import cache
from typing import Annotated

import msgspec

from vpcmetactl.domain import evidence, servers
from vpcmetactl.domain.access import TrustedServer
from vpcmetactl.domain.evidence import Observation, Source
from vpcmetactl.domain.restarts import (
    AssessedServer,
    Confidence,
    Reason,
    RestartAssessment,
    Verdict,
)
from vpcmetactl.domain.servers import Instance, Reference, ServerKind, Support
from vpcmetactl.render.envelope import encodable
from vpcmetactl.render.items.access import ServerProfile, server_profile
from vpcmetactl.render.items.base import MetadataService, Moment, Shape, about, metadata_service


class Named(Shape, frozen=True):
    """Another resource, as the server's body refers to it."""

    id: Annotated[str | None, about("The resource's id.")]
    name: Annotated[str | None, about("The resource's name.")]


class StatusReason(Shape, frozen=True):
    """Why the server is in its status."""

    code: Annotated[str | None, about("The API's code for the reason.")]
    message: Annotated[str | None, about("The API's words for the reason.")]


class Disk(Shape, frozen=True):
    """A disk of instance storage, or of a bare metal server."""

    id: Annotated[str | None, about("The disk's id.")]
    name: Annotated[str | None, about("The disk's name.")]
    size: Annotated[int | None, about("The disk's size in gigabytes.")]


class Shows(StrEnum):
    """What a piece of evidence shows: a sight of the server, or what happened to it."""

    SEEN = "seen"
    UPDATED = "updated"
    ENABLED = "enabled"
    DISABLED = "disabled"
    STOPPED = "stopped"
    STARTED = "started"
    RESTARTED = "restarted"
    ANSWERED = "answered"
    ACKNOWLEDGED = "acknowledged"


class Evidence(Shape, frozen=True):
    """Something that is known of the server's past."""

    at: Annotated[Moment, about("When it was seen, or happened; in UTC, by the source's clock.")]
    source: Annotated[Source, about("Who says so.")]
    shows: Annotated[
        Shows,
        about(
            "What it shows. `seen`: the server was as `enabled` and `status` tell; the rest is "
            "what happened to it, `updated` being any change of it."
        ),
    ]
    enabled: Annotated[
        bool | None, about("Whether the service was enabled, for `seen`; `null`: not reported.")
    ]
    status: Annotated[str | None, about("The server's status, for `seen`.")]
    not_before: Annotated[
        Moment | None,
        about("When it was last seen as it was before, for `seen`; `null` for a first sight."),
    ]
    note: Annotated[str | None, about("What the source says besides.")]


class Restart(Shape, frozen=True):
    """Whether a stop and start is outstanding before the service works; advice, not a fact."""

    verdict: Annotated[
        Verdict,
        about(
            "Whether a stop and start is outstanding. `unknown` where the evidence does not tell."
        ),
    ]
    confidence: Annotated[
        Confidence | None, about("How much the verdict can be relied on; `null` for `unknown`.")
    ]
    reason: Annotated[Reason, about("Why the verdict is what it is.")]
    since: Annotated[
        Moment | None, about("When the service was seen or set enabled, for `needed`; in UTC.")
    ]
    not_before: Annotated[
        Moment | None,
        about("When it was last known to be otherwise: it was enabled between this and `since`."),
    ]
    remedy: Annotated[
        str | None, about("The cheapest way to settle it; `null` where nothing is open.")
    ]
    evidence: Annotated[tuple[Evidence, ...], about("What the verdict rests on, in order of time.")]


class Server(Shape, frozen=True):
    """An instance or a bare metal server. What the API did not report is `null`."""

    kind: Annotated[ServerKind, about("The kind of server.")]
    id: Annotated[str, about("The server's id.")]
    crn: Annotated[str | None, about("The server's CRN.")]
    name: Annotated[str | None, about("The server's name, unique in its VPC only.")]
    account_id: Annotated[str | None, about("The account the server belongs to.")]
    region: Annotated[str, about("The region the server was read from.")]
    zone: Annotated[str | None, about("The zone the server is in.")]
    status: Annotated[str | None, about("The server's status, such as `running` or `stopped`.")]
    vpc: Annotated[Named | None, about("The VPC the server is in.")]
    resource_group: Annotated[Named | None, about("The resource group of the server.")]
    profile: Annotated[str | None, about("The name of the hardware profile.")]
    architecture: Annotated[str | None, about("The processor architecture, `amd64` or `s390x`.")]
    instance_group: Annotated[
        Named | None, about("The instance group that manages the server; bare metal has none.")
    ]
    created_at: Annotated[str | None, about("When the server was created, as the API wrote it.")]
    metadata_service: Annotated[
        MetadataService | None,
        about("The metadata service; `null` where the API reported none."),
    ]
    support: Annotated[
        Support, about("Whether IBM supports the metadata service on the architecture.")
    ]
    restart: Annotated[Restart, about("Whether a stop and start is outstanding.")]
    lifecycle_state: Annotated[str | None, about("The lifecycle state, such as `stable`.")]
    health_state: Annotated[str | None, about("The health state, such as `ok`.")]
    status_reasons: Annotated[
        tuple[StatusReason, ...] | None, about("Why the server is in its status.")
    ]
    availability_class: Annotated[str | None, about("`standard` or `spot`; bare metal has none.")]
    boot_volume: Annotated[Named | None, about("The boot volume; bare metal has none.")]
    disks: Annotated[
        tuple[Disk, ...] | None,
        about("Disks of instance storage, whose data a stop destroys; or of a bare metal server."),
    ]
    tags: Annotated[
        tuple[str, ...] | None,
        about(
            "The user tags, in lower case, as Global Search knows them; `null`: not asked, or it "
            "does not know the server."
        ),
    ]
    profiles: Annotated[
        tuple[ServerProfile, ...] | None,
        about("The trusted profiles of the account that trust it, or may; `null`: not asked."),
    ]

    @property
    def label(self) -> str:
        """The server as a reader knows it: its name, or its id where it has none."""
        return self.name or self.id


class ServersSummary(Shape, frozen=True):
    """Counts over all servers, shown or not."""

    total: Annotated[int, about("How many servers there are.")]
    enabled: Annotated[int, about("Servers whose metadata service is enabled.")]
    enabled_http: Annotated[int, about("Of those, over `http`.")]
    enabled_https: Annotated[int, about("Of those, over `https`.")]
    disabled: Annotated[int, about("Servers whose metadata service is disabled.")]
    not_reported: Annotated[int, about("Servers of which the API did not say whether it is.")]
    unsupported_architecture: Annotated[
        int, about("Servers on an architecture without the service, whatever they report.")
    ]
    restart_needed: Annotated[int, about("Servers whose restart verdict is `needed`.")]
    restart_unknown: Annotated[int, about("Servers whose restart verdict is `unknown`.")]


class RestartsSummary(Shape, frozen=True):
    """Counts over all servers, shown or not."""

    total: Annotated[int, about("How many servers there are.")]
    needed: Annotated[int, about("Servers whose verdict is `needed`.")]
    unknown: Annotated[int, about("Servers whose verdict is `unknown`.")]
    not_needed: Annotated[int, about("Servers whose verdict is `not_needed`.")]
    by_reason: Annotated[
        dict[Reason, int],
        about("Servers by the reason of the verdict; one that none has is left out."),
    ]


def server_item(value: AssessedServer) -> Server:
    """Return a server as JSON shows it."""
    server = value.server
    instance = server if isinstance(server, Instance) else None
    return Server(
        kind=server.kind,
        id=server.id,
        crn=server.crn,
        name=server.name,
        account_id=server.account_id,
        region=server.region,
        zone=server.zone,
        status=server.status,
        vpc=_named(server.vpc),
        resource_group=_named(server.resource_group),
        profile=server.profile,
        architecture=server.architecture,
        instance_group=_named(instance.instance_group) if instance else None,
        created_at=server.created_at,
        metadata_service=metadata_service(server.metadata_service),
        support=server.support,
        restart=restart_item(value.restart),
        lifecycle_state=server.lifecycle_state,
        health_state=server.health_state,
        status_reasons=_status_reasons(server.status_reasons),
        availability_class=instance.availability_class if instance else None,
        boot_volume=_named(instance.boot_volume) if instance else None,
        disks=_disks(server.disks),
        tags=server.tags,
        profiles=tuple(map(server_profile, value.accesses))
        if isinstance(value, TrustedServer)
        else None,
    )


def server_as_builtins(value: AssessedServer) -> object:
    """Return a server as JSON shows it, in plain values: what ``--where`` is asked about."""
    # Not to_builtins: JMESPath takes the tuples that it leaves for no lists.
    return msgspec.json.decode(msgspec.json.encode(server_item(value)))


def restart_item(restart: RestartAssessment) -> Restart:
    """Return a restart assessment as JSON shows it."""
    if restart.evidence or restart.since is not None:
        return _restart(restart)
    # Of a fleet nearly all have nothing more to tell, and share the few values there are.
    return _without_evidence(restart.verdict, restart.confidence, restart.reason)


@cache
def _without_evidence(verdict: Verdict, confidence: Confidence | None, reason: Reason) -> Restart:
    return _restart(RestartAssessment(verdict, reason, confidence))


def _restart(restart: RestartAssessment) -> Restart:
    return Restart(
        verdict=restart.verdict,
        confidence=restart.confidence,
        reason=restart.reason,
        since=restart.since,
        not_before=restart.not_before,
        remedy=restart.remedy,
        evidence=tuple(map(_evidence, restart.evidence)),
    )


def _evidence(known: evidence.Evidence) -> Evidence:
    if isinstance(known, Observation):
        return Evidence(
            at=known.observed_at,
            source=Source.OBSERVATION,
            shows=Shows.SEEN,
            enabled=known.enabled,
            status=known.status,
            not_before=known.otherwise_until,
            note=None,
        )
    return Evidence(
        at=known.at,
        source=known.source,
        shows=Shows(known.kind.value),
        enabled=None,
        status=None,
        not_before=None,
        note=None if known.note is None else encodable(known.note),
    )


def _named(reference: Reference | None) -> Named | None:
    return None if reference is None else Named(reference.id, reference.name)


def _status_reasons(
    reasons: Sequence[servers.StatusReason] | None,
) -> tuple[StatusReason, ...] | None:
    if reasons is None:
        return None
    return tuple(StatusReason(reason.code, reason.message) for reason in reasons)


def _disks(disks: Sequence[servers.Disk] | None) -> tuple[Disk, ...] | None:
    return None if disks is None else tuple(Disk(disk.id, disk.name, disk.size) for disk in disks)

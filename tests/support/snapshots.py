"""Snapshots for tests: what may be in one, written and opened again."""

import hashlib
import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from tests.support.builders import ACCOUNT
from tests.support.histories import events, observations
from tests.support.strategies import metadata_services, moments, texts, words
from vpcmetactl.domain.errors import (
    AuthenticationError,
    MalformedResponseError,
    PermissionDeniedError,
    UnavailableError,
    VpcmetactlError,
)
from vpcmetactl.domain.restarts import (
    AssessedServer,
    Confidence,
    Reason,
    RestartAssessment,
    RestartRule,
    Verdict,
    assess_restart,
)
from vpcmetactl.domain.servers import (
    BareMetalServer,
    Disk,
    Instance,
    Reference,
    Server,
    ServerKind,
    StatusReason,
)
from vpcmetactl.domain.snapshots import Content, Gap, Reading
from vpcmetactl.domain.templates import InstanceTemplate, TemplateGroup
from vpcmetactl.domain.trust import (
    ClaimRule,
    DefaultProfile,
    ProfileIdentity,
    ProfileLink,
    ProfileTrust,
    RuleCondition,
    TrustedProfile,
)
from vpcmetactl.files.snapshots.composing import PAGE_SIZE
from vpcmetactl.files.snapshots.reading import Snapshot, open_snapshot
from vpcmetactl.files.snapshots.writing import SnapshotWriter

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
REGIONS = ("eu-de", "us-south")
EVERYTHING = tuple(Content)


def a_reading(**fields: Any) -> Reading:  # noqa: ANN401 - any field of a reading
    """Return a whole reading of two regions."""
    defaults: dict[str, Any] = {
        "account_id": ACCOUNT,
        "vpc_endpoint": "https://{region}.iaas.cloud.ibm.com/v1",
        "iam_host": "https://iam.cloud.ibm.com",
        "taken_at": NOON,
        "rule": RestartRule.FAQ,
        "regions": REGIONS,
        "contents": EVERYTHING,
    }
    return Reading(**{**defaults, **fields})


@dataclass(kw_only=True)
class Fleet:
    """What is written to a snapshot, each with the place of its reading."""

    readings: Sequence[Reading] = field(default_factory=lambda: [a_reading()])
    servers: Sequence[tuple[AssessedServer, int]] = ()
    profiles: Sequence[tuple[ProfileTrust, int]] = ()
    templates: Sequence[tuple[InstanceTemplate, int]] = ()

    def write(self, path: Path, page_size: int = PAGE_SIZE) -> str:
        """Write everything, and return the digest."""
        with SnapshotWriter(page_size) as writer:
            for assessed, reading in self.servers:
                writer.add_servers([assessed], reading)
            for trust, reading in self.profiles:
                writer.add_profile(trust, reading)
            for template, reading in self.templates:
                writer.add_template(template, reading)
            return writer.save(path, self.readings, "0.9.0")

    def content(self, name: str = "fleet.jsonl", page_size: int = PAGE_SIZE) -> bytes:
        """Return the bytes of a file of this name."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / name
            self.write(path, page_size)
            return path.read_bytes()


def a_fleet(*servers: Server, **fields: Any) -> Fleet:  # noqa: ANN401 - any field of a reading
    """Return a fleet of one reading, of which nothing is known but what it is."""
    assessed = [AssessedServer(server, assess_restart(server)) for server in servers]
    return Fleet(readings=[a_reading(**fields)], servers=[(one, 0) for one in assessed])


@contextmanager
def opened(content: bytes | Fleet, page_size: int = PAGE_SIZE) -> Iterator[Snapshot]:
    """Open a file of this content."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "fleet.jsonl"
        if isinstance(content, Fleet):
            content.write(path, page_size)
        else:
            path.write_bytes(content)
        with open_snapshot(path) as snapshot:
            yield snapshot


def sealed(lines: Sequence[Any]) -> bytes:
    """Return a file of these lines, with the last one told what it should say of them."""
    texts = [json.dumps(line, separators=(",", ":")).encode() + b"\n" for line in lines[:-1]]
    end, first = dict(lines[-1]), 1
    for page in end["pages"]:
        text = b"".join(texts[first : first + page["lines"]])
        page["bytes"] = len(text)
        page["digest"] = f"sha256:{hashlib.sha256(text).hexdigest()}"
        first += page["lines"]
    del end["digest"]
    last = json.dumps(end).encode()[:-1] + b","
    digest = hashlib.sha256(texts[0] + last).hexdigest()
    return b"".join([*texts, last, f'"digest":"sha256:{digest}"}}\n'.encode()])


_maybe = texts | st.none()
_references = st.builds(Reference, _maybe, _maybe, _maybe) | st.none()
_sizes = st.integers(0, 2**53) | st.none()
_regions = st.sampled_from(REGIONS)
_common: dict[str, st.SearchStrategy[Any]] = {
    "id": words,
    "region": _regions,
    **dict.fromkeys(("crn", "account_id", "name", "zone", "status"), _maybe),
    **dict.fromkeys(("lifecycle_state", "health_state", "profile"), _maybe),
    **dict.fromkeys(("architecture", "created_at"), _maybe),
    **dict.fromkeys(("vpc", "resource_group"), _references),
    "status_reasons": st.none()
    | st.lists(st.builds(StatusReason, _maybe, _maybe), max_size=2).map(tuple),
    "disks": st.none() | st.lists(st.builds(Disk, _maybe, _maybe, _sizes), max_size=2).map(tuple),
    "metadata_service": metadata_services | st.none(),
}
_instances = st.builds(
    Instance,
    **_common,
    availability_class=_maybe,
    **dict.fromkeys(("boot_volume", "instance_group", "dedicated_host"), _references),
    gpu_count=_sizes,
    has_reserved_ip=st.booleans() | st.none(),
    subnet_ids=st.none() | st.lists(texts, max_size=2).map(tuple),
)
any_servers: st.SearchStrategy[Server] = _instances | st.builds(BareMetalServer, **_common)


@st.composite
def assessed_servers(draw: st.DrawFn) -> AssessedServer:
    """Return a server with any assessment at all."""
    server = draw(any_servers)
    evidence = st.lists(observations(server.id) | events(server.id), max_size=3).map(tuple)
    restart = st.builds(
        RestartAssessment,
        verdict=st.sampled_from(Verdict),
        reason=st.sampled_from(Reason),
        confidence=st.sampled_from(Confidence) | st.none(),
        since=moments | st.none(),
        not_before=moments | st.none(),
        evidence=evidence,
    )
    return AssessedServer(server, draw(restart))


errors: st.SearchStrategy[VpcmetactlError] = st.builds(
    lambda kind, message, hint, trace, status: kind(
        message, hint=hint, trace=trace, status=status, region=None
    ),
    st.sampled_from(
        [AuthenticationError, MalformedResponseError, PermissionDeniedError, UnavailableError]
    ),
    texts,
    _maybe,
    _maybe,
    st.integers(100, 599) | st.none(),
)


@st.composite
def profile_trusts(draw: st.DrawFn) -> ProfileTrust:
    """Return a trusted profile with any trust, or errors in its place."""
    name = draw(words)
    owned = {"profile_id": st.just(name), "id": texts}
    link = st.builds(
        ProfileLink,
        **owned,
        **dict.fromkeys(("cr_type", "crn", "name", "created_at", "namespace"), _maybe),
        is_cross_account=st.booleans() | st.none(),
    )
    rule = st.builds(
        ClaimRule,
        **owned,
        **dict.fromkeys(("type", "cr_type", "name"), _maybe),
        conditions=st.lists(st.builds(RuleCondition, texts, texts, texts), max_size=2).map(tuple),
    )
    identity = st.builds(
        ProfileIdentity,
        profile_id=st.just(name),
        **dict.fromkeys(("type", "identifier", "iam_id", "description"), _maybe),
        accounts=st.lists(texts, max_size=2).map(tuple),
    )
    texts_of = dict.fromkeys(("name", "account_id", "iam_id", "crn", "description"), _maybe)
    return ProfileTrust(
        profile=draw(st.builds(TrustedProfile, id=st.just(name), **texts_of)),
        links=tuple(draw(st.lists(link, max_size=2))),
        rules=tuple(draw(st.lists(rule, max_size=2))),
        identities=tuple(draw(st.lists(identity, max_size=2))),
        errors=draw(
            st.dictionaries(st.sampled_from(["links", "rules", "identities"]), errors, max_size=2)
        ),
    )


templates = st.builds(
    InstanceTemplate,
    id=words,
    region=_regions,
    **dict.fromkeys(("name", "crn", "account_id", "zone", "profile"), _maybe),
    **dict.fromkeys(("architecture", "created_at"), _maybe),
    **dict.fromkeys(("vpc", "resource_group"), _references),
    metadata_service=metadata_services | st.none(),
    default_trusted_profile=st.none()
    | st.builds(DefaultProfile, _maybe, _maybe, st.booleans() | st.none()),
    groups=st.lists(
        st.builds(TemplateGroup, id=texts, name=_maybe, crn=_maybe, membership_count=_sizes),
        max_size=2,
    ).map(tuple),
)

gaps = st.builds(
    Gap,
    content=st.just(Content.SERVERS),
    region=_regions,
    kind=st.sampled_from(ServerKind) | st.none(),
    error=errors,
)


@st.composite
def snapshot_fleets(draw: st.DrawFn) -> Fleet:
    """Return a fleet of one or two accounts, with anything that a snapshot can hold."""
    accounts = draw(st.lists(words | st.none(), min_size=1, max_size=2, unique=True))
    readings = [
        draw(
            st.builds(
                a_reading,
                account_id=st.just(account),
                taken_at=moments,
                rule=st.sampled_from(RestartRule),
                is_everywhere=st.booleans(),
                selection=st.lists(texts, max_size=2).map(tuple),
                gaps=st.lists(gaps, max_size=2).map(tuple),
            )
        )
        for account in accounts
    ]
    places = st.integers(0, len(readings) - 1)

    def with_place(things: st.SearchStrategy[Any], key: Any) -> Any:  # noqa: ANN401 - of three kinds
        return draw(
            st.lists(
                st.tuples(things, places),
                max_size=4,
                unique_by=lambda one: (one[1], *key(one[0])),
            )
        )

    return Fleet(
        readings=readings,
        servers=with_place(
            assessed_servers(), lambda one: (one.server.region, one.server.kind, one.server.id)
        ),
        profiles=with_place(profile_trusts(), lambda one: (one.profile.id,)),
        templates=with_place(templates, lambda one: (one.region, one.id)),
    )

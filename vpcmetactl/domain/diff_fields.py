"""In which fields two sights of the same thing differ.

Names are those of our JSON output, with a full stop before what is nested. Of a set, such as the
links of a profile, ``before`` and ``after`` have only the members that the other lacks. Left out
is what changes by itself: health, lifecycle, the reasons of a status, the evidence of a verdict.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from vpcmetactl.domain.restarts import AssessedServer, RestartAssessment
from vpcmetactl.domain.servers import Disk, MetadataService, Reference, Server
from vpcmetactl.domain.templates import InstanceTemplate
from vpcmetactl.domain.trust import (
    ClaimRule,
    DefaultProfile,
    ProfileIdentity,
    ProfileLink,
    ProfileTrust,
)

Value = bool | int | str | tuple[str, ...] | None

PLAIN = ("name", "crn", "account_id", "zone", "status", "profile", "architecture", "created_at")
"""The fields of servers and templates that are told as they are, as far as they have them."""

INSTANCE_PLAIN = ("availability_class", "gpu_count", "has_reserved_ip")
REFERENCES = ("vpc", "resource_group")
INSTANCE_REFERENCES = ("boot_volume", "instance_group", "dedicated_host")

VOLATILE = ("status_reasons", "lifecycle_state", "health_state", "etag")
"""The fields of servers that are not compared."""


@dataclass(frozen=True, slots=True)
class FieldDifference:
    """A field that differs; ``None`` is what was not reported."""

    field: str
    before: Value
    after: Value


def server_differences(
    before: AssessedServer,
    after: AssessedServer,
    trusted_before: frozenset[str] = frozenset(),
    trusted_after: frozenset[str] = frozenset(),
) -> tuple[FieldDifference, ...]:
    """Return what differs between two sights of a server.

    ``trusted_before`` and ``trusted_after`` name the trusted profiles that have a link to it, or
    it as an identity.
    """
    if before == after and trusted_before == trusted_after:
        return ()
    old, new = before.server, after.server
    return (
        *_common(old, new),
        *_of_instances(old, new),
        *_disks(old.disks, new.disks),
        *_metadata(old.metadata_service, new.metadata_service),
        *_restart(before.restart, after.restart),
        *_set("trusted_by", trusted_before, trusted_after),
    )


def profile_differences(before: ProfileTrust, after: ProfileTrust) -> tuple[FieldDifference, ...]:
    """Return what differs between two sights of a trusted profile, in what was read in both.

    Links, rules and identities are told by what they let in, not by their ids: one that was deleted
    and made again is the same.
    """
    return tuple(_of_profiles(before, after))


def template_differences(
    before: InstanceTemplate, after: InstanceTemplate
) -> tuple[FieldDifference, ...]:
    """Return what differs between two sights of an instance template."""
    if before == after:
        return ()
    default, given = before.default_trusted_profile, after.default_trusted_profile
    return (
        *_common(before, after),
        *_metadata(before.metadata_service, after.metadata_service),
        *_plain("default_trusted_profile", _default(default), _default(given)),
        *_plain("default_trusted_profile.auto_link", _auto_link(default), _auto_link(given)),
        *_set("groups", _groups(before), _groups(after)),
    )


def _common(
    before: Server | InstanceTemplate, after: Server | InstanceTemplate
) -> Iterator[FieldDifference]:
    for name in PLAIN:
        yield from _plain(name, getattr(before, name, None), getattr(after, name, None))
    for name in REFERENCES:
        yield from _reference(name, getattr(before, name), getattr(after, name))


def _of_instances(before: Server, after: Server) -> Iterator[FieldDifference]:
    """Compare what bare metal servers lack, and so never has a value on them."""
    for name in INSTANCE_PLAIN:
        yield from _plain(name, getattr(before, name, None), getattr(after, name, None))
    for name in INSTANCE_REFERENCES:
        yield from _reference(name, getattr(before, name, None), getattr(after, name, None))
    subnets = (getattr(before, "subnet_ids", None), getattr(after, "subnet_ids", None))
    yield from _optional_set("subnet_ids", *subnets)


def _of_profiles(before: ProfileTrust, after: ProfileTrust) -> Iterator[FieldDifference]:
    for name in ("name", "description", "crn", "iam_id", "account_id"):
        old, new = getattr(before.profile, name), getattr(after.profile, name)
        yield from _plain(name, old, new)
    unread = {*before.errors, *after.errors}
    if "links" not in unread:
        yield from _set("links", set(map(_link, before.links)), set(map(_link, after.links)))
    if "rules" not in unread:
        yield from _set("rules", set(map(_rule, before.rules)), set(map(_rule, after.rules)))
    if "identities" not in unread:
        old_ones = set(map(_identity, before.identities))
        yield from _set("identities", old_ones, set(map(_identity, after.identities)))


def _metadata(
    before: MetadataService | None, after: MetadataService | None
) -> Iterator[FieldDifference]:
    old, new = before or MetadataService(), after or MetadataService()
    for name in ("enabled", "protocol", "response_hop_limit"):
        yield from _plain(f"metadata_service.{name}", getattr(old, name), getattr(new, name))


def _restart(before: RestartAssessment, after: RestartAssessment) -> Iterator[FieldDifference]:
    for name in ("verdict", "confidence", "reason"):
        yield from _plain(f"restart.{name}", getattr(before, name), getattr(after, name))


def _disks(
    before: tuple[Disk, ...] | None, after: tuple[Disk, ...] | None
) -> Iterator[FieldDifference]:
    def names(disks: tuple[Disk, ...] | None) -> tuple[str, ...] | None:
        return None if disks is None else tuple(disk.id or disk.name or "" for disk in disks)

    yield from _optional_set("disks", names(before), names(after))


def _plain(name: str, before: Value, after: Value) -> Iterator[FieldDifference]:
    if before != after:
        yield FieldDifference(name, before, after)


def _reference(
    name: str, before: Reference | None, after: Reference | None
) -> Iterator[FieldDifference]:
    """Compare what is referred to: a new name of the same resource is no change of the server."""
    old, new = before or Reference(), after or Reference()
    has_ids = old.id is not None and new.id is not None
    if (old.id != new.id) if has_ids else (old != new):
        # Names read best, unless both have the same one.
        by_name = bool(old.name or new.name) and old.name != new.name
        labels = [one.name if by_name and one.name else one.id or one.crn for one in (old, new)]
        yield FieldDifference(name, labels[0], labels[1])


def _optional_set(
    name: str, before: tuple[str, ...] | None, after: tuple[str, ...] | None
) -> Iterator[FieldDifference]:
    if before is None or after is None:
        old = None if before is None else tuple(sorted(set(before)))
        new = None if after is None else tuple(sorted(set(after)))
        yield from _plain(name, old, new)
    else:
        yield from _set(name, set(before), set(after))


def _set(
    name: str, before: set[str] | frozenset[str], after: set[str] | frozenset[str]
) -> Iterator[FieldDifference]:
    if before != after:
        gone, new = tuple(sorted(before - after)), tuple(sorted(after - before))
        yield FieldDifference(name, gone, new)


def _link(link: ProfileLink) -> str:
    account = (link.namespace, link.resource_name)
    component = (link.component_type, link.component_name)
    return " ".join(part for part in (link.cr_type, link.crn, *account, *component) if part)


def _rule(rule: ClaimRule) -> str:
    conditions = sorted(f"{one.claim} {one.operator} {one.value}" for one in rule.conditions)
    head = " ".join(part for part in (rule.type, rule.cr_type) if part)
    return f"{head}: {' and '.join(conditions)}"


def _identity(identity: ProfileIdentity) -> str:
    who = identity.iam_id or identity.identifier
    accounts = f"of {', '.join(sorted(identity.accounts))}" if identity.accounts else None
    return " ".join(part for part in (identity.type, who, accounts) if part)


def _groups(template: InstanceTemplate) -> set[str]:
    return {group.name or group.id for group in template.groups}


def _default(profile: DefaultProfile | None) -> str | None:
    return None if profile is None else profile.profile_id or profile.crn


def _auto_link(profile: DefaultProfile | None) -> bool | None:
    return None if profile is None else profile.auto_link

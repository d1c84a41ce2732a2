"""What the domain says, from and to the parts of a snapshot's lines."""

from datetime import UTC, datetime
from functools import cache

import msgspec

from vpcmetactl.domain.errors import VpcmetactlError
from vpcmetactl.domain.evidence import Evidence, Observation, ServerEvent
from vpcmetactl.domain.restarts import AssessedServer, RestartAssessment
from vpcmetactl.domain.servers import Instance
from vpcmetactl.domain.snapshots import Gap, Reading
from vpcmetactl.domain.templates import InstanceTemplate
from vpcmetactl.domain.trust import ProfileTrust
from vpcmetactl.files.sealing import encodable
from vpcmetactl.files.snapshots import lines

TRUST_PARTS = ("links", "rules", "identities")

# Of these fields the shapes have the same ones, and nested alike.
_BY_HAND = frozenset({"reading", "restart"})


def reading_shape(reading: Reading) -> lines.ReadingShape:
    """Return a reading as the first line holds it; its sets in an order of their own."""
    return lines.ReadingShape(
        account_id=reading.account_id,
        vpc_endpoint=reading.vpc_endpoint,
        iam_host=reading.iam_host,
        taken_at=reading.taken_at.astimezone(UTC),
        restart_rule=reading.rule,
        contents=tuple(sorted(set(reading.contents))),
        regions=tuple(sorted(set(reading.regions))),
        everywhere=reading.is_everywhere,
        server_kinds=tuple(sorted(set(reading.kinds))),
        selection=tuple(encodable(word) for word in reading.selection),
        incomplete=tuple(
            lines.Incomplete(gap.content, gap.region, gap.kind, failure_shape(gap.error))
            for gap in sorted(reading.gaps, key=_gap_key)
        ),
    )


def reading_from(shape: lines.ReadingShape) -> Reading:
    """Return the reading that the first line holds."""
    return Reading(
        account_id=shape.account_id,
        vpc_endpoint=shape.vpc_endpoint,
        iam_host=shape.iam_host,
        taken_at=shape.taken_at.astimezone(UTC),
        rule=shape.restart_rule,
        regions=shape.regions,
        is_everywhere=shape.everywhere,
        kinds=shape.server_kinds,
        selection=shape.selection,
        contents=shape.contents,
        gaps=tuple(
            Gap(
                content=part.content,
                region=part.region,
                kind=part.server_kind,
                error=error_from(part.error, part.region),
            )
            for part in shape.incomplete
        ),
    )


def server_line(assessed: AssessedServer, reading: int) -> lines.ServerLine:
    """Return a server as a line; raises msgspec.ValidationError where no line can hold it."""
    server = assessed.server
    is_instance = isinstance(server, Instance)
    shape = lines.InstanceLine if is_instance else lines.BareMetalLine
    values = {
        name: getattr(server, name) for name in shape.__struct_fields__ if name not in _BY_HAND
    }
    values |= {
        "kind": server.kind.value,
        "reading": reading,
        "restart": restart_shape(assessed.restart),
    }
    return msgspec.convert(values, shape, from_attributes=True)


def profile_line(trust: ProfileTrust, reading: int) -> lines.ProfileLine:
    """Return a trusted profile as a line; raises msgspec.ValidationError."""
    errors = {
        part: failure_shape(trust.errors[part]) if part in trust.errors else None
        for part in TRUST_PARTS
    }
    profile = trust.profile
    values = {name: getattr(profile, name) for name in profile.__dataclass_fields__}
    values |= {part: getattr(trust, part) for part in TRUST_PARTS}
    values |= {"kind": "trusted_profile", "reading": reading}
    values |= {"errors": lines.ProfileErrors(**errors)}
    return msgspec.convert(values, lines.ProfileLine, from_attributes=True)


def template_line(template: InstanceTemplate, reading: int) -> lines.TemplateLine:
    """Return an instance template as a line; raises msgspec.ValidationError."""
    values = {name: getattr(template, name) for name in template.__dataclass_fields__}
    values |= {"kind": "instance_template", "reading": reading}
    return msgspec.convert(values, lines.TemplateLine, from_attributes=True)


def restart_shape(restart: RestartAssessment) -> lines.Restart:
    """Return an assessment as a line holds it."""
    return lines.Restart(
        verdict=restart.verdict,
        confidence=restart.confidence,
        reason=restart.reason,
        since=_utc(restart.since),
        not_before=_utc(restart.not_before),
        evidence=tuple(_evidence_shape(one) for one in restart.evidence),
    )


# A fleet has thousands of verdicts that need no evidence, and few that differ.
@cache
def _plain_restart(shape: lines.Restart) -> RestartAssessment:
    return RestartAssessment(shape.verdict, shape.reason, shape.confidence)


def restart_from(shape: lines.Restart, server_id: str) -> RestartAssessment:
    """Return the assessment that a server's line holds."""
    if not shape.evidence and shape.since is None and shape.not_before is None:
        return _plain_restart(shape)
    return RestartAssessment(
        verdict=shape.verdict,
        reason=shape.reason,
        confidence=shape.confidence,
        since=_utc(shape.since),
        not_before=_utc(shape.not_before),
        evidence=tuple(_evidence_from(one, server_id) for one in shape.evidence),
    )


def failure_shape(error: VpcmetactlError) -> lines.Failure:
    """Return an error as a line holds it."""
    hint = None if error.hint is None else encodable(error.hint)
    return lines.Failure(error.code, encodable(str(error)), hint, error.trace, error.status)


def error_from(shape: lines.Failure, region: str | None) -> VpcmetactlError:
    """Return the error that a line holds, of the class that its code had.

    A code that is not known, of another version, gives an error of the base class.
    """
    return _error_classes().get(shape.code, VpcmetactlError)(
        shape.message, hint=shape.hint, trace=shape.trace, region=region, status=shape.status
    )


@cache
def _error_classes() -> dict[str, type[VpcmetactlError]]:
    found = {VpcmetactlError.code: VpcmetactlError}
    waiting = [VpcmetactlError]
    while waiting:
        for each in waiting.pop().__subclasses__():
            found.setdefault(each.code, each)
            waiting.append(each)
    return found


def _evidence_shape(evidence: Evidence) -> lines.Sight | lines.Event:
    if isinstance(evidence, Observation):
        return lines.Sight(
            observed_at=evidence.observed_at.astimezone(UTC),
            enabled=evidence.enabled,
            status=evidence.status,
            otherwise_until=_utc(evidence.otherwise_until),
        )
    note = None if evidence.note is None else encodable(evidence.note)
    at = evidence.at.astimezone(UTC)
    return lines.Event(at, evidence.kind, evidence.source, encodable(evidence.key), note)


def _evidence_from(shape: lines.Sight | lines.Event, server_id: str) -> Evidence:
    if isinstance(shape, lines.Sight):
        return Observation(
            server_id,
            _in_utc(shape.observed_at),
            shape.enabled,
            shape.status,
            _utc(shape.otherwise_until),
        )
    at = _in_utc(shape.at)
    return ServerEvent(server_id, at, shape.event, shape.source, shape.key, shape.note)


def _gap_key(gap: Gap) -> tuple[str, ...]:
    return (gap.content, gap.region or "", gap.kind or "", gap.error.code, str(gap.error))


def _in_utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo is UTC else moment.astimezone(UTC)


def _utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else _in_utc(moment)

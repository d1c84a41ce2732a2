"""One result of every kind, with everything in it that could be shown wrongly."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

from tests.render.doctor_examples import EXAMINED, KNOWN_CONTEXTS, WELL
from tests.render.plan_examples import SAVED, SAVED_RESTORE
from tests.render.restart_examples import (
    ACKNOWLEDGED,
    IMPORTED,
    LINK_PLAN,
    LINK_RUN,
    LINKED,
    MUCH_KNOWN,
    OUTSTANDING,
    RESTART_PLAN,
    RESTART_RUN,
    RESTARTED,
    UNLINK_PLAN,
    UNLINKED,
)
from tests.render.run_examples import INTERRUPTED, ROLLBACK, RUN_ID, RUNNING, RUNS_OF_A_DAY
from tests.render.snapshot_examples import DIFF_SUMMARY, DIFFERENCES, JUDGED, SAME
from tests.render.trust_examples import (
    ACCESSES,
    BACKUP,
    HALF_READ,
    SIGHTS,
    TRUSTED,
    UNTRUSTED,
)
from tests.render.trust_examples import (
    FINDINGS as STANDING_OUT,
)
from tests.render.trust_examples import (
    PROFILES as TRUSTING,
)
from tests.support.builders import (
    ACCOUNT,
    OFF,
    ON,
    ON_HTTPS,
    a_bare_metal_server,
    a_server_id,
    a_vpc,
    an_instance,
)
from vpcmetactl.domain.audit import audit
from vpcmetactl.domain.checks import CHECKS as ALL_CHECKS
from vpcmetactl.domain.default_policy import DEFAULT_POLICY, policy_of_flags
from vpcmetactl.domain.errors import (
    ExitCode,
    PermissionDeniedError,
    RateLimitedError,
    UnavailableError,
)
from vpcmetactl.domain.evidence import NOTHING_KNOWN, History, Observation
from vpcmetactl.domain.metadata_plans import plan_metadata
from vpcmetactl.domain.plans import (
    Action,
    AlreadyDone,
    Applied,
    Change,
    Failed,
    MetadataChange,
    MetadataServicePatch,
    NotAttempted,
    Outcome,
    Refused,
    Skip,
    Unknown,
)
from vpcmetactl.domain.policy import Requirement, Waiver
from vpcmetactl.domain.restarts import AssessedServer, assess_restart
from vpcmetactl.domain.servers import (
    Disk,
    Instance,
    MetadataService,
    Protocol,
    Reference,
    Server,
    ServerKind,
    StatusReason,
)
from vpcmetactl.domain.subject_selection import SubjectSelector
from vpcmetactl.domain.subjects import Location, Origin, Subject
from vpcmetactl.render.documents import Scope, Trailer, Unread, View
from vpcmetactl.render.options import Format, OutputOptions
from vpcmetactl.render.sinks import open_sink
from vpcmetactl.render.views.access import ACCESS
from vpcmetactl.render.views.checks import CHECK, CHECKS
from vpcmetactl.render.views.contexts import CONTEXTS
from vpcmetactl.render.views.diagnoses import DOCTOR
from vpcmetactl.render.views.diffs import DIFF
from vpcmetactl.render.views.findings import FINDINGS
from vpcmetactl.render.views.imports import IMPORT
from vpcmetactl.render.views.links import LINKS
from vpcmetactl.render.views.plans import OUTCOMES, PLAN
from vpcmetactl.render.views.profiles import PROFILE, PROFILES
from vpcmetactl.render.views.restarts import RESTARTS
from vpcmetactl.render.views.runs import RUN, RUNS
from vpcmetactl.render.views.servers import SERVER, SERVERS
from vpcmetactl.render.views.templates import TEMPLATES

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
WEB_1 = a_server_id("instance web-1")

FLEET: Sequence[Server] = (
    an_instance("web-1", metadata_service=ON, disks=(Disk("d1", "scratch", 150),)),
    an_instance("web-2", metadata_service=ON_HTTPS, vpc=a_vpc("staging")),
    an_instance(
        "web-3",
        metadata_service=MetadataService(enabled=True, protocol="http", response_hop_limit=64),
        instance_group=Reference(id="r006-group", name="web-group"),
    ),
    an_instance("batch-1", region="eu-de", metadata_service=OFF, status="stopped"),
    an_instance("mainframe-1", region="eu-de", architecture="s390x", profile="bz2-2x8"),
    an_instance(
        "a-name-as-long-as-the-api-allows-which-is-sixty-three-letters-1",
        region="eu-de",
        metadata_service=None,
        status="failed",
        status_reasons=(StatusReason("encryption_key_deleted", "The key is gone."),),
    ),
    an_instance(None, region="jp-tok", metadata_service=OFF, health_state=None),
    an_instance("mal\x1b[31m\nicious|=\u202e", region="jp-tok", metadata_service=OFF),
    an_instance("東京-サーバ", region="jp-tok", metadata_service=ON_HTTPS),
    a_bare_metal_server("metal-1", disks=None, resource_group=None),
)
SEEN: Mapping[str, History] = {
    WEB_1: History(
        sights=(
            Observation(WEB_1, datetime(2026, 11, 1, tzinfo=UTC), enabled=False, status="running"),
            Observation(
                WEB_1, datetime(2026, 11, 20, 9, 30, tzinfo=UTC), enabled=True, status="running"
            ),
        )
    )
}
ASSESSED = tuple(
    AssessedServer(server, assess_restart(server, SEEN.get(server.id, NOTHING_KNOWN)))
    for server in FLEET
)
_UNKNOWN = AssessedServer(FLEET[0], assess_restart(FLEET[0]))
SCOPE = Scope(
    accounts=(ACCOUNT,),
    regions=("eu-de", "eu-gb", "jp-tok", "us-south"),
    excluded=("br-sao",),
    endpoint="https://{region}.iaas.cloud.ibm.com/v1",
)
WITH_A_HOLE = replace(
    SCOPE,
    incomplete=(
        Unread(
            ACCOUNT,
            "eu-gb",
            ServerKind.INSTANCE,
            UnavailableError(
                "eu-gb did not answer within 60 s",
                hint="try again, or leave it out with --exclude-region eu-gb",
                trace="7f2c",
            ),
        ),
    ),
)

_TODAY = date(2026, 11, 22)
_WAIVER = Waiver(
    check="VPCMETA002",
    servers=SubjectSelector(names=("web-2", "東京*"), regions=("us-south", "jp-tok")),
    owner="platform team",
    reason="their agent reads the zone from the service",
    expires=date(2026, 12, 1),
    source="policy.toml: waivers[0]",
)
_POLICY = replace(policy_of_flags(Requirement.DISABLED, 2), waivers=(_WAIVER,))
_PLANNED = Subject(
    Instance(id="module.web.ibm_is_instance.web[0]", region="eu-de", metadata_service=ON),
    Origin.TERRAFORM_PLAN,
    Location("module.web.ibm_is_instance.web[0]", "plan.json"),
)
_REPORT = audit([*map(Subject, FLEET), _PLANNED], _POLICY, _TODAY)
_CLEAN_REPORT = audit(map(Subject, FLEET[3:6]), DEFAULT_POLICY, _TODAY)
_HARDEN = plan_metadata(
    Action.ENABLE,
    MetadataServicePatch(enabled=True, protocol=Protocol.HTTPS, response_hop_limit=1),
    FLEET,
    named=False,
)
_ENABLE = plan_metadata(Action.ENABLE, MetadataServicePatch(enabled=True), FLEET, named=True)
_CHANGES = {change.server.label: change for change in _HARDEN.changes}
_FORBIDDEN = PermissionDeniedError(
    "cannot change the metadata service of instance mal\x1b[31m\nicious|=\u202e in jp-tok: "
    "Not authorized (HTTP 403)",
    hint="the IAM action is is.instance.instance.update; an unknown id looks the same",
    trace="9d1e",
    status=403,
)


def _applied(change: Change, assessed: AssessedServer) -> Applied:
    assert isinstance(change, MetadataChange)
    return Applied(change, change.after, assessed.restart)


def _outcomes() -> Sequence[Outcome | Skip]:
    metal, batch, web_1, web_3 = (
        _CHANGES[name] for name in ("metal-1", "batch-1", "web-1", "web-3")
    )
    nameless, malicious = [c for c in _HARDEN.changes if c.server.region == "jp-tok"]
    silence = UnavailableError("jp-tok: no answer within 60 s", trace="b0b0", maybe_done=True)
    return (
        _applied(web_1, ASSESSED[0]),
        _applied(metal, ASSESSED[-1]),
        AlreadyDone(batch),
        Refused(web_3, "protocol is https since the plan was made, not http", ON_HTTPS),
        Failed(malicious, _FORBIDDEN),
        Unknown(nameless, silence),
        *_HARDEN.skips,
    )


_STOPPED = (
    _applied(_CHANGES["batch-1"], ASSESSED[3]),
    NotAttempted(_CHANGES["metal-1"]),
    NotAttempted(_CHANGES["web-1"]),
)


@dataclass(frozen=True)
class Example:
    """A view with values and a trailer that go together."""

    view: View[Any, Any]
    values: Sequence[Any]
    trailer: Trailer


_TRAILER = Trailer(generated_at=NOON, scope=SCOPE)

EXAMPLES: Mapping[str, Example] = {
    "servers": Example(SERVERS, ASSESSED, _TRAILER),
    "servers-incomplete": Example(
        SERVERS, ASSESSED[:2], replace(_TRAILER, exit_code=ExitCode.INCOMPLETE, scope=WITH_A_HOLE)
    ),
    "servers-none": Example(SERVERS, (), _TRAILER),
    "server": Example(SERVER, ASSESSED[:1], _TRAILER),
    "server-bare": Example(SERVER, ASSESSED[5:6], _TRAILER),
    "findings": Example(
        FINDINGS, _REPORT.findings, replace(_TRAILER, exit_code=ExitCode.FINDINGS, whole=_REPORT)
    ),
    "findings-none": Example(FINDINGS, (), replace(_TRAILER, whole=_CLEAN_REPORT)),
    "checks": Example(CHECKS, ALL_CHECKS, _TRAILER),
    "contexts": Example(CONTEXTS, KNOWN_CONTEXTS, Trailer(generated_at=NOON)),
    "contexts-none": Example(CONTEXTS, (), Trailer(generated_at=NOON)),
    "doctor": Example(DOCTOR, EXAMINED, replace(_TRAILER, exit_code=ExitCode.INCOMPLETE)),
    "doctor-well": Example(DOCTOR, WELL, _TRAILER),
    "check": Example(CHECK, ALL_CHECKS[3:8], _TRAILER),
    "plan": Example(PLAN, _HARDEN.items, replace(_TRAILER, whole=_HARDEN)),
    "plan-named": Example(
        PLAN, _ENABLE.items, replace(_TRAILER, exit_code=ExitCode.REFUSED, whole=_ENABLE)
    ),
    "plan-saved": Example(PLAN, SAVED.plan.items, replace(_TRAILER, whole=SAVED)),
    "plan-restore": Example(
        PLAN,
        SAVED_RESTORE.plan.items,
        replace(_TRAILER, exit_code=ExitCode.REFUSED, whole=SAVED_RESTORE),
    ),
    "outcomes": Example(
        OUTCOMES,
        _outcomes(),
        replace(_TRAILER, exit_code=ExitCode.FAILED, whole=_HARDEN, run_id=RUN_ID),
    ),
    "outcomes-restore": Example(
        OUTCOMES,
        [_applied(change, _UNKNOWN) for change in SAVED_RESTORE.plan.changes],
        replace(_TRAILER, whole=SAVED_RESTORE, run_id=ROLLBACK.id),
    ),
    "outcomes-interrupted": Example(
        OUTCOMES,
        _STOPPED,
        replace(_TRAILER, exit_code=ExitCode.INTERRUPTED, whole=_HARDEN, run_id=RUN_ID),
    ),
    "runs": Example(RUNS, (*RUNS_OF_A_DAY, RESTART_RUN, LINK_RUN), _TRAILER),
    "runs-none": Example(RUNS, (), _TRAILER),
    "run": Example(RUN, (INTERRUPTED,), _TRAILER),
    "run-rollback": Example(RUN, (ROLLBACK,), _TRAILER),
    "run-running": Example(RUN, (RUNNING,), _TRAILER),
    "restarts": Example(RESTARTS, OUTSTANDING, _TRAILER),
    "restarts-none": Example(RESTARTS, (), _TRAILER),
    "restarts-ack": Example(RESTARTS, ACKNOWLEDGED, _TRAILER),
    "server-with-a-past": Example(SERVER, MUCH_KNOWN, _TRAILER),
    "import": Example(IMPORT, (IMPORTED,), _TRAILER),
    "plan-restart": Example(PLAN, RESTART_PLAN.items, replace(_TRAILER, whole=RESTART_PLAN)),
    "plan-link": Example(PLAN, LINK_PLAN.items, replace(_TRAILER, whole=LINK_PLAN)),
    "plan-unlink": Example(PLAN, UNLINK_PLAN.items, replace(_TRAILER, whole=UNLINK_PLAN)),
    "outcomes-restart": Example(
        OUTCOMES,
        RESTARTED,
        replace(_TRAILER, exit_code=ExitCode.FAILED, whole=RESTART_PLAN, run_id=RESTART_RUN.id),
    ),
    "outcomes-link": Example(
        OUTCOMES, LINKED, replace(_TRAILER, whole=LINK_PLAN, run_id=LINK_RUN.id)
    ),
    "outcomes-unlink": Example(
        OUTCOMES,
        UNLINKED,
        replace(_TRAILER, exit_code=ExitCode.FAILED, whole=UNLINK_PLAN, run_id="r2"),
    ),
    "run-restart": Example(RUN, (RESTART_RUN,), _TRAILER),
    "run-link": Example(RUN, (LINK_RUN,), _TRAILER),
    "profiles": Example(PROFILES, TRUSTING, replace(_TRAILER, exit_code=ExitCode.INCOMPLETE)),
    "profiles-none": Example(PROFILES, (), _TRAILER),
    "profile": Example(PROFILE, (BACKUP,), _TRAILER),
    "profile-half-read": Example(PROFILE, (HALF_READ,), _TRAILER),
    "links": Example(LINKS, SIGHTS, _TRAILER),
    "links-none": Example(LINKS, (), _TRAILER),
    "access": Example(ACCESS, ACCESSES, replace(_TRAILER, whole=STANDING_OUT)),
    "access-part": Example(ACCESS, ACCESSES[:2], _TRAILER),
    "access-none": Example(ACCESS, (), replace(_TRAILER, whole=())),
    "diff": Example(
        DIFF, DIFFERENCES, replace(_TRAILER, exit_code=ExitCode.INCOMPLETE, whole=DIFF_SUMMARY)
    ),
    "diff-none": Example(DIFF, (), replace(_TRAILER, whole=SAME)),
    "templates": Example(TEMPLATES, JUDGED, _TRAILER),
    "templates-none": Example(TEMPLATES, (), _TRAILER),
    "servers-trusted": Example(SERVERS, TRUSTED, _TRAILER),
    "server-trusted": Example(SERVER, TRUSTED[:1], _TRAILER),
    "server-untrusted": Example(SERVER, (UNTRUSTED,), _TRAILER),
    "servers-failed": Example(
        SERVERS,
        (),
        replace(
            _TRAILER,
            exit_code=ExitCode.ERROR,
            scope=Scope(),
            errors=(
                RateLimitedError(
                    "us-south: too many requests for 60 s", status=429, region="us-south"
                ),
            ),
        ),
    ),
}


PLAIN = OutputOptions()


def rendered(
    view: View[Any, Any],
    format_: Format,
    values: Sequence[Any],
    options: OutputOptions = PLAIN,
    trailer: Trailer = _TRAILER,
) -> str:
    """Return what a sink writes for some values."""
    written: list[str] = []
    sink = open_sink(view, format_, options, written.append)
    sink.start()
    for value in values:
        sink.item(value)
    sink.end(trailer)
    return "".join(written)


def rendered_example(name: str, format_: Format, options: OutputOptions = PLAIN) -> str:
    """Return what a sink writes for an example."""
    example = EXAMPLES[name]
    return rendered(example.view, format_, example.values, options, example.trailer)

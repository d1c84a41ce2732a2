"""Audits to report: of everyday servers, and of ones whose every word is as bad as it can be."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date

from hypothesis import strategies as st

from tests.render.examples import NOON, PLAIN, SCOPE, WITH_A_HOLE, rendered
from tests.support.builders import OFF, ON, ON_HTTPS, a_bare_metal_server, an_instance
from vpcmetactl.domain.audit import AuditReport, audit
from vpcmetactl.domain.default_policy import policy_of_flags
from vpcmetactl.domain.errors import ExitCode, UnavailableError
from vpcmetactl.domain.policy import Policy, Requirement, UnknownMeans, Waiver
from vpcmetactl.domain.servers import Instance, MetadataService, Server
from vpcmetactl.domain.subject_selection import SubjectSelector
from vpcmetactl.domain.subjects import Location, Origin, Subject
from vpcmetactl.render.documents import Scope, Trailer, Unread
from vpcmetactl.render.options import Format, OutputOptions
from vpcmetactl.render.views.findings import FINDINGS

TODAY = date(2026, 11, 22)
REPORTS = [format_ for format_ in Format if format_.is_report]
HARD = (
    "\x00\x07\x08\t\n\r\x1b[2J\x7f\x85\x9b\u061c\u2028\u202e\u2066\ufeff\ufffe\uffff\U000e0041"
    "|,:%\"'=`<>&\\]{}"
)
WORDS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40),
    st.text(st.sampled_from(HARD), min_size=1, max_size=40),
    st.sampled_from(
        [
            "]]></failure><testcase name='x'/>",
            "<script>alert(1)</script>",
            '" onmouseover="alert(1)',
            "</title><img src=x onerror=alert(1)>",
            "\n::error::stop",
            "##[set-env name=PATH]x",
            "%0A::set-output name=a::b",
            'a"} 1\nvpcmetactl_audit_exit_code 0',
            "a\\",
            "<!--",
            "&amp;",
        ]
    ),
)


def a_waiver(check: str = "VPCMETA001", **fields: str) -> Waiver:
    """Return a waiver of one check for servers named web-*."""
    return Waiver(
        check=check,
        servers=SubjectSelector(names=(fields.get("names", "waived-*"),)),
        owner=fields.get("owner", "platform team"),
        reason=fields.get("reason", "moves in December"),
        expires=date(2027, 3, 1),
        source="rules/policy.toml: waivers[0]",
    )


EXPIRED = replace(a_waiver(owner="data team"), expires=date(2026, 11, 1))
POLICY = replace(policy_of_flags(Requirement.DISABLED, 2), waivers=(a_waiver(), EXPIRED))
PLANNED = Subject(
    Instance(id="module.web.ibm_is_instance.web[0]", region="eu-de", metadata_service=ON),
    Origin.TERRAFORM_PLAN,
    Location("module.web.ibm_is_instance.web[0]", "./out/my plan.json"),
)
SERVERS: Sequence[Server] = (
    an_instance("web-1", metadata_service=ON),
    an_instance("waived-1", metadata_service=ON),
    an_instance("good-1", metadata_service=OFF),
    an_instance("good-2", region="eu-de", metadata_service=ON_HTTPS),
    an_instance("far-1", region="eu-de", metadata_service=MetadataService(True, "https", 64)),  # noqa: FBT003 - as the API has it
    an_instance("dark-1", region="jp-tok", metadata_service=None),
    a_bare_metal_server("metal-1", metadata_service=MetadataService(True, "http")),  # noqa: FBT003 - as above
)
REPORT = audit([*map(Subject, SERVERS), PLANNED], POLICY, TODAY)
STRICT = audit(map(Subject, SERVERS), replace(POLICY, unknown=UnknownMeans.FAIL), TODAY)
CLEAN = audit([Subject(SERVERS[2])], replace(POLICY, waivers=()), TODAY)


def reported(
    format_: Format,
    report: AuditReport = REPORT,
    options: OutputOptions = PLAIN,
    scope: Scope = SCOPE,
    exit_code: ExitCode = ExitCode.FINDINGS,
) -> str:
    """Return what a sink writes for an audit."""
    trailer = Trailer(generated_at=NOON, exit_code=exit_code, scope=scope, whole=report)
    return rendered(FINDINGS, format_, report.findings, options, trailer)


def reported_with_a_hole(format_: Format) -> str:
    """Return a report of a fleet of which a part could not be read."""
    return reported(format_, scope=WITH_A_HOLE)


def a_fleet(count: int) -> Iterable[Subject]:
    """Give servers that all fail two checks."""
    for number in range(count):
        yield Subject(an_instance(f"server-{number:06}", metadata_service=ON))


def hostile(word: str) -> tuple[AuditReport, Scope]:
    """Return an audit in which everything that can be a word of someone's is this word."""
    metadata = MetadataService(True, word, 9)  # noqa: FBT003 - as the API has it
    servers = [
        Subject(an_instance(word, metadata_service=metadata, id=word, crn=word, region=word)),
        Subject(an_instance(word, metadata_service=ON, id=f"{word}2", crn=None, region=word)),
        Subject(
            Instance(id=word, region=word, metadata_service=metadata),
            Origin.TERRAFORM_STATE,
            Location(word, word),
        ),
        Subject(an_instance(word, metadata_service=None, id=f"{word}3", region=word)),
    ]
    waivers = (
        replace(a_waiver("VPCMETA002", names="*", owner=word, reason=word), source=word),
        replace(EXPIRED, owner=word, reason=word, source=f"{word}: waivers[1]"),
    )
    policy: Policy = replace(POLICY, name=word, waivers=waivers)
    gone = Unread(word, word, None, UnavailableError(word, hint=word, trace=word))
    scope = Scope(accounts=(word,), regions=(word,), endpoint=word, incomplete=(gone,))
    return audit(servers, policy, TODAY), scope

"""Subjects and policies for tests of the gate."""

from datetime import date

from tests.support.builders import ON, an_instance
from vpcmetactl.domain.audit import AuditReport, audit
from vpcmetactl.domain.policy import Policy, Rule, Waiver
from vpcmetactl.domain.servers import MetadataService
from vpcmetactl.domain.subject_selection import SubjectSelector
from vpcmetactl.domain.subjects import Subject

TODAY = date(2026, 11, 22)
HTTPS_ONLY = Policy(rules=(Rule(check="VPCMETA001"),))


def over_http(name: str, region: str = "us-south") -> Subject:
    """Return a server that fails VPCMETA001."""
    return Subject(an_instance(name, region=region, metadata_service=ON))


def silent(name: str) -> Subject:
    """Return a server that no check can judge."""
    return Subject(an_instance(name, metadata_service=None))


def beyond(limit: int) -> MetadataService:
    """Return a service over http with this hop limit."""
    return MetadataService(enabled=True, protocol="http", response_hop_limit=limit)


def a_waiver(name: str = "web-*", *, expires: date = date(2027, 12, 31)) -> Waiver:
    """Return a waiver of VPCMETA001 for servers of this name."""
    return Waiver(
        check="VPCMETA001",
        servers=SubjectSelector(names=(name,)),
        owner="platform",
        reason="the agent of the old image speaks http only",
        expires=expires,
        source="policy.toml: waivers[0]",
    )


def audited(*subjects: Subject, policy: Policy = HTTPS_ONLY, as_of: date = TODAY) -> AuditReport:
    """Audit subjects."""
    return audit(subjects, policy, as_of)

"""Judging the part of a fleet that a user chose."""

from vpcmetactl.domain.audit import AuditReport, audit_servers
from vpcmetactl.domain.checks import CHECKS
from vpcmetactl.domain.policy import Policy
from vpcmetactl.usecases.fleet import FleetReading


def audit_fleet(reading: FleetReading, policy: Policy) -> AuditReport:
    """Read the fleet and hold every server to every check; the reading knows what is missing."""
    servers = (assessed.server for batch in reading for assessed in batch)
    return audit_servers(servers, CHECKS, policy)

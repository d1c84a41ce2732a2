"""Measures who can become what: 2,000 profiles against 10,000 servers, 210,000 pairs.

``python -m benchmarks.trust_join``. It is the join alone: nothing is read and nothing is written.
"""

import resource
import sys
import time
from collections.abc import Iterator, Sequence

from benchmarks.harness import verdict
from vpcmetactl.domain.access import TrustIndex
from vpcmetactl.domain.access_findings import AccessReview
from vpcmetactl.domain.restarts import AssessedServer, assess_restart
from vpcmetactl.domain.servers import Instance, MetadataService, Reference
from vpcmetactl.domain.trust import (
    ClaimRule,
    ProfileLink,
    ProfileTrust,
    RuleCondition,
    TrustedProfile,
)

SERVERS, PROFILES = 10_000, 2_000
VPCS, ZONES = 50, 2
LINKS = 5
PAIRS = PROFILES * (SERVERS // VPCS // ZONES + LINKS)
CPU_SECONDS, MEMORY = 2.0, 100.0
ACCOUNT = "5f2b8b0a3c4d4e5f8a9b0c1d2e3f4a5b"


def _crn(number: int) -> str:
    return f"crn:v1:bluemix:public:is:us-south-1:a/{ACCOUNT}::instance:{_id(number)}"


def _id(number: int) -> str:
    return f"0717_{number:08x}-0000-4000-8000-000000000000"


def _server(number: int) -> AssessedServer:
    service = MetadataService(enabled=number % 3 > 0, protocol="https", response_hop_limit=1)
    server = Instance(
        id=_id(number),
        region="us-south",
        crn=_crn(number),
        account_id=ACCOUNT,
        name=f"web-{number}",
        zone=f"us-south-{number // VPCS % ZONES + 1}",
        status="running",
        vpc=Reference(id=f"vpc-{number % VPCS}"),
        architecture="amd64",
        metadata_service=service,
        subnet_ids=(f"subnet-{number % 400}",),
    )
    return AssessedServer(server, assess_restart(server))


def _trust(number: int) -> ProfileTrust:
    profile = TrustedProfile(id=f"Profile-{number}", name=f"p-{number}", account_id=ACCOUNT)
    conditions = (
        RuleCondition("vpc_id", "EQUALS", f'"vpc-{number % VPCS}"'),
        RuleCondition("zone", "NOT_EQUALS", '"us-south-1"'),
    )
    rule = ClaimRule(
        id=f"rule-{number}",
        profile_id=profile.id,
        type="Profile-CR",
        cr_type="VSI",
        conditions=conditions,
    )
    # In the zone that the rule leaves out, so that no pair comes twice.
    trusted = (number % VPCS + VPCS * ZONES * (number % 19 + i) for i in range(LINKS))
    links = tuple(
        ProfileLink(id=f"link-{number}-{i}", profile_id=profile.id, cr_type="VSI", crn=_crn(one))
        for i, one in enumerate(trusted)
    )
    return ProfileTrust(profile=profile, links=links, rules=(rule,))


def _trusts() -> Iterator[ProfileTrust]:
    return map(_trust, range(PROFILES))


def _memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _join(servers: Sequence[AssessedServer], trusts: Sequence[ProfileTrust]) -> tuple[int, int]:
    review = AccessReview(TrustIndex(servers))
    pairs = sum(1 for trust in trusts for _ in review.reach(trust))
    return pairs, len(review.findings())


def main() -> bool:
    """Print what the join takes; return whether it is within its limits."""
    servers, trusts = [_server(i) for i in range(SERVERS)], list(_trusts())
    before = _memory()
    began = time.process_time()
    pairs, findings = _join(servers, trusts)
    cpu, grown = time.process_time() - began, _memory() - before
    print(f"     {pairs} pairs, {findings} findings")
    return (
        verdict("pairs too many or too few", abs(pairs - PAIRS), 0, "")
        & verdict("CPU of the join", cpu, CPU_SECONDS, " s")
        & verdict("memory that the join adds", grown, MEMORY, " MiB")
    )


if __name__ == "__main__":
    sys.exit(not main())

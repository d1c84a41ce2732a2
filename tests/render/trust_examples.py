"""Trusted profiles, links and accesses of every sort, with all that could be shown wrongly."""

from collections.abc import Sequence
from dataclasses import replace

from tests.support.builders import (
    ACCOUNT,
    OFF,
    ON,
    ON_HTTPS,
    a_bare_metal_server,
    an_instance,
)
from tests.support.trust import PROFILE, a_link, a_rule, an_identity
from vpcmetactl.domain.access import TrustedServer, TrustIndex, join_profiles
from vpcmetactl.domain.access_findings import AccessReview
from vpcmetactl.domain.errors import PermissionDeniedError
from vpcmetactl.domain.link_sights import sight_of
from vpcmetactl.domain.restarts import AssessedServer, assess_restart
from vpcmetactl.domain.trust import (
    ClaimRule,
    DefaultProfile,
    ProfileIdentity,
    ProfileLink,
    ProfileTrust,
    RuleCondition,
)

HOSTILE = "mal\x1b[31m\nicious|=\u202e"
_LONG = "a-name-as-long-as-the-api-allows-which-is-sixty-three-letters-1"
_CLUSTER = f"crn:v1:bluemix:public:containers-kubernetes:us-south:a/{ACCOUNT}:cluster-1::"

WEB, BATCH, METAL = (
    an_instance("web-1", metadata_service=ON_HTTPS),
    an_instance("batch-1", metadata_service=OFF, status="stopped"),
    a_bare_metal_server("metal-1", metadata_service=ON),
)
IDLE = an_instance("idle-1", metadata_service=ON, region="eu-de", zone="eu-de-2")
STRANGE = an_instance(HOSTILE, metadata_service=ON, region="jp-tok", zone="jp-tok-1")
GONE = an_instance(_LONG, metadata_service=ON)
UNREAD = an_instance("far-1", region="eu-gb", zone="eu-gb-1")
SERVERS = tuple(
    AssessedServer(server, assess_restart(server)) for server in (WEB, BATCH, METAL, IDLE, STRANGE)
)

BACKUP = ProfileTrust(
    profile=replace(
        PROFILE,
        iam_id="iam-Profile-1",
        description="Writes backups",
        created_at="2025-10-18T01:14+0000",
        modified_at="2026-10-18T01:14+0000",
    ),
    links=(
        a_link(WEB, name="nightly", created_at="2026-10-23T12:00+0000"),
        a_link(BATCH, created_at="2026-11-21T11:48+0000"),
        a_link(GONE, created_at="some day"),
        a_link(UNREAD),
        ProfileLink(
            id="link-pods",
            profile_id=PROFILE.id,
            cr_type="IKS_SA",
            crn=_CLUSTER,
            namespace="default",
            resource_name="agent",
            is_cross_account=True,
        ),
        ProfileLink(id="link-bare", profile_id=PROFILE.id),
    ),
    rules=(
        ClaimRule(
            id="rule-1",
            profile_id=PROFILE.id,
            type="Profile-CR",
            cr_type="VSI",
            name="all of production",
            conditions=(
                RuleCondition("vpc_id", "EQUALS", '"r006-none"'),
                RuleCondition("zone", "IN", '["us-south-1",  "us-south-2"]'),
            ),
        ),
        a_rule("zone", "us-south-1", rule_id="rule-2"),
        ClaimRule(id="rule-3", profile_id=PROFILE.id, type="Profile-SAML"),
        ClaimRule(id="rule-4", profile_id=PROFILE.id, type="Profile-CR", cr_type="BMS"),
    ),
    identities=(
        an_identity(METAL),
        ProfileIdentity(
            profile_id=PROFILE.id,
            type="user",
            iam_id="IBMid-12",
            description="the operator on call",
            accounts=(ACCOUNT,),
        ),
    ),
)
HALF_READ = ProfileTrust(
    profile=replace(PROFILE, id="Profile-2", name=HOSTILE, crn=None, account_id=None),
    errors={
        "rules": PermissionDeniedError(
            f"cannot read the rules of profile {HOSTILE}: HTTP 403",
            hint="the IAM action is iam-identity.profile.get",
            trace="9d1e",
        )
    },
)
EVERYBODY = ProfileTrust(
    profile=replace(PROFILE, id="Profile-3", name=None, crn="crn:p3"),
    rules=(
        replace(
            a_rule("region", '["us-south", "eu-de", "jp-tok"]'),
            conditions=(RuleCondition("region", "IN", '["us-south", "eu-de", "jp-tok"]'),),
        ),
    ),
)
PROFILES: Sequence[ProfileTrust] = (BACKUP, HALF_READ, EVERYBODY)

SIGHTS = [
    sight_of(trust.profile, link, {one.server.id: one.server for one in SERVERS}, {"eu-gb"})
    for trust in PROFILES
    for link in trust.links
]
_INDEX = TrustIndex(SERVERS, {WEB.id: DefaultProfile(PROFILE.id, None, auto_link=True)})
_REVIEW = AccessReview(_INDEX, many=3)
ACCESSES = [access for trust in (BACKUP, EVERYBODY) for access in _REVIEW.reach(trust)]
FINDINGS = _REVIEW.findings()
TRUSTED = join_profiles(SERVERS, PROFILES)
UNTRUSTED = TrustedServer(SERVERS[1].server, SERVERS[1].restart)

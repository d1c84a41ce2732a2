"""Differences of snapshots and instance templates, with all that could be shown wrongly."""

from collections import Counter
from datetime import date

from tests.support.builders import ACCOUNT
from vpcmetactl.domain.audit import audit
from vpcmetactl.domain.default_policy import policy_of_flags
from vpcmetactl.domain.diff_fields import FieldDifference
from vpcmetactl.domain.diffing import Change, Difference, DiffSummary, Obstacle
from vpcmetactl.domain.policy import Requirement
from vpcmetactl.domain.servers import MetadataService, Reference
from vpcmetactl.domain.snapshots import Content
from vpcmetactl.domain.templates import (
    InstanceTemplate,
    JudgedTemplate,
    TemplateGroup,
    template_subject,
)
from vpcmetactl.domain.trust import DefaultProfile

_HOSTILE = "mal\x1b[31m\nicious|=\u202e"
_LONG = "a-name-as-long-as-the-api-allows-which-is-sixty-three-letters-1"


def a_difference(
    change: Change = Change.CHANGED,
    name: str | None = "web-1",
    *fields: FieldDifference,
    content: Content = Content.SERVERS,
    kind: str = "instance",
    region: str | None = "us-south",
) -> Difference:
    """Return a difference of something of this name."""
    return Difference(
        change=change,
        content=content,
        kind=kind,
        id=f"id-of-{name}",
        crn=f"crn:{name}",
        name=name,
        account_id=ACCOUNT,
        region=region,
        fields=fields,
    )


DIFFERENCES = (
    a_difference(
        Change.CHANGED,
        "web-1",
        FieldDifference("metadata_service.enabled", before=False, after=True),
        FieldDifference("metadata_service.protocol", "http", "https"),
        FieldDifference("restart.confidence", None, "certain"),
        FieldDifference("trusted_by", (), ("backup-writer",)),
        FieldDifference("disks", None, ("disk-1", "disk-2")),
    ),
    a_difference(Change.APPEARED, _LONG, region="eu-de"),
    a_difference(Change.GONE, None, kind="bare_metal_server", region="jp-tok"),
    a_difference(
        Change.CHANGED,
        _HOSTILE,
        FieldDifference(
            "links",
            tuple(f"VSI crn:v1:bluemix:public:is:us-south-1:a/1::instance:{i}" for i in range(8)),
            (_HOSTILE,),
        ),
        content=Content.PROFILES,
        kind="trusted_profile",
        region=None,
    ),
    a_difference(
        Change.CHANGED,
        "frontend",
        FieldDifference("groups", ("web-group",), ()),
        content=Content.TEMPLATES,
        kind="instance_template",
    ),
)
DIFF_SUMMARY = DiffSummary(
    compared=Counter({Content.SERVERS: 40, Content.PROFILES: 3, Content.TEMPLATES: 2}),
    changes=Counter((one.content, one.change) for one in DIFFERENCES),
    not_comparable=Counter(
        {
            (Content.SERVERS, Obstacle.UNREAD): 35,
            (Content.SERVERS, Obstacle.SELECTED): 1,
            (Content.TEMPLATES, Obstacle.NOT_ASKED): 2,
        }
    ),
    parts_unread=1,
)
SAME = DiffSummary(compared=Counter({Content.SERVERS: 1, Content.TEMPLATES: 2}))

_TEMPLATES = (
    InstanceTemplate(
        id="0717-template-1",
        region="us-south",
        name="frontend",
        crn="crn:v1:bluemix:public:is:us-south:a/1::instance-template:0717-template-1",
        account_id=ACCOUNT,
        zone="us-south-1",
        vpc=Reference("r006-vpc", "prod"),
        resource_group=Reference("fee8", "Default"),
        profile="bx2-2x8",
        created_at="2026-11-01T00:00:00Z",
        metadata_service=MetadataService(enabled=True, protocol="http", response_hop_limit=None),
        default_trusted_profile=DefaultProfile("Profile-1", None, auto_link=False),
        groups=(
            TemplateGroup(id="g1", name="frontends", membership_count=6),
            TemplateGroup(id="g2", name=_LONG, membership_count=0),
            TemplateGroup(id="g3"),
            TemplateGroup(id="g4", name="one-too-many"),
        ),
    ),
    InstanceTemplate(id="0717-template-2", region="us-south", name="silent", account_id=ACCOUNT),
    InstanceTemplate(
        id="02b7-template-3",
        region="eu-de",
        name=_HOSTILE,
        metadata_service=MetadataService(enabled=True, protocol="https", response_hop_limit=64),
    ),
    InstanceTemplate(
        id="02b7-template-4",
        region="eu-de",
        metadata_service=MetadataService(enabled=True, protocol="https", response_hop_limit=1),
        default_trusted_profile=DefaultProfile(None, "crn:profile", auto_link=None),
    ),
)


def judged(requirement: Requirement | None, limit: int | None) -> tuple[JudgedTemplate, ...]:
    """Return the templates with what they fail."""
    policy = policy_of_flags(requirement, limit)
    found = audit(map(template_subject, _TEMPLATES), policy, date(2026, 11, 22)).findings
    return tuple(
        JudgedTemplate(
            template,
            tuple(one for one in found if one.subject and one.subject.server.id == template.id),
        )
        for template in _TEMPLATES
    )


JUDGED = judged(Requirement.ENABLED, 2)

"""A fleet with everything that audits and snapshots are about, and commands run on it."""

from pathlib import Path

from tests.support.app import an_app, use
from tests.support.builders import (
    ACCOUNT,
    OFF,
    ON,
    ON_HTTPS,
    a_bare_metal_server,
    an_instance,
)
from tests.support.clock import ManualClock
from tests.support.fake_cloud import InMemoryCloud
from tests.support.program import Ran
from tests.support.trust import PROFILE, a_link, a_rule
from vpcmetactl.domain.servers import MetadataService, Region
from vpcmetactl.domain.templates import InstanceTemplate, TemplateGroup

REGIONS = ("eu-de", "us-south")
WEB = an_instance("web-1", metadata_service=ON)
TEMPLATE = InstanceTemplate(
    id="0717-template",
    region="us-south",
    name="frontend",
    crn="crn:v1:bluemix:public:is:us-south:a/1::instance-template:0717-template",
    account_id=ACCOUNT,
    metadata_service=MetadataService(enabled=True, protocol="http", response_hop_limit=3),
    groups=(TemplateGroup(id="r006-group", name="frontends", membership_count=2),),
)

POLICY = """
format_version = 1
name = "Tests"
extends = "default"

[[rules]]
check = "VPCMETA004"
max_response_hop_limit = 2

[[rules]]
check = "VPCMETA006"
profiles = ["backup-*"]

[[rules]]
check = "VPCMETA007"
verdicts = ["needed", "unknown"]

[[waivers]]
check = "VPCMETA001"
servers = { name = "legacy-*" }
owner = "team a"
reason = "old image"
expires = 2026-11-30

[[waivers]]
check = "VPCMETA004"
servers = { name = "nothing-*" }
owner = "team b"
reason = "it is gone"
expires = 2027-11-30

[[waivers]]
check = "VPCMETA001"
servers = { name = "web-*" }
owner = "team c"
reason = "over"
expires = 2026-11-01
"""


def a_cloud() -> InMemoryCloud:
    """Return a fleet in two regions, with a profile, and a template that a group uses."""
    cloud = InMemoryCloud(
        [
            WEB,
            an_instance("legacy-1", metadata_service=ON, region="eu-de", zone="eu-de-1"),
            an_instance("batch-1", metadata_service=OFF, status="stopped"),
            an_instance("silent-1", metadata_service=None),
            an_instance("mainframe-1", architecture="s390x"),
            a_bare_metal_server("metal-1", metadata_service=ON_HTTPS),
        ],
        regions=[Region(name) for name in REGIONS],
        limit=2,
    )
    cloud.add_profile(PROFILE, links=[a_link(WEB)], rules=[a_rule()])
    cloud.templates.append(TEMPLATE)
    return cloud


def run(cloud: InMemoryCloud, *words: str | Path, clock: ManualClock | None = None) -> Ran:
    """Run a command on this cloud, with a journal that knows nothing."""
    return use(an_app(cloud, clock=clock), *map(str, words))


def a_policy(folder: Path, text: str = POLICY) -> Path:
    """Write a policy file."""
    path = folder / "policy.toml"
    path.write_text(text, "utf-8")
    return path


def saved(cloud: InMemoryCloud, path: Path, *words: str) -> Path:
    """Save a snapshot of a cloud that can be read as a whole."""
    assert run(cloud, "snapshot", "save", path, *words).exit_code == 0
    return path

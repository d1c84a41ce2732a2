"""The scenario `trusted-fleet`: every way of a server to become a trusted profile, and doubts."""

import msgspec

from vpcmetactl.emulator.fleet import HTTP, HTTPS, OFF, Fleet, hops
from vpcmetactl.emulator.iam.trusted import ClaimRule, Condition, Identity, TrustedProfile
from vpcmetactl.emulator.vpc.catalog import REGIONS, ZONES
from vpcmetactl.emulator.vpc.networking import subnet_reference
from vpcmetactl.emulator.vpc.resources import BareMetalServer, Instance, Vpc
from vpcmetactl.emulator.world import World

OTHER_ACCOUNT = "b" * 32
"""The account of a server that is linked across accounts."""

_ROLES = {
    "backup-writer": ("viewer",),
    "web-frontend": ("viewer",),
    "metal-default": ("viewer",),
    "batch-runner": ("operator",),
    "metrics-reader": ("viewer",),
    "config-reader": ("is.instance.instance.read",),
    "inventory": ("viewer",),
    "admin": ("administrator",),
    "metal-agent": ("viewer",),
    "deployer": ("editor",),
}
"""What access policies give profiles: roles and single actions. The others were given nothing."""


def populate_trusted_fleet(world: World) -> None:
    """Add 19 listed servers in two regions, one that is not listed, and 20 trusted profiles."""
    _TrustedFleet(world).populate()


class _TrustedFleet:
    """Adds to one world. What is meant by each profile is its description."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._fleet = Fleet(world)

    def populate(self) -> None:
        prod = self._fleet.vpc("us-south", "prod", "production")
        lab = self._fleet.vpc("us-south", "lab", "sandbox")
        frankfurt = self._fleet.vpc("eu-de", "prod", "production-eu")
        self._instances(prod, lab, frankfurt)
        self._metal(prod, lab)
        self._linked()
        self._leftovers(prod)
        self._other_compute()
        self._ruled(prod)
        self._doubtful(prod)
        self._named()

    def _instances(self, prod: Vpc, lab: Vpc, frankfurt: Vpc) -> None:
        fleet = self._fleet
        template = fleet.instance_template(prod, "worker", {"enabled": True})
        workers = fleet.instance_group(prod, "workers", template)
        for number, service in enumerate((HTTPS, HTTPS, HTTP), 1):
            fleet.instance(prod, f"web-{number}", service, zone=number)
        for number in range(1, 4):
            fleet.instance(prod, f"db-{number}", HTTPS, zone=number, profile="mx2-2x16")
        for number in range(1, 3):
            fleet.instance(prod, f"worker-{number}", HTTP, zone=number, instance_group=workers)
        fleet.instance(prod, "batch-1", OFF)
        fleet.instance(prod, "batch-2", OFF, zone=2, status="stopped")
        fleet.instance(lab, "notebook-1", HTTP)
        fleet.instance(lab, "container-host-1", hops(HTTPS, 2), zone=2)
        fleet.instance(lab, "linuxone-1", zone=3, profile="bz2-2x8")
        for number in range(1, 4):
            fleet.instance(frankfurt, f"web-eu-{number}", HTTPS, zone=number)
        unlisted = fleet.instance(prod, "unlisted-1", HTTPS, zone=3)
        self._world.regions["us-south"].instances.hide(unlisted.id)

    def _metal(self, prod: Vpc, lab: Vpc) -> None:
        self._fleet.bare_metal_server(prod, "metal-1", HTTPS)
        self._fleet.bare_metal_server(prod, "metal-2", OFF, zone=2)
        self._fleet.bare_metal_server(lab, "metal-idle", HTTPS, zone=3)

    def _linked(self) -> None:
        backup = self._profile("backup-writer", "Linked to two databases and a bare metal server")
        self._link(backup, "db-1", "nightly backup")
        self._link(backup, "db-2")
        self._link(backup, "metal-1")
        web = self._profile("web-frontend", "The default of three servers, two of them linked")
        for name, auto_link in (("web-1", True), ("web-2", True), ("web-3", False)):
            self._fleet.default_profile(self._server(name), web, auto_link=auto_link)
        metal = self._profile("metal-default", "The default of a bare metal server, linked")
        self._fleet.default_profile(self._server("metal-2"), metal)
        moved = self._profile("web-previous", "The default of one server that is linked no more")
        self._fleet.default_profile(self._server("web-eu-1"), moved, auto_link=False)
        dormant = self._profile("batch-runner", "Linked to servers without the metadata service")
        for name in ("batch-1", "batch-2", "linuxone-1"):
            self._link(dormant, name)

    def _leftovers(self, prod: Vpc) -> None:
        """Links whose servers are not listed: gone, gone just now, hidden, someone else's."""
        left = self._profile("retired-app", "Linked to servers that are not to be seen")
        for name, minutes in (("gone-long-ago", 60 * 24 * 90), ("gone-just-now", 10)):
            gone = self._fleet.prepared_instance(prod, name)
            self._fleet.link(left, gone, name, self._fleet.minutes_ago(minutes))
        removed = self._fleet.bare_metal_server(prod, "gone-metal")
        self._world.delete(removed)
        self._fleet.link(left, removed, "gone-metal")
        self._link(left, "unlisted-1", "unlisted-1")
        crn = (
            f"crn:v1:bluemix:public:is:us-south-1:a/{OTHER_ACCOUNT}::instance:0717_{OTHER_ACCOUNT}"
        )
        self._world.trust.add_link(
            left,
            "VSI",
            {"crn": crn},
            name="of another account",
            is_cross_account=True,
            created_at=self._fleet.minutes_ago(60 * 24 * 45),
        )

    def _other_compute(self) -> None:
        agent = self._profile("cluster-agent", "Linked to compute resources that are no servers")
        account = f"a/{self._world.account_id}"
        pods = {"namespace": "default", "name": "agent"}
        cluster = f"crn:v1:bluemix:public:containers-kubernetes:us-south:{account}:cluster-1::"
        engine = f"crn:v1:bluemix:public:codeengine:us-south:{account}:project-1::"
        power = f"crn:v1:bluemix:public:power-iaas:dal10:{account}:workspace-1:pvm-instance:one"
        job = {"component_type": "job", "component_name": "report"}
        for cr_type, target in (
            ("IKS_SA", {"crn": cluster, **pods}),
            ("ROKS_SA", {"crn": cluster.replace("cluster-1", "cluster-2"), **pods}),
            ("CE", {"crn": engine, **job}),
            ("PVS", {"crn": power}),
            ("SATELLITE", {"crn": cluster.replace("cluster-1", "location-1")}),
        ):
            self._world.trust.add_link(
                agent, cr_type, target, created_at=self._fleet.minutes_ago(60 * 24 * 20)
            )
        self._rule(agent, ("namespace", "EQUALS", "default"), cr_type="IKS_SA")

    def _ruled(self, prod: Vpc) -> None:
        metrics = self._profile("metrics-reader", "Every server of one VPC")
        self._rule(metrics, ("vpc_id", "EQUALS", prod.id))
        logs = self._profile("log-shipper", "Every server of two zones")
        self._rule(logs, ("zone", "IN", ["us-south-1", "us-south-2"]))
        config = self._profile("config-reader", "Servers of resource groups named like production")
        self._rule(config, ("resource_group_name", "CONTAINS", "production"))
        queue = self._profile("queue-worker", "Members of an instance group, in any letter case")
        self._rule(queue, ("instance_group_name", "EQUALS_IGNORE_CASE", "WORKERS"))
        subnet = self._profile("subnet-scanner", "Servers of one subnet, except one of them")
        self._rule(
            subnet,
            ("subnet_id", "EQUALS", subnet_reference(prod, ZONES["us-south"][0])["id"]),
            ("resource", "NOT_EQUALS", self._server("web-1").id),
        )
        inventory = self._profile("inventory", "A rule that every virtual server satisfies")
        self._rule(inventory, ("region", "IN", list(REGIONS)))
        admin = self._profile("admin", "Administrator of the account: reachable from us-south")
        self._rule(admin, ("region", "EQUALS", "us-south"))
        self._link(admin, "db-1")
        metal = self._profile("metal-agent", "Every bare metal server of one VPC")
        self._rule(metal, ("vpc_id", "EQUALS", prod.id), cr_type="BMS")

    def _doubtful(self, prod: Vpc) -> None:
        """Rules that cannot be evaluated, or not for every server."""
        patch = self._profile("patch-agent", "Rules of claims, operators and kinds nobody knows")
        self._rule(patch, ("image_name", "EQUALS", "ubuntu"), ("vpc_id", "EQUALS", prod.id))
        self._rule(patch, ("zone", "MATCHES", "us-south-.*"))
        self._rule(patch, ("zone", "EQUALS", "us-south-1"), cr_type="SATELLITE")
        broken = self._profile("half-written", "A rule without conditions, one of a bare word")
        self._rule(broken)
        self._world.trust.add_rule(
            broken,
            Condition("zone", "EQUALS", "us-south-1"),
            name="value without quotes",
            created_at=self._fleet.minutes_ago(60 * 24 * 15),
        )

    def _named(self) -> None:
        deploy = self._profile("deployer", "Named servers, a service ID and a user")
        for name in ("worker-1", "batch-1"):
            server = self._server(name)
            self._identity(deploy, "crn", server.crn, f"the server {name}")
        self._identity(deploy, "serviceid", "ServiceId-6a2a2a2e-0000-4000-8000-000000000001")
        self._identity(deploy, "user", "IBMid-1234567890", accounts=(self._world.account_id,))
        people = self._profile("single-sign-on", "People of an identity provider, no servers")
        self._world.trust.add_rule(
            people,
            Condition("blueGroups", "CONTAINS", '"operations"'),
            type="Profile-SAML",
            cr_type=None,
            realm_name="https://sso.emulator.example/saml",
            created_at=self._fleet.minutes_ago(60 * 24 * 300),
        )
        self._world.trust.add_profile(
            "enterprise-audit",
            "Given by the enterprise, with nothing that may become it",
            created_at=self._fleet.minutes_ago(60 * 24 * 200),
            template_id="ProfileTemplate-6a2a2a2e-0000-4000-8000-000000000002",
        )

    def _profile(self, name: str, description: str) -> TrustedProfile:
        return self._world.trust.add_profile(
            name,
            description,
            created_at=self._fleet.minutes_ago(60 * 24 * 400),
            roles=_ROLES.get(name, ()),
        )

    def _server(self, name: str) -> Instance | BareMetalServer:
        (server,) = self._world.find_servers(name)
        if not isinstance(server, Instance | BareMetalServer):
            raise TypeError(f"{name} was loaded from a file")
        return server

    def _link(self, profile: TrustedProfile, server: str, name: str | None = None) -> None:
        self._fleet.link(profile, self._server(server), name)

    def _rule(
        self,
        profile: TrustedProfile,
        *conditions: tuple[str, str, str | list[str]],
        cr_type: str = "VSI",
    ) -> ClaimRule:
        made = [
            Condition(claim, operator, msgspec.json.encode(value).decode())
            for claim, operator, value in conditions
        ]
        return self._world.trust.add_rule(
            profile, *made, cr_type=cr_type, created_at=self._fleet.minutes_ago(60 * 24 * 60)
        )

    def _identity(
        self,
        profile: TrustedProfile,
        kind: str,
        identifier: str,
        description: str | None = None,
        accounts: tuple[str, ...] | None = None,
    ) -> None:
        identity = Identity(
            type=kind, identifier=identifier, description=description, accounts=accounts
        )
        self._world.trust.add_identity(profile, identity)

"""Answers what no VPC route does: loudly where the platform has an operation, else as it does."""

from werkzeug.wrappers import Response

from vpcmetactl.emulator.routing import page_not_found
from vpcmetactl.emulator.vpc.errors import refuse
from vpcmetactl.emulator.vpc.state import VpcCall

COLLECTIONS = frozenset(
    {
        "backup_policies",
        "bare_metal_server",
        "bare_metal_servers",
        "cluster_network",
        "cluster_networks",
        "dedicated_host",
        "dedicated_hosts",
        "endpoint_gateways",
        "floating_ips",
        "flow_log_collectors",
        "ike_policies",
        "images",
        "instance",
        "instance_groups",
        "instances",
        "ipsec_policies",
        "keys",
        "load_balancer",
        "load_balancers",
        "network_acls",
        "operating_systems",
        "placement_groups",
        "private_path_service_gateways",
        "public_address_ranges",
        "public_gateways",
        "regions",
        "reservations",
        "security_groups",
        "share",
        "shares",
        "snapshot_consistency_groups",
        "snapshots",
        "subnets",
        "virtual_network_interfaces",
        "volume",
        "volumes",
        "vpcs",
        "vpn_gateways",
        "vpn_servers",
    }
)
"""What the platform's paths begin with."""


def fallback(call: VpcCall) -> Response:
    """501 for what the platform has and this emulator has not; its HTML 404 for the rest."""
    path = call.arguments["rest"]
    if path.partition("/")[0] not in COLLECTIONS:
        return page_not_found(call)
    method = call.request.method
    raise refuse(501, "not_emulated", f"This emulator does not emulate {method} /v1/{path}.")

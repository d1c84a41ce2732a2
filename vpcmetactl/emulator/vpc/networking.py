"""The network parts of a server's JSON: attachments, interfaces, reserved addresses, subnets."""

from typing import Any

from vpcmetactl.emulator.identifiers import derived_uuid
from vpcmetactl.emulator.vpc.catalog import Zone, endpoint
from vpcmetactl.emulator.vpc.resources import BareMetalServer, Instance, Vpc

Body = dict[str, Any]


def network(server: Instance | BareMetalServer, href: str, kind: str) -> Body:
    """Return the four network properties of a server of this kind, with one attachment."""
    zone = server.zone
    subnet = subnet_reference(server.vpc, zone)
    address = _reserved_ip(server.id, subnet, zone)
    attachment_id = f"{zone.prefix}-{derived_uuid(server.id, 'network attachment')}"
    interface = {
        "href": f"{href}/network_interfaces/{attachment_id}",
        "id": attachment_id,
        "name": "eth0",
        "primary_ip": address,
        "resource_type": "network_interface",
        "subnet": subnet,
    }
    attachment = {
        "href": f"{href}/network_attachments/{attachment_id}",
        "id": attachment_id,
        "name": "eth0",
        "primary_ip": address,
        "resource_type": f"{kind}_network_attachment",
        "subnet": subnet,
        "virtual_network_interface": _virtual_network_interface(server),
    }
    return {
        "network_attachments": [attachment],
        "network_interfaces": [interface],
        "primary_network_attachment": attachment,
        "primary_network_interface": interface,
    }


def subnet_reference(vpc: Vpc, zone: Zone) -> Body:
    """The subnet a VPC has in a zone, as resources in it name it."""
    identifier = f"{zone.prefix}-{derived_uuid(vpc.id, f'subnet {zone.name}')}"
    return {
        "crn": f"crn:v1:bluemix:public:is:{zone.name}:a/{vpc.account_id}::subnet:{identifier}",
        "href": f"{endpoint(zone.region)}/v1/subnets/{identifier}",
        "id": identifier,
        "name": f"{vpc.name[:50]}-{zone.name}",
        "resource_type": "subnet",
    }


def _reserved_ip(server_id: str, subnet: Body, zone: Zone) -> Body:
    uuid = derived_uuid(server_id, "reserved ip")
    # Addresses may repeat among many thousand servers; nothing here depends on them.
    high, low = int(uuid[:2], 16), int(uuid[2:4], 16)
    return {
        "address": f"10.{240 + int(zone.name[-1])}.{high}.{max(low, 4)}",
        "href": f"{subnet['href']}/reserved_ips/{zone.prefix}-{uuid}",
        "id": f"{zone.prefix}-{uuid}",
        "name": f"reserved-ip-{uuid[-12:]}",
        "resource_type": "subnet_reserved_ip",
    }


def _virtual_network_interface(server: Instance | BareMetalServer) -> Body:
    zone = server.zone
    identifier = f"{zone.prefix}-{derived_uuid(server.id, 'virtual network interface')}"
    scope = f"{zone.name}:a/{server.vpc.account_id}"
    return {
        "crn": f"crn:v1:bluemix:public:is:{scope}::virtual-network-interface:{identifier}",
        "href": f"{endpoint(zone.region)}/v1/virtual_network_interfaces/{identifier}",
        "id": identifier,
        "name": f"{server.name[:58]}-vni",
        "resource_type": "virtual_network_interface",
    }

"""Bodies as the VPC API sends them, with more in them than we read."""

from collections.abc import Mapping, Sequence

from tests.support.builders import ACCOUNT

INSTANCE_ID = "0717_1e09281b-f177-46fb-baf1-bc152b2e391a"
METAL_ID = "0717_2302-4c5f5a9e-46e2-4b9a-a1f2-e8bfc1d1b0aa"


def an_instance_body(**fields: object) -> dict[str, object]:
    """Return an instance; a field set to ``...`` is left out."""
    body: dict[str, object] = {
        "id": INSTANCE_ID,
        "crn": f"crn:v1:bluemix:public:is:us-south-1:a/{ACCOUNT}::instance:{INSTANCE_ID}",
        "href": f"https://us-south.iaas.cloud.ibm.com/v1/instances/{INSTANCE_ID}",
        "name": "web-1",
        "zone": {"href": "https://…/zones/us-south-1", "name": "us-south-1"},
        "status": "running",
        "status_reasons": [
            {"code": "cannot_start", "message": "No room", "more_info": "https://…"}
        ],
        "lifecycle_state": "stable",
        "health_state": "ok",
        "vpc": {"id": "r006-1", "name": "prod", "crn": "crn:vpc", "resource_type": "vpc"},
        "resource_group": {"id": "fee82deba12e4c0fb69c3b09d1f12345", "name": "Default"},
        "profile": {"name": "bx2-2x8", "resource_type": "instance_profile"},
        "vcpu": {"architecture": "amd64", "count": 2, "manufacturer": "intel"},
        "created_at": "2026-03-05T08:30:00.000Z",
        "disks": [{"id": "0717-d1", "name": "disk-1", "size": 100, "interface_type": "nvme"}],
        "metadata_service": {"enabled": True, "protocol": "https", "response_hop_limit": 2},
        "availability": {"class": "spot", "host_failure": "restart"},
        "boot_volume_attachment": {"id": "0717-a", "volume": {"id": "r006-v", "name": "boot"}},
        "instance_group_membership": {"id": "r006-m", "instance_group": {"id": "r006-g"}},
        "dedicated_host": {"id": "0717-h", "name": "host-1", "resource_type": "dedicated_host"},
        "gpu": {"count": 2, "manufacturer": "nvidia", "memory": 16, "model": "Tesla V100"},
        "primary_network_interface": {
            "id": "0717-nic",
            "primary_ip": {"address": "10.0.0.5", "id": "0717-ip", "name": "ip-1"},
        },
        "memory": 8,
    }
    return _with(body, fields)


def a_bare_metal_server_body(**fields: object) -> dict[str, object]:
    """Return a bare metal server; a field set to ``...`` is left out."""
    body: dict[str, object] = {
        "id": METAL_ID,
        "crn": f"crn:v1:bluemix:public:is:us-south-1:a/{ACCOUNT}::bare-metal-server:{METAL_ID}",
        "name": "metal-1",
        "zone": {"name": "us-south-1"},
        "status": "stopped",
        "status_reasons": [],
        "lifecycle_state": "stable",
        "health_state": "ok",
        "vpc": {"id": "r006-1", "name": "prod", "crn": "crn:vpc"},
        "resource_group": {"id": "fee82deba12e4c0fb69c3b09d1f12345", "name": "Default"},
        "profile": {"name": "bx2d-metal-96x384"},
        "cpu": {"architecture": "amd64", "core_count": 48},
        "created_at": "2026-03-05T08:30:00Z",
        "disks": [],
        "metadata_service": {"enabled": False, "protocol": "http"},
    }
    return _with(body, fields)


def a_page_body(
    items: Sequence[object], name: str = "instances", /, **fields: object
) -> dict[str, object]:
    """Return a page; the last one, unless ``next`` is given."""
    body: dict[str, object] = {
        "first": {"href": "https://us-south.iaas.cloud.ibm.com/v1/instances?limit=100"},
        "limit": 100,
        "total_count": len(items),
        name: items,
    }
    return _with(body, fields)


def _with(body: dict[str, object], fields: Mapping[str, object]) -> dict[str, object]:
    return {name: v for name, v in {**body, **fields}.items() if v is not ...}

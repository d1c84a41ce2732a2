"""The least that a listing can cost: IBM's SDK, its pages as bytes, the same fields decoded."""

import os
from urllib.parse import parse_qs, urlsplit

import msgspec
from ibm_cloud_sdk_core.authenticators import IAMAuthenticator
from ibm_vpc import VpcV1


class _Reference(msgspec.Struct):
    id: str | None = None
    name: str | None = None
    crn: str | None = None


class _Reason(msgspec.Struct):
    code: str | None = None
    message: str | None = None


class _Disk(msgspec.Struct):
    id: str | None = None
    name: str | None = None
    size: int | None = None


class _Metadata(msgspec.Struct):
    enabled: bool | None = None
    protocol: str | None = None
    response_hop_limit: int | None = None


class _Vcpu(msgspec.Struct):
    architecture: str | None = None


class _Attachment(msgspec.Struct):
    volume: _Reference | None = None


class _Availability(msgspec.Struct, rename={"class_": "class"}):
    class_: str | None = None


class _Membership(msgspec.Struct):
    instance_group: _Reference | None = None


class _Instance(msgspec.Struct):
    id: str
    crn: str | None = None
    name: str | None = None
    zone: _Reference | None = None
    status: str | None = None
    status_reasons: list[_Reason] | None = None
    lifecycle_state: str | None = None
    health_state: str | None = None
    vpc: _Reference | None = None
    resource_group: _Reference | None = None
    profile: _Reference | None = None
    vcpu: _Vcpu | None = None
    created_at: str | None = None
    disks: list[_Disk] | None = None
    metadata_service: _Metadata | None = None
    availability: _Availability | None = None
    boot_volume_attachment: _Attachment | None = None
    instance_group_membership: _Membership | None = None


class _Link(msgspec.Struct):
    href: str


class _Page(msgspec.Struct):
    instances: list[_Instance]
    next: _Link | None = None


def main() -> None:
    """List every instance of us-south, page by page."""
    env = os.environ  # noqa: TID251 - a script of its own
    authenticator = IAMAuthenticator(env["IBMCLOUD_API_KEY"], url=env["VPCMETACTL_IAM_URL"])
    client = VpcV1(version="2024-11-19", authenticator=authenticator)
    client.set_service_url(env["VPCMETACTL_VPC_URL"].format(region="us-south"))
    decoder = msgspec.json.Decoder(_Page)
    found: list[_Instance] = []
    start = None
    while True:
        answer = client.list_instances(limit=100, start=start, stream=True).get_result()
        page = decoder.decode(answer.content)
        found += page.instances
        if page.next is None:
            break
        start = parse_qs(urlsplit(page.next.href).query)["start"][0]
    print(len(found))


main()

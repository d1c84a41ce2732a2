"""What the platform offers: regions, zones, profiles, images. Constant, shared, never changed.

Regions are those of the platform notes, section 3.1. Zone and region prefixes of identifiers are
IBM's where recordings and documents show them (us-south, us-east) and invented in the same style
elsewhere.
"""

from dataclasses import dataclass

REGIONS = (
    "us-south",
    "us-east",
    "br-sao",
    "ca-tor",
    "ca-mon",
    "eu-gb",
    "eu-de",
    "eu-es",
    "jp-tok",
    "jp-osa",
    "au-syd",
    "in-che",
    "in-mum",
)

_ZONE_PREFIXES = {
    "us-south": ("0717", "0727", "0737"),
    "us-east": ("0757", "0767", "0777"),
    "eu-gb": ("0787", "0797", "07a7"),
    "eu-de": ("02b7", "02c7", "02d7"),
    "jp-tok": ("02e7", "02f7", "0307"),
    "au-syd": ("02h7", "02i7", "02j7"),
    "jp-osa": ("02k7", "02l7", "02m7"),
    "ca-tor": ("02n7", "02o7", "02p7"),
    "br-sao": ("02q7", "02r7", "02s7"),
    "eu-es": ("02t7", "02u7", "02v7"),
    "ca-mon": ("02w7", "02x7", "02y7"),
    "in-che": ("0317", "0327", "0337"),
    "in-mum": ("0347", "0357", "0367"),
}

_REGION_PREFIXES = {
    "us-south": "r006",
    "us-east": "r014",
    "eu-de": "r010",
    "eu-gb": "r018",
    "jp-tok": "r022",
    "au-syd": "r026",
    "jp-osa": "r034",
    "ca-tor": "r038",
    "br-sao": "r042",
    "eu-es": "r050",
    "ca-mon": "r054",
    "in-che": "r058",
    "in-mum": "r062",
}


@dataclass(frozen=True, slots=True)
class Zone:
    """One zone of a region; `prefix` begins the identifiers of zonal resources."""

    name: str
    region: str
    prefix: str


ZONES = {
    region: tuple(
        Zone(f"{region}-{number}", region, prefix) for number, prefix in enumerate(prefixes, 1)
    )
    for region, prefixes in _ZONE_PREFIXES.items()
}


def region_prefix(region: str) -> str:
    """Return what begins the identifiers of a region's resources (r006 in us-south)."""
    return _REGION_PREFIXES[region]


def endpoint(region: str) -> str:
    """Return the region's public address as the platform prints it, without /v1.

    Bodies always hold these, whatever port the emulator listens on: the platform does, and a body
    that does not depend on the port is the same in every run.
    """
    return f"https://{region}.iaas.cloud.ibm.com"


@dataclass(frozen=True, slots=True)
class Gpu:
    """What a profile's GPUs are."""

    count: int
    manufacturer: str
    memory: int
    model: str


@dataclass(frozen=True, slots=True)
class InstanceProfile:
    """A virtual server profile: gibibytes of memory, megabits per second of bandwidth."""

    name: str
    vcpus: int
    memory: int
    bandwidth: int
    architecture: str = "amd64"
    manufacturer: str = "intel"
    threads_per_core: int = 2
    gpu: Gpu | None = None
    disks: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class BareMetalProfile:
    """A bare metal profile: gibibytes of memory, megabits per second, gigabytes of disk."""

    name: str
    cores: int
    sockets: int
    memory: int
    bandwidth: int
    disks: tuple[tuple[str, int], ...] = (("sata", 960),)


INSTANCE_PROFILES = {
    profile.name: profile
    for profile in (
        InstanceProfile("bx2-2x8", 2, 8, 4000),
        InstanceProfile("bx2-4x16", 4, 16, 8000),
        InstanceProfile("cx2-2x4", 2, 4, 4000),
        InstanceProfile("cx2-4x8", 4, 8, 8000),
        InstanceProfile("mx2-2x16", 2, 16, 4000),
        InstanceProfile("bx2d-4x16", 4, 16, 8000, disks=(150,)),
        InstanceProfile("gx2-8x64x1v100", 8, 64, 16000, gpu=Gpu(1, "nvidia", 16, "Tesla V100")),
        InstanceProfile("bz2-2x8", 2, 8, 4000, "s390x", "ibm", 1),
        InstanceProfile("mz2-2x16", 2, 16, 4000, "s390x", "ibm", 1),
    )
}

BARE_METAL_PROFILES = {
    profile.name: profile
    for profile in (
        BareMetalProfile("bx2-metal-96x384", 48, 2, 384, 100000),
        BareMetalProfile(
            "bx2d-metal-96x384", 48, 2, 384, 100000, (("sata", 960), *(("nvme", 3200),) * 2)
        ),
    )
}


@dataclass(frozen=True, slots=True)
class OperatingSystem:
    """An operating system as boot volumes and images name it."""

    name: str
    display_name: str
    family: str
    vendor: str
    version: str
    architecture: str = "amd64"


OPERATING_SYSTEMS = {
    system.name: system
    for system in (
        OperatingSystem(
            "ubuntu-24-04-amd64",
            "Ubuntu Linux 24.04 LTS Noble Numbat Minimal Install (amd64)",
            "Ubuntu Linux",
            "Canonical",
            "24.04 LTS Noble Numbat Minimal Install",
        ),
        OperatingSystem(
            "ubuntu-24-04-s390x",
            "Ubuntu Linux 24.04 LTS Noble Numbat Minimal Install (s390x)",
            "Ubuntu Linux",
            "Canonical",
            "24.04 LTS Noble Numbat Minimal Install",
            "s390x",
        ),
    )
}

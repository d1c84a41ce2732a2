"""What a PATCH may hold, field by field.

Platform notes, section 1.1: any part of `metadata_service` may be sent alone; the hop limit is 1 to
64 and unknown to bare metal. All faults of a body are reported at once. The codes are IBM's
archived names where one fits; which one the platform gives is not documented (section 3.3).
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from vpcmetactl.emulator.vpc.errors import Problem, Target, VpcRefusal, refuse

Check = Callable[[object], tuple[str, str] | None]
"""Returns the code and message of what is wrong with a value, or None."""

MAX_NAME_LENGTH = 63


@dataclass(frozen=True, slots=True)
class Patch:
    """A validated patch: the new name, if any, and the new parts of the metadata service."""

    name: str | None = None
    metadata_service: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PatchRules:
    """What one kind of server takes. `documented` fields exist but are not emulated."""

    metadata_service: dict[str, Check]
    documented: frozenset[str]

    def validated(self, body: dict[str, object]) -> Patch:
        """Return the patch a body holds; a refusal that names every fault in it."""
        if unsupported := sorted(self.documented & body.keys()):
            message = "This emulator does not emulate changes of this field."
            raise refuse(501, "not_emulated", message, unsupported[0])
        if problems := tuple(self._problems(body)):
            raise VpcRefusal(400, *problems)
        name, service = body.get("name"), body.get("metadata_service", {})
        return Patch(
            name if isinstance(name, str) else None, service if isinstance(service, dict) else {}
        )

    def _problems(self, body: dict[str, object]) -> Iterator[Problem]:
        for name, value in body.items():
            if name == "metadata_service" and isinstance(value, dict):
                yield from _checked(value, self.metadata_service, "metadata_service.")
            elif name == "metadata_service":
                yield _problem(("validation_invalid_field_type", "The field is an object."), name)
            else:
                yield from _checked({name: value}, {"name": _name}, "")


def _checked(values: dict[str, object], checks: dict[str, Check], prefix: str) -> Iterator[Problem]:
    for name, value in values.items():
        check = checks.get(name, _unknown)
        if (fault := check(value)) is not None:
            yield _problem(fault, f"{prefix}{name}")


def _problem(fault: tuple[str, str], name: str) -> Problem:
    code, message = fault
    return Problem(code, message, Target(name))


def _unknown(_value: object) -> tuple[str, str]:
    return "unknown_field", "There is no field of this name."


def _boolean(value: object) -> tuple[str, str] | None:
    if isinstance(value, bool):
        return None
    return "validation_invalid_field_type", "The field is true or false."


def _protocol(value: object) -> tuple[str, str] | None:
    if not isinstance(value, str):
        return "validation_invalid_field_type", "The field is a string."
    if value not in {"http", "https"}:
        return "validation_enum", "The field is http or https."
    return None


def _hop_limit(value: object) -> tuple[str, str] | None:
    if isinstance(value, bool) or not isinstance(value, int):
        return "validation_invalid_field_type", "The field is a whole number."
    if value < 1:
        return "validation_min_value", "The least hop limit is 1."
    if value > 64:  # noqa: PLR2004 - named in the sentence below
        return "validation_max_value", "The greatest hop limit is 64."
    return None


def _name(value: object) -> tuple[str, str] | None:
    if not isinstance(value, str):
        return "validation_invalid_field_type", "The field is a string."
    if len(value) > MAX_NAME_LENGTH:
        return "validation_max_length", f"A name has at most {MAX_NAME_LENGTH} characters."
    if re.fullmatch(r"[a-z]([-a-z0-9]*[a-z0-9])?", value) is None:
        message = "A name has lower-case letters, digits and hyphens, and begins with a letter."
        return "validation_pattern", message
    return None


INSTANCE_PATCH = PatchRules(
    {"enabled": _boolean, "protocol": _protocol, "response_hop_limit": _hop_limit},
    frozenset(
        {
            "availability",
            "availability_policy",
            "confidential_compute_mode",
            "enable_secure_boot",
            "placement_target",
            "profile",
            "reservation_affinity",
            "threads_per_core",
            "total_volume_bandwidth",
            "vcpu",
            "volume_bandwidth_qos_mode",
        }
    ),
)

BARE_METAL_PATCH = PatchRules(
    {"enabled": _boolean, "protocol": _protocol},
    frozenset(
        {"bandwidth", "enable_secure_boot", "reservation_affinity", "trusted_platform_module"}
    ),
)

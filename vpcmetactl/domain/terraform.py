"""What a Terraform plan or state tells of servers."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from vpcmetactl.domain.subjects import Origin, Subject


class AttributeForm(StrEnum):
    """How a resource says whether the service is enabled, in the provider's words."""

    BLOCK = "metadata_service"
    DEPRECATED = "metadata_service_enabled"


@dataclass(frozen=True, slots=True)
class ManagedBy:
    """The resource that manages a server, and where in it the service is set."""

    address: str
    attribute_form: AttributeForm


@dataclass(frozen=True, slots=True)
class TerraformReading:
    """Servers and templates as they will be, or are, in the order of their addresses.

    ``origin`` says which of the two. ``gaps`` are reasons why there may be more than was found.
    """

    origin: Origin
    subjects: Sequence[Subject]
    gaps: Sequence[str] = ()

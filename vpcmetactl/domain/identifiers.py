"""CRNs, regions and the ways in which a user may name a server."""

import re
from dataclasses import dataclass
from typing import Self

from vpcmetactl.domain.errors import InvalidInputError

# crn:v1:bluemix:public:is:us-south-1:a/<account>::instance:<id>; the location is a zone.
_CRN_SEGMENTS = 10
# The zone's digits and a UUID. Instances were recorded with an underscore between them, IBM's
# examples also show a hyphen.
_ID = re.compile(r"[0-9a-z]{4}[_-][0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NAME = re.compile(r"[a-z0-9-]{1,63}")
# A zone or region. It becomes part of a host name that is sent our token: nothing else may slip in.
_LOCATION = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_ZONE_SUFFIX = re.compile(r"-[0-9]+$")

# Public regions, platform notes 3.1. Used where GET /regions fails.
BUILT_IN_REGIONS = (
    "au-syd",
    "br-sao",
    "ca-mon",
    "ca-tor",
    "eu-de",
    "eu-es",
    "eu-gb",
    "in-che",
    "in-mum",
    "jp-osa",
    "jp-tok",
    "us-east",
    "us-south",
)


def region_of_zone(zone: str) -> str:
    """Return the region a zone lies in: ``us-south`` for ``us-south-1``."""
    return _ZONE_SUFFIX.sub("", zone)


@dataclass(frozen=True, slots=True)
class Crn:
    """A cloud resource name, in the parts that servers use."""

    text: str
    location: str
    account_id: str
    resource_type: str
    resource_id: str

    @property
    def region(self) -> str:
        """The region that the location, a zone for servers, lies in."""
        return region_of_zone(self.location)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a CRN.

        Raises InvalidInputError where a part that servers need is missing.
        """
        parts = text.split(":", _CRN_SEGMENTS - 1)
        if (
            len(parts) != _CRN_SEGMENTS
            or parts[0] != "crn"
            or not _LOCATION.fullmatch(parts[5])
            or not (parts[8] and parts[9])
        ):
            raise InvalidInputError(
                f"{text!r} is not the CRN of a server",
                hint="it looks like crn:v1:bluemix:public:is:us-south-1:a/ACCOUNT::instance:ID",
            )
        return cls(
            text=text,
            location=parts[5],
            account_id=parts[6].removeprefix("a/"),
            resource_type=parts[8],
            resource_id=parts[9],
        )


def account_of_crn(crn: str | None) -> str | None:
    """Return the account a CRN belongs to, or ``None`` where it names none."""
    if crn is None:
        return None
    parts = crn.split(":", 7)
    scope = parts[6] if len(parts) > 7 else ""  # noqa: PLR2004 - the scope is the seventh part
    return scope[2:] if scope.startswith("a/") else None


@dataclass(frozen=True, slots=True)
class ServerRef:
    """A server as a user named it: by id, CRN or exact name."""

    text: str
    crn: Crn | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read an id, CRN or name; raises InvalidInputError for an empty word or a broken CRN."""
        word = text.strip()
        if not word:
            raise InvalidInputError("an empty word names no server")
        return cls(word, Crn.parse(word) if word.startswith("crn:") else None)

    @property
    def looks_like_id(self) -> bool:
        """Whether the word has the form of a server id; a name may have it too, by chance."""
        return _ID.fullmatch(self.text) is not None

    @property
    def may_be_name(self) -> bool:
        """Whether the word has the form of a server name: lower-case letters, digits, hyphens."""
        return _NAME.fullmatch(self.text) is not None

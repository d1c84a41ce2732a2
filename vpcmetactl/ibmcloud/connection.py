"""What it takes to reach IBM Cloud: credentials and a connection. Imports no SDK."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from vpcmetactl.domain.errors import InvalidInputError

# A region becomes part of a host name that is sent our token: nothing else may slip in.
_REGION = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class ApiKey:
    """An IAM API key, from which tokens are requested as they are needed."""

    value: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class BearerToken:
    """An IAM access token that the user brought; it cannot be renewed."""

    value: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ExternalConfiguration:
    """The SDK's external configuration of service ``vpc``: VPC_APIKEY or a credentials file."""


@dataclass(frozen=True, slots=True)
class InstanceIdentity:
    """A trusted profile of the server that this runs on, by its metadata service.

    ``profile`` is an id, a CRN or a name, ``None`` for the server's default one. ``url`` is where
    the service is; ``None`` is the link-local address, over http.
    """

    profile: str | None = None
    url: str | None = None


Credentials = ApiKey | BearerToken | ExternalConfiguration | InstanceIdentity


@dataclass(frozen=True, kw_only=True, slots=True)
class Connection:
    """One cloud, as one caller.

    ``vpc_url`` holds ``{region}``. ``timeout`` bounds each API operation with its retries, and
    each token request with its own, in seconds. ``max_rps`` caps the requests a second to each
    region, to IAM and to Global Search. ``max_connections`` of one means that no two requests are
    ever in flight together.
    """

    credentials: Credentials
    vpc_url: str
    iam_url: str
    search_url: str = "https://api.global-search-tagging.cloud.ibm.com"
    timeout: float = 60
    max_rps: float | None = None
    max_connections: int = 32
    ca_bundle: Path | None = None

    def vpc_url_of(self, region: str) -> str:
        """Return the address of a region's VPC API.

        Raises InvalidInputError for what cannot be the name of a region.
        """
        if not _REGION.fullmatch(region):
            raise InvalidInputError(
                f"{region!r} is not the name of a region",
                hint="regions are named like us-south or eu-de",
            )
        return self.vpc_url.replace("{region}", region)

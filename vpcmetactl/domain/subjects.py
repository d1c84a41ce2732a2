"""What an audit judges: a server as it is, or as it would be made.

A Terraform resource and an instance template are servers too, of which less is known: each becomes
an ``Instance`` or a ``BareMetalServer`` whose fields are ``None`` where nobody can tell yet.
"""

from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import lru_cache

from vpcmetactl.domain.restarts import RestartAssessment
from vpcmetactl.domain.servers import Reference, Server

# The id of a trusted profile begins so; no word for a name should.
_PROFILE_ID = "Profile-"


class Origin(StrEnum):
    """What a subject is.

    ``server`` is one that exists, whether it was read from the cloud or from a snapshot of it: the
    findings are the same. A server in a Terraform state exists too, and is changed by Terraform.
    """

    SERVER = "server"
    INSTANCE_TEMPLATE = "instance_template"
    TERRAFORM_PLAN = "terraform_plan"
    TERRAFORM_STATE = "terraform_state"

    @property
    def is_terraform(self) -> bool:
        """Whether Terraform is what changes it."""
        return self in (Origin.TERRAFORM_PLAN, Origin.TERRAFORM_STATE)

    @property
    def exists(self) -> bool:
        """Whether there is a server now; the others will be made, or will make servers."""
        return self in (Origin.SERVER, Origin.TERRAFORM_STATE)


@dataclass(frozen=True, slots=True)
class Location:
    """Where a subject is written down.

    ``address`` is Terraform's resource address, such as ``module.web.ibm_is_instance.web[0]``;
    ``file`` is where it was read from, as the user named it.
    """

    address: str | None = None
    file: str | None = None


@dataclass(frozen=True, slots=True)
class TrustingProfile:
    """A trusted profile that the server can become by a link, a claim rule or an identity.

    ``is_certain`` is false where it cannot be told whether it can. ``id`` and ``name`` are ``None``
    where they are not known yet, as in a Terraform plan.
    """

    id: str | None
    name: str | None = None
    is_certain: bool = True

    @property
    def label(self) -> str:
        """The profile as it reads in a sentence."""
        return self.name or self.id or "a profile that is not known yet"

    def is_one_of(self, words: tuple[str, ...]) -> bool | None:
        """Whether a word is its id or a glob of its name; ``None`` where that cannot be told."""
        return _is_one_of(self.id, self.name, words)


@lru_cache(maxsize=10_000)
def _is_one_of(profile_id: str | None, name: str | None, words: tuple[str, ...]) -> bool | None:
    if profile_id in words:
        return True
    if name is not None and any(fnmatchcase(name, word) for word in words):
        return True
    ids = [word for word in words if word.startswith(_PROFILE_ID)]
    may_be_id = profile_id is None and bool(ids)
    may_be_named = name is None and len(ids) < len(words)
    return None if may_be_id or may_be_named else False


@dataclass(frozen=True, slots=True)
class Trust:
    """The profiles of the server's account that trust it, each once.

    ``is_complete`` is false where a profile, or a part of one, could not be read: then a profile
    that is missing here may trust the server all the same.
    """

    profiles: tuple[TrustingProfile, ...] = ()
    is_complete: bool = True


# Not frozen for the reason that servers are not: there are a hundred thousand.
@dataclass(slots=True)
class Subject:
    """One thing to judge.

    ``server`` is the server as it is or would be. What is not known of it is ``None``; an unknown
    region is the empty word; where there is no id yet, ``id`` is the address. A template's server
    has the template's id, CRN and name. ``restart`` and ``trust`` are ``None`` where nobody asked.
    ``groups`` are the instance groups that make servers from a template.
    """

    server: Server
    origin: Origin = Origin.SERVER
    location: Location | None = None
    restart: RestartAssessment | None = None
    trust: Trust | None = None
    groups: tuple[Reference, ...] = ()

    @property
    def key(self) -> str:
        """What tells it from every other subject, today and in the next audit.

        The resource address for Terraform, whose servers may have no CRN yet; else the CRN, or
        kind, region and id where the API reported none.
        """
        location = self.location
        if location is not None and location.address and self.origin.is_terraform:
            return location.address
        server = self.server
        return server.crn or f"{server.kind}/{server.region}/{server.id}"

    @property
    def label(self) -> str:
        """The subject as it reads in a sentence: its address, its name, or its id."""
        if self.location is not None and self.location.address:
            return self.location.address
        return self.server.name or self.server.id

    def brief(self) -> "Subject":
        """Return it with nothing but what tells it from others: findings last, fleets pass by."""
        server = self.server
        identity = type(server)(
            id=server.id,
            region=server.region,
            crn=server.crn,
            name=server.name,
            account_id=server.account_id,
        )
        return Subject(identity, self.origin, self.location)

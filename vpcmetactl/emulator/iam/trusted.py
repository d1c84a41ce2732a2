"""Trusted profiles and what may become them: links, claim rules, identities. State, no JSON.

Links, rules and identities are immutable and replaced whole; each carries the version that its
entity tag is made from.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from vpcmetactl.emulator.identifiers import derived_uuid

LINK_PARTS = ("crn", "namespace", "name", "component_type", "component_name")
"""What a link may say of its compute resource: virtual servers need the CRN alone."""


def entity_tag(identifier: str, version: int) -> str:
    """Return the tag of one version of something."""
    return f"{version}-{derived_uuid(identifier, f'version {version}').replace('-', '')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Lets one compute resource become the profile. It cannot be changed."""

    id: str
    cr_type: str
    target: Mapping[str, str]
    created_at: datetime
    name: str | None = None
    is_cross_account: bool | None = None

    @property
    def crn(self) -> str | None:
        """The CRN of the compute resource."""
        return self.target.get("crn")

    def is_of(self, cr_type: str, target: Mapping[str, str]) -> bool:
        """Tell whether this links a compute resource, whatever the link is called."""
        return self.cr_type == cr_type and self.target == target


@dataclass(frozen=True, slots=True)
class Condition:
    """What a claim is compared with: `value` is JSON in a string, as it was given."""

    claim: str
    operator: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimRule:
    """Lets everything that meets all conditions become the profile."""

    id: str
    type: str
    conditions: tuple[Condition, ...]
    created_at: datetime
    modified_at: datetime
    name: str | None = None
    cr_type: str | None = None
    realm_name: str | None = None
    expiration: int = 3600
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A user, a service ID or a CRN that may become the profile. `type` says which."""

    type: str
    identifier: str
    accounts: tuple[str, ...] | None = None
    description: str | None = None

    @property
    def iam_id(self) -> str:
        """What IAM calls it."""
        prefix = {"serviceid": "iam-", "crn": "crn-"}.get(self.type, "")
        return f"{prefix}{self.identifier}"


IDENTITY_TYPES = ("user", "serviceid", "crn")


@dataclass(slots=True, kw_only=True, eq=False)
class TrustedProfile:
    """A trusted profile with everything that may become it.

    `rights` are the actions that access policies give it: none, unless a scenario says so. How
    often somebody became it, and when last, are `authentications` and `last_authentication`.
    """

    id: str
    account_id: str
    name: str
    created_at: datetime
    modified_at: datetime
    description: str | None = None
    email: str | None = None
    template_id: str | None = None
    rights: frozenset[str] = frozenset()
    authentications: int = 0
    last_authentication: datetime | None = None
    version: int = 1
    links: dict[str, Link] = field(default_factory=dict)
    rules: dict[str, ClaimRule] = field(default_factory=dict)
    identities: dict[tuple[str, str], Identity] = field(default_factory=dict)
    identities_version: int = 1

    @property
    def crn(self) -> str:
        """The CRN; profiles belong to no region."""
        return f"crn:v1:bluemix:public:iam-identity::a/{self.account_id}::profile:{self.id}"

    @property
    def iam_id(self) -> str:
        """What access policies call it."""
        return f"iam-{self.id}"

    @property
    def tag(self) -> str:
        """The entity tag of the present version."""
        return entity_tag(self.id, self.version)

    @property
    def identities_tag(self) -> str:
        """The entity tag of the identities, which change on their own."""
        return entity_tag(f"{self.id} identities", self.identities_version)

    def find_link(self, cr_type: str, target: Mapping[str, str]) -> Link | None:
        """Return the link of a compute resource, if there is one."""
        return next((link for link in self.links.values() if link.is_of(cr_type, target)), None)

    def changed(self, now: datetime) -> None:
        """Say that name, description or email are new."""
        self.version += 1
        self.modified_at = now

    def authenticated(self, now: datetime) -> None:
        """Say that somebody has become the profile."""
        self.authentications += 1
        self.last_authentication = now

    def set_identities(self, *identities: Identity) -> None:
        """Replace all identities."""
        self.identities = {(item.type, item.identifier): item for item in identities}
        self.identities_version += 1

"""Trusted profiles and their links, as JSON shows them."""

from typing import Annotated

from vpcmetactl.domain import link_sights, trust
from vpcmetactl.domain.link_sights import Visibility
from vpcmetactl.render.envelope import encodable
from vpcmetactl.render.items.base import ServerIdentity, Shape, about, server_identity


class ProfileName(Shape, frozen=True):
    """A trusted profile, told by its id and name."""

    id: Annotated[str, about("The profile's id.")]
    name: Annotated[str | None, about("The profile's name.")]

    @property
    def label(self) -> str:
        """The profile as a reader knows it: its name, or its id where it has none."""
        return self.name or self.id


class ProfileLink(Shape, frozen=True):
    """A link of a trusted profile to a compute resource."""

    id: Annotated[str, about("The link's id.")]
    name: Annotated[str | None, about("The link's own name.")]
    cr_type: Annotated[
        str | None, about("The API's name for the kind of compute: `VSI`, `BMS` or another.")
    ]
    crn: Annotated[str | None, about("The CRN of the compute resource.")]
    created_at: Annotated[str | None, about("When the link was made, as the API wrote it.")]
    is_cross_account: Annotated[
        bool | None, about("Whether the resource may be of another account than the profile.")
    ]
    namespace: Annotated[str | None, about("The namespace of a cluster's service account.")]
    resource_name: Annotated[
        str | None, about("The name of a cluster's service account: the API's `link.name`.")
    ]
    component_type: Annotated[str | None, about("The type of a part of Code Engine.")]
    component_name: Annotated[str | None, about("The name of a part of Code Engine.")]


class RuleCondition(Shape, frozen=True):
    """A condition of a claim rule."""

    claim: Annotated[str, about("The claim it is about.")]
    operator: Annotated[str, about("How the claim is compared.")]
    value: Annotated[str, about("What it is compared with: JSON in a string, as the API has it.")]


class ClaimRule(Shape, frozen=True):
    """A claim rule; all of its conditions must hold."""

    id: Annotated[str, about("The rule's id.")]
    name: Annotated[str | None, about("The rule's name.")]
    type: Annotated[
        str | None, about("`Profile-CR` for compute resources, `Profile-SAML` for users.")
    ]
    cr_type: Annotated[str | None, about("The kind of compute that the rule is about.")]
    conditions: Annotated[tuple[RuleCondition, ...], about("What must hold.")]


class ProfileIdentity(Shape, frozen=True):
    """A user, service id or CRN that may assume the profile."""

    type: Annotated[str | None, about("`user`, `serviceid` or `crn`.")]
    identifier: Annotated[str | None, about("What it is told by, such as a server's CRN.")]
    iam_id: Annotated[str | None, about("The identity's IAM id.")]
    description: Annotated[str | None, about("What the profile's owner says of it.")]
    accounts: Annotated[tuple[str, ...], about("The accounts from which it may be assumed.")]


class PartError(Shape, frozen=True):
    """A part of the profile that could not be read."""

    part: Annotated[str, about("The part: `links`, `rules` or `identities`.")]
    code: Annotated[str, about("The stable code of the error.")]
    message: Annotated[str, about("What went wrong.")]
    hint: Annotated[str | None, about("What to do next.")]
    trace: Annotated[str | None, about("The API's trace id, for IBM support.")]


class Profile(Shape, frozen=True):
    """A trusted profile with everything that makes it trust somebody."""

    id: Annotated[str, about("The profile's id.")]
    name: Annotated[str | None, about("The profile's name.")]
    iam_id: Annotated[str | None, about("The IAM id that policies name.")]
    crn: Annotated[str | None, about("The profile's CRN.")]
    account_id: Annotated[str | None, about("The account the profile belongs to.")]
    description: Annotated[str | None, about("What its owner says of it.")]
    created_at: Annotated[str | None, about("When it was made, as the API wrote it.")]
    modified_at: Annotated[str | None, about("When it was last changed, as the API wrote it.")]
    links: Annotated[tuple[ProfileLink, ...], about("Its links to compute resources.")]
    rules: Annotated[tuple[ClaimRule, ...], about("Its claim rules.")]
    identities: Annotated[
        tuple[ProfileIdentity, ...], about("The identities that may assume it by themselves.")
    ]
    errors: Annotated[
        tuple[PartError, ...], about("What of it could not be read, and is therefore empty here.")
    ]

    @property
    def label(self) -> str:
        """The profile as a reader knows it: its name, or its id where it has none."""
        return self.name or self.id

    def error_of(self, part: str) -> PartError | None:
        """Return why a part could not be read; ``None`` where it was."""
        return next((error for error in self.errors if error.part == part), None)


class ProfilesSummary(Shape, frozen=True):
    """Counts over all profiles, shown or not."""

    total: Annotated[int, about("How many profiles there are.")]
    links: Annotated[int, about("How many links they have.")]
    rules: Annotated[int, about("How many claim rules they have.")]
    identities: Annotated[int, about("How many identities may assume them.")]
    incomplete: Annotated[int, about("Profiles of which something could not be read.")]


class SeenLink(Shape, frozen=True):
    """A link, and whether its server is seen."""

    link: Annotated[ProfileLink, about("The link.")]
    profile: Annotated[ProfileName, about("The profile that it is of.")]
    visibility: Annotated[
        Visibility,
        about(
            "Whether its server is seen. One that is `not_visible` may exist all the same; "
            "`not_read`: its region could not be read; `other_compute_type`: it is to no server."
        ),
    ]
    server: Annotated[
        ServerIdentity | None,
        about("The server as it was listed, or as the CRN tells; `null`: the link is to none."),
    ]


class LinksSummary(Shape, frozen=True):
    """Counts over all links, shown or not."""

    total: Annotated[int, about("How many links there are.")]
    profiles: Annotated[int, about("How many profiles they are of.")]
    visible: Annotated[int, about("Links to servers that are seen.")]
    not_visible: Annotated[int, about("Links to servers that are not seen.")]
    not_read: Annotated[int, about("Links to servers in regions that could not be read.")]
    other_compute_type: Annotated[int, about("Links to what is no server.")]


def profile_name(profile: trust.TrustedProfile) -> ProfileName:
    """Return which profile it is, as JSON shows it."""
    return ProfileName(profile.id, profile.name)


def profile_item(value: trust.ProfileTrust) -> Profile:
    """Return a profile with everything that makes it trust somebody, as JSON shows it."""
    profile = value.profile
    return Profile(
        id=profile.id,
        name=profile.name,
        iam_id=profile.iam_id,
        crn=profile.crn,
        account_id=profile.account_id,
        description=profile.description,
        created_at=profile.created_at,
        modified_at=profile.modified_at,
        links=tuple(map(link_item, value.links)),
        rules=tuple(map(_rule, value.rules)),
        identities=tuple(map(_identity, value.identities)),
        errors=tuple(
            PartError(
                part=part,
                code=error.code,
                message=encodable(str(error)),
                hint=None if error.hint is None else encodable(error.hint),
                trace=error.trace,
            )
            for part, error in value.errors.items()
        ),
    )


def link_item(link: trust.ProfileLink) -> ProfileLink:
    """Return a link as JSON shows it."""
    return ProfileLink(
        id=link.id,
        name=link.name,
        cr_type=link.cr_type,
        crn=link.crn,
        created_at=link.created_at,
        is_cross_account=link.is_cross_account,
        namespace=link.namespace,
        resource_name=link.resource_name,
        component_type=link.component_type,
        component_name=link.component_name,
    )


def seen_link(sight: link_sights.LinkSight) -> SeenLink:
    """Return a link and whether its server is seen, as JSON shows it."""
    return SeenLink(
        link=link_item(sight.link),
        profile=profile_name(sight.profile),
        visibility=sight.visibility,
        server=None if sight.server is None else server_identity(sight.server),
    )


def _rule(rule: trust.ClaimRule) -> ClaimRule:
    return ClaimRule(
        id=rule.id,
        name=rule.name,
        type=rule.type,
        cr_type=rule.cr_type,
        conditions=tuple(RuleCondition(c.claim, c.operator, c.value) for c in rule.conditions),
    )


def _identity(identity: trust.ProfileIdentity) -> ProfileIdentity:
    return ProfileIdentity(
        type=identity.type,
        identifier=identity.identifier,
        iam_id=identity.iam_id,
        description=identity.description,
        accounts=identity.accounts,
    )

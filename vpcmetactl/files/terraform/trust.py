"""Which trusted profiles will trust a server, as far as a plan or a state tells.

It never tells all: profiles that are made elsewhere may have claim rules that let the server in.
So trust is never complete here, and that none was found does not say that there is none.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from vpcmetactl.domain.bitsets import members
from vpcmetactl.domain.claims import ClaimIndex
from vpcmetactl.domain.servers import Server
from vpcmetactl.domain.subjects import Trust, TrustingProfile
from vpcmetactl.domain.trust import CR_TYPES, ClaimRule, RuleCondition
from vpcmetactl.files.terraform import shapes
from vpcmetactl.files.terraform.configuration import Configured, Expression
from vpcmetactl.files.terraform.indexing import ResourceIndex
from vpcmetactl.files.terraform.resources import Resource

_NOBODY = Trust(is_complete=False)

Servers = Mapping[str, Server]


def find_trust(
    resources: Sequence[Resource], servers: Servers, configured: Configured | None
) -> Mapping[str, Trust]:
    """Return the trust in each server and template, by the resource's address.

    ``servers`` are what the resources come to, by address.
    """
    finder = _Finder(resources, servers, configured)
    for resource in resources:
        if resource.type == shapes.LINK:
            finder.add_link(resource)
        elif resource.type == shapes.RULE:
            finder.add_rule(resource)
        elif resource.address in servers:
            finder.add_default(resource)
    return {address: finder.trust_in(address) for address in servers}


class _Finder:
    def __init__(
        self, resources: Sequence[Resource], servers: Servers, configured: Configured | None
    ) -> None:
        self._configured = configured
        self._servers = servers
        self._index = ResourceIndex(resources)
        self._profiles = {
            one.attributes.profile_id or one.attributes.id: one
            for one in resources
            if one.type == shapes.PROFILE
        }
        # Rules are about servers, not about what makes servers.
        made = [one for one in resources if one.type in shapes.SERVERS]
        self._made = [one.address for one in made]
        self._by_crn = {one.attributes.crn: one for one in made if one.attributes.crn}
        self._claims = ClaimIndex([servers[address] for address in self._made])
        self._found: dict[str, dict[tuple[str | None, str | None], bool]] = defaultdict(dict)

    def trust_in(self, address: str) -> Trust:
        found = self._found.get(address)
        if not found:
            return _NOBODY
        order = sorted(found, key=lambda one: (one[1] or "", one[0] or ""))
        profiles = tuple(TrustingProfile(one[0], one[1], found[one]) for one in order)
        return Trust(profiles, is_complete=False)

    def add_link(self, link: Resource) -> None:
        attributes = link.attributes
        profile = self._profile(link, attributes.profile_id, self._expression(link, "profile_id"))
        crn = attributes.link[0].crn if attributes.link else None
        if crn is not None:
            linked = self._by_crn.get(crn)
            if linked is not None and self._is_meant(attributes.cr_type, linked):
                self._add(linked.address, profile, is_certain=True)
            return
        written = self._expression(link, "link")
        block = written[0] if isinstance(written, list) and written else None
        expression = block.get("crn") if isinstance(block, dict) else None
        for resource, is_certain in self._candidates(link, expression, ("crn",)):
            if resource.type in shapes.SERVERS and self._is_meant(attributes.cr_type, resource):
                self._add(resource.address, profile, is_certain=is_certain)

    def add_rule(self, rule: Resource) -> None:
        attributes = rule.attributes
        profile = self._profile(rule, attributes.profile_id, self._expression(rule, "profile_id"))
        owner = self._profiles.get(attributes.profile_id) if attributes.profile_id else None
        claim_rule = ClaimRule(
            id=rule.address,
            profile_id=attributes.profile_id or "",
            type=attributes.type,
            cr_type=attributes.cr_type,
            # An unknown value is no JSON, so that what it is compared with cannot be told.
            conditions=tuple(
                RuleCondition(one.claim or "", one.operator or "", one.value or "")
                for one in attributes.conditions or ()
            ),
        )
        account = owner.attributes.account_id if owner else None
        found = self._claims.match(claim_rule, account)
        asks_region = any(one.claim == "region" for one in claim_rule.conditions)
        for position in members(found.yes):
            self._add(self._made[position], profile, is_certain=True)
        for who, _ in found.doubts:
            for position in members(who):
                self._add(self._made[position], profile, is_certain=False)
        for address in self._made if asks_region and attributes.cr_type is not None else ():
            if not self._servers[address].region:
                self._add(address, profile, is_certain=False)

    def add_default(self, resource: Resource) -> None:
        """Add the profile that a server is given, which links it at once unless told not to.

        The link of a server that exists may have been taken away since.
        """
        attributes = resource.attributes
        if resource.type == shapes.BARE_METAL:
            block = (attributes.default_trusted_profile or [None])[0]
            target = (block.target or [None])[0] if block else None
            tail = (target.crn or "").rpartition(":")[2] if target else ""
            profile_id = (target.id or tail or None) if target else None
            is_given, auto_link = block is not None, block.auto_link if block else None
            expression = None
        else:
            name = "default_trusted_profile_target"
            profile_id = attributes.default_trusted_profile_target or None
            expression = self._expression(resource, name)
            is_given = profile_id is not None or (
                resource.unknown.get(name) is True and expression is not None
            )
            auto_link = attributes.default_trusted_profile_auto_link
        if not is_given or auto_link is False:
            return
        is_told = auto_link is True or not _is_unknown_auto_link(resource)
        makes = resource.is_new or resource.type == shapes.TEMPLATE
        profile = self._profile(resource, profile_id, expression)
        self._add(resource.address, profile, is_certain=makes and is_told)

    def _add(self, address: str, profile: TrustingProfile, *, is_certain: bool) -> None:
        found = self._found[address]
        key = (profile.id, profile.name)
        found[key] = found.get(key, False) or is_certain

    def _is_meant(self, cr_type: str | None, resource: Resource) -> bool:
        return cr_type in (None, CR_TYPES[self._servers[resource.address].kind])

    def _expression(self, resource: Resource, name: str) -> Expression:
        written = self._configured.expressions_of(resource) if self._configured else None
        return (written or {}).get(name)

    def _profile(
        self, resource: Resource, profile_id: str | None, expression: Expression
    ) -> TrustingProfile:
        if profile_id is not None:
            known = self._profiles.get(profile_id)
            return TrustingProfile(profile_id, known.attributes.name if known else None)
        for found, is_certain in self._candidates(resource, expression, ("id", "profile_id")):
            if is_certain and found.type == shapes.PROFILE:
                return TrustingProfile(None, found.attributes.name)
        return TrustingProfile(None)

    def _candidates(
        self, resource: Resource, expression: Expression, rests: tuple[str, ...]
    ) -> Iterable[tuple[Resource, bool]]:
        """Return the resources that an expression may mean, and whether it is beyond doubt."""
        if self._configured is None or expression is None:
            return ()
        trail = self._configured.follow(expression, resource)
        found = [one for target in trail.targets for one in self._index.find(target)]
        is_certain = len(found) == 1 and trail.is_exact and trail.targets[0].rest in rests
        return [(one, is_certain) for one in found]


def _is_unknown_auto_link(resource: Resource) -> bool:
    return resource.unknown.get("default_trusted_profile_auto_link") is True or (
        resource.type == shapes.BARE_METAL and bool(resource.unknown.get("default_trusted_profile"))
    )

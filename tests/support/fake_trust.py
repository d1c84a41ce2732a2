"""Trusted profiles in memory: what of ``TrustReader`` and ``LinkWriter`` IAM is asked."""

from collections.abc import Iterable, Sequence

from tests.support.fake_calls import Call, CallLog
from vpcmetactl.domain.errors import BadRequestError, ConflictError, NotFoundError
from vpcmetactl.domain.identifiers import account_of_crn
from vpcmetactl.domain.trust import (
    ClaimRule,
    IdentityLimit,
    ProfileIdentity,
    ProfileLink,
    ProfileTrust,
    TrustedProfile,
)


class InMemoryTrust(CallLog):
    """The trusted profiles of one account, as tests put them with ``add_profile``.

    ``limits`` are told and not enforced. One link for each compute type and CRN is the most that a
    profile can have.
    """

    def __init__(self) -> None:
        super().__init__()
        self.limits: list[IdentityLimit] = []
        self._trust: dict[str, ProfileTrust] = {}
        self._links: dict[str, dict[str, ProfileLink]] = {}
        self._made = 0

    # What a test arranges and asks.

    def add_profile(
        self,
        profile: TrustedProfile,
        *,
        links: Iterable[ProfileLink] = (),
        rules: Iterable[ClaimRule] = (),
        identities: Iterable[ProfileIdentity] = (),
    ) -> None:
        """Add a profile with everything that makes it trust somebody."""
        with self._lock:
            self._trust[profile.id] = ProfileTrust(
                profile=profile, rules=tuple(rules), identities=tuple(identities)
            )
            self._links[profile.id] = {link.id: link for link in links}

    def links_of(self, profile_id: str) -> list[ProfileLink]:
        """Return a profile's links without this counting as a call."""
        with self._lock:
            return list(self._links[profile_id].values())

    def remove_links_to(self, crn: str) -> None:
        """Take away every link to a resource, as the platform does when it is deleted."""
        with self._lock:
            for profile_id, links in self._links.items():
                self._links[profile_id] = {i: link for i, link in links.items() if link.crn != crn}

    # The ports.

    def list_profiles(self, account_id: str) -> Sequence[TrustedProfile]:
        self._arrive(Call("list_profiles", detail=account_id))
        with self._lock:
            profiles = [trust.profile for trust in self._trust.values()]
            return [profile for profile in profiles if profile.account_id in (None, account_id)]

    def list_links(self, profile_id: str) -> Sequence[ProfileLink]:
        self._arrive(Call("list_links", detail=profile_id))
        with self._lock:
            self._find(profile_id)
            return self.links_of(profile_id)

    def list_rules(self, profile_id: str) -> Sequence[ClaimRule]:
        self._arrive(Call("list_rules", detail=profile_id))
        return self._find(profile_id).rules

    def list_identities(self, profile_id: str) -> Sequence[ProfileIdentity]:
        self._arrive(Call("list_identities", detail=profile_id))
        return self._find(profile_id).identities

    def list_limits(self, account_id: str) -> Sequence[IdentityLimit]:
        self._arrive(Call("list_limits", detail=account_id))
        return list(self.limits)

    def create_link(
        self,
        profile_id: str,
        *,
        cr_type: str,
        crn: str,
        name: str | None,
        is_cross_account: bool,
    ) -> ProfileLink:
        self._arrive(Call("create_link", detail=(profile_id, crn)))
        with self._lock:
            profile = self._find(profile_id).profile
            if not is_cross_account and profile.account_id not in (None, account_of_crn(crn)):
                raise BadRequestError(f"{crn} is of another account than the profile", status=400)
            if any(
                (link.cr_type, link.crn) == (cr_type, crn) for link in self.links_of(profile_id)
            ):
                raise ConflictError(f"{profile_id} is linked to {crn} already", status=409)
            self._made += 1
            link = ProfileLink(
                id=f"ProfileLink-new-{self._made}",
                profile_id=profile_id,
                cr_type=cr_type,
                crn=crn,
                name=name,
                created_at="2026-11-21T12:00+0000",
                is_cross_account=is_cross_account or None,
            )
            self._links[profile_id][link.id] = link
        self._answer("create_link")
        return link

    def delete_link(self, profile_id: str, link_id: str) -> None:
        self._arrive(Call("delete_link", detail=(profile_id, link_id)))
        with self._lock:
            self._find(profile_id)
            if self._links[profile_id].pop(link_id, None) is None:
                raise NotFoundError(f"{profile_id} has no link {link_id}", status=404)
        self._answer("delete_link")

    def _find(self, profile_id: str) -> ProfileTrust:
        with self._lock:
            found = self._trust.get(profile_id)
        if found is None:
            raise NotFoundError(f"there is no trusted profile {profile_id}", status=404)
        return found

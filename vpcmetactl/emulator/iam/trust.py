"""What the IAM Identity API reads and changes: the trusted profiles of one account."""

import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from vpcmetactl.emulator.clock import Clock
from vpcmetactl.emulator.iam.resources import Account
from vpcmetactl.emulator.iam.trusted import (
    ClaimRule,
    Condition,
    Identity,
    Link,
    TrustedProfile,
)
from vpcmetactl.emulator.identifiers import Identifiers
from vpcmetactl.emulator.permissions import rights_of
from vpcmetactl.emulator.routing import Call


@dataclass(frozen=True, slots=True)
class Limits:
    """How many there may be. IBM publishes the first two; the other numbers are guesses."""

    profiles: int = 2_000
    rules_per_profile: int = 20
    links_per_profile: int = 400
    links: int = 40_000
    rules: int = 40_000


class TrustState:
    """The profiles by id, in the order of their creation. Reads and changes hold `lock`.

    The methods that add things check nothing: they are what scenarios and tests use.
    """

    def __init__(self, ids: Identifiers, clock: Clock, account: Account) -> None:
        self.account = account
        self.clock = clock
        self.limits = Limits()
        self.lock = threading.RLock()
        self._ids = ids
        self.clear()

    def clear(self) -> None:
        """Forget every profile."""
        with self.lock:
            self.profiles: dict[str, TrustedProfile] = {}
            self._made = 0

    def now(self) -> datetime:
        """Return the present moment."""
        return self.clock.now()

    def new_id(self, prefix: str) -> str:
        """Return an identifier nothing else has."""
        self._made += 1
        return f"{prefix}-{self._ids.uuid(f'{prefix} {self._made}')}"

    def find_profile(self, name: str) -> TrustedProfile | None:
        """Return the profile of this name, if there is one."""
        with self.lock:
            found = (profile for profile in self.profiles.values() if profile.name == name)
            return next(found, None)

    def profile(self, name: str) -> TrustedProfile:
        """Return the profile of this name; KeyError if there is none."""
        found = self.find_profile(name)
        if found is None:
            raise KeyError(name)
        return found

    def add_profile(
        self,
        name: str,
        description: str | None = None,
        *,
        created_at: datetime | None = None,
        template_id: str | None = None,
        roles: Iterable[str] = (),
    ) -> TrustedProfile:
        """Add a profile; its name decides its id.

        `roles` are what access policies give it: platform roles or single IAM actions, as in
        permissions.py. ValueError names one that is neither.
        """
        moment = created_at or self.now()
        profile = TrustedProfile(
            id=f"Profile-{self._ids.uuid(f'trusted profile {name}')}",
            account_id=self.account.account_id,
            name=name,
            description=description,
            created_at=moment,
            modified_at=moment,
            template_id=template_id,
            rights=rights_of(*roles),
        )
        with self.lock:
            self.profiles[profile.id] = profile
        return profile

    def add_link(
        self,
        profile: TrustedProfile,
        cr_type: str,
        target: Mapping[str, str],
        *,
        name: str | None = None,
        is_cross_account: bool | None = None,
        created_at: datetime | None = None,
    ) -> Link:
        """Add a link from a compute resource to a profile."""
        with self.lock:
            link = Link(
                id=self.new_id("link"),
                cr_type=cr_type,
                target=dict(target),
                created_at=created_at or self.now(),
                name=name,
                is_cross_account=is_cross_account,
            )
            profile.links[link.id] = link
        return link

    def add_rule(
        self,
        profile: TrustedProfile,
        *conditions: Condition,
        cr_type: str | None = "VSI",
        type: str = "Profile-CR",  # noqa: A002 - as the API calls it
        name: str | None = None,
        realm_name: str | None = None,
        expiration: int = 3600,
        created_at: datetime | None = None,
    ) -> ClaimRule:
        """Add a claim rule to a profile."""
        with self.lock:
            moment = created_at or self.now()
            rule = ClaimRule(
                id=self.new_id("ClaimRule"),
                type=type,
                conditions=conditions,
                created_at=moment,
                modified_at=moment,
                name=name,
                cr_type=cr_type,
                realm_name=realm_name,
                expiration=expiration,
            )
            profile.rules[rule.id] = rule
        return rule

    def add_identity(self, profile: TrustedProfile, identity: Identity) -> None:
        """Let an identity become a profile, in place of one of the same name."""
        with self.lock:
            profile.set_identities(*profile.identities.values(), identity)

    def links_to(self, crn: str) -> Iterator[tuple[TrustedProfile, Link]]:
        """Go through the links of a compute resource, whatever their type."""
        with self.lock:
            found = [
                (profile, link)
                for profile in self.profiles.values()
                for link in profile.links.values()
                if link.crn == crn
            ]
        yield from found

    def unlink(self, crn: str) -> int:
        """Remove every link of a compute resource, as the platform does when one is deleted."""
        with self.lock:
            found = list(self.links_to(crn))
            for profile, link in found:
                del profile.links[link.id]
        return len(found)


TrustCall = Call[TrustState]

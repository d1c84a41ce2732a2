"""The IAM Identity API: trusted profiles, and what makes them trust somebody."""

from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import TypeVar

from ibm_cloud_sdk_core import DetailedResponse

from vpcmetactl.domain.trust import (
    ClaimRule,
    IdentityLimit,
    ProfileIdentity,
    ProfileLink,
    TrustedProfile,
)
from vpcmetactl.ibmcloud import operations
from vpcmetactl.ibmcloud.calls import Calls, body_of, expect_status
from vpcmetactl.ibmcloud.client import ServiceClient
from vpcmetactl.ibmcloud.deadlines import Deadline
from vpcmetactl.ibmcloud.paging import every_page
from vpcmetactl.ibmcloud.wire import iam as wire
from vpcmetactl.ibmcloud.wire.tolerant import NotAsDocumentedError
from vpcmetactl.usecases.ports import Unreadable

T = TypeVar("T")

# The most that the API gives (platform notes 4.2); its default is 20.
PAGE_LIMIT = 100


class IamGateway:
    """Reads trusted profiles, and makes and takes away their links.

    Every method may be called from any thread. What a list holds and cannot be read is left out of
    what is returned, and the observer is warned of it.
    """

    def __init__(self, client: ServiceClient, calls: Calls) -> None:
        self._iam = client
        self._calls = calls

    def list_profiles(self, account_id: str) -> Sequence[TrustedProfile]:
        """Return every trusted profile of an account, of all pages."""
        client = self._iam.get()

        def fetch(token: str | None) -> tuple[Sequence[TrustedProfile], str | None]:
            return self._calls.run(
                operations.list_profiles(client.host),
                client,
                lambda deadline: client.api.list_profiles(
                    account_id,
                    pagesize=PAGE_LIMIT,
                    pagetoken=token,
                    timeout=deadline,
                    **client.settings,
                ),
                lambda response: wire.profiles_from_wire(
                    body_of(response), self._warn_of(f"trusted profiles of account {account_id}")
                ),
            )

        return list(every_page(fetch))

    def list_links(self, profile_id: str) -> Sequence[ProfileLink]:
        """Return the links of a profile, of every compute type; they have no pages."""
        return self._read_part(profile_id, "links", "list_links", wire.links_from_wire)

    def list_rules(self, profile_id: str) -> Sequence[ClaimRule]:
        """Return the claim rules of a profile, of every type; they have no pages."""
        return self._read_part(profile_id, "claim rules", "list_claim_rules", wire.rules_from_wire)

    def list_identities(self, profile_id: str) -> Sequence[ProfileIdentity]:
        """Return the identities that may assume a profile; they have no pages."""
        return self._read_part(
            profile_id, "identities", "get_profile_identities", wire.identities_from_wire
        )

    def list_limits(self, account_id: str) -> Sequence[IdentityLimit]:
        """Return the account's limits; use is told of profiles and of links as a whole."""
        client = self._iam.get()
        return self._calls.run(
            operations.list_limits(client.host, account_id),
            client,
            lambda deadline: client.api.get_account_limits(
                account_id, profiles="true", cr_links="true", timeout=deadline, **client.settings
            ),
            lambda response: wire.limits_from_wire(body_of(response)),
        )

    def create_link(
        self,
        profile_id: str,
        *,
        cr_type: str,
        crn: str,
        name: str | None,
        is_cross_account: bool,
    ) -> ProfileLink:
        """Make a link, by one request, and return it as the API answered."""
        client = self._iam.get()
        parameters = wire.link_to_wire(
            cr_type=cr_type, crn=crn, name=name, is_cross_account=is_cross_account
        )

        def read(response: DetailedResponse) -> ProfileLink:
            link = wire.link_from_wire(body_of(response), profile_id)
            if link.crn not in (None, crn):
                raise NotAsDocumentedError(f"it is about {link.crn}, and {crn} was to be linked")
            return link

        return self._calls.run(
            operations.create_link(client.host, profile_id, crn),
            client,
            lambda deadline: client.api.create_link(
                profile_id, **parameters, timeout=deadline, **client.settings
            ),
            read,
        )

    def delete_link(self, profile_id: str, link_id: str) -> None:
        """Take a link away, by one request; raises NotFoundError where there is none."""
        client = self._iam.get()
        self._calls.run(
            operations.delete_link(client.host, profile_id, link_id),
            client,
            lambda deadline: client.api.delete_link(
                profile_id, link_id, timeout=deadline, **client.settings
            ),
            lambda response: expect_status(response, HTTPStatus.NO_CONTENT),
        )

    def get_account_of_key(self, api_key: str) -> str:
        """Return the id of the account that an API key belongs to."""
        client = self._iam.get()
        return self._calls.run(
            operations.get_key_details(client.host),
            client,
            lambda deadline: client.api.get_api_keys_details(
                iam_api_key=api_key, timeout=deadline, **client.settings
            ),
            lambda response: wire.account_from_wire(body_of(response)),
        )

    def _read_part(
        self,
        profile_id: str,
        part: str,
        method: str,
        read: Callable[[bytes, str, wire.Unread], Sequence[T]],
    ) -> Sequence[T]:
        client = self._iam.get()
        operation = operations.read_profile(client.host, profile_id, part)
        warn = self._warn_of(f"{part} of trusted profile {profile_id}")

        def send(deadline: Deadline) -> DetailedResponse:
            return getattr(client.api, method)(profile_id, timeout=deadline, **client.settings)

        return self._calls.run(
            operation, client, send, lambda response: read(body_of(response), profile_id, warn)
        )

    def _warn_of(self, what: str) -> wire.Unread:
        def warn(item: Unreadable) -> None:
            subject = f"{item.server_id}: " if item.server_id else ""
            self._calls.warn(f"among the {what}, {subject}{item.message}")

        return warn

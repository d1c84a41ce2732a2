"""The Global Search API: which servers bear which user tags."""

import copy
from collections.abc import Iterator, Sequence
from typing import Any

from ibm_cloud_sdk_core import DetailedResponse

from vpcmetactl.domain.errors import MalformedResponseError, UnavailableError
from vpcmetactl.domain.servers import ServerKind
from vpcmetactl.domain.tags import TaggedServer
from vpcmetactl.ibmcloud import operations
from vpcmetactl.ibmcloud.calls import Calls, body_of
from vpcmetactl.ibmcloud.client import ApiClient, ServiceClient
from vpcmetactl.ibmcloud.deadlines import Deadline
from vpcmetactl.ibmcloud.wire import search as wire

# IBM documents a default of 10 and no bounds; others ask for as many without being refused.
PAGE_LIMIT = 1000
# How often a search is begun that broke off on a later page.
_STARTS = 3


class SearchGateway:
    """Reads user tags. Every method may be called from any thread."""

    def __init__(self, client: ServiceClient, calls: Calls) -> None:
        self._search = client
        self._calls = calls

    def search_tags(
        self, account_id: str | None, kinds: Sequence[ServerKind], tags: Sequence[str] = ()
    ) -> Sequence[TaggedServer]:
        """Return the servers that bear one of ``tags``, or all, of all pages.

        Where the answer to a later page is lost, everything is asked for anew: the cursor may have
        moved on without us. Raises MalformedResponseError where the tags cannot be told from what
        was answered, so that nothing is passed over in silence.
        """
        for start in range(1, _STARTS + 1):
            first = self._page(account_id, kinds, tags, None)
            try:
                return list(self._all(first, account_id, kinds, tags))
            except (UnavailableError, MalformedResponseError):
                if start == _STARTS:
                    raise
        raise AssertionError

    def _all(
        self,
        page: wire.TagPage,
        account_id: str | None,
        kinds: Sequence[ServerKind],
        tags: Sequence[str],
    ) -> Iterator[TaggedServer]:
        """Yield what is on a page and on those after it, each server once.

        Only an empty page is the end, or one without a cursor: a short one need not be, for the
        API may give fewer than were asked for. Cursors may be the same on every page, so that it is
        by what the pages hold that they are known to lead back.
        """
        seen: set[str] = set()
        while True:
            if page.crns and page.crns <= seen:
                raise MalformedResponseError(
                    "cannot tell which servers bear which tags: the pages of the search lead back "
                    "to one that was read"
                )
            yield from (one for one in page.servers if one.crn.text not in seen)
            seen |= page.crns
            if page.cursor is None:
                return
            page = self._page(account_id, kinds, tags, page.cursor)

    def _page(
        self,
        account_id: str | None,
        kinds: Sequence[ServerKind],
        tags: Sequence[str],
        cursor: str | None,
    ) -> wire.TagPage:
        client = self._search.get()
        asked = wire.query_to_wire(kinds, tags) if cursor is None else {"search_cursor": cursor}

        def send(deadline: Deadline) -> DetailedResponse:
            return _within(client, deadline).search(
                **asked, account_id=account_id, limit=PAGE_LIMIT, **client.settings
            )

        return self._calls.run(
            operations.search_tags(client.host, tags, first=cursor is None),
            client,
            send,
            lambda response: wire.tags_from_wire(body_of(response), tags_asked=bool(tags)),
        )


def _within(client: ApiClient, deadline: Deadline) -> Any:  # noqa: ANN401 - untyped
    """Return the SDK's client for one call: its ``timeout`` is one of the search, in the query."""
    api = copy.copy(client.api)
    api.http_config = {**api.http_config, "timeout": deadline}
    return api

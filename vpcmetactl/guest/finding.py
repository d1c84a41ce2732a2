"""The address at which the service answers, for those who want more of it than a probe does."""

import threading
import time
from queue import Queue
from typing import NamedTuple, Sequence

from vpcmetactl.guest.claims import Identity, identity_of
from vpcmetactl.guest.diagnosis import Attempt, Surroundings, diagnosed
from vpcmetactl.guest.endpoints import Endpoint
from vpcmetactl.guest.failures import GuestError
from vpcmetactl.guest.service import IdentityToken, MetadataClient

# How much of the time it may take where there are several addresses; the rest is for what follows.
_SEARCH_SHARE = 0.6


class FoundService(NamedTuple):
    """The service that answered, and the identity token that it gave.

    The client's time is what is left.
    """

    client: MetadataClient
    token: IdentityToken

    @property
    def identity(self) -> "Identity | None":
        """The server, where the token names one."""
        return identity_of(self.token.claims)


def find_service(
    endpoints: Sequence[Endpoint], timeout: float, ca_bundle: "str | None", expires_in: int = 300
) -> FoundService:
    """Ask all addresses at the same time; the first that gives an identity token is it.

    Raises GuestError where none does, with what says most and the advice that comes of all.
    """
    deadline = time.monotonic() + timeout
    search = timeout if len(endpoints) == 1 else timeout * _SEARCH_SHARE
    results = Queue()  # type: Queue[tuple[MetadataClient, object]]

    def ask(client: MetadataClient) -> None:
        try:
            results.put((client, client.identity_token(expires_in)))
        except Exception as error:  # noqa: BLE001 - raised again by the thread that waits
            results.put((client, error))

    for endpoint in endpoints:
        client = MetadataClient(endpoint, search, ca_bundle)
        threading.Thread(target=ask, args=(client,), daemon=True).start()
    failures = []
    for _ in endpoints:
        client, result = results.get()
        if isinstance(result, IdentityToken):
            client.timeout = max(deadline - time.monotonic(), 0)
            return FoundService(client, result)
        if not isinstance(result, GuestError):
            assert isinstance(result, Exception)  # noqa: S101 - all that is put
            raise result
        failures.append((client.endpoint, result))
    raise _strongest(failures)


def _strongest(failures: "Sequence[tuple[Endpoint, GuestError]]") -> GuestError:
    attempts = [
        Attempt(endpoint.url, endpoint.protocol, error.code, error.message, error.remedy, 0)
        for endpoint, error in failures
    ]
    diagnosis = diagnosed(attempts, (), Surroundings(), profile_asked=False)
    messages = [each.message for each in attempts if each.outcome == diagnosis.outcome]
    return GuestError(diagnosis.outcome, messages[0], " ".join(diagnosis.advice))

"""How every call to an API is made: a token, the request, its answer and what is read from it."""

from collections.abc import Callable
from typing import TypeVar

from ibm_cloud_sdk_core import DetailedResponse

from vpcmetactl.ibmcloud.client import ApiClient
from vpcmetactl.ibmcloud.deadlines import Deadline
from vpcmetactl.ibmcloud.operations import Operation
from vpcmetactl.ibmcloud.retries import Retries
from vpcmetactl.ibmcloud.tokens import Tokens
from vpcmetactl.ibmcloud.wire.tolerant import NotAsDocumentedError
from vpcmetactl.usecases.ports import Caller

T = TypeVar("T")


class Calls:
    """The one way to every API. Every method may be called from any thread."""

    def __init__(self, tokens: Tokens, retries: Retries) -> None:
        self._tokens = tokens
        self._retries = retries

    def get_caller(self) -> Caller:
        """Return whom the token belongs to; raises AuthenticationError where there is none."""
        return self._tokens.get().caller

    def run(
        self,
        operation: Operation,
        client: ApiClient,
        send: Callable[[Deadline], DetailedResponse],
        read: Callable[[DetailedResponse], T],
    ) -> T:
        """Run an operation: a token, the call, its body, and decoding, as often as it takes."""
        used = ""

        def attempt(deadline: Deadline) -> T:
            nonlocal used
            used = self._tokens.get(deadline).value
            return read(send(deadline))

        return self._retries.run(
            operation,
            client.pace,
            attempt,
            renew_token=lambda deadline: self._renew(used, deadline),
        )

    def warn(self, message: str) -> None:
        """Tell the observer of something that stops nothing."""
        self._retries.observer.warn(message)

    def _renew(self, rejected: str, deadline: Deadline) -> None:
        self._tokens.renew(rejected, deadline)


def body_of(response: DetailedResponse) -> bytes:
    """Return the bytes of an answer, which the transport has read whole."""
    body: bytes = response.get_result().raw.read()
    return body


def expect_status(response: DetailedResponse, documented: int) -> None:
    """Take an answer of which only the status counts, whatever its body.

    Raises NotAsDocumentedError for another 2xx: it may be that of somebody on the way, and what
    was asked for may not have been done.
    """
    status = response.get_status_code()
    if status != documented:
        raise NotAsDocumentedError(f"it is HTTP {status}, and {documented} is documented")

"""Everything that is asked of IBM Cloud, behind one object."""

import random
import threading
from contextlib import suppress
from dataclasses import replace

import requests

from vpcmetactl.domain.errors import VpcmetactlError
from vpcmetactl.ibmcloud.calls import Calls
from vpcmetactl.ibmcloud.client import Clients, silence_loggers
from vpcmetactl.ibmcloud.connection import ApiKey, Connection
from vpcmetactl.ibmcloud.credentials import CallerAuthenticator, token_source
from vpcmetactl.ibmcloud.iam import IamGateway
from vpcmetactl.ibmcloud.redaction import Secrets
from vpcmetactl.ibmcloud.retries import Retries
from vpcmetactl.ibmcloud.search import SearchGateway
from vpcmetactl.ibmcloud.templates import TemplateGateway
from vpcmetactl.ibmcloud.tokens import Tokens
from vpcmetactl.ibmcloud.transport import open_session
from vpcmetactl.ibmcloud.vpc import VpcGateway
from vpcmetactl.usecases.ports import Caller, Clock, Observer


class CloudGateway(VpcGateway, TemplateGateway, IamGateway, SearchGateway):
    """Every port of the cloud, from ``Inventory`` to ``LinkWriter``.

    Every method may be called from any thread. ``close`` ends idle connections; no call may be
    made afterwards.
    """

    def __init__(
        self,
        clients: Clients,
        calls: Calls,
        session: requests.Session,
        api_key: str | None,
    ) -> None:
        VpcGateway.__init__(self, clients.vpc, calls)
        IamGateway.__init__(self, clients.iam, calls)
        SearchGateway.__init__(self, clients.search, calls)
        self._session = session
        self._api_key = api_key

    def close(self) -> None:
        """Close every idle connection."""
        self._session.close()

    def get_caller(self) -> Caller:
        """Return whom the token belongs to; raises AuthenticationError where there is none.

        Where the token names no account, IAM is asked whose the API key is.
        """
        caller = self._calls.get_caller()
        if caller.account_id is None and self._api_key is not None:
            return replace(caller, account_id=self.get_account_of_key(self._api_key))
        return caller


def assemble(
    connection: Connection, clock: Clock, observer: Observer, chance: random.Random
) -> CloudGateway:
    """Put a gateway together; the token is requested in a thread while the SDK is imported."""
    silence_loggers()
    secrets = Secrets()
    session = open_session(connection)
    try:
        retries = Retries(clock, observer, chance, secrets, connection.timeout)
        tokens = Tokens(token_source(connection, session, retries, secrets), clock)
        first_token = threading.Thread(target=_fetch, args=[tokens], daemon=True, name="iam-token")
        first_token.start()
        authenticator = CallerAuthenticator(tokens.get)
        clients = Clients(connection, session, authenticator)
        if connection.max_connections == 1:
            first_token.join()
    except BaseException:
        session.close()
        raise
    credentials = connection.credentials
    api_key = credentials.value.strip() if isinstance(credentials, ApiKey) else None
    return CloudGateway(clients, Calls(tokens, retries), session, api_key)


def _fetch(tokens: Tokens) -> None:
    """Fail in silence: the first call that needs the token meets the same error."""
    with suppress(VpcmetactlError):
        tokens.get()

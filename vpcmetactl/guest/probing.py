"""The probe: every address at the same time, then all that the one that answered gives."""

import os
import sys
import threading
import time
from functools import partial
from typing import Any, Callable, List, NamedTuple, Optional, Sequence

from vpcmetactl.guest.checks import (
    judged_clock,
    judged_iam,
    judged_identity,
    judged_metadata,
    judged_nonce,
    judged_token,
    service_in,
)
from vpcmetactl.guest.claims import identity_of, profile_of
from vpcmetactl.guest.diagnosis import ANSWERED, Attempt, Surroundings, diagnosed
from vpcmetactl.guest.endpoints import ENDPOINTS, Endpoint
from vpcmetactl.guest.failures import GuestError
from vpcmetactl.guest.moments import moment_of
from vpcmetactl.guest.report import Report, Seen
from vpcmetactl.guest.service import IamToken, IdentityToken, MetadataClient

# How much of the time the search for an answer may take; the rest is for what follows.
_SEARCH = 0.6
# How long the others may still take once one has answered, in seconds: one protocol is served at a
# time, and who serves the other does so in the same moment.
_GRACE = 0.5
_CONTAINER_MARKS = ("/.dockerenv", "/run/.containerenv", "/var/run/secrets/kubernetes.io")


class _Try(NamedTuple):
    attempt: Attempt
    client: MetadataClient
    token: Optional[IdentityToken]


def probe(
    endpoints: Sequence[Endpoint] = ENDPOINTS,
    profile: Optional[str] = None,
    timeout: float = 5.0,
    ca_bundle: Optional[str] = None,
    *,
    with_metadata: bool = True,
) -> Report:
    """Ask every endpoint for an identity token, and the first that gave one for all the rest.

    ``timeout`` bounds all of it, in seconds. ``profile`` is the trusted profile to get an IAM token
    for, by id, CRN or name; without one, the server's default is tried. What goes wrong is in the
    report: nothing is raised.
    """
    probed_at = moment_of(time.time())
    deadline = time.monotonic() + timeout
    clients = [MetadataClient(each, timeout * _SEARCH, ca_bundle) for each in endpoints]
    tries = _tries(clients)
    attempts = tuple(each.attempt for each in tries)
    found = [(each.client, each.token) for each in tries if each.token is not None]
    seen = _seen(found[0][0], found[0][1], profile, deadline, with_metadata) if found else None
    checks = seen.checks if seen else ()
    asked = profile is not None
    diagnosis = diagnosed(attempts, checks, _surroundings(), profile_asked=asked)
    return Report(probed_at, attempts, diagnosis, seen)


def _tries(clients: Sequence[MetadataClient]) -> List[_Try]:
    """Ask at all addresses; who is silent while another has answered is soon waited for no more."""
    started = time.monotonic()
    tries = _at_once([partial(_tried, each) for each in clients], lambda one: one.token is not None)
    seconds = time.monotonic() - started
    return [each or _left(client, seconds) for each, client in zip(tries, clients)]


def _left(client: MetadataClient, seconds: float) -> _Try:
    endpoint = client.endpoint
    message = f"{endpoint.url} was not waited for any longer: another address had answered"
    attempt = Attempt(endpoint.url, endpoint.protocol, "no_answer", message, None, seconds)
    return _Try(attempt, client, None)


def _tried(client: MetadataClient) -> _Try:
    started = time.monotonic()
    endpoint, token = client.endpoint, None
    outcome, message, remedy = ANSWERED, "an identity token was given", None  # type: Any, str, Any
    try:
        token = client.identity_token()
    except GuestError as error:
        outcome, message, remedy = error.code, error.message, error.remedy
    seconds = time.monotonic() - started
    attempt = Attempt(endpoint.url, endpoint.protocol, outcome, message, remedy, seconds)
    return _Try(attempt, client, token)


def _seen(
    client: MetadataClient,
    token: IdentityToken,
    profile: Optional[str],
    deadline: float,
    with_metadata: bool,  # noqa: FBT001 - handed through
) -> Seen:
    client.timeout = deadline - time.monotonic()
    identity = identity_of(token.claims)
    asks = [partial(client.iam_token, token, profile)]  # type: List[Callable[[], Any]]
    if with_metadata and not (identity and identity.bare_metal):
        asks.append(partial(client.metadata, token, "instance"))
    iam, metadata = [*_at_once([partial(_result, each) for each in asks]), None][:2]
    return Seen(
        client.endpoint.url,
        client.endpoint.protocol,
        client.version,
        identity,
        profile_of(iam.claims, profile) if isinstance(iam, IamToken) else None,
        service_in(metadata) if isinstance(metadata, dict) else None,
        token.clock_skew,
        (
            judged_token(token, client.version),
            judged_nonce(token),
            judged_identity(identity),
            judged_iam(iam, profile, identity),
            judged_metadata(metadata, identity),
            judged_clock(token.clock_skew),
        ),
    )


def _result(ask: Callable[[], Any]) -> Any:  # noqa: ANN401 - what is asked for, or why not
    try:
        return ask()
    except GuestError as error:
        return error


def _at_once(
    tasks: Sequence[Callable[[], Any]], enough: Optional[Callable[[Any], bool]] = None
) -> List[Any]:
    """Return what tasks return, each run on a thread of its own; raises what one raised.

    Once a result is ``enough``, the others have half a second left: what is then not there is
    ``None``, and its thread is left behind.
    """
    results = [None] * len(tasks)  # type: List[Any]
    failures = []  # type: List[BaseException]
    settled = threading.Event()

    def run(index: int) -> None:
        try:
            result = results[index] = tasks[index]()
        except BaseException as error:  # noqa: BLE001 - raised again below
            failures.append(error)
            settled.set()
        else:
            if None not in results or (enough and enough(result)):
                settled.set()

    threads = [
        threading.Thread(target=run, args=(index,), daemon=True) for index in range(len(tasks))
    ]
    for thread in threads:
        thread.start()
    settled.wait()
    deadline = time.monotonic() + _GRACE
    for thread in threads:
        thread.join(max(deadline - time.monotonic(), 0))
    if failures:
        raise failures[0]
    return list(results)


def _surroundings() -> Surroundings:
    return Surroundings(any(map(os.path.exists, _CONTAINER_MARKS)), sys.platform == "win32")

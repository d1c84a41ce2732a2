"""What can go wrong between a server and its metadata service, as a user will read it.

The codes are stable. Those of the API (platform notes 5.4) keep their names, but for
``unauthorized`` and ``unauthenticated``, which are called by what they mean here.
"""

import re
from typing import NamedTuple, Optional


class Explanation(NamedTuple):
    """What a code means, and what to do about it: in the server, or at the control plane."""

    meaning: str
    remedy: str


_NOT_OURS = (
    "This should not happen between vpcmetactl and the service: keep the message, with its trace "
    "for IBM support."
)
_SPEAKS_OTHERWISE = (
    "Use the other protocol in this server, or change the service's: "
    "vpcmetactl metadata set SERVER --protocol http (or https)."
)

EXPLANATIONS = {
    "no_route": Explanation(
        "This server cannot send to the address: it has no route, or may not use it.",
        "Give the server a route to 169.254.169.254; on Windows a persistent one through the "
        "default gateway: route /p add 169.254.169.254 mask 255.255.255.255 GATEWAY. "
        "Look at the server's own firewall, too. The control plane has no part in it.",
    ),
    "name_not_found": Explanation(
        "The host name of the service has no address here.",
        "Let the server use the name servers of its VPC, or a resolver that asks them: the https "
        "protocol is served by host name only. Over http the address 169.254.169.254 does "
        "without a name: vpcmetactl metadata set SERVER --protocol http.",
    ),
    "refused": Explanation(
        "The address refuses connections at this port.",
        "See what is set with vpcmetactl servers show SERVER: a service that speaks https may "
        "refuse http, and the other way round: vpcmetactl metadata set SERVER --protocol http "
        "(or https). A firewall of the server itself may refuse, too.",
    ),
    "no_answer": Explanation(
        "Nothing answered in time: a service that is disabled does not answer at all.",
        "vpcmetactl metadata enable SERVER. If it is enabled already, vpcmetactl restarts list "
        "SERVER says whether a stop and start is still due. If only containers get no answer: "
        "vpcmetactl metadata set SERVER --response-hop-limit 2 (general reasoning about IP, not "
        "a statement of IBM's).",
    ),
    "closed": Explanation(
        "The connection was accepted, and closed again without an answer.",
        "Most often the other side expects the other protocol: vpcmetactl servers show SERVER "
        "says which is set, vpcmetactl metadata set SERVER --protocol http (or https) sets it.",
    ),
    "wrong_protocol": Explanation(
        "What answers at this port speaks the other protocol.",
        _SPEAKS_OTHERWISE,
    ),
    "tls_failed": Explanation(
        "No connection that can be trusted could be made over TLS.",
        "Bring the server's certificates (package ca-certificates) and clock up to date, or name "
        "the certificates to trust with --ca-bundle. Where that is not possible: "
        "vpcmetactl metadata set SERVER --protocol http.",
    ),
    "not_enabled": Explanation(
        "The service answered, and says that it may not be used: it is not enabled here.",
        "vpcmetactl metadata enable SERVER",
    ),
    "token_expired": Explanation(
        "The identity token has expired, or is malformed.",
        "Ask for a new one: a token lives 5 to 3600 seconds. If new ones are refused, set the "
        "server's clock.",
    ),
    "profile_not_linked": Explanation(
        "The trusted profile does not trust this server.",
        "vpcmetactl links create SERVER --profile PROFILE; what it trusts now is shown by "
        "vpcmetactl profiles show PROFILE.",
    ),
    "invalid_request": Explanation(
        "The service did not understand the request.",
        _NOT_OURS,
    ),
    "invalid_value": Explanation(
        "A value that was sent is not allowed.",
        "Correct what the message names.",
    ),
    "missing_field": Explanation(
        "Something that the service wants was not sent.",
        _NOT_OURS,
    ),
    "missing_value": Explanation(
        "Something that the service wants was sent without a value.",
        "A proxy may have removed the header Metadata-Flavor: let nothing stand between the "
        "server and the service.",
    ),
    "not_found": Explanation(
        "The service knows nothing at this path, or not the resource that was named.",
        "See that the name, id or CRN is right. Bare metal servers have the identity service "
        "alone, no metadata.",
    ),
    "unknown_field": Explanation(
        "The service does not know something that was sent: it is older than this program.",
        _NOT_OURS,
    ),
    "service_error": Explanation(
        "The service failed.",
        "Try again in some minutes; if it goes on failing, give IBM support the trace.",
    ),
    "bad_answer": Explanation(
        "What answered did not answer as the service is documented to.",
        "Something else may listen at this address, such as a proxy: see that it leads to the "
        "service.",
    ),
    "nonce_mismatch": Explanation(
        "The identity token was not made for this request: its nonce is another.",
        "Do not use the token. Something between the server and the service answers in its place: "
        "find out what.",
    ),
    "clock_skewed": Explanation(
        "The clock of this server and that of the service differ.",
        "Let the server keep time with NTP: tokens live minutes, and a clock that is off takes "
        "good ones for expired, and expired ones for good.",
    ),
}


def named(remedy: str, server_id: Optional[str], profile: Optional[str]) -> str:
    """Return a remedy with the names that it leaves open, as far as they are known."""
    from shlex import quote  # noqa: PLC0415 - where all is well there is no remedy

    names = {"SERVER": server_id, "PROFILE": profile}
    return re.sub(
        r"\b(SERVER|PROFILE)\b",
        lambda match: quote(names[match.group()] or match.group()),
        remedy,
    )


class GuestError(Exception):
    """Something went wrong; ``str(error)`` is the message.

    ``code`` is a key of EXPLANATIONS, whose remedy it is unless a better one is given.
    """

    def __init__(self, code: str, message: str, remedy: Optional[str] = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.remedy = EXPLANATIONS[code].remedy if remedy is None else remedy

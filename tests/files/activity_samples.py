"""Activity Tracker events and proofs as they may stand in files."""

import json
from io import BytesIO
from typing import Any

from tests.support.builders import ACCOUNT, a_server_id
from vpcmetactl.files.activity import EvidenceReader

WEB = a_server_id("instance web-1")
WEB_CRN = f"crn:v1:bluemix:public:is:us-south-1:a/{ACCOUNT}::instance:{WEB}"
METAL_CRN = f"crn:v1:bluemix:public:is:us-south-1:a/{ACCOUNT}::bare-metal-server:0717_m"
FOREIGN_CRN = f"crn:v1:bluemix:public:is:us-south-1:a/{'0' * 32}::instance:{WEB}"
PROFILE_CRN = f"crn:v1:bluemix:public:iam-identity::a/{ACCOUNT}::profile:Profile-1"


def an_event(action: object = "is.instance.instance.stop", **fields: object) -> dict[str, Any]:
    """Return an event with the documented fields that matter."""
    return {
        "action": action,
        "correlationId": "c-1",
        "eventTime": "2026-11-21T12:00:00.25+0000",
        "outcome": "success",
        "reason": {"reasonCode": 200, "reasonType": "OK"},
        "target": {"id": WEB_CRN, "name": "web-1", "typeURI": "instance/instance"},
        "initiator": {"id": "IBMid-1", "name": "somebody", "authnId": "IBMid-1"},
        "requestData": {},
        "responseData": {},
        "message": "Instance: stop instance web-1",
        "severity": "normal",
        **fields,
    }


def a_proof(**fields: object) -> dict[str, Any]:
    """Return a proof that the service answered on web-1."""
    return {
        "format": "vpcmetactl-proof",
        "format_version": 1,
        "tool_version": "0.3.0",
        "probed_at": "2026-11-21T13:00:00+01:00",
        "answered": True,
        "outcome": "answered",
        "server": {"crn": WEB_CRN, "id": WEB},
        "account_id": ACCOUNT,
        "zone": "us-south-1",
        "region": "us-south",
        "protocol": "http",
        "url": "http://169.254.169.254",
        "api_version": "2025-08-26",
        "profile": None,
        "metadata_service": {"enabled": True, "protocol": "http", "response_hop_limit": 1},
        "clock_skew_seconds": None,
        "attempts": [
            {
                "url": "http://169.254.169.254",
                "protocol": "http",
                "outcome": "answered",
                "message": "it gave an identity token",
                "remedy": None,
                "seconds": 0.01,
            }
        ],
        "checks": [
            {"name": "nonce", "outcome": "ok", "message": "it is in the token", "remedy": None}
        ],
        **fields,
    }


def a_silence(**fields: object) -> dict[str, Any]:
    """Return a proof that nothing answered in some server."""
    nothing = dict.fromkeys(
        (
            *("server", "account_id", "zone", "region", "protocol", "url", "api_version"),
            *("profile", "metadata_service", "clock_skew_seconds"),
        )
    )
    silent = {
        "url": "http://169.254.169.254",
        "protocol": "http",
        "outcome": "no_answer",
        "message": "no answer in 3 seconds",
        "remedy": "vpcmetactl metadata enable SERVER",
        "seconds": 3,
    }
    return a_proof(
        **{
            **nothing,
            "answered": False,
            "outcome": "no_answer",
            "attempts": [silent],
            "checks": [],
            **fields,
        }
    )


def lines(*values: object) -> bytes:
    """Return values as JSON lines."""
    return b"".join(json.dumps(value).encode() + b"\n" for value in values)


class Reading:
    """What a file of this content gives."""

    def __init__(self, content: bytes, account_id: str = ACCOUNT) -> None:
        reader = EvidenceReader(BytesIO(content), "a.jsonl", account_id)
        self.events = list(reader.events())
        self.summary = reader.summary(len(self.events))
        self.unreadable = reader.unreadable
        self.remarks = reader.remarks

    @property
    def counts(self) -> tuple[int, int, int, int, int]:
        """Read, kept, foreign, ignored, unreadable."""
        one = self.summary
        return one.read, one.kept, one.foreign, one.ignored, one.unreadable

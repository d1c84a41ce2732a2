"""What the IAM Identity API tells of the account: its limits, and whose an API key is."""

from typing import Any

from werkzeug.wrappers import Response

from vpcmetactl.emulator.iam.asking import flag, require_account
from vpcmetactl.emulator.iam.envelope import answer, refuse
from vpcmetactl.emulator.iam.trust import TrustCall

OTHER_LIMITS = (
    "serviceid_groups",
    "serviceids_per_group",
    "apikeys_per_identity",
    "templates",
    "template_versions_per_template",
    "idps",
    "claim_rules_per_group",
    "claim_rules_per_profile",
)
"""Limits of the API that have nothing to do with compute resources."""

AGE_OF_KEY = "2025-01-15T09:30+0000"


def get_account_limits(call: TrustCall) -> Response:
    """GET /v1/accounts/{id}/limits/identity: limits always, use where it is asked for."""
    require_account(call, call.arguments["account_id"])
    for name in OTHER_LIMITS:
        if name in call.request.args:
            raise refuse(501, f"This emulator does not emulate the limit {name}.")
    limits, state = call.state.limits, call.state
    with state.lock:
        profiles = state.profiles.values()
        counts = {
            "profiles": (limits.profiles, len(profiles)),
            "cr_links": (limits.links, sum(len(profile.links) for profile in profiles)),
            "cr_rules": (limits.rules, sum(len(profile.rules) for profile in profiles)),
        }
        body: dict[str, Any] = {
            name: {"limit": limit} | ({"count": count} if flag(call, name) else {})
            for name, (limit, count) in counts.items()
        }
        links = _per_profile(call, "cr_links_per_profile")
        rules = _per_profile(call, "cr_rules_per_profile")
    body["cr_links_per_profile"] = {"limit": limits.links_per_profile} | links
    body["cr_rules_per_profile"] = {"limit": limits.rules_per_profile} | rules
    return answer(call, body)


def _per_profile(call: TrustCall, name: str) -> dict[str, Any]:
    """Return what the profiles named in a query parameter use; unknown ones are left out."""
    if name not in call.request.args:
        return {}
    part = "links" if name.startswith("cr_links") else "rules"
    named = call.request.args[name].split(",")
    found = [call.state.profiles[item] for item in named if item in call.state.profiles]
    return {
        "profiles": [
            {"profile_id": profile.id, "count": len(getattr(profile, part))} for profile in found
        ]
    }


def get_api_keys_details(call: TrustCall) -> Response:
    """GET /v1/apikeys/details: of the account's one key, named in a header. It is not repeated."""
    account = call.state.account
    key = call.request.headers.get("IAM-ApiKey")
    if not key:
        raise refuse(400, "The header IAM-ApiKey is missing.")
    if key != account.api_key:
        raise refuse(404, "There is no such API key.")
    scope = f"a/{account.account_id}"
    body: dict[str, Any] = {
        "id": account.api_key_id,
        "entity_tag": f"1-{account.account_id}",
        "crn": f"crn:v1:bluemix:public:iam-identity::{scope}::apikey:{account.api_key_id}",
        "locked": False,
        "disabled": False,
        "created_at": AGE_OF_KEY,
        "created_by": account.iam_id,
        "modified_at": AGE_OF_KEY,
        "name": "emulator",
        "iam_id": account.iam_id,
        "account_id": account.account_id,
        "apikey": "",
    }
    if flag(call, "include_history"):
        body["history"] = []
    return answer(call, body, tag=f"1-{account.account_id}")

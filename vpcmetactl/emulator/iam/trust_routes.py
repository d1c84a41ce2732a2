"""Which IAM Identity operations there are, and what is known to differ from the platform."""

from werkzeug.wrappers import Response

from vpcmetactl.emulator.iam import account, identities, links, profiles, rules
from vpcmetactl.emulator.iam.asking import guard
from vpcmetactl.emulator.iam.envelope import refusal_for, refuse
from vpcmetactl.emulator.iam.trust import TrustCall, TrustState
from vpcmetactl.emulator.iam.trusted import LINK_PARTS
from vpcmetactl.emulator.routing import Route, Service

PREFIX = "/iam/v1"

_LISTING = frozenset(
    {
        "account_id",
        "name",
        "pagesize",
        "pagetoken",
        "sort",
        "order",
        "filter",
        "include_history",
    }
)
_COUNTS = frozenset(
    {
        "profiles",
        "cr_links",
        "cr_rules",
        "cr_links_per_profile",
        "cr_rules_per_profile",
        *account.OTHER_LIMITS,
    }
)

_PROFILE = "/profiles/<profile_id>"
_LINK = f"{_PROFILE}/links/<link_id>"
_RULE = f"{_PROFILE}/rules/<rule_id>"
_IDENTITIES = f"{_PROFILE}/identities"
# A CRN as an identifier holds slashes.
_IDENTITY = f"{_IDENTITIES}/<identity_type>/<path:identifier_id>"

ROUTES: tuple[Route[TrustState], ...] = (
    Route(
        "list_profiles",
        "GET",
        "/profiles",
        profiles.list_profiles,
        "In the order of creation unless sorted; pagesize 1 to 100, 20 unless given; `first`, "
        "`previous` and `next` are addresses and hold the whole query. `filter` answers 501, "
        "histories are empty.",
        _LISTING,
    ),
    Route(
        "get_profile",
        "GET",
        _PROFILE,
        profiles.get_profile,
        "With its entity tag as ETag. Only servers become profiles: the activity is theirs.",
        frozenset({"include_activity"}),
    ),
    Route(
        "create_profile",
        "POST",
        "/profiles",
        profiles.create_profile,
        "A name that is taken answers 409, the 2,001st profile 400; both codes are guesses.",
    ),
    Route(
        "update_profile",
        "PUT",
        _PROFILE,
        profiles.update_profile,
        "Without If-Match 400, with an old entity tag 409; both codes are guesses.",
    ),
    Route(
        "delete_profile",
        "DELETE",
        _PROFILE,
        profiles.delete_profile,
        "With its links, rules and identities.",
    ),
    Route(
        "list_links",
        "GET",
        f"{_PROFILE}/links",
        links.list_links,
        "All on one page.",
    ),
    Route(
        "get_link",
        "GET",
        _LINK,
        links.get_link,
        "With its entity tag as ETag.",
    ),
    Route(
        "create_link",
        "POST",
        f"{_PROFILE}/links",
        links.create_link,
        "Guesses: a second link to the same compute resource answers 409; a CRN of another "
        "account without `is_cross_account`, a CRN that is not of the `cr_type`, and one link too "
        "many answer 400. Whether the server exists is not looked at.",
    ),
    Route(
        "delete_link",
        "DELETE",
        _LINK,
        links.delete_link,
        "404 where there is none.",
    ),
    Route(
        "delete_link_by_parameters",
        "DELETE",
        f"{_PROFILE}/links",
        links.delete_link_by_parameters,
        "Only the link of exactly this type and these parts; that parts left out match nothing "
        "else is a guess.",
        frozenset({"type", *LINK_PARTS}),
    ),
    Route(
        "list_claim_rules",
        "GET",
        f"{_PROFILE}/rules",
        rules.list_claim_rules,
        "All on one page.",
    ),
    Route(
        "get_claim_rule",
        "GET",
        _RULE,
        rules.get_claim_rule,
        "With its entity tag as ETag.",
    ),
    Route(
        "create_claim_rule",
        "POST",
        f"{_PROFILE}/rules",
        rules.create_claim_rule,
        "Types, operators and `cr_type` are checked, claims and values are not; the 21st rule of a "
        "profile answers 400, which is a guess.",
    ),
    Route(
        "update_claim_rule",
        "PUT",
        _RULE,
        rules.update_claim_rule,
        "The whole rule anew; If-Match as for profiles.",
    ),
    Route(
        "delete_claim_rule",
        "DELETE",
        _RULE,
        rules.delete_claim_rule,
        "404 where there is none.",
    ),
    Route(
        "get_profile_identities",
        "GET",
        _IDENTITIES,
        identities.get_profile_identities,
        "With an entity tag of their own.",
    ),
    Route(
        "set_profile_identities",
        "PUT",
        _IDENTITIES,
        identities.set_profile_identities,
        "Replaces all; If-Match as for profiles.",
    ),
    Route(
        "set_profile_identity",
        "POST",
        f"{_IDENTITIES}/<identity_type>",
        identities.set_profile_identity,
        "Adds one, or replaces the one of this type and identifier.",
    ),
    Route(
        "get_profile_identity",
        "GET",
        _IDENTITY,
        identities.get_profile_identity,
        "By type and identifier, which may be a CRN.",
    ),
    Route(
        "delete_profile_identity",
        "DELETE",
        _IDENTITY,
        identities.delete_profile_identity,
        "404 where there is none.",
    ),
    Route(
        "get_account_limits",
        "GET",
        "/accounts/<account_id>/limits/identity",
        account.get_account_limits,
        "Profiles, links and rules; use only where the query asks for it. 2,000 profiles and 20 "
        "rules a profile are IBM's numbers, 400 links a profile and 40,000 links and rules an "
        "account are guesses. Other limits answer 501.",
        _COUNTS,
    ),
    Route(
        "get_api_keys_details",
        "GET",
        "/apikeys/details",
        account.get_api_keys_details,
        "Of the one key there is; an unknown one answers 404, which is a guess.",
        frozenset({"include_history"}),
    ),
)


def service(state: TrustState) -> Service[TrustState]:
    """Make the IAM Identity service of one account's profiles."""
    return Service(
        name="iam_identity",
        prefix=PREFIX,
        state=state,
        routes=ROUTES,
        guard=guard,
        refusal=refusal_for,
        fallback=fallback,
    )


def fallback(call: TrustCall) -> Response:
    """501: what IAM may have at this address, this emulator has not."""
    method, path = call.request.method, call.arguments["rest"]
    raise refuse(501, f"This emulator does not emulate {method} /v1/{path}.")

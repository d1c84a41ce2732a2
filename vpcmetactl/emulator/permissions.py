"""Which IAM actions the operations need, and which of them the platform roles give.

A fault takes one away from every caller, a role gives some to a trusted profile. Platform notes,
section 4.4. What reading the values of an initialization needs is not documented:
that it is the right to read the server is a guess. Of the other operations of the IAM Identity API
it is documented only for links, rules and profiles.
"""

from collections.abc import Mapping
from types import MappingProxyType

ACTIONS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "is.instance.instance.list": frozenset({"list_instances"}),
        "is.instance.instance.read": frozenset({"get_instance", "get_instance_initialization"}),
        "is.instance.instance.update": frozenset({"update_instance", "create_instance_action"}),
        "is.instance.instance.operate": frozenset({"create_instance_action"}),
        "is.instance.instance-template.read": frozenset(
            {"list_instance_templates", "get_instance_template"}
        ),
        "is.instance-group.instance-group.read": frozenset(
            {"list_instance_groups", "get_instance_group", "list_instance_group_memberships"}
        ),
        "is.bare-metal-server.bare-metal-server.list": frozenset({"list_bare_metal_servers"}),
        "is.bare-metal-server.bare-metal-server.read": frozenset(
            {"get_bare_metal_server", "get_bare_metal_server_initialization"}
        ),
        "is.bare-metal-server.bare-metal-server.update": frozenset({"update_bare_metal_server"}),
        "is.bare-metal-server.bare-metal-server.operate": frozenset(
            {"start_bare_metal_server", "stop_bare_metal_server", "restart_bare_metal_server"}
        ),
        "is.volume.volume.read": frozenset({"get_volume"}),
        "iam-identity.profile.get": frozenset(
            {
                "list_profiles",
                "get_profile",
                "list_links",
                "get_link",
                "list_claim_rules",
                "get_claim_rule",
                "get_profile_identities",
                "get_profile_identity",
            }
        ),
        "iam-identity.profile.create": frozenset({"create_profile"}),
        "iam-identity.profile.update": frozenset(
            {
                "update_profile",
                "create_link",
                "delete_link",
                "delete_link_by_parameters",
                "create_claim_rule",
                "update_claim_rule",
                "delete_claim_rule",
                "set_profile_identities",
                "set_profile_identity",
                "delete_profile_identity",
            }
        ),
        "iam-identity.profile.linkToResource": frozenset(
            {"create_link", "delete_link", "delete_link_by_parameters"}
        ),
        "iam-identity.profile.delete": frozenset({"delete_profile"}),
    }
)
"""Each action, with the operations that need it."""

_VIEWER = frozenset(
    action for action in ACTIONS if action.endswith((".list", ".read", "iam-identity.profile.get"))
)
_LINKING = frozenset({"iam-identity.profile.update", "iam-identity.profile.linkToResource"})
_OPERATOR = _VIEWER | _LINKING | {a for a in ACTIONS if a.endswith(".operate")}

ROLES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "viewer": _VIEWER,
        "operator": _OPERATOR | {"iam-identity.profile.delete"},
        "editor": _OPERATOR | {a for a in ACTIONS if a.startswith("is.") and a.endswith(".update")},
        "administrator": frozenset(ACTIONS),
    }
)
"""The platform roles, each with the actions it gives; one role holds for both APIs."""


def rights_of(*names: str) -> frozenset[str]:
    """Return the actions that roles and single actions give together.

    ValueError names what is neither.
    """
    unknown = [name for name in names if name not in ROLES and name not in ACTIONS]
    if unknown:
        known = ", ".join([*ROLES, *ACTIONS])
        raise ValueError(f"{unknown[0]!r} is no role and no action; there are {known}")
    return frozenset[str]().union(*(ROLES.get(name, {name}) for name in names))


def actions_of(operation: str) -> frozenset[str]:
    """Return the actions an operation needs, as far as they are known."""
    return frozenset(action for action, needing in ACTIONS.items() if operation in needing)

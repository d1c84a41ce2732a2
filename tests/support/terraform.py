"""Small Terraform plans and states, in the shapes of three generations of IBM's provider.

Until about 1.50 a resource has ``metadata_service_enabled`` alone (``OLD``); then it has the block
``metadata_service`` beside it, deprecated (``BOTH``). Bare metal servers have the block alone
(``BLOCK``), which is what the newest plans write for all.
"""

import json
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

Json = dict[str, Any]

ACCOUNT = "0123456789abcdef0123456789abcdef"
UNKNOWN = ...
"""A value that is not known before the plan is applied."""


class Provider(StrEnum):
    """A generation of the provider."""

    OLD = "metadata_service_enabled alone"
    BOTH = "both, the attribute deprecated"
    BLOCK = "the block alone"

    @property
    def attributes(self) -> tuple[str, ...]:
        """What it calls the service: optional and computed."""
        old, block = "metadata_service_enabled", "metadata_service"
        return {Provider.OLD: (old,), Provider.BOTH: (old, block), Provider.BLOCK: (block,)}[self]


def a_crn(name: str, kind: str = "instance", zone: str = "us-south-1") -> str:
    """Return the CRN of a server that exists."""
    return f"crn:v1:bluemix:public:is:{zone}:a/{ACCOUNT}::{kind}:0717_{name}"


def parts_of(values: object) -> tuple[object, object]:
    """Split values into those that are known and the tree that says which are not."""
    if values is UNKNOWN:
        return None, True
    if isinstance(values, list):
        pairs = [parts_of(one) for one in values]
        return [one for one, _ in pairs], [other or {} for _, other in pairs]
    if isinstance(values, dict):
        known, unknown = {}, {}
        for name, value in values.items():
            after, after_unknown = parts_of(value)
            if value is not UNKNOWN:
                known[name] = after
            if after_unknown:
                unknown[name] = after_unknown
        return known, unknown
    return values, False


def a_change(
    kind: str,
    name: str,
    values: Mapping[str, Any],
    *,
    actions: Sequence[str] = ("create",),
    module: str | None = None,
    key: int | str | None = None,
    **more: Any,  # noqa: ANN401 - whatever else is in it
) -> Json:
    """Return a resource change; values that are ``UNKNOWN`` are known after apply."""
    after, unknown = parts_of(dict(values))
    index = "" if key is None else f"[{json.dumps(key)}]"
    change: Json = {
        "address": f"{module + '.' if module else ''}{kind}.{name}{index}",
        "mode": "managed",
        "type": kind,
        "name": name,
        "provider_name": "registry.terraform.io/ibm-cloud/ibm",
        "change": {
            "actions": list(actions),
            "before": None,
            "after": after if "create" in actions or "delete" not in actions else None,
            "after_unknown": unknown,
            "after_sensitive": {},
        },
        **more,
    }
    if module is not None:
        change["module_address"] = module
    if key is not None:
        change["index"] = key
    return change


def a_new_server(
    provider: Provider = Provider.BOTH,
    kind: str = "ibm_is_instance",
    **values: Any,  # noqa: ANN401 - any attribute
) -> Json:
    """Return the values of a server to be made: what is not written is computed by the provider."""
    computed = dict.fromkeys(("id", "crn", "status", *provider.attributes), UNKNOWN)
    written = {
        "name": "web",
        "zone": "us-south-1",
        "profile": "bx2-2x8",
        "vpc": "r006-v",
        "resource_group": UNKNOWN,
        "user_data": "#!/bin/sh\necho geheim",
    }
    if kind != "ibm_is_bare_metal_server":
        written |= {"instance_template": None}
    return {**computed, **written, **values}


def a_known_server(provider: Provider = Provider.BOTH, **values: Any) -> Json:  # noqa: ANN401
    """Return the values of a server that exists; its service is on, over http."""
    service: Json = {
        "metadata_service_enabled": True,
        "metadata_service": [{"enabled": True, "protocol": "http", "response_hop_limit": 1}],
    }
    return {
        "id": "0717_web",
        "crn": a_crn("web"),
        "name": "web",
        "zone": "us-south-1",
        "profile": "bx2-2x8",
        "vpc": "r006-v",
        "resource_group": "0123",
        "resource_group_name": "Default",
        "status": "running",
        "vcpu": [{"architecture": "amd64", "count": 2}],
        "user_data": "#!/bin/sh\necho geheim",
        **{name: service[name] for name in provider.attributes},
        **values,
    }


def written(value: object = UNKNOWN, *references: str) -> Json:
    """Return an expression: a constant, or what it refers to."""
    return {"references": list(references)} if references else {"constant_value": value}


def a_configured(kind: str, name: str, **expressions: Any) -> Json:  # noqa: ANN401
    """Return a resource as the configuration has it; ``for_each`` is what there is one for."""
    for_each = expressions.pop("for_each", None)
    found: Json = {
        "address": f"{kind}.{name}",
        "mode": "managed",
        "type": kind,
        "name": name,
        "provider_config_key": "ibm",
        "expressions": expressions,
    }
    if for_each is not None:
        found["for_each_expression"] = for_each
    return found


def a_plan(
    changes: Sequence[Json],
    configured: Sequence[Json] | None = None,
    modules: Mapping[str, Json] | None = None,
    **more: Any,  # noqa: ANN401 - whatever else is in it
) -> Json:
    """Return a plan; without ``configured`` it has no configuration, which a real one has."""
    plan: Json = {
        "format_version": "1.2",
        "terraform_version": "1.9.8",
        "planned_values": {"root_module": {}},
        "resource_changes": list(changes),
        "complete": True,
        "errored": False,
    }
    if configured is not None:
        plan["configuration"] = {
            "provider_config": {
                "ibm": {"name": "ibm", "expressions": {"region": {"constant_value": "eu-de"}}}
            },
            "root_module": {"resources": list(configured), "module_calls": dict(modules or {})},
        }
    return {**plan, **more}


def a_shown_state(*resources: Json, modules: Sequence[Json] = ()) -> Json:
    """Return a state as ``terraform show -json`` prints it."""
    return {
        "format_version": "1.0",
        "terraform_version": "1.9.8",
        "values": {
            "outputs": {},
            "root_module": {"resources": list(resources), "child_modules": list(modules)},
        },
    }


def a_shown(kind: str, name: str, values: Json, **more: Any) -> Json:  # noqa: ANN401
    """Return a resource in such a state."""
    return {
        "address": f"{kind}.{name}",
        "mode": "managed",
        "type": kind,
        "name": name,
        "values": values,
        "sensitive_values": {},
        **more,
    }


def a_stored_state(*resources: Json) -> Json:
    """Return a state file."""
    return {
        "version": 4,
        "terraform_version": "1.9.8",
        "serial": 7,
        "lineage": "a-lineage",
        "outputs": {},
        "resources": list(resources),
    }


def a_stored(kind: str, name: str, *instances: Json, **more: Any) -> Json:  # noqa: ANN401
    """Return a resource in a state file; each instance has ``attributes``."""
    return {
        "mode": "managed",
        "type": kind,
        "name": name,
        "provider": 'provider["registry.terraform.io/ibm-cloud/ibm"]',
        "instances": [
            {"schema_version": 1, "sensitive_attributes": [], **one} for one in instances
        ],
        **more,
    }


def save(folder: Path, document: object, name: str = "plan.json") -> Path:
    """Write a document into a file."""
    path = folder / name
    path.write_text(json.dumps(document))
    return path

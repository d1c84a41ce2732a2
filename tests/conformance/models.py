"""Holds JSON bodies against IBM's strict models, and finds what the models do not know."""

from typing import Any

from ibm_vpc import vpc_v1


def faults(model: str, body: dict[str, Any]) -> list[str]:
    """What is wrong with a body: required things missing, unknown things present, at any depth."""
    return _differences(body, _round_trip(model, body), model)


def _round_trip(model: str, body: dict[str, Any]) -> dict[str, Any]:
    known: dict[str, Any] = getattr(vpc_v1, model).from_dict(body).to_dict()
    return known


# What the models hand on as it is, because it may be one of several; the one that is emulated.
_ONE_OF_SEVERAL: dict[str, str | dict[str, str]] = {
    "boot_target": "BareMetalServerBootTargetBareMetalServerDiskReference",
    "placement_target": {
        "dedicated_host": "InstancePlacementTargetDedicatedHostReference",
        "placement_group": "InstancePlacementTargetPlacementGroupReference",
    },
    "resolver": "VPCDNSResolverTypeSystem",
}


def _differences(sent: object, known: object, path: str) -> list[str]:
    if isinstance(sent, dict) and isinstance(known, dict):
        found = [f"{path}.{key}: unknown to the model" for key in sent.keys() - known.keys()]
        found += [f"{path}.{key}: made up by the model" for key in known.keys() - sent.keys()]
        for key in sent.keys() & known.keys():
            model = _model_of(key, sent[key])
            strict = known[key] if model is None else _round_trip(model, sent[key])
            found += _differences(sent[key], strict, f"{path}.{key}")
        return found
    if isinstance(sent, list) and isinstance(known, list) and len(sent) == len(known):
        pairs = enumerate(zip(sent, known, strict=True))
        return [f for i, (a, b) in pairs for f in _differences(a, b, f"{path}[{i}]")]
    return [] if sent == known else [f"{path}: {sent!r} became {known!r}"]


def _model_of(key: str, sent: dict[str, Any]) -> str | None:
    """The model of a property that IBM's own models do not look into."""
    model = _ONE_OF_SEVERAL.get(key)
    return model[sent["resource_type"]] if isinstance(model, dict) else model

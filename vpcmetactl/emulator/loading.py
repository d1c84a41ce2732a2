"""Loads servers that were recorded from the real API, to be served as they were recorded."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from vpcmetactl.emulator.vpc.recorded import RecordedServer
from vpcmetactl.emulator.world import World

T = TypeVar("T")

_KINDS = {"instance": "instances", "bare_metal_server": "bare_metal_servers"}
"""What a body says it is, and the array it comes in."""


@dataclass(frozen=True, slots=True)
class _Found:
    """A server in a file: which array it belongs to, where in the file it is, its bytes."""

    array: str
    place: str
    raw: msgspec.Raw


def load_recorded(world: World, content: bytes, name: str) -> int:
    """Add the servers in a file's content to the regions their zones name; return how many.

    The content is JSON with arrays `instances` and `bare_metal_servers` of the API's bodies, at its
    top or in `response.body`; or with one such body in `response.body`; or with `responses`, a
    collection of bodies with such arrays. Bodies are served as they are, whatever they lack. One
    with the id of a server already there replaces it. Whatever cannot be served raises a ValueError
    that begins with `name`, and then nothing is added.
    """
    servers = list(_servers(_found(content, name), name))
    if not servers:
        raise ValueError(f"{name}: there are no instances and no bare metal servers in it")

    def population(to: World) -> None:
        for region, array, raw, body in servers:
            _collection(to, region, array).add(RecordedServer(raw, body))

    for region, *_ in servers:
        if region not in world.regions:
            raise ValueError(f"{name}: there is no region {region!r}")
    world.populate(population)
    return len(servers)


def _collection(world: World, region: str, array: str) -> Any:  # noqa: ANN401 - either of two
    return getattr(world.regions[region], array)


def _found(content: bytes, name: str) -> Iterator[_Found]:
    document = _object(content, name, "it")
    yield from _arrays(document, name, "")
    if "response" in document:
        response = _object(document["response"], name, "response")
        yield from _body(response.get("body"), name)
    if "responses" in document:
        for key, raw in _object(document["responses"], name, "responses").items():
            if bytes(raw).lstrip()[:1] == b"{":
                yield from _arrays(_object(raw, name, key), name, f"{key}: ")


def _body(raw: msgspec.Raw | None, name: str) -> Iterator[_Found]:
    if raw is None or bytes(raw).lstrip()[:1] != b"{":
        return
    body = _object(raw, name, "response.body")
    yield from _arrays(body, name, "response.body.")
    resource_type = msgspec.json.decode(body.get("resource_type", b"null"))
    if isinstance(resource_type, str) and resource_type in _KINDS:
        yield _Found(_KINDS[resource_type], "response.body", raw)


def _arrays(document: dict[str, msgspec.Raw], name: str, prefix: str) -> Iterator[_Found]:
    for array in _KINDS.values():
        if array in document:
            place = f"{prefix}{array}"
            for index, raw in enumerate(_array(document[array], name, place)):
                yield _Found(array, f"{place}[{index}]", raw)


def _servers(
    found: Iterable[_Found], name: str
) -> Iterator[tuple[str, str, bytes, dict[str, Any]]]:
    seen: set[tuple[str, str]] = set()
    for item in found:
        raw = bytes(item.raw)
        body = _decoded(raw, dict[str, Any], name, item.place, "an object")
        identifier = body.get("id")
        if not isinstance(identifier, str) or not identifier:
            raise ValueError(f"{name}: {item.place} has no id")
        if (item.array, identifier) in seen:
            raise ValueError(f"{name}: {item.place} has the id of another one, {identifier}")
        seen.add((item.array, identifier))
        yield _region(body, name, item.place), item.array, raw, body


def _region(body: dict[str, Any], name: str, place: str) -> str:
    zone = body.get("zone")
    zone_name = zone.get("name") if isinstance(zone, dict) else None
    if not isinstance(zone_name, str) or not zone_name:
        raise ValueError(f"{name}: {place} has no zone.name, which would tell its region")
    region, _, number = zone_name.rpartition("-")
    return region if number.isdigit() else zone_name


def _object(raw: bytes | msgspec.Raw, name: str, place: str) -> dict[str, msgspec.Raw]:
    return _decoded(raw, dict[str, msgspec.Raw], name, place, "a JSON object")


def _array(raw: msgspec.Raw, name: str, place: str) -> list[msgspec.Raw]:
    return _decoded(raw, list[msgspec.Raw], name, place, "an array")


def _decoded(raw: bytes | msgspec.Raw, kind: type[T], name: str, place: str, what: str) -> T:
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{name}: {place} is not {what} ({error})") from None

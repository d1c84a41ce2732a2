"""An instance's own metadata as a short page: what one asks for while inside a server.

A service may leave out anything, and what it gives may be anything that JSON holds. The whole of it
is in the JSON document.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from vpcmetactl.cli.plain_texts import leaves

_PLAIN = {
    "name": ("name",),
    "id": ("id",),
    "crn": ("crn",),
    "status": ("status",),
    "created": ("created_at",),
    "zone": ("zone", "name"),
    "vpc": ("vpc", "name"),
    "image": ("image", "name"),
}
# What says nothing to somebody inside the server, who knows what was asked for.
_NOISE = ("resource_type", "href", "limit", "total_count")


def rows_of(resource: str, body: Mapping[str, Any], service: str = "") -> list[tuple[str, str]]:
    """Return rows of a label and a text; of an instance the main ones, of others nearly all.

    ``service`` is what the instance says of the metadata service, in words.
    """
    rows = list(_instance(body, service)) if resource == "instance" else []
    return rows or _telling(leaves(body))


def _telling(rows: Iterator[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the rows without those that say nothing, but for the only ones."""
    held = list(rows)
    kept = [(label, text) for label, text in held if label.rpartition(".")[2] not in _NOISE]
    return [(label, text) for label, text in kept if not _of_another(label)] or held


def _of_another(label: str) -> bool:
    """Say whether a row is the CRN of what is named and has an id in rows beside it."""
    return label.count(".") > 1 and label.endswith(".crn")


def _instance(body: Mapping[str, Any], service: str) -> Iterator[tuple[str, str]]:
    for label, path in _PLAIN.items():
        text = _text(body, *path)
        if text:
            yield label, text
    for label, text in (("profile", _size(body)), ("metadata service", service)):
        if text:
            yield label, text
    interfaces = _items(body, "network_attachments") or _items(body, "network_interfaces")
    for one in interfaces:
        address = _text(one, "primary_ip", "address") or _text(one, "primary_ipv4_address")
        yield f"interface {_text(one, 'name')}", _joined(address, _text(one, "subnet", "name"))
    for one in _items(body, "volume_attachments"):
        volume = (_text(one, "volume", "name"), _text(one, "volume", "id"))
        yield f"volume {_text(one, 'name')}", _joined(*volume)


def _size(body: Mapping[str, Any]) -> str:
    cores, memory = _text(body, "vcpu", "count"), _text(body, "memory")
    return _joined(
        _text(body, "profile", "name"), cores and f"{cores} vCPU", memory and f"{memory} GiB"
    )


def _joined(*words: str) -> str:
    return ", ".join(filter(None, words))


def _items(body: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    held = body.get(name)
    return [one for one in held if isinstance(one, dict)] if isinstance(held, list) else []


def _text(value: Any, *path: str) -> str:
    """Return the text or number at a path; nothing where there is none."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""

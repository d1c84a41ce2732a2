"""How many subjects of an audit are alike, for reports that count a fleet."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from vpcmetactl.domain.servers import ServerKind
from vpcmetactl.domain.subjects import Origin, Subject


class Shape(NamedTuple):
    """What subjects have in common; ``None`` where it is not known, as is the empty region."""

    origin: Origin
    kind: ServerKind
    region: str
    enabled: bool | None
    protocol: str | None
    response_hop_limit: int | None


def counted_shapes(subjects: Iterable[Subject], shapes: Counter[Shape]) -> Iterator[Subject]:
    """Give the subjects on as they come; once all are given, add their shapes to ``shapes``."""
    # Plain tuples until then: they take half the time to make, and there are many.
    counts: dict[tuple[Any, ...], int] = {}
    for subject in subjects:
        server = subject.server
        metadata = server.metadata_service
        enabled = protocol = limit = None
        if metadata is not None:
            enabled, protocol = metadata.enabled, metadata.protocol
            limit = metadata.response_hop_limit
        key = (subject.origin, server.kind, server.region, enabled, protocol, limit)
        counts[key] = counts.get(key, 0) + 1
        yield subject
    for key, count in counts.items():
        shapes[Shape(*key)] += count

"""Finding the instances of resources that a reference may mean, in files of any size."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from vpcmetactl.files.terraform.configuration import Target
from vpcmetactl.files.terraform.resources import Resource

if TYPE_CHECKING:
    from vpcmetactl.files.terraform.addresses import Step
    from vpcmetactl.files.terraform.shapes import Key

# Where more instances than this may be meant, none of them is told. That the trust in a server is
# not complete says as much.
_MOST_FOUND = 50
# What a file of any size may cost; nothing honest comes near.
_MOST_COMPARED = 2_000_000


class ResourceIndex:
    """The instances of resources, by where they are."""

    def __init__(self, resources: Iterable[Resource]) -> None:
        self._named: dict[tuple[str, str], list[Resource]] = defaultdict(list)
        self._at: dict[tuple[str, str, tuple[Step, ...]], dict[Key, Resource]] = defaultdict(dict)
        self._left = _MOST_COMPARED
        for one in resources:
            self._named[one.type, one.name].append(one)
            self._at[one.type, one.name, one.steps][one.key] = one

    def find(self, target: Target) -> Sequence[Resource]:
        """Return the instances that may be meant: few, or none."""
        if any(step.any_key for step in target.steps):
            found = self._compared(target)
        else:
            there = self._at.get((target.type, target.name, target.steps), {})
            if target.key is not None:
                return [there[target.key]] if target.key in there else []
            found = list(there.values()) if len(there) <= _MOST_FOUND else []
        return found if len(found) <= _MOST_FOUND else []

    def _compared(self, target: Target) -> Sequence[Resource]:
        """Compare with every instance: of the modules it may be in there are several."""
        named = self._named.get((target.type, target.name), [])
        self._left -= len(named)
        if self._left < 0:
            return []
        return [one for one in named if _is_met(target, one)]


def _is_met(target: Target, resource: Resource) -> bool:
    return (
        target.key in (None, resource.key)
        and len(target.steps) == len(resource.steps)
        and all(
            wanted.name == step.name and (wanted.any_key or wanted.key == step.key)
            for wanted, step in zip(target.steps, resource.steps, strict=True)
        )
    )

"""Terraform's addresses: which module a resource is in, and what an expression refers to."""

import re
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from vpcmetactl.files.terraform.shapes import Key

_NAME = r"[A-Za-z_][\w-]*"
_INDEX = r'\[(?:(\d{1,18})|("(?:[^"\\]|\\.)*"))\]'
_STEP = re.compile(rf"module\.({_NAME})(?:{_INDEX})?(?:\.|$)")
_REFERENCE = re.compile(rf"({_NAME})\.({_NAME})(?:{_INDEX})?(?:\.(.+))?", re.DOTALL)


class Step(NamedTuple):
    """One module call; ``key`` tells apart those of a call with count or for_each.

    With ``any_key`` it stands for all of them.
    """

    name: str
    key: Key = None
    any_key: bool = False


class Reference(NamedTuple):
    """One thing that an expression refers to, such as ``ibm_is_instance.web[0].crn``.

    ``key`` is ``None`` where none is written; ``rest`` is what follows, or nothing.
    """

    kind: str
    name: str
    key: Key
    rest: str

    @property
    def is_indexed(self) -> bool:
        """Whether an instance is named."""
        return self.key is not None


def steps_of(module: str | None) -> tuple[Step, ...]:
    """Return the module calls that lead to a module, such as ``module.web[0].module.db``.

    What cannot be read leads nowhere: no configuration is found there.
    """
    steps = []
    position, text = 0, module or ""
    while position < len(text):
        found = _STEP.match(text, position)
        if found is None:
            return (Step(text),)
        steps.append(Step(found[1], _key(found[2], found[3])))
        position = found.end()
    return tuple(steps)


def references_in(texts: Sequence[str]) -> Sequence[Reference | None]:
    """Return what an expression refers to, each once; ``None`` for what is nothing we can follow.

    Terraform lists each reference together with the beginnings of it.
    """
    found: list[Reference | None] = []
    last = ""
    for text in texts:
        if last.startswith(text) and last[len(text) :][:1] in (".", "[", ""):
            continue
        last = text
        parts = _REFERENCE.fullmatch(text)
        found.append(
            Reference(parts[1], parts[2], _key(parts[3], parts[4]), parts[5] or "")
            if parts
            else None
        )
    return list(dict.fromkeys(found))


def address_of(module: str | None, kind: str, name: str, key: Key) -> str:
    """Return the address of an instance of a resource, as Terraform would print it."""
    prefix = f"{module}." if module else ""
    if key is None:
        return f"{prefix}{kind}.{name}"
    if isinstance(key, int):
        return f"{prefix}{kind}.{name}[{key}]"
    quoted = msgspec.json.encode(key).decode().replace("${", "$${").replace("%{", "%%{")
    return f"{prefix}{kind}.{name}[{quoted}]"


def _key(number: str | None, text: str | None) -> Key:
    if number is not None:
        return int(number)
    if text is None:
        return None
    try:
        return msgspec.json.decode(text, type=str).replace("$${", "${").replace("%%{", "%{")
    except msgspec.DecodeError:
        return text

"""The Dockerfile, read: so that it can be judged, and its steps tried, without a container."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

DOCKERFILE = Path(__file__).parents[1] / "Dockerfile"


class Instruction(NamedTuple):
    """One instruction: its name in capitals, and what follows it, continued lines joined."""

    name: str
    text: str


def read_stages(text: str) -> Sequence[Sequence[Instruction]]:
    """Return the stages, each beginning with its FROM; what stands before the first is left out."""
    stages: list[list[Instruction]] = []
    for one in read_instructions(text):
        if one.name == "FROM":
            stages.append([])
        if stages:
            stages[-1].append(one)
    return stages


def read_instructions(text: str) -> Sequence[Instruction]:
    """Return every instruction; comments and blank lines are none."""
    without_comments = re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE)
    joined = re.sub(r"\s*\\\n\s*", " ", without_comments)
    lines = [line.strip().partition(" ") for line in joined.splitlines() if line.strip()]
    return [Instruction(name.upper(), rest.strip()) for name, _, rest in lines]

"""Tables about the guest, read off its modules."""

import re

from docs._generate.markdown import table
from vpcmetactl.guest.failures import EXPLANATIONS

_COMMAND = re.compile(
    r"vpcmetactl (?:servers|metadata|restarts|profiles|links) [a-z]+"
    r"(?: SERVER| PROFILE)?(?: --[a-z-]+ \w+)*"
    r"|route /p add [\w. ]+ GATEWAY|--ca-bundle"
)


def diagnoses() -> str:
    """Return every code of a diagnosis, with its meaning and what to do about it."""
    return table(
        ("code", "means", "what to do"),
        (
            (f"`{code}`", told.meaning, _COMMAND.sub(r"`\g<0>`", told.remedy))
            for code, told in EXPLANATIONS.items()
        ),
    )

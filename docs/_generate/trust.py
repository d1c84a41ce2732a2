"""Tables about trusted profiles: ways, doubts, obstacles and what stands out."""

from docs._generate.markdown import table
from vpcmetactl.domain.access import OBSTACLE_MEANINGS, Obstacle
from vpcmetactl.domain.access_findings import EXPLANATIONS, FindingCode
from vpcmetactl.domain.claims import DOUBT_MEANINGS, DoubtReason

_COMMAND = "vpcmetactl links prune --dry-run"


def doubts() -> str:
    """Return every reason why it cannot be told whether a rule lets a server in."""
    return table(
        ("reason", "means"),
        ((f"`{reason}`", DOUBT_MEANINGS[reason]) for reason in DoubtReason),
    )


def obstacles() -> str:
    """Return what keeps a server from making use of trust."""
    return table(
        ("obstacle", "usable now", "means"),
        (
            (f"`{one}`", "`false`" if one.is_certain else "`null`", OBSTACLE_MEANINGS[one])
            for one in Obstacle
        ),
    )


def findings() -> str:
    """Return what stands out in an account."""
    return table(
        ("code", "means", "what to do"),
        (
            (
                f"`{code}`",
                EXPLANATIONS[code].meaning,
                EXPLANATIONS[code].remedy.replace(_COMMAND, f"`{_COMMAND}`"),
            )
            for code in FindingCode
        ),
    )

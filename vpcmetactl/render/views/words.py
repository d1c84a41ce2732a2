"""Words that several views use for the same thing."""

from vpcmetactl.domain.restarts import Verdict

UNREPORTED = "-"
NOT_APPLICABLE = "n/a"


def on_off(enabled: bool | None) -> str:  # noqa: FBT001 - the value itself
    """Return whether the service is enabled, as a word."""
    if enabled is None:
        return UNREPORTED
    return "enabled" if enabled else "disabled"


def restart_word(verdict: Verdict) -> str:
    """Return a verdict as an answer to "restart?"."""
    return {"needed": "needed", "not_needed": "no", "unknown": "unknown"}[verdict.value]


def counted(count: int, noun: str) -> str:
    """Return a number with its noun: ``1 server``, ``2 servers``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"

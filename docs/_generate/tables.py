"""Reference tables, each read off the module that decides."""

import inspect
import re
from collections.abc import Iterator, Mapping

from docs._generate.markdown import table
from vpcmetactl.domain.checks import CHECKS, Check
from vpcmetactl.domain.errors import ExitCode, VpcmetactlError
from vpcmetactl.domain.restarts import EXPLANATIONS, Confidence, Reason, Verdict
from vpcmetactl.emulator import control, faults
from vpcmetactl.emulator.coverage import coverage
from vpcmetactl.emulator.scenarios import SCENARIOS
from vpcmetactl.emulator.vpc import troubles
from vpcmetactl.render.schemas.reading import kinds, load_schema, schema_markdown

_EXIT_CODES = {
    ExitCode.OK: (
        "Done. Also when what was asked was already so, or does not apply to some of a selection."
    ),
    ExitCode.ERROR: (
        "An error, and nothing was changed: authentication, permission, network, the state file, "
        "or a region, server or run that is named and does not exist."
    ),
    ExitCode.USAGE: (
        "Usage: an option, a value, or a file that cannot be read or understood; a change that "
        "nobody can be asked to confirm."
    ),
    ExitCode.FINDINGS: (
        "`audit run` has findings at or above `--fail-on`; `guest probe` got no token, or not that "
        "of the profile. With `--exit-code`: the list is not empty, the plan has something to "
        "change, or two snapshots differ."
    ),
    ExitCode.INCOMPLETE: (
        "Something could not be read, such as a region, one account of several, or trusted "
        "profiles; now, or when the plan or snapshot was made. The rest is reported."
    ),
    ExitCode.REFUSED: (
        "Refused: the wrong account, an incomplete inventory, a guard, a declined question; a plan "
        "that was edited, has expired or is for another place; a run of another place, or one "
        "that goes on; a server that changed since it was planned, that is just being changed, or "
        "that cannot have the change."
    ),
    ExitCode.FAILED: (
        "Changes were attempted, and some failed, were not reached, are not known to have "
        "happened, or could not be written to the journal any more."
    ),
    ExitCode.INTERRUPTED: (
        "Interrupted by Ctrl-C. What was done is in the journal, and can be resumed."
    ),
    ExitCode.TERMINATED: (
        "Terminated by SIGTERM. What was done is in the journal, and can be resumed."
    ),
}

_RESTART_COMMAND = re.compile(r"\b(?:restarts (?:run|ack|import-events)|guest probe -o json)\b")

# What each reason comes with; tests hold it against what is decided.
VERDICTS: Mapping[Reason, tuple[Verdict, Confidence | None]] = {
    Reason.ENABLED_WHILE_RUNNING: (Verdict.NEEDED, Confidence.PRESUMED),
    Reason.STOPPED_SINCE: (Verdict.NOT_NEEDED, Confidence.PRESUMED),
    Reason.RESTARTED: (Verdict.NOT_NEEDED, Confidence.CERTAIN),
    Reason.SERVICE_ANSWERED: (Verdict.NOT_NEEDED, Confidence.CERTAIN),
    Reason.ACKNOWLEDGED: (Verdict.NOT_NEEDED, Confidence.PRESUMED),
    Reason.ENABLED_BEFORE: (Verdict.NOT_NEEDED, Confidence.PRESUMED),
    Reason.ENABLED_AT_FIRST_SIGHT: (Verdict.UNKNOWN, None),
    Reason.ORDER_UNKNOWN: (Verdict.UNKNOWN, None),
    Reason.SERVICE_DISABLED: (Verdict.NOT_NEEDED, Confidence.CERTAIN),
    Reason.APPLIES_AT_NEXT_START: (Verdict.NOT_NEEDED, Confidence.CERTAIN),
    Reason.NOT_REPORTED: (Verdict.UNKNOWN, None),
    Reason.NO_RULE_FOR_BARE_METAL: (Verdict.NOT_NEEDED, Confidence.PRESUMED),
    Reason.UNSUPPORTED_ARCHITECTURE: (Verdict.NOT_NEEDED, Confidence.CERTAIN),
    Reason.RULE_OFF: (Verdict.NOT_NEEDED, Confidence.CERTAIN),
}


def exit_codes() -> str:
    """Return the exit codes and what each means."""
    return table(("code", "means"), ((str(int(code)), _EXIT_CODES[code]) for code in ExitCode))


def error_classes() -> Iterator[type[VpcmetactlError]]:
    """Yield the classes of errors a user can meet, each before those that refine it."""
    yield from _refined(VpcmetactlError)


def _refined(parent: type[VpcmetactlError]) -> Iterator[type[VpcmetactlError]]:
    for child in parent.__subclasses__():
        yield child
        yield from _refined(child)


def error_codes() -> str:
    """Return every error code with its class and exit code."""
    return table(
        ("error code", "exit code", "means", "class"),
        (
            (
                f"`{error.code}`",
                str(int(error.exit_code)),
                _first_sentence(error),
                f"`{error.__name__}`",
            )
            for error in error_classes()
        ),
    )


def _first_sentence(error: type[VpcmetactlError]) -> str:
    return inspect.cleandoc(error.__doc__ or "").partition("\n\n")[0].replace("``", "`")


def checks() -> str:
    """Return a section for each built-in check."""
    return "\n".join(_check(check) for check in CHECKS)


def _check(check: Check) -> str:
    facts = [
        ("Severity", f"`{check.severity}`, unless a rule gives another"),
        ("Judges", _when(check)),
        ("Command", f"`{check.sample(check.command)}`" if check.command else None),
        ("Terraform", f"`{check.sample(check.terraform)}`" if check.terraform else None),
        ("Source", check.source),
    ]
    lines = "".join(f"- {title}: {text}\n" for title, text in facts if text is not None)
    return (
        f"## {check.id}: {check.title}\n\n{lines}\n"
        f"{_lines(check.rationale)}\n\n{_lines(check.remedy)}\n"
    )


def _when(check: Check) -> str:
    if check.is_about_waivers:
        return "every waiver, unless a rule turns it off"
    servers = "the servers that a rule of the policy is about"
    if check.parameter is None:
        return servers
    if check.needs_parameter:
        return f"{servers}; the rule must give `{check.parameter}`"
    default = getattr(check.default, check.parameter)
    words = default if isinstance(default, str) else ", ".join(default)
    return f"{servers}; the rule may give `{check.parameter}`, else it is `{words}`"


def _lines(text: str) -> str:
    """One sentence a line."""
    return text.replace(". ", ".\n")


def restart_reasons() -> str:
    """Return every reason of a restart verdict."""
    return table(
        ("reason", "verdict", "confidence", "means", "to settle it"),
        (
            (f"`{reason}`", *_verdict(reason), EXPLANATIONS[reason].meaning, _remedy(reason))
            for reason in Reason
        ),
    )


def _verdict(reason: Reason) -> tuple[str, str]:
    verdict, confidence = VERDICTS[reason]
    return f"`{verdict}`", f"`{confidence}`" if confidence else ""


def _remedy(reason: Reason) -> str:
    text = EXPLANATIONS[reason].remedy or ""
    return _RESTART_COMMAND.sub(r"`\g<0>`", text)


def json_fields() -> str:
    """Return the fields of every kind of document."""
    envelope = schema_markdown("servers", "envelope")
    return f"## The envelope\n\n{envelope}\n" + "\n".join(_kind(kind) for kind in kinds())


def _kind(kind: str) -> str:
    return (
        f"## {kind}\n\n{load_schema(kind)['title']}.\n\n"
        f"### An item of {kind}\n\n{schema_markdown(kind)}\n"
        f"### The summary of {kind}\n\n{schema_markdown(kind, 'summary')}"
    )


def operations() -> str:
    """Return every emulated operation."""
    return table(
        ("operation", "call", "notes"),
        ((f"`{op.operation}`", f"`{op.method} {op.path}`", op.notes) for op in coverage()),
    )


def scenarios() -> str:
    """Return the scenarios."""
    return table(("scenario", "gives"), ((f"`{name}`", text) for name, text in SCENARIOS.items()))


def fault_grammar() -> str:
    """Return what the module of faults says of their grammar."""
    return _docstring(faults.__doc__) + "\n"


def trouble_grammar() -> str:
    """Return what the module of troubles says of their grammar."""
    return _docstring(troubles.__doc__) + "\n"


def control_calls() -> str:
    """Return the table of the emulator's own control calls."""
    lines = _docstring(control.__doc__).splitlines()
    return "\n".join(line for line in lines if line.startswith("|")) + "\n"


def _docstring(text: str | None) -> str:
    """Return a module's docstring without its first line."""
    return inspect.cleandoc(text or "").partition("\n\n")[2]

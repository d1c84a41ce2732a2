"""Tables about plans and runs: their codes, what to do about each, and the files that hold them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import vpcmetactl
from docs._generate.markdown import table
from vpcmetactl.domain.plans import NoteCode, SkipReason
from vpcmetactl.domain.runs import RunState
from vpcmetactl.journal.schema import VERSION
from vpcmetactl.render.items.runs import RunOutcome

_FILES = Path(vpcmetactl.__file__).parent / "files"
# Longer lists of values stand in tables of their own.
_MANY = 8


class Note(NamedTuple):
    """What a note says, and what may be done about it."""

    meaning: str
    remedy: str


NOTES: Mapping[NoteCode, Note] = {
    NoteCode.RESPONSE_HOP_LIMIT_SKIPPED: Note(
        "A bare metal server has no hop limit; the rest of the change goes ahead.",
        "Nothing; or choose instances alone with `--kind instance`.",
    ),
    NoteCode.PROTOCOL_STAYS_HTTP: Note(
        "You gave no `--protocol`, and the present one is `http`; IBM advises `https`.",
        "Give `--protocol https`, once the guest's clients are ready for it.",
    ),
    NoteCode.HTTPS_NEEDS_HOST_NAME: Note(
        "With `https` the service answers at `api.metadata.cloud.ibm.com` only, not at "
        "169.254.169.254.",
        "First give the guest's clients that name.",
    ),
    NoteCode.APPLIES_AT_NEXT_START: Note(
        "The server is stopped, and has the service once it starts.", "Nothing."
    ),
    NoteCode.ARCHITECTURE_NOT_REPORTED: Note(
        "IBM supports the service on x86 (`amd64`) only, and the API did not say what this "
        "server is.",
        "Look at the server's profile.",
    ),
    NoteCode.ALLOWED_USE_UNKNOWN: Note(
        "Whether the boot volume's `allowed_use` permits the change cannot be told: the volume "
        "could not be read, or the expression has something in it that is not evaluated here.",
        "Read the expression; or mend the error whose code the message has, such as `forbidden` "
        "where the right to read the volume (`is.volume.volume.read`) is missing. The platform "
        "decides: what it refuses is told as `failed`.",
    ),
    NoteCode.INSTANCE_GROUP_DIFFERS: Note(
        "The instance is a member of an instance group whose template says something else, so "
        "the next servers of the group will differ from it.",
        "Make a new template and give it to the group: a template itself cannot be changed.",
    ),
    NoteCode.INSTANCE_GROUP_UNKNOWN: Note(
        "The instance is a member of an instance group, and the group or its template could not "
        "be read: whether the next servers of the group will differ from it cannot be told.",
        "Look at the group's template; the message has the code of the error, such as `forbidden` "
        "where the right to read it is missing.",
    ),
    NoteCode.WEAKENS: Note(
        "Taking a change back turns the service on, goes back to `http`, or raises the hop limit.",
        "Make sure that this is meant.",
    ),
    NoteCode.CAPACITY_AT_RISK: Note(
        "The instance is a spot instance, has a GPU or is on a dedicated host: once it is stopped "
        "there may be no capacity to start it again.",
        "Restart one such server first, at a time when it can be missed.",
    ),
    NoteCode.ADDRESS_MAY_CHANGE: Note(
        "The instance has no reserved IP, and IBM's pages disagree whether its address stays the "
        "same over a stop.",
        "Where others know it by its address, give it a reserved IP first.",
    ),
    NoteCode.INSTANCE_STORAGE_LOST: Note(
        "The instance has instance storage, and `--allow-instance-storage-loss` was given: the "
        "stop erases the data on it.",
        "Save the data first.",
    ),
    NoteCode.VERDICT_UNKNOWN: Note(
        "`--verdict` was widened: whether the server needs a restart is not known.",
        "Settle it first, as [Restart reasons](restart-reasons.md) says, if a restart costs much.",
    ),
    NoteCode.TRUSTED: Note(
        "A trusted profile trusts the server: disabling the service takes its rights away, and "
        "another protocol cuts off clients that do not speak it.",
        "Make sure that nothing on the server needs the profiles that the message names.",
    ),
    NoteCode.TRUST_UNKNOWN: Note(
        "Whether a trusted profile trusts the server could not be told, at least for some of the "
        "profiles.",
        "Mend the error that the message names; or look at the profiles yourself.",
    ),
    NoteCode.MANAGED_BY_TERRAFORM: Note(
        "The state given with `--terraform-state` has a resource for the server: unless the "
        "configuration says the same, Terraform's next apply takes the change back.",
        "Write the HCL of the note (`hcl`) into the resource.",
    ),
    NoteCode.CONTAINER_HOST: Note(
        "The instance bears a tag given with `--container-host-tag`, and its hop limit is 1. By "
        "the rules of IP, containers that are not on the host's own network then get no answer; "
        "IBM's pages say nothing of them.",
        "Give it a hop limit of 2, or more where more routers are between.",
    ),
    NoteCode.NEW_LINK_ID: Note(
        "A link that was deleted is made again: the platform gives it an id of its own.",
        "Look for places that keep the old id.",
    ),
}


class Reason(NamedTuple):
    """Why a server is not changed: whether that is refused, what it means, what to do."""

    refused: str
    meaning: str
    remedy: str


REASONS: Mapping[SkipReason, Reason] = {
    SkipReason.ALREADY_SO: Reason("no", "The server is as asked already.", "Nothing."),
    SkipReason.UNSUPPORTED_ARCHITECTURE: Reason(
        "if it is named",
        "IBM does not support the service on this architecture, such as s390x. Disabling is "
        "planned all the same.",
        "Leave the server out.",
    ),
    SkipReason.NO_RESPONSE_HOP_LIMIT: Reason(
        "if it is named",
        "Only a hop limit is asked for, or the server is named, and a bare metal server has none.",
        "Leave the server, or the hop limit, out.",
    ),
    SkipReason.DELETING: Reason("yes", "The server is being deleted.", "Leave the server out."),
    SkipReason.NOT_REPORTED: Reason(
        "yes",
        "The API reports no metadata service for the server; or, in a rollback, the value that it "
        "had before was not reported, or is none that can be set; or, when pruning, the server "
        "could not be read, so that it is not known to be gone.",
        "Look at the server with `servers show`.",
    ),
    SkipReason.ALLOWED_USE: Reason(
        "yes",
        "The boot volume's `allowed_use` forbids what the server would become.",
        "Ask whoever made the image why; the expression is in the message.",
    ),
    SkipReason.DRIFTED: Reason(
        "yes",
        "In a rollback: the server no longer has the values that the run set, or the link that is "
        "there is not known to be the one that was made.",
        "Decide by hand: `servers show` has the present values, `runs show` the earlier ones.",
    ),
    SkipReason.GONE: Reason(
        "yes",
        "In a rollback: the server is not found any more, or may not be seen.",
        "Nothing, if it was deleted.",
    ),
    SkipReason.NOT_NEEDED: Reason(
        "no",
        "No restart is outstanding: [Restart reasons](restart-reasons.md) explains the reason.",
        "Nothing.",
    ),
    SkipReason.VERDICT_UNKNOWN: Reason(
        "no",
        "Whether the server needs a restart is not known, and only those were asked for that need "
        "one.",
        "Settle it, or widen with `--verdict needed,unknown`.",
    ),
    SkipReason.ALREADY_RESTARTED: Reason(
        "no", "The server was restarted since the plan was made.", "Nothing."
    ),
    SkipReason.NOT_RUNNING: Reason(
        "no",
        "The server does not run; one that is stopped is never started as a side effect, and has "
        "the service once it starts.",
        "Nothing.",
    ),
    SkipReason.INSTANCE_STORAGE: Reason(
        "yes",
        "The instance has instance storage, whose data a stop erases.",
        "Save the data, then `--allow-instance-storage-loss`.",
    ),
    SkipReason.INSTANCE_GROUP_MEMBER: Reason(
        "yes",
        "The instance is a member of an instance group, which replaces a member that is stopped.",
        "Give the group a new template, then replace its members.",
    ),
    SkipReason.TRUSTED: Reason(
        "yes",
        "A trusted profile trusts the server, and without the service it would lose its rights.",
        "Make sure that nothing needs them, then `--allow-identity-loss`.",
    ),
    SkipReason.FOREIGN_ACCOUNT: Reason(
        "yes; not when pruning",
        "The server is of another account than the profile; of another one than ours, when "
        "pruning.",
        "`--cross-account` links it all the same; prune with credentials of its account.",
    ),
    SkipReason.NO_CRN: Reason(
        "yes",
        "The API did not report the server's CRN, by which a link names it.",
        "Read the server again later.",
    ),
    SkipReason.VISIBLE: Reason("no", "The link's server is there.", "Nothing."),
    SkipReason.TOO_RECENT: Reason(
        "if its age cannot be read",
        "The link is not older than an hour, or when it was made cannot be read.",
        "Prune again later.",
    ),
    SkipReason.OTHER_COMPUTE_TYPE: Reason(
        "no",
        "The link is not of a server's compute type; such links are never touched.",
        "Nothing.",
    ),
}


class Said(NamedTuple):
    """What a state or an outcome means, and what may be done about it or is done by resuming."""

    meaning: str
    next: str


STATES: Mapping[RunState, Said] = {
    RunState.RUNNING: Said(
        "The process that runs it lives, and has not come to the end.",
        "Wait for it, or stop it with Ctrl-C or SIGTERM.",
    ),
    RunState.FINISHED: Said(
        "It came to its end: every change was tried. Some may have failed.",
        "`runs resume`, if some failed or are unknown.",
    ),
    RunState.INTERRUPTED: Said(
        "It was cut off. Ctrl-C, SIGTERM or too many failures stopped it with changes left that "
        "were not attempted; or its process was killed, the machine went down, or the state file "
        "could not be written any more.",
        "`runs resume`; `runs list` has the command.",
    ),
}

OUTCOMES: Mapping[RunOutcome, Said] = {
    RunOutcome.APPLIED: Said(
        "This run made the change, and the server was read back and shows it.",
        "leaves it",
    ),
    RunOutcome.ALREADY_SO: Said(
        "The server was as planned before anything was sent; somebody else did it.",
        "leaves it",
    ),
    RunOutcome.SKIPPED: Said("The plan left the server out, for a reason of its own.", "leaves it"),
    RunOutcome.REFUSED: Said(
        "Nothing was changed by us: the plan refused it, or when it was its turn the server had "
        "drifted, was gone, or was being changed by another run.",
        "leaves it",
    ),
    RunOutcome.FAILED: Said(
        "The change was tried and did not take effect; the error says why.",
        "tries it again",
    ),
    RunOutcome.UNKNOWN: Said(
        "The change was sent, and whether it took effect could not be learnt.",
        "reads the server, then decides",
    ),
    RunOutcome.OPEN: Said(
        "It was written down that the change would be sent, and nothing is known since: the "
        "process ended in between.",
        "reads the server, then decides",
    ),
    RunOutcome.NOT_ATTEMPTED: Said(
        "The run ended before it came to this server; nothing was sent.",
        "makes it",
    ),
}

VERSIONS = (
    "what was seen of servers",
    "runs, their plans and their changes",
    "which run a rollback takes back",
    "events of servers, and when each was last seen; how far restarts got; links",
)


def notes() -> str:
    """Return every note that a change may carry."""
    return table(
        ("note", "means", "what to do"), ((f"`{code}`", *NOTES[code]) for code in NoteCode)
    )


def reasons() -> str:
    """Return every reason for which a server is not changed."""
    return table(
        ("reason", "refused (exit code 5)", "means", "what to do"),
        ((f"`{code}`", *REASONS[code]) for code in SkipReason),
    )


def states() -> str:
    """Return the states of a run."""
    return table(
        ("state", "means", "what to do"), ((f"`{state}`", *STATES[state]) for state in RunState)
    )


def outcomes() -> str:
    """Return what may become of a server in a run."""
    return table(
        ("outcome", "means", "`runs resume`"),
        ((f"`{outcome}`", *OUTCOMES[outcome]) for outcome in RunOutcome),
    )


def versions() -> str:
    """Return the versions of the state file."""
    if len(VERSIONS) != VERSION:
        raise ValueError(f"the state file has {VERSION} versions, {len(VERSIONS)} are documented")
    return table(
        ("version", "added"), ((str(number), words) for number, words in enumerate(VERSIONS, 1))
    )


class Member(NamedTuple):
    """A member of one of our files: where it is, what it may be, what it means."""

    path: str
    types: str
    meaning: str


def file_members(name: str, part: str | None = None, prefix: str = "") -> str:
    """Return a table of the members of a file's format, or of one part of it."""
    schema = load_file_schema(name)
    node = schema if part is None else schema["$defs"][part]
    rows = (
        (f"`{member.path}`", member.types, member.meaning)
        for member in members(schema, node, prefix)
    )
    return table(("member", "type", "meaning"), rows)


def load_file_schema(name: str) -> Mapping[str, Any]:
    """Return the JSON Schema of one of our files."""
    schema: Mapping[str, Any] = json.loads(_FILES.joinpath(f"{name}.schema.json").read_text())
    return schema


def members(schema: Mapping[str, Any], node: Mapping[str, Any], prefix: str) -> Iterator[Member]:
    """Yield the members of an object, and of what lies in it, up to a choice of several shapes."""
    for name, prop in node.get("properties", {}).items():
        path = f"{prefix}{name}"
        shape = _resolved(schema, prop)
        yield Member(path, _words(schema, prop), prop.get("description", "The kind of item."))
        inner = _resolved(schema, shape["items"]) if "items" in shape else shape
        yield from members(schema, inner, f"{path}[]." if "items" in shape else f"{path}.")


def _resolved(schema: Mapping[str, Any], node: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a node refers to; of what may also be ``null``, the other."""
    if "$ref" in node:
        definition: Mapping[str, Any] = schema["$defs"][node["$ref"].rpartition("/")[2]]
        return definition
    branches = [branch for branch in node.get("anyOf", ()) if branch != {"type": "null"}]
    return _resolved(schema, branches[0]) if len(branches) == 1 else node


def _words(schema: Mapping[str, Any], node: Mapping[str, Any]) -> str:
    branches: Sequence[Mapping[str, Any]] = node.get("anyOf", (node,))
    return " or ".join(dict.fromkeys(_word(schema, branch) for branch in branches))


def _word(schema: Mapping[str, Any], branch: Mapping[str, Any]) -> str:
    node = _resolved(schema, branch)
    values = node.get("enum", ())
    if len(values) > _MANY:
        return "code"
    if values:
        return " or ".join(f"`{value}`" for value in values)
    if node.get("format") == "date-time":
        return "time"
    return str({"array": "list"}.get(node.get("type", ""), node.get("type")))

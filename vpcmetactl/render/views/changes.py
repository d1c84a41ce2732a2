"""Words about changes, for plans, for what became of them and for runs."""

from collections.abc import Mapping, Sequence

from vpcmetactl.domain.plans import Action, NoteCode
from vpcmetactl.render.documents import Group, Line, Style, Text
from vpcmetactl.render.items.base import ServerIdentity
from vpcmetactl.render.items.changes import FieldChange, Link, Note, Operation, PlannedRestart
from vpcmetactl.render.items.plan_summaries import PlanSummary, Wish
from vpcmetactl.render.paths import word
from vpcmetactl.render.views.restart_words import reason_words
from vpcmetactl.render.views.words import servers_listed

_OF_METADATA = frozenset({Action.ENABLE, Action.DISABLE, Action.SET})
# What a reader must not overlook: something gets worse, or is lost.
_GRAVE = frozenset({NoteCode.WEAKENS, NoteCode.INSTANCE_STORAGE_LOST, NoteCode.TRUSTED})


def change_words(
    operation: Operation | None,
    fields: Sequence[FieldChange],
    restart: PlannedRestart | None,
    link: Link | None,
) -> Text:
    """Return what is to be done to a server: each field before and after, or one line."""
    if restart is not None:
        stop = f"{restart.stop_type} stop" if restart.stop_type else "stop"
        why = f"{restart.verdict}: {reason_words(restart.reason)}"
        return f"{stop} and start ({why})"
    if link is not None:
        return _link_words(operation, link)
    return tuple(map(_field_words, fields))


def _link_words(operation: Operation | None, link: Link) -> str:
    if operation is Operation.LINK_CREATE:
        named = f" as {link.link_name}" if link.link_name else ""
        return f"link to profile {link.profile}{named}"
    known = link.link_name or link.link_id
    # Made by a plan that is to be taken back: nobody knows its id before it is looked at.
    which = f"link {known}" if known else "the link"
    return f"delete {which} to profile {link.profile}"


def _field_words(change: FieldChange) -> str:
    if change.field == "enabled":
        return f"service: {_state(change.before)} → {_state(change.after)}"
    return f"{change.field}: {_value(change.before)} → {_value(change.after)}"


def _state(enabled: object) -> str:
    if enabled is None:
        return "not reported"
    return "enabled" if enabled else "disabled"


def _value(value: object) -> str:
    return "not reported" if value is None else word(value)


def wish_words(action: Action, wish: Wish) -> str:
    """Return an action with what was asked for: ``enable, protocol https``."""
    words = [action.value.replace("_", " ")]
    if wish.protocol is not None:
        words.append(f"protocol {wish.protocol}")
    if wish.response_hop_limit is not None:
        words.append(f"response_hop_limit {wish.response_hop_limit}")
    return ", ".join(words)


def command_words(action: Action, wish: Wish) -> str:
    """Return an action with its noun where it needs one: ``metadata enable, protocol https``."""
    words = wish_words(action, wish)
    return f"metadata {words}" if action in _OF_METADATA else words


def can_be_undone(action: Action | None) -> bool:
    """Whether what was done can be taken back; of a restart there is nothing to restore."""
    return action is not Action.RESTART


def told_elsewhere_left_out(message: str, server: ServerIdentity) -> str:
    """Return an error's message without server and region, which stand in columns of their own."""
    for place in (server.region, server.label):
        message = message.removeprefix(f"{place}: ")
    for who in (f"{server.name} ({server.id})", server.name, server.id):
        phrase = f" {server.kind.words} {who} in {server.region}:"
        message = message.replace(f" of{phrase}", ":", 1).replace(phrase, " it:", 1)
    return message.replace(f" {server.crn} ", " it ", 1) if server.crn else message


def by_saying(
    said: Sequence[tuple[str, ServerIdentity]],
) -> Mapping[str, Sequence[ServerIdentity]]:
    """Return each thing that is said once, with the servers that it is said of."""
    servers: dict[str, list[ServerIdentity]] = {}
    for saying, server in said:
        servers.setdefault(saying, []).append(server)
    return servers


def noted(pairs: Sequence[tuple[ServerIdentity, Sequence[Note]]]) -> Sequence[Group]:
    """Say each note once, with the servers that it is about; what is grave stands out, first."""
    flat = [(note, server) for server, notes in pairs for note in notes]
    servers = by_saying([(note.message, server) for note, server in flat])
    grave = {note.message for note, _ in flat if note.code in _GRAVE}
    lines = [
        Line(
            f"{servers_listed(who)}: {message}",
            style=Style.ATTENTION if message in grave else None,
        )
        for message, who in sorted(servers.items(), key=lambda pair: pair[0] not in grave)
    ]
    return [*([Group(lines, title="Notes")] if lines else []), *_terraform(flat)]


def _terraform(said: Sequence[tuple[Note, ServerIdentity]]) -> Sequence[Group]:
    """Give each text for Terraform's configuration once, with the servers that it is for."""
    servers = by_saying([(note.hcl, server) for note, server in said if note.hcl is not None])
    return [
        Group(
            [Line(line, keep=True) for line in hcl.splitlines()],
            title=f"For Terraform, in the resource of {servers_listed(who)}",
        )
        for hcl, who in servers.items()
    ]


def resume_line(run_id: str) -> Line:
    """Return the command that goes on with what is not settled."""
    return Line(f"vpcmetactl runs resume {run_id}", label="To go on", keep=True)


def rollback_line(run_id: str) -> Line:
    """Return the command that takes back what was applied."""
    return Line(f"vpcmetactl runs rollback {run_id}", label="To undo it", keep=True)


def vouching_lines(summary: PlanSummary) -> Sequence[Line]:
    """Say what pruning asks for: a 404 alone is no proof that a server is gone."""
    if summary.action is not Action.PRUNE_LINKS or not summary.change or summary.saved:
        return []
    said = (
        "Nothing is taken away without --assert-full-visibility: the platform answers 404 for "
        "servers that you may not see, too."
    )
    return [Line(said, style=Style.ATTENTION)]

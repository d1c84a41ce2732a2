"""What ``restarts`` does."""

from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice

from vpcmetactl.cli.accounts import Part, open_accounts
from vpcmetactl.cli.changing import Purpose, change_servers
from vpcmetactl.cli.context import App, EvidenceReader
from vpcmetactl.cli.output import emitter, failures_told, read_output
from vpcmetactl.cli.parameters import Given, take_app, take_choice
from vpcmetactl.cli.session import Session, open_session, warn_of_unread
from vpcmetactl.domain.applying import RESTART_DEFAULTS
from vpcmetactl.domain.errors import ExitCode, InvalidInputError
from vpcmetactl.domain.evidence import (
    CLOCK_TOLERANCE,
    EventKind,
    ImportSummary,
    ServerEvent,
    Source,
)
from vpcmetactl.domain.plans import Plan, StopType
from vpcmetactl.domain.restarting import RestartWish, plan_restarts
from vpcmetactl.domain.restarts import AssessedServer, Verdict, assess_restart

# So many events are written down in one transaction.
_TOGETHER = 100_000


def list_restarts(app: App, given: Given) -> ExitCode:
    """List the servers of the verdicts that are wanted."""
    with failures_told(app, "restarts", given["output"]):
        verdicts = _verdicts(given.pop("verdict"), (Verdict.NEEDED, Verdict.UNKNOWN))
        choice = take_choice(given)
        app, options = take_app(app, given)
        output = read_output(app, "restarts", given)
        where = choice.predicate()
    from vpcmetactl.render.views.restarts import RESTARTS  # noqa: PLC0415 - usage errors first

    def read(session: Session) -> Generator[Sequence[AssessedServer], None, Part]:
        reading = session.read(choice, where)
        for batch in reading:
            yield [one for one in batch if one.restart.verdict in verdicts]
        return Part(reading=reading)

    with emitter(app, RESTARTS, output) as out, open_accounts(app, options) as accounts:
        for batch in accounts.read(read, choice):
            for assessed in batch:
                out.item(assessed)
        return accounts.conclude(out, output, exit_code=given["exit_code"])


def import_events(app: App, given: Given) -> ExitCode:
    """Take evidence in from files."""
    with failures_told(app, "import", given["output"]):
        app, options = take_app(app, given)
        output = read_output(app, "import", given)
    from vpcmetactl.render.views.imports import IMPORT  # noqa: PLC0415 - usage errors first

    with emitter(app, IMPORT, output) as out:
        app.check_state(options)
        with open_session(app, options) as session:
            account = session.realm.account_id
            with app.open_journal(session.options, session.caller) as journal:
                for name in given["files"]:
                    with app.files.read_evidence(name, account, app.terminal.stdin_bytes) as reader:
                        new = sum(
                            journal.add_events(together) for together in _batches(reader.events())
                        )
                    summary = reader.summary(new)
                    _remark(app, name, reader, summary)
                    out.item(summary)
            out.end(session.trailer(None, ExitCode.OK))
    return ExitCode.OK


def _remark(app: App, name: str, reader: EvidenceReader, summary: ImportSummary) -> None:
    """Say what of a file could not be taken as it is."""
    for remark in (*reader.unreadable, *reader.remarks):
        app.terminal.say(f"{name}: {remark}")
    if summary.latest is not None and summary.latest > _soon(app.clock.now()):
        app.terminal.say(
            f"{name}: something in it is of {summary.latest:%Y-%m-%d %H:%M} UTC, which is yet to "
            "come; it was taken, but look at the clocks"
        )


def _soon(now: datetime) -> datetime:
    """Return the latest time that a clock may show now."""
    return now + CLOCK_TOLERANCE


def _batches(events: Iterator[ServerEvent]) -> Iterator[Sequence[ServerEvent]]:
    while together := tuple(islice(events, _TOGETHER)):
        yield together


def acknowledge(app: App, given: Given) -> ExitCode:
    """Write down what an operator says of servers, and show what their verdicts are then."""
    with failures_told(app, "restarts", given["output"]):
        at = _moment(given.pop("at"), app.clock.now())
        note = given.pop("note")
        choice = take_choice(given)
        app, options = take_app(app, given)
        output = read_output(app, "restarts", given)
        where = choice.predicate(warn=app.terminal.note)
        if choice.is_empty and not given["all_servers"]:
            raise InvalidInputError(
                "restarts ack: no server is chosen",
                hint="name servers, choose them with options, or say --all",
            )
    from vpcmetactl.render.views.restarts import RESTARTS  # noqa: PLC0415 - usage errors first

    with emitter(app, RESTARTS, output) as out:
        app.check_state(options)
        with open_session(app, options) as session:
            reading = session.read(choice, where)
            servers = [assessed for batch in reading for assessed in batch]
            session.observer.finish()
            now = app.clock.now()
            kind = EventKind.RESTARTED if at else EventKind.ACKNOWLEDGED
            who = session.caller.iam_id or ""
            events = [
                ServerEvent(one.server.id, at or now, kind, Source.OPERATOR, who, note)
                for one in servers
            ]
            with app.open_journal(session.options, session.caller) as journal:
                journal.add_events(events)
                histories = journal.load_histories([one.server.id for one in servers])
            for one in servers:
                after = assess_restart(
                    one.server, histories[one.server.id], session.options.named_rule
                )
                out.item(AssessedServer(one.server, after))
            code = ExitCode.INCOMPLETE if reading.unread else ExitCode.OK
            trailer = session.trailer(reading, code)
            out.end(trailer)
            warn_of_unread(app, trailer.scope.incomplete, output)
            return code


def run_restarts(app: App, given: Given) -> ExitCode:
    """Stop and start servers."""
    return change_servers(app, given, _restarting)


def _restarting(given: Given) -> Purpose:
    verdicts = _verdicts(given.pop("verdict"), (Verdict.NEEDED,))
    if Verdict.NOT_NEEDED in verdicts:
        raise InvalidInputError(
            "--verdict not_needed: a server that needs no restart is never restarted",
            hint="the verdicts are needed and unknown",
        )
    wish = RestartWish(
        verdicts=verdicts,
        allow_storage_loss=given.pop("allow_instance_storage_loss"),
        stop_type=StopType(given.pop("stop_type")),
        one_per=_one_per(given.pop("one_per")),
    )

    def make_plan(session: Session, servers: Sequence[AssessedServer], named: bool) -> Plan:  # noqa: FBT001
        del session, named
        return plan_restarts(wish, servers)

    return Purpose(command="restarts run", make_plan=make_plan, defaults=RESTART_DEFAULTS)


def _verdicts(words: str | None, otherwise: Collection[Verdict]) -> Collection[Verdict]:
    if words is None:
        return otherwise
    try:
        return frozenset(Verdict(word.strip()) for word in words.split(","))
    except ValueError:
        raise InvalidInputError(
            f"--verdict {words}: is not a list of verdicts",
            hint=f"the verdicts are {', '.join(Verdict)}, with commas between them",
        ) from None


def _one_per(expression: str | None) -> Callable[[AssessedServer], str | None] | None:
    if expression is None:
        return None
    # Imported here: most commands are given no expression.
    from vpcmetactl.cli.where import server_value  # noqa: PLC0415

    return server_value(expression, "--one-per")


def _moment(text: str | None, now: datetime) -> datetime | None:
    """Read a moment; raises InvalidInputError for one without a zone, or yet to come."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInputError(
            f"--at {text}: is no time", hint="write it so: 2026-11-21T14:30Z"
        ) from None
    if moment.tzinfo is None:
        raise InvalidInputError(
            f"--at {text}: does not say in which time zone",
            hint=f"write {text}Z for UTC, or the offset, as in {text}+01:00",
        )
    if moment > _soon(now):
        raise InvalidInputError(f"--at {text}: lies in the future", hint="when was it restarted?")
    return moment.astimezone(UTC)

"""What ``restarts`` does."""

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice

from vpcmetactl.cli.changing import Purpose, change_servers
from vpcmetactl.cli.context import App
from vpcmetactl.cli.output import emitter, failures_told, read_output
from vpcmetactl.cli.parameters import Given, take_app, take_choice
from vpcmetactl.cli.session import Session, open_session
from vpcmetactl.domain.applying import RESTART_DEFAULTS
from vpcmetactl.domain.errors import ExitCode, InvalidInputError
from vpcmetactl.domain.evidence import EventKind, ServerEvent, Source
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

    with emitter(app, RESTARTS, output) as out, open_session(app, options) as session:
        reading = session.read(choice, where)
        found = False
        for batch in reading:
            for assessed in batch:
                if assessed.restart.verdict in verdicts:
                    found = True
                    out.item(assessed)
        return session.conclude(out, output, reading, is_finding=given["exit_code"] and found)


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
            with app.open_journal(options, session.caller) as journal:
                for name in given["files"]:
                    with app.files.read_evidence(name, account, app.terminal.stdin_bytes) as reader:
                        new = sum(
                            journal.add_events(together) for together in _batches(reader.events())
                        )
                    for complaint in reader.unreadable:
                        app.terminal.say(f"{name}: {complaint}")
                    out.item(reader.summary(new))
            out.end(session.trailer(None, ExitCode.OK))
    return ExitCode.OK


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
            with app.open_journal(options, session.caller) as journal:
                journal.add_events(events)
                histories = journal.load_histories([one.server.id for one in servers])
            for one in servers:
                after = assess_restart(
                    one.server, histories[one.server.id], session.options.restart_rule
                )
                out.item(AssessedServer(one.server, after))
            return session.conclude(out, output, reading)


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
    if moment > now + timedelta(minutes=5):
        raise InvalidInputError(f"--at {text}: lies in the future", hint="when was it restarted?")
    return moment.astimezone(UTC)

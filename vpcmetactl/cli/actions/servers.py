"""What ``servers`` does."""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from vpcmetactl.cli.accounts import Part, open_accounts
from vpcmetactl.cli.context import App
from vpcmetactl.cli.output import OutputChoice, emitter, failures_told, read_output
from vpcmetactl.cli.parameters import Choice, Given, Predicate, take_app, take_choice
from vpcmetactl.cli.session import Session
from vpcmetactl.cli.settings import CloudOptions
from vpcmetactl.cli.trust import TrustReading, profiles_of
from vpcmetactl.domain.access import join_profiles
from vpcmetactl.domain.errors import AuthenticationError, ExitCode, VpcmetactlError
from vpcmetactl.domain.identifiers import ServerRef
from vpcmetactl.domain.restarts import AssessedServer
from vpcmetactl.domain.selection import ServerSelector
from vpcmetactl.render.documents import Unread, View
from vpcmetactl.usecases.fleet import FleetReading


def list_servers(app: App, given: Given) -> ExitCode:
    """List the chosen servers, as they arrive where the format allows it."""
    with failures_told(app, "servers", given["output"]):
        choice = take_choice(given)
        app, options = take_app(app, given)
        output = read_output(app, "servers", given)
        extra = given["with_"]
        wanted = _Wanted("always" if "profiles" in extra else "never", tags="tags" in extra)
        where = choice.predicate(with_tags=wanted.tags)
    from vpcmetactl.render.views.servers import SERVERS  # noqa: PLC0415 - usage errors come first

    out = _Output(SERVERS, output, exit_code=given["exit_code"])
    return _read(app, options, out, choice, where, wanted)


def show_server(app: App, given: Given) -> ExitCode:
    """Show one server."""
    with failures_told(app, "servers", given["output"]):
        ref = ServerRef.parse(given.pop("server"))
        selector = ServerSelector(refs=(ref,), regions=given.pop("region"))
        choice = Choice(selector, where=None, ignore_not_found=False)
        app, options = take_app(app, given)
        output = read_output(app, "servers", given)
    from vpcmetactl.render.views.servers import SERVER  # noqa: PLC0415 - usage errors come first

    out = _Output(SERVER, output)
    return _read(app, options, out, choice, None, _Wanted(given["check_trust"]))


@dataclass(frozen=True, slots=True)
class _Output:
    """How to show servers, and whether finding any is told by the exit code."""

    view: View[AssessedServer, Any]
    choice: OutputChoice
    exit_code: bool = False


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What is to be told of servers besides what the VPC API tells of them."""

    check_trust: str
    tags: bool = False


def _read(  # noqa: PLR0917 - what a list of servers is made of
    app: App,
    options: CloudOptions,
    output: _Output,
    choice: Choice,
    where: Predicate | None,
    wanted: _Wanted,
) -> ExitCode:
    def read(session: Session) -> Generator[Sequence[AssessedServer], None, Part]:
        reading = session.read(choice, where, with_tags=wanted.tags)
        unread: list[Unread] = []
        if wanted.check_trust == "never":
            yield from reading
        else:
            yield from _with_profiles(session, reading, unread)
        if wanted.check_trust == "auto":
            session.observer.finish()
            _warn_of_untold_trust(session, unread)
            unread.clear()
        if reading.tagging.error is not None:
            account = session.caller.account_id
            unread.append(Unread(account, None, None, reading.tagging.error, "tags"))
        return Part(reading=reading, unread=unread)

    with emitter(app, output.view, output.choice) as out, open_accounts(app, options) as accounts:
        for batch in accounts.read(read, choice):
            for assessed in batch:
                out.item(assessed)
            out.flush()
        return accounts.conclude(out, output.choice, exit_code=output.exit_code)


def _with_profiles(
    session: Session, reading: FleetReading, unread: list[Unread]
) -> Iterator[Sequence[AssessedServer]]:
    """Give the servers, once all are read, with the profiles that trust each of them.

    Where these cannot be read the servers are given without, and ``unread`` says why.
    """
    servers = [assessed for batch in reading for assessed in batch]
    account = session.caller.account_id
    try:
        trusts = TrustReading(session, profiles_of(session) if servers else ())
        joined = join_profiles(servers, trusts)
    except AuthenticationError:
        raise
    except VpcmetactlError as error:
        unread.append(Unread(account, None, None, error, "profiles"))
        yield servers
        return
    errors = [error for trust in trusts.unread for error in trust.errors.values()]
    unread += [Unread(account, None, None, error, "profiles") for error in errors[:1]]
    yield joined


def _warn_of_untold_trust(session: Session, unread: Sequence[Unread]) -> None:
    """Say why it is not told who trusts the server, where nobody insisted on it."""
    for part in unread:
        session.observer.warn(f"not all of who trusts the server could be read: {part.error}")
        if part.error.hint:
            session.app.terminal.note(f"hint: {part.error.hint}")

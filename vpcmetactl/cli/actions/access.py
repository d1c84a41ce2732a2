"""What ``access`` does."""

from collections.abc import Generator, Mapping, Sequence
from functools import partial

from vpcmetactl.cli.accounts import Part, open_accounts
from vpcmetactl.cli.context import App
from vpcmetactl.cli.output import emitter, failures_told, read_output
from vpcmetactl.cli.parameters import Given, take_app, take_choice
from vpcmetactl.cli.session import Session
from vpcmetactl.cli.trust import TrustReading, profiles_of
from vpcmetactl.domain.access import Access, TrustIndex
from vpcmetactl.domain.access_findings import AccessReview
from vpcmetactl.domain.errors import (
    AuthenticationError,
    ExitCode,
    InvalidInputError,
    VpcmetactlError,
)
from vpcmetactl.domain.restarts import AssessedServer
from vpcmetactl.domain.servers import Server
from vpcmetactl.domain.trust import DefaultProfile
from vpcmetactl.usecases.bulk import Step, run_tasks

Defaults = Mapping[str, DefaultProfile | None]


def list_access(app: App, given: Given) -> ExitCode:
    """List the pairs of server and profile, as the profiles arrive."""
    with failures_told(app, "access", given["output"]):
        choice = take_choice(given)
        app, options = take_app(app, given)
        output = read_output(app, "access", given)
        where = choice.predicate()
        if given["default_profiles"] and options.source is not None:
            raise InvalidInputError(
                "--default-profiles: no snapshot holds the profiles that servers were made with",
                hint="ask the cloud: leave --source out",
            )
    from vpcmetactl.render.views.access import ACCESS  # noqa: PLC0415 - usage errors first

    def read(session: Session) -> Generator[Sequence[Access], None, Part]:
        trusts = TrustReading(session, profiles_of(session, given["profiles"]))
        reading = session.read(choice, where)
        servers = [one for batch in reading for one in batch]
        defaults = _defaults(session, servers) if given["default_profiles"] else {}
        # What stands out can be told of a whole account only.
        is_whole = choice.is_empty and not given["profiles"] and not reading.unread
        review = AccessReview(TrustIndex(servers, defaults))
        for trust in trusts:
            yield list(review.reach(trust))
        return Part(
            reading=reading,
            is_short=bool(trusts.unread),
            whole=review.findings() if is_whole else None,
            tell=trusts.warn,
        )

    with emitter(app, ACCESS, output) as out, open_accounts(app, options) as accounts:
        for batch in accounts.read(read, choice):
            for access in batch:
                out.item(access)
        return accounts.conclude(out, output, exit_code=given["exit_code"])


def _defaults(session: Session, servers: Sequence[AssessedServer]) -> Defaults:
    """Ask for the profile that each server was given when it was made, a call each."""
    tasks = [partial(_default, session, one.server) for one in servers]
    return dict(run_tasks(tasks, session.workers))


def _default(session: Session, server: Server) -> Step[tuple[str, DefaultProfile | None]]:
    try:
        found = session.cloud.get_default_profile(server.region, server.kind, server.id)
    except AuthenticationError:
        raise
    except VpcmetactlError as error:
        session.observer.warn(
            f"the default profile of {server.name or server.id} is not known: {error}"
        )
        return Step()
    return Step([(server.id, found)])

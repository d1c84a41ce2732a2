"""What ``access`` does."""

from collections.abc import Mapping, Sequence
from functools import partial

from vpcmetactl.cli.context import App
from vpcmetactl.cli.output import emitter, failures_told, read_output
from vpcmetactl.cli.parameters import Given, take_app, take_choice
from vpcmetactl.cli.session import Session, open_session
from vpcmetactl.cli.trust import TrustReading, profiles_of
from vpcmetactl.domain.access import TrustIndex
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

    with emitter(app, ACCESS, output) as out, open_session(app, options) as session:
        trusts = TrustReading(session, profiles_of(session, given["profiles"]))
        reading = session.read(choice, where)
        servers = [one for batch in reading for one in batch]
        defaults = _defaults(session, servers) if given["default_profiles"] else {}
        index = TrustIndex(servers, defaults)
        # What stands out can be told of a whole account only.
        is_whole = choice.is_empty and not given["profiles"] and not reading.unread
        review = AccessReview(index)
        found = False
        for trust in trusts:
            for access in review.reach(trust):
                found = True
                out.item(access)
        code = session.conclude(
            out,
            output,
            reading,
            is_short=bool(trusts.unread),
            is_finding=given["exit_code"] and found,
            whole=review.findings() if is_whole else None,
        )
        trusts.warn()
    return code


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

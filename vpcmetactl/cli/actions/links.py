"""What ``links`` does."""

from collections.abc import Generator, Sequence

from vpcmetactl.cli.accounts import Part, open_accounts
from vpcmetactl.cli.changing import Purpose, change_servers
from vpcmetactl.cli.context import App
from vpcmetactl.cli.link_limits import guard_limits
from vpcmetactl.cli.output import emitter, failures_told, read_output
from vpcmetactl.cli.parameters import Given, take_app, take_choice
from vpcmetactl.cli.session import Session
from vpcmetactl.cli.trust import TrustReading, account_of, profiles_of
from vpcmetactl.domain.errors import ExitCode, RefusedError
from vpcmetactl.domain.link_sights import LinkSight, Visibility, sight_of
from vpcmetactl.domain.links import plan_links, plan_prune, plan_unlinks
from vpcmetactl.domain.plans import Plan
from vpcmetactl.domain.restarts import AssessedServer
from vpcmetactl.domain.trust import ProfileLink, TrustedProfile
from vpcmetactl.usecases.pruning import sight_links
from vpcmetactl.usecases.trusting import LINKS


def list_links(app: App, given: Given) -> ExitCode:
    """List the links of the chosen servers, or every link there is."""
    with failures_told(app, "links", given["output"]):
        choice = take_choice(given)
        app, options = take_app(app, given)
        output = read_output(app, "links", given)
        where = choice.predicate()
    from vpcmetactl.render.views.links import LINKS as VIEW  # noqa: PLC0415 - usage errors first

    def read(session: Session) -> Generator[Sequence[LinkSight], None, Part]:
        trusts = TrustReading(session, profiles_of(session, given["profiles"]), (LINKS,))
        reading = session.read(choice, where)
        servers = {one.server.id: one.server for batch in reading for one in batch}
        unread = frozenset(part.region for part in reading.unread)
        for trust in trusts:
            sights = [sight_of(trust.profile, link, servers, unread) for link in trust.links]
            yield [
                sight
                for sight in sights
                if choice.is_empty or sight.visibility is Visibility.VISIBLE
            ]
        return Part(reading=reading, is_short=bool(trusts.unread), tell=trusts.warn)

    with emitter(app, VIEW, output) as out, open_accounts(app, options) as accounts:
        for batch in accounts.read(read, choice):
            for sight in batch:
                out.item(sight)
        return accounts.conclude(out, output, exit_code=given["exit_code"])


def create_links(app: App, given: Given) -> ExitCode:
    """Link servers to a profile."""
    return change_servers(app, given, _creating)


def delete_links(app: App, given: Given) -> ExitCode:
    """Take away the links of servers to a profile."""
    return change_servers(app, given, _deleting)


def prune_links(app: App, given: Given) -> ExitCode:
    """Take away the links whose server is gone."""
    return change_servers(app, given, _pruning)


def _creating(given: Given) -> Purpose:
    word, name = given.pop("profile"), given.pop("link_name")
    cross_account = given.pop("cross_account")

    def make_plan(session: Session, assessed: Sequence[AssessedServer], named: bool) -> Plan:  # noqa: FBT001
        profile, links = _linked(session, word)
        plan = plan_links(
            [one.server for one in assessed],
            profile,
            links,
            named=named,
            link_name=name,
            cross_account=cross_account,
        )
        guard_limits(session, plan.changes)
        return plan

    return Purpose(command="links create", make_plan=make_plan)


def _deleting(given: Given) -> Purpose:
    word = given.pop("profile")

    def make_plan(session: Session, assessed: Sequence[AssessedServer], named: bool) -> Plan:  # noqa: FBT001
        del named
        return plan_unlinks([one.server for one in assessed], *_linked(session, word))

    return Purpose(command="links delete", make_plan=make_plan)


def _linked(session: Session, word: str) -> tuple[TrustedProfile, Sequence[ProfileLink]]:
    (profile,) = profiles_of(session, [word])
    return profile, session.cloud.list_links(profile.id)


def _pruning(given: Given) -> Purpose:
    words, asserted = given.pop("profiles"), given.pop("assert_full_visibility")

    def make_plan(session: Session, assessed: Sequence[AssessedServer], named: bool) -> Plan:  # noqa: FBT001
        del named
        trusts = TrustReading(session, profiles_of(session, words), (LINKS,))
        seen = {one.server.id: one.server.identity for one in assessed}
        sighted = sight_links(session.cloud, trusts, seen, session.workers)
        trusts.warn()
        now = session.app.clock.now()
        return plan_prune(sighted, account_id=account_of(session), now=now)

    def guard(plan: Plan) -> None:
        if plan.changes and not asserted:
            raise RefusedError(
                f"{len(plan.changes)} links may be of servers that exist and are not visible to "
                "you: the platform answers 404 for these, too",
                hint="nothing was changed; where the credentials see every server of the account, "
                "say --assert-full-visibility",
            )

    return Purpose(command="links prune", make_plan=make_plan, guard=guard)

"""What ``snapshot`` does."""

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from vpcmetactl import __version__
from vpcmetactl.cli.context import App, SnapshotSink
from vpcmetactl.cli.output import emitter, failures_told, read_output
from vpcmetactl.cli.parameters import Choice, Given, take_app, take_choice
from vpcmetactl.cli.session import READERS, Session, open_session, warn_of_unread
from vpcmetactl.cli.trust import TrustReading, profiles_of
from vpcmetactl.domain.diffing import SnapshotDiff
from vpcmetactl.domain.errors import (
    AuthenticationError,
    ExitCode,
    InvalidInputError,
    VpcmetactlError,
    strongest,
)
from vpcmetactl.domain.selection import ServerSelector
from vpcmetactl.domain.snapshots import Content, Gap, Reading
from vpcmetactl.render.documents import Scope, Trailer
from vpcmetactl.usecases.fleet import FleetReading
from vpcmetactl.usecases.templates import read_templates


def save_snapshot(app: App, given: Given) -> ExitCode:
    """Read the fleet and what belongs to it, and write it into a file."""
    contents = _contents(given.pop("content"))
    choice = take_choice(given)
    app, options = take_app(app, given)
    path = Path(given["file"])
    where = choice.predicate()
    with open_session(app, options) as session, app.files.snapshot_writer() as writer:
        reading = session.read(choice, where)
        for batch in reading:
            writer.add_servers(batch)
        gaps = [
            Gap(content=Content.SERVERS, region=one.region, kind=one.kind, error=one.error)
            for one in reading.unread
        ]
        if Content.PROFILES in contents:
            gaps += _save_profiles(session, writer)
        if Content.TEMPLATES in contents:
            gaps += _save_templates(session, writer, reading.regions)
        session.observer.finish()
        writer.save(path, [_reading(session, choice, reading, contents, gaps)], __version__)
        warn_of_unread(session.app, session.scope(reading).incomplete)
        for gap in gaps:
            if gap.content is not Content.SERVERS:
                what = f"{gap.content} of {gap.region}" if gap.region else str(gap.content)
                app.terminal.say(f"incomplete: the {what} could not be read: {gap.error}")
    app.terminal.note(f"saved as {path}")
    return ExitCode.INCOMPLETE if gaps else ExitCode.OK


def _contents(words: str) -> Collection[Content]:
    try:
        return {Content.SERVERS, *(Content(word.strip()) for word in words.split(","))}
    except ValueError:
        raise InvalidInputError(
            f"--content {words}: is not a list of what can be saved",
            hint=f"it can be {', '.join(Content)}, with commas between them",
        ) from None


def _save_profiles(session: Session, writer: SnapshotSink) -> list[Gap]:
    try:
        reading = TrustReading(session, profiles_of(session))
        for trust in reading:
            writer.add_profile(trust)
    except AuthenticationError:
        raise
    except VpcmetactlError as error:
        return [Gap(content=Content.PROFILES, region=None, kind=None, error=error)]
    errors = [error for trust in reading.unread for error in trust.errors.values()]
    return [
        Gap(content=Content.PROFILES, region=None, kind=None, error=error) for error in errors[:1]
    ]


def _save_templates(session: Session, writer: SnapshotSink, regions: Collection[str]) -> list[Gap]:
    workers = session.options.max_workers or READERS
    try:
        read = read_templates(session.cloud, sorted(regions), workers)
    except AuthenticationError:
        raise
    except VpcmetactlError as error:
        return [
            Gap(content=Content.TEMPLATES, region=region, kind=None, error=error)
            for region in regions
        ]
    for template in read.templates:
        writer.add_template(template)
    return [
        Gap(content=Content.TEMPLATES, region=one.region, kind=None, error=one.error)
        for one in read.unread
    ]


def _reading(
    session: Session,
    choice: Choice,
    reading: FleetReading,
    contents: Collection[Content],
    gaps: list[Gap],
) -> Reading:
    realm = session.realm
    selector = choice.selector
    by_place = ServerSelector(regions=selector.regions, kinds=selector.kinds)
    is_narrowed = selector != by_place or choice.where is not None
    return Reading(
        account_id=realm.account_id or None,
        vpc_endpoint=realm.vpc_endpoint,
        iam_host=realm.iam_host,
        taken_at=session.app.clock.now(),
        rule=session.options.restart_rule,
        regions=tuple(sorted(reading.regions)),
        kinds=tuple(selector.wanted_kinds),
        selection=choice.words if is_narrowed else (),
        contents=tuple(content for content in Content if content in contents),
        gaps=tuple(gaps),
    )


def diff_snapshots(app: App, given: Given) -> ExitCode:
    """Tell two snapshots apart."""
    with failures_told(app, "diff", given["output"]):
        output = read_output(app, "diff", given)
        before, after = Path(given["before"]), Path(given["after"])
    from vpcmetactl.render.views.diffs import DIFF  # noqa: PLC0415 - usage errors first

    with (
        emitter(app, DIFF, output) as out,
        app.files.open_snapshot(before) as old,
        app.files.open_snapshot(after) as new,
    ):
        comparison = SnapshotDiff(old, new)
        found = False
        for difference in comparison:
            found = True
            out.item(difference)
        summary = comparison.summary
        is_partial = bool(summary.not_comparable or summary.parts_unread)
        code = strongest(
            ExitCode.INCOMPLETE if is_partial else ExitCode.OK,
            ExitCode.FINDINGS if given["exit_code"] and found else ExitCode.OK,
        )
        accounts = dict.fromkeys(one.account_id for one in new.readings if one.account_id)
        regions = {region for one in new.readings for region in one.regions}
        scope = Scope(accounts=list(accounts), regions=sorted(regions))
        scope = replace(scope, snapshot=str(after), taken_at=new.readings[0].taken_at)
        out.end(Trailer(generated_at=app.clock.now(), exit_code=code, scope=scope, whole=summary))
    return code

"""What ``templates`` does."""

from collections.abc import Generator, Sequence
from datetime import UTC
from pathlib import Path

from vpcmetactl.cli.accounts import Part, open_accounts
from vpcmetactl.cli.context import App
from vpcmetactl.cli.output import emitter, failures_told, read_output
from vpcmetactl.cli.parameters import Given, take_app
from vpcmetactl.cli.policies import take_policy
from vpcmetactl.cli.session import Session, open_session
from vpcmetactl.domain.audit import audit
from vpcmetactl.domain.errors import ExitCode, InvalidInputError
from vpcmetactl.domain.plans import MetadataServicePatch
from vpcmetactl.domain.servers import Protocol
from vpcmetactl.domain.snapshots import Content
from vpcmetactl.domain.templates import (
    JudgedTemplate,
    hindrances,
    replacement_body,
    template_subject,
)
from vpcmetactl.render.documents import Unread
from vpcmetactl.usecases.fleet import find_regions
from vpcmetactl.usecases.templates import TemplatesRead, find_template, read_templates


def list_templates(app: App, given: Given) -> ExitCode:
    """List templates with what their next servers would be judged to be."""
    with failures_told(app, "templates", given["output"]):
        policy = take_policy(app, given)
        app, options = take_app(app, given)
        output = read_output(app, "templates", given)
    from vpcmetactl.render.views.templates import TEMPLATES  # noqa: PLC0415 - usage errors first

    today = app.clock.now().astimezone(UTC).date()

    def read(session: Session) -> Generator[Sequence[JudgedTemplate], None, Part]:
        read = _read(session, given["region"])
        subjects = [template_subject(template) for template in read.templates]
        found = audit(subjects, policy, today, lambda: False).open_findings
        for template in read.templates:
            its = [one for one in found if one.subject and one.subject.server.id == template.id]
            yield [JudgedTemplate(template, tuple(its))]
        account = session.caller.account_id
        unread = [
            Unread(account, one.region, None, one.error, Content.TEMPLATES) for one in read.unread
        ]
        return Part(unread=unread, is_found=bool(found))

    with emitter(app, TEMPLATES, output) as out, open_accounts(app, options) as accounts:
        for batch in accounts.read(read):
            for template in batch:
                out.item(template)
        return accounts.conclude(out, output, exit_code=given["exit_code"])


def replace_template(app: App, given: Given) -> ExitCode:
    """Write what to create in the place of a template."""
    protocol = given.pop("protocol")
    wish = MetadataServicePatch(
        enabled=given.pop("enabled"),
        protocol=Protocol(protocol) if protocol else None,
        response_hop_limit=given.pop("response_hop_limit"),
    )
    if wish.is_empty:
        raise InvalidInputError(
            "templates replace: there is nothing to set",
            hint="give --enabled, --disabled, --protocol or --response-hop-limit",
        )
    app, options = take_app(app, given)
    path = Path(given["body_out"])
    with open_session(app, options) as session:
        template = find_template(_read(session, given["region"]), given["template"])
        body = session.cloud.get_template_body(template.region, template.id)
        new = replacement_body(body, wish, given["new_name"])
        app.files.write_body(path, new)
        session.observer.finish()
    for hindrance in hindrances(new):
        app.terminal.say(f"warning: {hindrance}")
    groups = ", ".join(group.name or group.id for group in template.groups)
    app.terminal.note(
        f"saved as {path}, for you alone to read: create it with POST /v1/instance/templates"
        + (f", then give it to {groups}" if groups else "")
    )
    return ExitCode.OK


def _read(session: Session, regions: tuple[str, ...]) -> TemplatesRead:
    known = find_regions(session.cloud, session.observer, regions)
    return read_templates(session.cloud, known, session.workers)

"""What ``metadata`` does: its patch is planned and checked; the rest is as for every change."""

from collections.abc import Sequence
from pathlib import Path

from vpcmetactl.cli.changing import Purpose, change_servers
from vpcmetactl.cli.context import App
from vpcmetactl.cli.parameters import Given
from vpcmetactl.cli.session import Session
from vpcmetactl.cli.trust import TrustCheck, check_plan
from vpcmetactl.domain.container_hosts import mark_container_hosts
from vpcmetactl.domain.errors import ExitCode, InvalidInputError
from vpcmetactl.domain.metadata_plans import plan_metadata
from vpcmetactl.domain.plans import Action, MetadataServicePatch, Plan
from vpcmetactl.domain.restarts import AssessedServer
from vpcmetactl.domain.servers import Protocol
from vpcmetactl.domain.tags import parse_tag
from vpcmetactl.domain.terraform_plans import mark_managed
from vpcmetactl.usecases.preflight import preflight


def enable_metadata(app: App, given: Given) -> ExitCode:
    """Enable the service; protocol and hop limit stay unless they are given."""
    return change_servers(
        app, given, lambda it: _purpose(app, Action.ENABLE, _patch(it, enabled=True), it)
    )


def disable_metadata(app: App, given: Given) -> ExitCode:
    """Disable the service."""
    off = MetadataServicePatch(enabled=False)
    return change_servers(app, given, lambda it: _purpose(app, Action.DISABLE, off, it))


def set_metadata(app: App, given: Given) -> ExitCode:
    """Set protocol and hop limit, and leave the service on or off as it is."""
    return change_servers(app, given, lambda it: _purpose(app, Action.SET, _patch(it), it))


def _patch(given: Given, *, enabled: bool | None = None) -> MetadataServicePatch:
    protocol = given.pop("protocol")
    return MetadataServicePatch(
        enabled=enabled,
        protocol=Protocol(protocol) if protocol else None,
        response_hop_limit=given.pop("response_hop_limit"),
    )


def _purpose(app: App, action: Action, patch: MetadataServicePatch, given: Given) -> Purpose:
    how = TrustCheck(given.pop("check_trust"), given.pop("allow_identity_loss", False))
    if patch.is_empty:
        raise InvalidInputError(
            f"metadata {action}: there is nothing to set",
            hint="give --protocol, --response-hop-limit or both",
        )

    hosts = tuple(parse_tag(word, "--container-host-tag") for word in given.pop("container_hosts"))
    states = [Path(name) for name in given.pop("terraform_states")]
    # Before the fleet is read, which may take minutes.
    managed = app.files.find_managed(states)

    def make_plan(session: Session, assessed: Sequence[AssessedServer], named: bool) -> Plan:  # noqa: FBT001
        servers = [one.server for one in assessed]
        plan = mark_managed(plan_metadata(action, patch, servers, named=named), managed)
        plan = mark_container_hosts(plan, servers, hosts)
        plan = preflight(plan, servers, session.cloud, session.observer, session.workers)
        return check_plan(session, plan, assessed, how)

    return Purpose(command=f"metadata {action}", make_plan=make_plan, with_tags=bool(hosts))

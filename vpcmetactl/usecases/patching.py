"""Making one change of a metadata service: read, compare, patch, read back."""

from contextlib import suppress
from dataclasses import dataclass

from vpcmetactl.domain.errors import (
    CloudError,
    NotFoundError,
    PreconditionFailedError,
    UnavailableError,
    VpcmetactlError,
)
from vpcmetactl.domain.plans import (
    AlreadyDone,
    Applied,
    Failed,
    MetadataChange,
    Outcome,
    Refused,
    Unknown,
)
from vpcmetactl.domain.restarts import RestartRule, assess_restart
from vpcmetactl.domain.servers import MetadataService, Server, ServerKind
from vpcmetactl.usecases.applying import Record
from vpcmetactl.usecases.ports import MetadataWriter


@dataclass(frozen=True, slots=True)
class MetadataExecutor:
    """Patches metadata services."""

    writer: MetadataWriter
    rule: RestartRule = RestartRule.FAQ

    def execute(self, change: MetadataChange, record: Record) -> Outcome:
        """Make the change, unless the server is neither as planned nor as it was planned from."""
        return _Patching(self.writer, self.rule, change, record).run()


@dataclass(frozen=True, slots=True)
class _Patching:
    writer: MetadataWriter
    rule: RestartRule
    change: MetadataChange
    record: Record

    def run(self) -> Outcome:
        # No If-Match tells the API that a bare metal server changed since it was read: other runs
        # are kept off it from before the read.
        is_exposed = self.change.server.kind is ServerKind.BARE_METAL_SERVER
        if is_exposed and (refused := self.record.intend()):
            return refused
        found = self._find()
        if not isinstance(found, Server):
            return found
        if not is_exposed and (refused := self.record.intend()):
            return refused
        return self._send(found)

    def _find(self) -> Server | Outcome:
        """Read the server, as the plan found it; an outcome tells why nothing is to be sent."""
        try:
            found = self._read()
        except NotFoundError:
            return Refused(self.change, "is no longer there")
        except VpcmetactlError as error:
            return Failed(self.change, error)
        if self._shows(found, "after"):
            return self._already(found)
        if not self._shows(found, "before"):
            return Refused(self.change, "is no longer as it was planned from", found.metadata)
        return found

    def _already(self, found: Server) -> Outcome:
        """Whose change it is: this run's, where its attempt was cut off, or somebody else's."""
        if self.record.earlier is not None:
            return self._applied(found)
        return AlreadyDone(self.change)

    def _send(self, found: Server) -> Outcome:
        change = self.change
        self.record.sending()
        try:
            self.writer.update_metadata(found, change.patch)
        except PreconditionFailedError:
            return self._overtaken()
        except UnavailableError as error:
            return self._learn(found, error) if error.maybe_done else Failed(change, error)
        except NotFoundError:
            return Refused(change, "is no longer there")
        except VpcmetactlError as error:
            return Failed(change, error)
        except Exception as error:  # noqa: BLE001 - raised once what is known has been told
            self.record.give_up(error)
            return self._learn(found, UnavailableError("ended unexpectedly"))
        return self._verify(found)

    def _overtaken(self) -> Outcome:
        """Find out what came first: perhaps this change, sent by another run or before a kill."""
        with suppress(VpcmetactlError):
            server = self._read()
            if self._shows(server, "after"):
                return self._already(server)
        return Refused(self.change, "changed while it was about to be patched")

    def _verify(self, found: Server) -> Outcome:
        try:
            server = self._read()
        except VpcmetactlError as error:
            return Unknown(self.change, error)
        if self._shows(server, "after"):
            return self._applied(found, server)
        return Failed(
            self.change,
            CloudError(
                f"{self.change.server.label}: the API accepted the change, and does not show it",
                hint="read the server again: another change may have come in between",
                region=self.change.server.region,
            ),
        )

    def _learn(self, found: Server, error: UnavailableError) -> Outcome:
        """Find out by reading whether a change took effect whose answer was lost."""
        try:
            server = self._read()
        except VpcmetactlError:
            return Unknown(self.change, error)
        if self._shows(server, "after"):
            return self._applied(found, server)
        return Failed(
            self.change,
            UnavailableError(
                f"{error}; read again, the server does not show the change",
                hint="run the command again",
                trace=error.trace,
                region=error.region,
                status=error.status,
            ),
        )

    def _read(self) -> Server:
        server = self.change.server
        return self.writer.get_server(server.region, server.kind, server.id)

    def _applied(self, *seen: Server) -> Applied:
        """What the server was like before and after is the evidence for its restart verdict."""
        self.record.see(*seen)
        server = seen[-1]
        restart = assess_restart(server, self.record.history, self.rule)
        return Applied(self.change, server.metadata, restart)

    def _shows(self, found: Server, side: str) -> bool:
        service: MetadataService = found.metadata
        return all(
            getattr(service, field.field) == getattr(field, side) for field in self.change.fields
        )

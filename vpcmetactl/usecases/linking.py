"""Making and taking away one link: look, send once, and look again where in doubt.

There is no If-Match, and no changing a link (platform notes 4.2): it is there or it is not.
"""

from dataclasses import dataclass

from vpcmetactl.domain.errors import (
    BadRequestError,
    CloudError,
    ConflictError,
    NotFoundError,
    UnavailableError,
    VpcmetactlError,
)
from vpcmetactl.domain.plans import (
    AlreadyDone,
    Applied,
    Failed,
    LinkChange,
    LinkOperation,
    Outcome,
    Refused,
    Unknown,
)
from vpcmetactl.domain.trust import ProfileLink
from vpcmetactl.usecases.applying import Record
from vpcmetactl.usecases.ports import Inventory, LinkWriter


@dataclass(frozen=True, slots=True)
class LinkExecutor:
    """Creates and deletes links.

    With ``inventory`` a link is deleted only while its server is not found there: a plan to clear
    out may be hours old.
    """

    writer: LinkWriter
    inventory: Inventory | None = None

    def execute(self, change: LinkChange, record: Record) -> Outcome:
        """Make or take away the link, unless it is so already."""
        if refused := record.intend():
            return refused
        linking = _Linking(self.writer, change, record)
        try:
            found = linking.look()
        except NotFoundError:
            return Refused(change, "its trusted profile is no longer there")
        except VpcmetactlError as error:
            return Failed(change, error)
        if change.operation is LinkOperation.CREATE:
            return linking.create(found)
        obstacle = self._obstacle(change) if found is not None else None
        return obstacle or linking.delete(found)

    def _obstacle(self, change: LinkChange) -> Outcome | None:
        """Say why a link must stay, where that depends on its server."""
        if self.inventory is None:
            return None
        server = change.server
        try:
            self.inventory.get_server(server.region, server.kind, server.id)
        except NotFoundError:
            return None
        except VpcmetactlError as error:
            return Failed(change, error)
        return Refused(change, "its server is there after all, so the link stays")


@dataclass(frozen=True, slots=True)
class _Linking:
    writer: LinkWriter
    change: LinkChange
    record: Record

    def look(self) -> ProfileLink | None:
        """Return the link that the change is about, where it is there."""
        change = self.change
        for link in self.writer.list_links(change.profile_id):
            if change.link_id in (None, link.id) and self._is_meant(link):
                return link
            if link.id == change.link_id:
                return link
        return None

    def _is_meant(self, link: ProfileLink) -> bool:
        return (link.cr_type, link.crn) == (self.change.cr_type, self.change.crn)

    def create(self, found: ProfileLink | None) -> Outcome:
        change = self.change
        if found is not None:
            return self._already(found.id)
        self.record.sending()
        try:
            made = self.writer.create_link(
                change.profile_id,
                cr_type=change.cr_type,
                crn=change.crn,
                name=change.link_name,
                is_cross_account=change.is_cross_account,
            )
        except UnavailableError as error:
            return self._created_after_all(error) if error.maybe_done else Failed(change, error)
        except (ConflictError, BadRequestError) as error:
            # Somebody else may have made it in the meantime.
            return self._made_by_others(error)
        except VpcmetactlError as error:
            return Failed(change, error)
        if not self._is_meant(made):
            return Failed(change, self._not_shown("answered with another link"))
        return Applied(change, link_id=made.id)

    def _already(self, link_id: str | None) -> Outcome:
        """Whose doing it is: this run's, where its attempt was cut off, or somebody else's."""
        if self.record.earlier is not None:
            return Applied(self.change, link_id=link_id)
        return AlreadyDone(self.change)

    def _created_after_all(self, error: UnavailableError) -> Outcome:
        try:
            found = self.look()
        except VpcmetactlError:
            return Unknown(self.change, error)
        if found is not None:
            return Applied(self.change, link_id=found.id)
        return Failed(self.change, _without_effect(error))

    def _made_by_others(self, error: CloudError) -> Outcome:
        try:
            found = self.look()
        except VpcmetactlError:
            return Failed(self.change, error)
        return Failed(self.change, error) if found is None else self._already(found.id)

    def delete(self, found: ProfileLink | None) -> Outcome:
        change = self.change
        if found is None:
            return self._already(change.link_id)
        if not self._is_meant(found):
            return Refused(change, "the link is to something else now")
        self.record.sending()
        try:
            self.writer.delete_link(change.profile_id, found.id)
        except NotFoundError:
            return self._already(found.id)
        except VpcmetactlError as error:
            if isinstance(error, UnavailableError) and error.maybe_done:
                return self._unless_there(found.id, error, _without_effect(error))
            return Failed(change, error)
        not_shown = self._not_shown("accepted that the link goes, and still shows it")
        return self._unless_there(found.id, None, not_shown)

    def _unless_there(
        self, link_id: str, doubt: UnavailableError | None, otherwise: CloudError
    ) -> Outcome:
        """See whether this very link is gone; somebody may have made another one since."""
        try:
            present = {link.id for link in self.writer.list_links(self.change.profile_id)}
        except NotFoundError:
            present = set()  # gone with its profile
        except VpcmetactlError as error:
            return Unknown(self.change, doubt or error)
        if link_id in present:
            return Failed(self.change, otherwise)
        return Applied(self.change, link_id=link_id)

    def _not_shown(self, what: str) -> CloudError:
        return CloudError(
            f"{self.change.server.label}: IAM {what}",
            hint="look with: vpcmetactl links list",
        )


def _without_effect(error: UnavailableError) -> UnavailableError:
    return UnavailableError(
        f"{error}; looked at again, nothing has changed",
        hint="run the command again",
        trace=error.trace,
        region=error.region,
        status=error.status,
    )

"""Holding the links that a plan makes against the account's limits, before the first is made."""

from collections import Counter
from collections.abc import Iterable

from vpcmetactl.cli.session import Session
from vpcmetactl.cli.trust import account_of
from vpcmetactl.domain.errors import (
    AuthenticationError,
    NotFoundError,
    RefusedError,
    VpcmetactlError,
)
from vpcmetactl.domain.plans import Change, LinkChange, LinkOperation


def guard_limits(session: Session, changes: Iterable[Change]) -> None:
    """Raise RefusedError for links that would meet a limit half way; others cost no call.

    Limits that cannot be read are warned of, and not checked.
    """
    wanted: Counter[str] = Counter()
    names: dict[str, str] = {}
    for change in changes:
        if isinstance(change, LinkChange) and change.operation is LinkOperation.CREATE:
            wanted[change.profile_id] += 1
            names[change.profile_id] = change.profile_name or change.profile_id
    if not wanted:
        return
    try:
        limits = {one.name: one for one in session.cloud.list_limits(account_of(session))}
        of_profile, of_account = limits.get("cr_links_per_profile"), limits.get("cr_links")
        if of_profile is not None:
            for profile_id, more in wanted.items():
                present = _links_of(session, profile_id)
                _guard(f"profile {names[profile_id]}", of_profile.limit, present, more)
        if of_account is not None:
            _guard("the account", of_account.limit, of_account.used, wanted.total())
    except (AuthenticationError, RefusedError):
        raise
    except VpcmetactlError as error:
        session.observer.warn(f"the account's limits could not be read, so not checked: {error}")


def _links_of(session: Session, profile_id: str) -> int:
    try:
        return len(session.cloud.list_links(profile_id))
    except NotFoundError:
        return 0  # each of its changes is refused, for that reason


def _guard(whose: str, limit: int | None, present: int | None, more: int) -> None:
    if limit is not None and present is not None and present + more > limit:
        raise RefusedError(
            f"{more:,} more links are too many: {whose} has {present:,} and may have {limit:,}",
            hint="nothing was changed; link fewer servers, or let a claim rule trust them",
        )

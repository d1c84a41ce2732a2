"""Reading the trusted profiles of an account, with what makes each of them trust somebody."""

from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial
from typing import TypeVar

from vpcmetactl.domain.errors import AuthenticationError, NotFoundError, VpcmetactlError
from vpcmetactl.domain.trust import ProfileTrust, TrustedProfile
from vpcmetactl.usecases.bulk import Step, Task, run_tasks
from vpcmetactl.usecases.ports import TrustReader

T = TypeVar("T")

LINKS, RULES, IDENTITIES = "links", "rules", "identities"
EVERYTHING = (LINKS, RULES, IDENTITIES)


def read_trust(
    reader: TrustReader,
    profiles: Sequence[TrustedProfile],
    max_workers: int,
    parts: Collection[str] = EVERYTHING,
) -> Iterator[ProfileTrust]:
    """Read ``parts`` of each profile, one call each, and yield profiles in order of arrival.

    What cannot be read is told with its profile; only AuthenticationError is raised. A profile
    that has gone in the meantime is passed over.
    """
    tasks: Sequence[Task[ProfileTrust]] = [
        partial(_read_one, reader, profile, parts) for profile in profiles
    ]
    return run_tasks(tasks, max_workers)


def _read_one(
    reader: TrustReader, profile: TrustedProfile, parts: Collection[str]
) -> Step[ProfileTrust]:
    errors: dict[str, VpcmetactlError] = {}

    def read(part: str, call: Callable[[str], Sequence[T]]) -> tuple[T, ...]:
        if part not in parts:
            return ()
        try:
            return tuple(call(profile.id))
        except (AuthenticationError, NotFoundError):
            raise
        except VpcmetactlError as error:
            errors[part] = error
            return ()

    try:
        trust = ProfileTrust(
            profile=profile,
            links=read(LINKS, reader.list_links),
            rules=read(RULES, reader.list_rules),
            identities=read(IDENTITIES, reader.list_identities),
            errors=errors,
        )
    except NotFoundError:
        return Step()
    return Step([trust])


def find_profiles(
    profiles: Sequence[TrustedProfile], words: Sequence[str]
) -> Sequence[TrustedProfile]:
    """Return the profiles that words name by id, CRN, IAM id or exact name; all without words.

    Raises NotFoundError, naming the word, where one names none or several.
    """
    found: dict[str, TrustedProfile] = {}
    for word in words:
        # Whoever gives a profile the id of another as its name does not hide that other one.
        matching = [one for one in profiles if _is_told_by(one, word)] or [
            one for one in profiles if one.name == word
        ]
        if not matching:
            raise NotFoundError(
                f"there is no trusted profile {word!r}",
                hint="vpcmetactl profiles list shows those that you may see",
            )
        if len(matching) > 1:
            ids = ", ".join(one.id for one in matching)
            raise NotFoundError(
                f"several trusted profiles are called {word!r}: {ids}", hint="give the id"
            )
        found[matching[0].id] = matching[0]
    return list(found.values()) if words else profiles


def _is_told_by(profile: TrustedProfile, word: str) -> bool:
    # IAM ids are written in two ways (platform notes 4.2).
    same_iam_id = profile.iam_id is not None and profile.iam_id.lower() == word.lower()
    return same_iam_id or word in (profile.id, profile.crn)

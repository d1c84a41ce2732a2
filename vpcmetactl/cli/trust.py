"""Reading trusted profiles within a session, and telling what could not be read of them."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from vpcmetactl.cli.session import READERS, Session
from vpcmetactl.domain.errors import ConfigurationError
from vpcmetactl.domain.trust import ProfileTrust, TrustedProfile
from vpcmetactl.usecases.trusting import EVERYTHING, find_profiles, read_trust


def account_of(session: Session) -> str:
    """Return the account whose profiles are meant.

    Raises ConfigurationError where the token does not name one.
    """
    account = session.caller.account_id
    if not account:
        raise ConfigurationError(
            "the token does not say to which account it belongs, and IAM has to be told",
            hint="use an API key, or a token of an account",
        )
    return account


def profiles_of(session: Session, words: Sequence[str] = ()) -> Sequence[TrustedProfile]:
    """Return the account's trusted profiles, or those that words name.

    Raises NotFoundError for a word that names none, or several.
    """
    return find_profiles(session.cloud.list_profiles(account_of(session)), words)


@dataclass(slots=True)
class TrustReading:
    """Iterates over profiles in order of arrival; ``unread`` fills with those not read whole."""

    session: Session
    profiles: Sequence[TrustedProfile]
    parts: Collection[str] = EVERYTHING
    unread: list[ProfileTrust] = field(default_factory=list)

    def __iter__(self) -> Iterator[ProfileTrust]:
        workers = self.session.options.max_workers or READERS
        for trust in read_trust(self.session.cloud, self.profiles, workers, self.parts):
            if trust.errors:
                self.unread.append(trust)
            yield trust

    def warn(self) -> None:
        """Name on stderr the profiles of which something could not be read."""
        terminal = self.session.app.terminal
        for trust in self.unread:
            for part, error in trust.errors.items():
                label = trust.profile.name or trust.profile.id
                terminal.say(f"incomplete: the {part} of profile {label}: {error}")
        hints = [error.hint for trust in self.unread for error in trust.errors.values()]
        for hint in dict.fromkeys(hint for hint in hints if hint):
            terminal.note(f"hint: {hint}")

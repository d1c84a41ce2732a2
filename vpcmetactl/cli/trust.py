"""Reading trusted profiles within a session, and telling what could not be read of them."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from vpcmetactl.cli.session import Session
from vpcmetactl.domain.errors import (
    AuthenticationError,
    ConfigurationError,
    RefusedError,
    VpcmetactlError,
)
from vpcmetactl.domain.plans import Plan
from vpcmetactl.domain.restarts import AssessedServer
from vpcmetactl.domain.trust import ProfileTrust, TrustedProfile
from vpcmetactl.usecases.trust_preflight import (
    check_trust,
    concerned_servers,
    named_briefly,
)
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


@dataclass(frozen=True, slots=True)
class TrustCheck:
    """When to look who trusts the servers: ``auto``, ``always`` or ``never``."""

    when: str = "auto"
    allow_identity_loss: bool = False


@dataclass(slots=True)
class TrustReading:
    """Iterates over profiles in order of arrival; ``unread`` fills with those not read whole."""

    session: Session
    profiles: Sequence[TrustedProfile]
    parts: Collection[str] = EVERYTHING
    unread: list[ProfileTrust] = field(default_factory=list)

    def __iter__(self) -> Iterator[ProfileTrust]:
        workers = self.session.workers
        for trust in read_trust(self.session.cloud, self.profiles, workers, self.parts):
            if trust.errors:
                self.unread.append(trust)
            yield trust

    @property
    def errors(self) -> Sequence[VpcmetactlError]:
        """What kept parts from being read, in an order that does not depend on when each came."""
        unread = sorted(self.unread, key=lambda trust: trust.profile.id)
        return [error for trust in unread for _, error in sorted(trust.errors.items())]

    def warn(self) -> None:
        """Name on stderr the profiles of which something could not be read, and one error each.

        What failed for one profile may fail for two thousand, in the same way.
        """
        terminal = self.session.app.terminal
        alike: dict[tuple[str, str], list[tuple[str, VpcmetactlError]]] = {}
        for trust in self.unread:
            label = trust.profile.name or trust.profile.id
            for part, error in trust.errors.items():
                alike.setdefault((part, error.code), []).append((label, error))
        for (part, _), told in alike.items():
            who = named_briefly(sorted(label for label, _ in told))
            noun = "profile" if len(told) == 1 else f"{len(told):,} profiles:"
            terminal.say(f"incomplete: the {part} of {noun} {who}: {told[0][1]}")
        hints = [error.hint for told in alike.values() for _, error in told]
        for hint in dict.fromkeys(hint for hint in hints if hint):
            terminal.note(f"hint: {hint}")


def check_plan(
    session: Session, plan: Plan, servers: Sequence[AssessedServer], how: TrustCheck
) -> Plan:
    """Check a plan against who trusts its servers, where that matters and is wanted.

    Raises RefusedError where it could not be read and must be.
    """
    concerned = [] if how.when == "never" else concerned_servers(plan, servers)
    if not concerned:
        return plan
    trusts = _account_trust(session, must_read=how.when == "always")
    return check_trust(plan, concerned, trusts, allow_identity_loss=how.allow_identity_loss)


def _account_trust(
    session: Session, *, must_read: bool
) -> Sequence[ProfileTrust] | VpcmetactlError:
    """Return the trust of every profile, as it was read within the last minutes or just now."""
    app, now = session.app, session.app.clock.now()
    cache = app.open_trust_cache(session.options, session.realm)
    kept = None if must_read else cache.load(now)
    if kept is not None:
        return kept
    try:
        reading = TrustReading(session, profiles_of(session))
        trusts = list(reading)
    except AuthenticationError:
        raise
    except VpcmetactlError as error:
        if must_read:
            raise _must_be_known(str(error), error.hint) from error
        session.observer.warn(f"who trusts the servers could not be read: {error}")
        if error.hint:
            app.terminal.note(f"hint: {error.hint}")
        return error
    reading.warn()
    if reading.unread and must_read:
        raise _must_be_known("not all of the trusted profiles could be read", None)
    cache.save(trusts, now)
    return trusts


def _must_be_known(why: str, hint: str | None) -> RefusedError:
    return RefusedError(
        f"nothing was changed, for who trusts the servers is not known: {why}",
        hint=hint or "say --check-trust auto to go on without",
    )

"""The journal of a command that keeps no state."""

from collections.abc import Iterable, Mapping, Sequence

from vpcmetactl.domain.restarts import Observation


class NoJournal:
    """An ``ObservationLog`` that remembers nothing and never fails."""

    def load_observations(self, server_ids: Sequence[str]) -> Mapping[str, Sequence[Observation]]:
        """Return nothing: no server was ever seen."""
        del server_ids
        return {}

    def record_observations(self, observations: Iterable[Observation]) -> None:
        """Forget them."""

    def close(self) -> None:
        """Do nothing."""

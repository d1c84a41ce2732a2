"""The journal of a command that keeps no state."""

from collections.abc import Mapping, Sequence

from vpcmetactl.domain.evidence import History, Sights
from vpcmetactl.domain.runs import CutOffRestart


class NoJournal:
    """An ``EvidenceLog`` that remembers nothing and never fails."""

    def load_histories(self, server_ids: Sequence[str]) -> Mapping[str, History]:
        """Return nothing: no server was ever seen."""
        del server_ids
        return {}

    def record_sights(self, sights: Sights) -> None:
        """Forget them."""

    def list_cut_off_restarts(self) -> Sequence[CutOffRestart]:
        """Return none: of no run anything is known."""
        return ()

    def close(self) -> None:
        """Do nothing."""

"""Everything that the program assumes of the platform and nobody has seen there, in one table."""

from tests.live.assumption import Assumption
from tests.live.assumptions_more import CHANGE_ASSUMPTIONS, GUEST_ASSUMPTIONS, HAND_ASSUMPTIONS
from tests.live.assumptions_read import READ_ASSUMPTIONS

ASSUMPTIONS: tuple[Assumption, ...] = (
    *READ_ASSUMPTIONS,
    *CHANGE_ASSUMPTIONS,
    *GUEST_ASSUMPTIONS,
    *HAND_ASSUMPTIONS,
)

"""What the VPC API reads and changes: all regions of one account."""

import threading
from datetime import datetime

from vpcmetactl.emulator.clock import Clock
from vpcmetactl.emulator.iam.resources import Account
from vpcmetactl.emulator.routing import Call
from vpcmetactl.emulator.vpc.catalog import REGIONS
from vpcmetactl.emulator.vpc.encoding import Bodies
from vpcmetactl.emulator.vpc.regions import Region


class VpcState:
    """The regions, and what operations on them need. Changes hold `lock`; reads need none."""

    def __init__(self, clock: Clock, account: Account) -> None:
        self.clock = clock
        self.account = account
        self.lock = threading.RLock()
        self.clear()

    def clear(self) -> None:
        """Forget every resource."""
        self.regions = {name: Region(name) for name in REGIONS}
        self.bodies = Bodies()

    def now(self) -> datetime:
        """Return the present moment."""
        return self.clock.now()


VpcCall = Call[VpcState]

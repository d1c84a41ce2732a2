"""What the VPC API reads and changes: all regions of one account."""

import threading
from datetime import datetime
from typing import get_args

from vpcmetactl.emulator.clock import Clock
from vpcmetactl.emulator.iam.resources import Account
from vpcmetactl.emulator.routing import Call
from vpcmetactl.emulator.vpc.activity import ActivityLog
from vpcmetactl.emulator.vpc.catalog import REGIONS
from vpcmetactl.emulator.vpc.encoding import Bodies
from vpcmetactl.emulator.vpc.regions import Region
from vpcmetactl.emulator.vpc.resources import RestartRule
from vpcmetactl.emulator.vpc.schedule import Schedule
from vpcmetactl.emulator.vpc.troubles import Troubles

RESTART_RULES: tuple[RestartRule, ...] = get_args(RestartRule)


class VpcState:
    """The regions, and what operations on them need. Changes hold `lock`; reads need none.

    `pace` stretches how long stops and starts take. It, the rule and the troubles are settings:
    they outlive `clear`.
    """

    def __init__(self, clock: Clock, account: Account, *, seed: int = 0) -> None:
        self.clock = clock
        self.account = account
        self.lock = threading.RLock()
        self.restart_rule: RestartRule = "faq"
        self.pace = 1.0
        self.troubles = Troubles(str(seed))
        self.activity = ActivityLog()
        self.clear()

    def clear(self) -> None:
        """Forget every resource, what was done to them and what was to happen to them."""
        self.regions = {name: Region(name) for name in REGIONS}
        self.bodies = Bodies()
        self.schedule = Schedule()
        self.activity.clear()
        self.troubles.set(self.troubles.troubles)

    def now(self) -> datetime:
        """Return the present moment."""
        return self.clock.now()

    def catch_up(self) -> None:
        """Do what was to happen by itself until now. Whoever reads or changes comes here first."""
        now = self.now()
        if self.schedule.due(now):
            with self.lock:
                self.schedule.run(now)


VpcCall = Call[VpcState]

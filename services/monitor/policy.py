"""The decisions of the monitor: what is seen and the time go in, actions come out.

Pure: no clock, no network. The rules are upsmon's (inventory, section 3) with the corrections that
docs/monitor-decisions.md lists.
"""

from services.monitor.actions import Action
from services.monitor.rules import Rules
from services.monitor.sights import View
from shared.messages import Phase


class Policy:
    """Decides for one host; times are monotonic seconds, `wall` is seconds since the epoch.

    Call `advance` whenever what is known has changed and whenever `due` has come; carry out all
    actions in their order. The first call may be made before anything was heard.
    """

    def __init__(self, rules: Rules, now: float) -> None:
        self.rules = rules
        self.phase = Phase.WATCHING
        self._started = now

    def advance(self, now: float, view: View, wall: float = 0.0) -> tuple[Action, ...]:
        """Take in everything that is known now, and say what is to be done."""
        raise NotImplementedError

    def due(self, now: float) -> float | None:
        """Say when `advance` is to be called next even if nothing changes; None: not at all."""
        raise NotImplementedError

    def poll_interval(self, supply: str) -> float:
        """Say how often a supply that must be asked is asked, in seconds."""
        raise NotImplementedError

    def force(self) -> None:
        """Shut down whatever the supplies say (upsmon -c fsd): with the next `advance`."""
        raise NotImplementedError

    def reload(self, rules: Rules, now: float) -> None:
        """Go on under new rules; what is known of supplies that stay is kept."""
        raise NotImplementedError

    def suspend(self, now: float) -> tuple[Action, ...]:
        """Note that the machine is about to sleep."""
        raise NotImplementedError

    def resume(self, now: float) -> tuple[Action, ...]:
        """Note that it woke: what was seen before is obsolete, roles and logins are not."""
        raise NotImplementedError

    def jump(self, now: float, by: float) -> tuple[Action, ...]:
        """Note that the clock leapt by so many seconds: as a wake-up nobody announced."""
        raise NotImplementedError

    def lost_parent(self) -> tuple[Action, ...]:
        """Note that the privileged parent is gone (NOPARENT); the monitor then ends."""
        raise NotImplementedError

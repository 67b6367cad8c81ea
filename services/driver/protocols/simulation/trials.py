"""The self-tests and the calibration of a simulated UPS, as rows."""

from dataclasses import dataclass

from services.driver.protocols.simulation.mains import Reason
from shared.status import Status

NEVER_TESTED = "No test initiated"
RUNNING = "In progress"
ABORTED = "Aborted"
PASSED = "Done and passed"
WEAK = "Done and warning"
FAILED = "Done and error"

# Health in percent below which a battery fails a test, or is noted as weak.
FAILING_HEALTH = 60.0
WEAK_HEALTH = 80.0


@dataclass(frozen=True, slots=True)
class Trial:
    """One way to try the battery: for some seconds, or down to a charge, whichever comes first.

    `above_low` counts the charge from battery.charge.low up. `recharges` keeps the word in
    ups.status until the battery is full again.
    """

    name: str
    word: Status
    reason: Reason
    least_charge: float
    stop_at: float
    above_low: bool = False
    seconds: float | None = None
    recharges: bool = False


QUICK = Trial("quick test", Status.TEST, Reason.TEST, least_charge=10.0, stop_at=5.0, seconds=10.0)
LOW = Trial("test", Status.TEST, Reason.TEST, least_charge=50.0, stop_at=0.0, above_low=True)
DEEP = Trial("deep test", Status.TEST, Reason.TEST, least_charge=50.0, stop_at=10.0)
CALIBRATION = Trial(
    "calibration",
    Status.CAL,
    Reason.CALIBRATION,
    least_charge=90.0,
    stop_at=5.0,
    above_low=True,
    recharges=True,
)


def verdict(health: float) -> str:
    """Say how a test of a battery of this health ends."""
    if health < FAILING_HEALTH:
        return FAILED
    return WEAK if health < WEAK_HEALTH else PASSED

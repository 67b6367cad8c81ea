"""How a simulated UPS judges the mains: whether to use it, and whether to raise or lower it."""

from enum import StrEnum

from services.driver.protocols.simulation.panel import Panel, Setting, choice, number
from shared.status import Status

# How far the frequency may be from the rated one, as a share of it.
TOLERANCE = {"low": 0.08, "medium": 0.06, "high": 0.04}
BOOST = 1.12
TRIM = 0.88
FREQUENCY_RETURN = 0.25  # Hz by which the frequency must be better before it is trusted again


class Reason(StrEnum):
    """Why a UPS went to battery (input.transfer.reason)."""

    NONE = "none"
    LOW = "input voltage too low"
    HIGH = "input voltage too high"
    FREQUENCY = "input frequency out of range"
    SIMULATED = "simulated outage"
    TEST = "self-test"
    CALIBRATION = "calibration"


class Mains:
    """The mains at the input of a UPS, as settings of the device say that it is."""

    def __init__(self, panel: Panel, frequency: float) -> None:
        self._panel = panel
        self._nominal_frequency = frequency
        self.is_good = True
        self.is_failing = False  # test.failure.start
        self.regulation: Status | None = None
        self.reason = Reason.NONE
        self.lowest = self.highest = self.voltage
        self.judge()

    @property
    def voltage(self) -> float:
        """Say the voltage."""
        return self._panel.number("input.voltage")

    @property
    def frequency(self) -> float:
        """Say the frequency, zero without voltage."""
        return self._panel.number("input.frequency") if self.voltage else 0.0

    @property
    def frequency_range(self) -> tuple[float, float]:
        """Say between which frequencies the mains is used."""
        share = TOLERANCE[self._panel.values["input.sensitivity"]]
        return self._nominal_frequency * (1.0 - share), self._nominal_frequency * (1.0 + share)

    @property
    def regulated_voltage(self) -> float:
        """Say the voltage behind the regulating transformer."""
        factors = {Status.BOOST: BOOST, Status.TRIM: TRIM, None: 1.0}
        return self.voltage * factors[self.regulation]

    def forget_extremes(self) -> None:
        """Begin anew to note the lowest and highest voltage."""
        self.lowest = self.highest = self.voltage

    def judge(self) -> None:
        """Decide whether the mains can be used and how; a change needs a clear reason."""
        self.lowest = min(self.lowest, self.voltage)
        self.highest = max(self.highest, self.voltage)
        fault = self._fault()
        if fault is not None and self.is_good:
            self.reason = fault
        self.is_good = fault is None
        self.regulation = self._regulation() if self.is_good else None

    def _fault(self) -> Reason | None:
        back = 0.0 if self.is_good else 1.0
        slack = back * self._panel.number("input.transfer.hysteresis")
        low, high = self.frequency_range
        if self.is_failing:
            return Reason.SIMULATED
        if self.voltage < self._panel.number("input.transfer.low") + slack:
            return Reason.LOW
        if self.voltage > self._panel.number("input.transfer.high") - slack:
            return Reason.HIGH
        if not low + back * FREQUENCY_RETURN <= self.frequency <= high - back * FREQUENCY_RETURN:
            return Reason.FREQUENCY
        return None

    def _regulation(self) -> Status | None:
        slack = self._panel.number("input.transfer.hysteresis") / 2.0
        boost_slack = slack if self.regulation is Status.BOOST else 0.0
        trim_slack = slack if self.regulation is Status.TRIM else 0.0
        if self.voltage < self._panel.number("input.transfer.boost.high") + boost_slack:
            return Status.BOOST
        if self.voltage > self._panel.number("input.transfer.trim.low") - trim_slack:
            return Status.TRIM
        return None


def mains_settings(voltage: float, frequency: float) -> tuple[Setting, ...]:
    """List what can be set of the mains and of its judgement, for rated values.

    The ranges leave the rated voltage acceptable whatever else is chosen.
    """

    def volts(name: str, initial: float, low: float, high: float) -> Setting:
        shares = (round(voltage * share) for share in (initial, low, high))
        return number(f"input.transfer.{name}", *shares)

    return (
        number("input.voltage", voltage, 0.0, round(voltage * 1.5), 1),
        number("input.frequency", frequency, 0.0, 80.0, 1),
        volts("low", 0.78, 0.70, 0.87),
        volts("high", 1.15, 1.09, 1.22),
        volts("boost.high", 0.90, 0.88, 0.96),
        volts("trim.low", 1.08, 1.04, 1.09),
        volts("hysteresis", 0.022, 0.0, 0.044),
        choice("input.sensitivity", "medium", TOLERANCE),
    )

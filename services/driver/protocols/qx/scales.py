"""Converters that only bring a number to the unit of its variable."""

from services.driver.protocols.qx.numbers import number, written
from services.driver.protocols.qx.table import Cut


def pack_voltage(cut: Cut) -> str:
    """Make the voltage of the whole battery of that of one pack, where the options say so."""
    packs = 1.0
    if "battery_voltage_reports_one_pack" in cut.known.options:
        packs = max(1.0, cut.known.number("battery.packs", cut.known.guessed_packs))
    return written(cut.row.form, number(cut.text) * (packs if packs >= 2 else 1.0))


def thousands(cut: Cut) -> str:
    """Make watts of kilowatts."""
    return f"{number(cut.text) * 1000:.2f}"


def minutes(cut: Cut) -> str:
    """Make seconds of minutes."""
    return written("%.0f", number(cut.text) * 60)

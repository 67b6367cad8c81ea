r"""Converters of the dialect bestups: Best Power and Sola Australia.

Facts: NUT, drivers/nutdrv_qx_bestups.c, and Best Power's EPS-0059 as quoted there.
"""

from services.driver.protocols.qx import blazer
from services.driver.protocols.qx.numbers import number, whole, written
from services.driver.protocols.qx.table import Cut, Found, Knowledge, Wish
from shared.errors import DeviceError

MAKERS = {
    **dict.fromkeys(("AX1", "FOR", "FTC", "PR2", "PRO"), "Best Power"),
    **dict.fromkeys(("325", "520", "620"), "Sola Australia"),
}
MODELS = {
    "AX1": "Axxium Rackmount",
    "FOR": "Fortress",
    "FTC": "Fortress Telecom",
    "PR2": "Patriot Pro II",
    "PRO": "Patriot Pro",
    **{number: f"Sola {number}" for number in ("320", "325", "520", "525", "620")},
}
CODE = "model code"  # among the private values
INVERTED = ("PR2", "PRO")  # their bit for the regulator is the other way round
WITHOUT_RUNTIME = ("PRO", "320")
WITH_PACKS = ("AX1", "620")
MODE = "pins_shutdown_mode"

ID_PARTS = 6
ID_LENGTHS = range(25, 28)
_WIDTHS = {1: 4, 5: 6}  # of the parts that the devices do not pad; the last with its \r

# The thresholds of the regulator by the number of the setting: low, boost, nominal, trim, high.
_AMERICAN = (
    (96, 109, 120, 130, 146),
    (96, 109, 120, 138, 156),
    (90, 104, 120, 130, 146),
    (90, 104, 120, 138, 156),
    (90, 104, 110, 120, 130),
    (90, 104, 110, 130, 146),
    (90, 96, 110, 120, 130),
    (90, 96, 110, 130, 146),
    (96, 109, 128, 146, 156),
    (90, 104, 128, 146, 156),
)
_EUROPEAN = (
    (200, 222, 240, 250, 284),
    (200, 222, 240, 264, 290),
    (188, 210, 240, 250, 284),
    (188, 210, 240, 264, 290),
    (188, 210, 230, 244, 270),
    (188, 210, 230, 250, 284),
    (180, 200, 230, 244, 270),
    (180, 200, 230, 250, 284),
    (165, 188, 208, 222, 244),
    (165, 188, 208, 244, 270),
)
EUROPEAN_FROM = 160  # volts
_COLUMNS = {
    "input.transfer.low": 0,
    "input.transfer.boost.low": 0,
    "input.transfer.boost.high": 1,
    "input.voltage.nominal": 2,
    "output.voltage.nominal": 2,
    "input.transfer.trim.low": 3,
    "input.transfer.trim.high": 4,
    "input.transfer.high": 4,
}


def preprocess_id_answer(answer: bytes) -> bytes:
    """Pad the parts of the reply to ID so that they stand in columns."""
    parts = answer.decode("latin-1").split(",")
    if len(answer) not in ID_LENGTHS or len(parts) != ID_PARTS:
        raise DeviceError(f"{answer!r} is no identification")
    padded = [part.rjust(_WIDTHS.get(place, 0)) for place, part in enumerate(parts)]
    return ",".join(padded).encode("latin-1")


def manufacturer(cut: Cut) -> str:
    """Tell the maker by the code of the model."""
    return MAKERS.get(cut.text, "Unknown")


def model(cut: Cut) -> Found:
    """Tell the model by its code, which says too what the device can do."""
    return Found(MODELS.get(cut.text, f"Unknown ({cut.text})"), private={CODE: cut.text})


def bbb_status_bit(cut: Cut) -> Found:
    """Read the bit of the regulator, which means nothing on battery, in a test or at the end."""
    if cut.text not in ("0", "1"):
        raise ValueError(f"{cut.text!r} is no status bit")
    words = cut.known.words
    if "OL" not in words or words & {"CAL", "FSD"}:
        return Found()
    idle = "1" if cut.known.private.get(CODE) in INVERTED else "0"
    return Found() if cut.text == idle else blazer.regulation(cut)


def batt_runtime(cut: Cut) -> str:
    """Make seconds of minutes."""
    return written(cut.row.form, number(cut.text) * 60)


def batt_packs(cut: Cut) -> str:
    """Read the number of external packs."""
    return written(cut.row.form, whole(cut.text.strip()))


def get_pins_shutdown_mode(cut: Cut) -> str:
    """Read what the pins 1 and 7 of the port do."""
    return written(cut.row.form, whole(cut.text))


def voltage_settings(cut: Cut) -> str:
    """Tell a threshold by the number of the setting and by the nominal voltage."""
    index = whole(cut.text)
    nominal = cut.known.number("input.voltage.nominal", cut.known.number("output.voltage.nominal"))
    if not nominal or index >= len(_AMERICAN):
        raise ValueError(f"{cut.text!r} is no known setting of the voltages")
    table = _EUROPEAN if nominal > EUROPEAN_FROM else _AMERICAN
    return str(table[index][_COLUMNS[cut.row.variable]])


def setvar(wish: Wish) -> str:
    """Write a number into the request."""
    assert wish.row.request is not None
    return written(wish.row.request, number(wish.value))


def has_runtime(known: Knowledge) -> bool:
    """Tell whether the model knows its runtime."""
    return CODE in known.private and known.private[CODE] not in WITHOUT_RUNTIME


def has_packs(known: Knowledge) -> bool:
    """Tell whether the model takes external packs."""
    return known.private.get(CODE) in WITH_PACKS


def sets_packs(known: Knowledge) -> bool:
    """Tell whether the number of packs can be set: once it could be read."""
    return has_packs(known) and "battery.packs" in known.variables


def sets_mode(known: Knowledge) -> bool:
    """Tell whether the pins can be set: once it could be read what they do."""
    return MODE in known.private and MODE in known.options


WHEN = {
    "field:battery.runtime": has_runtime,
    "field:battery.packs": has_packs,
    "setting:battery.packs": sets_packs,
    f"setting:{MODE}": sets_mode,
}

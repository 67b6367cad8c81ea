"""What the values of the dialect omron mean, and how its shutdown is said.

A shutdown takes two requests: whether the UPS starts by itself afterwards, then the shutdown. What
Omron's UPS carry out they answer with `OK`, whatever follows on the line.

Facts: NUT, drivers/nutdrv_qx_omron.c.
"""

import re
from datetime import date

from services.driver.protocols.qx import blazer
from services.driver.protocols.qx.numbers import number, whole, written
from services.driver.protocols.qx.table import Asked, Cut, Found, Wish

ACCEPTED = b"OK"
REFUSED = b"NAK"
_STARTS = {"shutdown.return": ("An\r", "yes"), "shutdown.stayoff": ("Af\r", "no")}
_RATINGS = re.compile(r"[0-9]{4}W/[0-9]{4}VA/[0-9]{3}V/[0-9]{3}W/[0-9]{3}W\r?\Z")
_FIRMWARE = re.compile(r"M:([0-9]+\.[0-9]+)\(S:([0-9]+\.[0-9]+)\) *\Z")
_DATE = re.compile(r"[0-9]{8}\Z")


def charge(cut: Cut) -> str:
    """Read the charge of the battery."""
    percents = whole(cut.text)
    if percents > 100:
        raise ValueError(f"{percents} % are too much of a battery")
    return f"{percents:.1f}"


def runtime(cut: Cut) -> str:
    """Make seconds of minutes."""
    return str(whole(cut.text) * 60)


def signed(cut: Cut) -> str:
    """Read a number that has a sign."""
    sign, digits = (cut.text[:1], cut.text[1:]) if cut.text[:1] in "+-" else ("", cut.text)
    if digits != digits.strip():
        raise ValueError(f"{cut.text!r} is no number")
    value = number(digits)
    return f"{-value if sign == '-' else value:.1f}"


def frequency(cut: Cut) -> str:
    """Read a frequency."""
    if cut.text != cut.text.strip():
        raise ValueError(f"{cut.text!r} is no number")
    return f"{number(cut.text):.1f}"


def un(cut: Cut) -> str:
    """Read one of the ratings, if all of the reply has the shape of ratings."""
    if not _RATINGS.match(cut.reply):
        raise ValueError(f"{cut.reply!r} are no ratings")
    return str(whole(cut.text))


def batt_date(cut: Cut) -> str:
    """Read the date of the battery."""
    if not _DATE.match(cut.text):
        raise ValueError(f"{cut.text!r} is no date")
    return date(int(cut.text[:4]), int(cut.text[4:6]), int(cut.text[6:])).isoformat()


def firmware(cut: Cut) -> Found:
    """Read the versions of both processors."""
    found = _FIRMWARE.match(cut.text)
    if found is None:
        raise ValueError(f"{cut.text!r} are no versions")
    main, second = (f"{number(each):.2f}" for each in found.groups())
    return Found(main, variables={"ups.firmware.aux": second})


def command(wish: Wish) -> Asked:
    """Ask for a shutdown, after saying whether the UPS is to start again with the mains."""
    prologue, starts = _STARTS[getattr(wish.row, "name", "")]
    assert wish.row.request is not None
    request = written(wish.row.request, blazer.off_delay(wish))
    return Asked((prologue, request), variables={"ups.start.auto": starts})


def command_answer(reply: bytes) -> bytes:
    """Take what begins with OK for OK."""
    return ACCEPTED + b"\r" if reply.startswith(ACCEPTED) else reply


def reject_nak(reply: bytes) -> bytes:
    """Take what begins with NAK for a refusal, not for a serial number."""
    return REFUSED + b"\r" if reply.startswith(REFUSED) else reply

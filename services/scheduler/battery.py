"""How old a battery is, from the date that the device tells; pure.

Devices write dates as they like (NUT leaves them as they are): 2021/05/30, 2021-05-30, 05/30/21 as
APC does, 05/30/2021, 30.05.2021.
"""

from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import Final

AGE: Final = "battery.age"  # no variable of NUT's: in days, for rules and messages
_DATES: Final = ("battery.date", "battery.mfr.date")
_FORMATS: Final = ("%Y/%m/%d", "%Y-%m-%d", "%m/%d/%y", "%m/%d/%Y", "%d.%m.%Y", "%Y%m%d")


def with_age(variables: Mapping[str, str], today: date) -> Mapping[str, str]:
    """Add the age in days, if the device tells a date and no age of its own."""
    for name in _DATES:
        born = _date(variables.get(name, ""))
        if born and born <= today and AGE not in variables:
            return {**variables, AGE: str((today - born).days)}
    return variables


@lru_cache(maxsize=1024)
def _date(text: str) -> date | None:
    for form in _FORMATS:
        try:
            return datetime.strptime(text.strip(), form).date()
        except ValueError:
            continue
    return None

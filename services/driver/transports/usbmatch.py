"""Which USB device is meant: NUT's options for it, as regular expressions."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from services.driver.transports.usbfinding import UsbAddress, UsbNames
from shared.errors import SettingsError

# NUT's names of the options, and what each is held against.
IDS = ("vendorid", "productid")
PLACES = ("bus", "device", "busport")
TEXTS = ("vendor", "product", "serial")
OPTIONS = (*IDS, *TEXTS, *PLACES)

# POSIX has names for classes of characters; Python has not.
_CLASSES = {
    "[:alnum:]": "a-zA-Z0-9",
    "[:alpha:]": "a-zA-Z",
    "[:digit:]": "0-9",
    "[:lower:]": "a-z",
    "[:upper:]": "A-Z",
    "[:space:]": r"\s",
    "[:xdigit:]": "0-9a-fA-F",
}


@dataclass(frozen=True, slots=True)
class UsbMatch:
    """Patterns that must fit the whole of a text, without spaces around it, in any case."""

    patterns: Mapping[str, re.Pattern[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, options: Mapping[str, str | None]) -> Self:
        """Take the options that are given; SettingsError if one is no regular expression."""
        found = {}
        for name in OPTIONS:
            text = options.get(name)
            if text is not None:
                found[name] = _compiled(name, text)
        return cls(found)

    @property
    def is_specific(self) -> bool:
        """Tell whether somebody said which device is meant."""
        return bool(self.patterns)

    def chooses(self, address: UsbAddress) -> bool:
        """Tell whether a device fits, as far as that can be told without opening it."""
        last = re.split("[.-]", address.busport)[-1].zfill(3)  # what NUT calls the busport
        held = {
            "vendorid": (address.vendor,),
            "productid": (address.product,),
            "bus": (address.bus,),
            "device": (address.number,),
            "busport": (address.busport, last),
        }
        return all(
            any(self.patterns[name].fullmatch(text) for text in texts)
            for name, texts in held.items()
            if name in self.patterns
        )

    def accepts(self, names: UsbNames) -> bool:
        """Tell whether a device fits by its texts."""
        held = {"vendor": names.maker, "product": names.product, "serial": names.serial}
        return all(
            self.patterns[name].fullmatch((text or "").strip())
            for name, text in held.items()
            if name in self.patterns
        )


def _compiled(name: str, text: str) -> re.Pattern[str]:
    for posix, ours in _CLASSES.items():
        text = text.replace(posix, ours)
    try:
        return re.compile(text, re.IGNORECASE)
    except re.error as error:
        raise SettingsError(f"{name}: {text!r} is no regular expression: {error}") from None

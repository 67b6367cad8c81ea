"""One entity as a discovery message describes it."""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any


class Weight(IntEnum):
    """What is left out first when a message grows too big: the greatest."""

    MAIN = 0
    CONTROL = 1
    EXTRA = 2


@dataclass(frozen=True, slots=True)
class Component:
    """One entity: `key` names it within its device for ever; `fields` are Home Assistant's.

    The keys of two platforms never meet: Home Assistant could not tell one from the other.
    """

    key: str
    platform: str
    name: str
    fields: dict[str, Any] = field(default_factory=dict)
    weight: Weight = Weight.MAIN

    def described(self, device: str) -> dict[str, Any]:
        """Describe the entity, in Home Assistant's abbreviations; `device` is the id of its own."""
        head = {"p": self.platform, "uniq_id": f"{device}_{self.key}", "name": self.name}
        return head | self.fields

"""Find a model in the hardware list by what its owner calls it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

from shared.hardware.models import Model

CLOSE: Final = 0.8  # of two words that are the same but for a slip of the finger
ENOUGH: Final = 0.5  # of the words asked for, for a model that is only near

_PARTS = re.compile(r"[a-z]+|[0-9]+")


@dataclass(frozen=True, slots=True)
class Hit:
    """A model, and how well it fits: 1.0 has all the words that were asked for."""

    model: Model
    score: float


def find(text: str, models: Sequence[Model]) -> list[Hit]:
    """Find the models that have all the words, however they are spelt; else those that are near.

    Upper and lower case, spaces and signs do not matter. The best comes first.
    """
    words = text.casefold().split()
    if not any(map(_squeezed, words)):
        return []
    asked = [word for word in words if _squeezed(word)]
    hits = [Hit(model, _score(asked, model)) for model in models]
    whole = [hit for hit in hits if hit.score >= 1]
    near = [hit for hit in hits if hit.score >= ENOUGH]
    best = max((hit.score for hit in near), default=0.0)
    chosen = whole or [hit for hit in near if hit.score == best]
    return sorted(chosen, key=lambda hit: (-hit.score, len(_squeezed(_text(hit.model)))))


def _score(asked: Sequence[str], model: Model) -> float:
    text = _text(model)
    squeezed, parts = _squeezed(text), set(_PARTS.findall(text))
    if _squeezed("".join(asked)) in squeezed:
        return 1.0
    return sum(_worth(word, squeezed, parts) for word in asked) / len(asked)


def _worth(word: str, squeezed: str, parts: set[str]) -> float:
    """Value a word: 1 if it is there, a little less if one like it is, else by its parts."""
    wanted = _squeezed(word)
    if wanted in squeezed:
        return 1.0
    if wanted.isalpha():
        return max((_likeness(wanted, part) for part in parts), default=0.0)
    pieces = _PARTS.findall(word)
    return CLOSE * sum(piece in parts for piece in pieces) / len(pieces)


def _likeness(wanted: str, part: str) -> float:
    ratio = SequenceMatcher(None, wanted, part).ratio()
    return ratio if ratio >= CLOSE else 0.0


def _text(model: Model) -> str:
    return f"{model.manufacturer} {model.name} {model.extra}".casefold()


def _squeezed(text: str) -> str:
    return "".join(_PARTS.findall(text.casefold()))

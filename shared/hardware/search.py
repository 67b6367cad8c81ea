"""Find a model in the hardware list by what its owner calls it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache
from typing import Final

from shared.hardware.models import Model

CLOSE: Final = 0.8  # of two words that are the same but for a slip of the finger
SHORT: Final = 3  # letters that many words have in them somewhere
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
    asked = [word for word in text.casefold().split() if _squeezed(word)]
    if not asked:
        return []
    hits = [Hit(model, 1.0) for model in models if _has_all(asked, model)]
    hits = hits or [Hit(model, _nearness(asked, model)) for model in models]
    best = max((hit.score for hit in hits), default=0.0)
    if best < ENOUGH:
        return []
    chosen = [hit for hit in hits if hit.score == best]
    return sorted(chosen, key=lambda hit: _place(asked, hit.model))


def _place(asked: Sequence[str], model: Model) -> tuple[int, int]:
    """Put models first that have the words as words of their own, then those with short names."""
    squeezed, parts = _spelling(model)
    return -sum(_squeezed(word) in parts for word in asked), len(squeezed)


def _has_all(asked: Sequence[str], model: Model) -> bool:
    wanted = [_squeezed(word) for word in asked]
    whole = "".join(wanted)
    if len(whole) > SHORT and whole in _spelling(model)[0]:
        return True
    return all(_is_there(word, *_spelling(model)) for word in wanted)


def _is_there(wanted: str, squeezed: str, parts: frozenset[str]) -> bool:
    """Look for a word anywhere, or a short one at the beginnings of words."""
    if wanted.isalpha() and len(wanted) <= SHORT:
        return any(part.startswith(wanted) for part in parts)
    return wanted in squeezed


def _nearness(asked: Sequence[str], model: Model) -> float:
    return sum(_worth(word, *_spelling(model)) for word in asked) / len(asked)


def _worth(word: str, squeezed: str, parts: frozenset[str]) -> float:
    """Value a word: 1 if it is there, a little less if one like it is, else by its parts."""
    wanted = _squeezed(word)
    if _is_there(wanted, squeezed, parts):
        return 1.0
    if wanted.isalpha():
        return max((_likeness(wanted, part) for part in parts), default=0.0)
    pieces = _PARTS.findall(word)
    return CLOSE * sum(piece in parts for piece in pieces) / len(pieces)


def _likeness(wanted: str, part: str) -> float:
    matcher = SequenceMatcher(None, wanted, part)
    ratio = matcher.ratio() if matcher.real_quick_ratio() >= CLOSE else 0.0
    return ratio if ratio >= CLOSE else 0.0


@cache
def _spelling(model: Model) -> tuple[str, frozenset[str]]:
    """Spell what a model is called: all its letters and digits, and its words and numbers."""
    text = f"{model.manufacturer} {model.name} {model.extra}".casefold()
    return _squeezed(text), frozenset(_PARTS.findall(text))


def _squeezed(text: str) -> str:
    return "".join(_PARTS.findall(text.casefold()))

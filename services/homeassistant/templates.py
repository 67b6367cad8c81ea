"""Templates for Home Assistant that turn what is on the bus into a value, or into unknown.

Home Assistant takes the word None for unknown. It keeps the old value for an empty one, and logs
an error for one that does not fit; no template here gives either.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Final

from shared.status import MEANING

MAX_STATE: Final = 255  # characters that Home Assistant stores

NUMBER: Final = "{{ value if value|is_number else None }}"
TEXT: Final = "{{ value[:255]|trim or None }}"
AVAILABLE: Final = "{{ 'online' if value == 'online' else 'offline' }}"
STANDS: Final = (
    "{{ 'online' if value_json is defined and value_json.availability == 'online' else 'offline' }}"
)
SENT: Final = "{{ {'value': value|string, 'by': 'Home Assistant'}|to_json }}"
PRESSED: Final = '{"by":"Home Assistant"}'


def number_within(low: float, high: float) -> str:
    """Take a number between two bounds, both included."""
    bounds = f"{low:.12g} <= value|float <= {high:.12g}"
    return f"{{{{ value if value|is_number and {bounds} else None }}}}"


def editable_text(most: int) -> str:
    """Take a text as it is, cut to what its editor takes; an empty one is a text too."""
    return f"{{{{ value[:{most}] }}}}"


def one_of(options: Iterable[str]) -> str:
    """Take one of some words."""
    return f"{{{{ value if value in {_list(options)} else None }}}}"


def switched(on: Iterable[str], off: Iterable[str]) -> str:
    """Say ON or OFF for some words each."""
    return f"{{{{ 'ON' if value in {_list(on)} else 'OFF' if value in {_list(off)} else None }}}}"


def says_word(*words: str) -> str:
    """Say ON while ups.status has one of some words; unknown before there is a status."""
    wanted = " or ".join(f"'{word}' in w" for word in words)
    return (
        "{% set w = value.upper().split() %}"
        f"{{{{ None if not w or 'WAIT' in w else 'ON' if {wanted} else 'OFF' }}}}"
    )


def status_in_words() -> str:
    """Say ups.status in plain English; unknown words stay as they are."""
    meaning = _dictionary({str(word): said for word, said in MEANING.items()})
    return (
        f"{{% set m = {meaning} %}}{{% set s %}}{{% for w in value.upper().split() %}}"
        "{{ ', ' if not loop.first }}{{ m.get(w, w) }}{% else %}None{% endfor %}{% endset %}"
        f"{{{{ s[:{MAX_STATE}] }}}}"
    )


def event(types: Iterable[str]) -> str:
    """Say an event of one of some types; nothing for what is none, which is then passed over."""
    said = ", ".join(f"'{key}': value_json.{key}|default('')" for key in ("status", "text"))
    is_one = f"value_json is mapping and value_json.type in {_list(types)}"
    return (
        f"{{% if value_json is defined and {is_one} %}}"
        f"{{{{ {{'event_type': value_json.type, {said}}}|to_json }}}}{{% endif %}}"
    )


def key_of(key: str) -> str:
    """Take a number from a JSON object."""
    number = f"value_json is defined and value_json.{key} is number"
    return f"{{{{ value_json.{key} if {number} else None }}}}"


def key_is(key: str, wanted: str) -> str:
    """Say ON or OFF by whether a key of a JSON object has one value, a template's literal."""
    return (
        f"{{{{ None if value_json is not defined else 'ON' if value_json.{key} == {wanted}"
        " else 'OFF' }}"
    )


def literal(value: str) -> str:
    """Spell a text inside a template."""
    return json.dumps(value, ensure_ascii=False)


def _list(values: Iterable[str]) -> str:
    return f"[{','.join(literal(value) for value in values)}]"


def _dictionary(values: Mapping[str, str]) -> str:
    return "{" + ", ".join(f"'{key}': '{value}'" for key, value in values.items()) + "}"

"""The tables of devices that drivers are shipped with, as files to start a table of one's own from.

A row is a kind of driver, with its tables by name.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

Template = Callable[[], str]


def _qx() -> Mapping[str, Template]:
    from services.driver.protocols.qx.registry import DIALECTS
    from services.driver.protocols.qx.userform import as_toml

    return {dialect.name: partial(as_toml, dialect) for dialect in DIALECTS}


TEMPLATES: Final[Mapping[str, Callable[[], Mapping[str, Template]]]] = {"qx": _qx}


def template(name: str) -> Template | None:
    """Find a table by its name, None if there is none."""
    return next((found[name] for tables in TEMPLATES.values() if name in (found := tables())), None)


def template_names(kind: str) -> tuple[str, ...]:
    """Name the tables that a kind of driver is shipped with."""
    return tuple(TEMPLATES[kind]()) if kind in TEMPLATES else ()

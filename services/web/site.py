"""What every part of the web service works with."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from services.web.door import Door
from services.web.history.history import History
from services.web.link import Link
from services.web.rendering import Rendering
from services.web.settings import WebSettings
from shared.audit import AuditLog
from shared.latest import Latest


@dataclass(frozen=True, slots=True)
class Site:
    """The bus (`link.mirror` is what there is to show), the settings as they are now, the looks.

    `door` lets users in, `audit` notes what they do.

    `works` run beside the server until the end; a part adds its own when it gives its routes.
    """

    link: Link
    settings: Latest[WebSettings]
    door: Door = field(default_factory=lambda: Door({}))
    audit: AuditLog = field(default_factory=lambda: AuditLog(None))
    rendering: Rendering = field(default_factory=Rendering)
    works: list[Callable[[], Coroutine[Any, Any, None]]] = field(default_factory=list)
    history: History = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "history", History(self.link.mirror, self.settings))
        self.works.append(self.history.run)

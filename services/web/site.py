"""What every part of the web service works with."""

from dataclasses import dataclass

from services.web.link import Link
from services.web.settings import WebSettings
from shared.latest import Latest


@dataclass(frozen=True, slots=True)
class Site:
    """The bus (`link.mirror` is what there is to show) and the settings as they are now."""

    link: Link
    settings: Latest[WebSettings]

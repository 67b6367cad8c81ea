"""The commands of upsstats' templates: what each writes on a page. Pure.

Facts: NUT, docs/man/upsstats.html.txt and clients/upsstats.c. Texts from devices and settings are
escaped; those of the template are its author's and go out as they are.
"""

import time
from collections.abc import Callable, Mapping
from typing import Final

from services.web.compatibility import statuses
from services.web.compatibility.directory import Host
from services.web.compatibility.markup import escape, in_address
from services.web.compatibility.numbers import real, whole
from services.web.compatibility.page import Page
from services.web.compatibility.queries import ARGUMENTS
from services.web.compatibility.scales import DISPLAYS

MOST_WORDS: Final = 15
CELSIUS_SWITCH: Final = "upsstats.use_celsius"

Command = Callable[[Page, str], None]


def _variable(page: Page, name: str) -> None:
    if (value := page.told(name)) is not None:
        page.say(escape(value))


def _system(page: Page, _: str) -> None:
    if page.host:
        page.say(escape(page.host.system))


def _description(page: Page, _: str) -> None:
    if page.host:
        page.say(escape(page.host.description))


def _runtime(page: Page, _: str) -> None:
    told = page.told("battery.runtime")
    if told is None:
        return
    seconds = whole(told)
    if seconds is None or seconds < 0:
        page.say(escape(told))
    else:
        page.say(f"{seconds // 3600:02}:{seconds % 3600 // 60:02}:{seconds % 60:02}")


def _status(page: Page, _: str) -> None:
    if (status := page.told("ups.status")) is not None:
        page.say("".join(f"{meaning}<br>" for meaning in statuses.meanings(status)))


def _status_apart(page: Page, separator: str) -> None:
    if (status := page.told("ups.status")) is not None:
        page.say(separator.join(statuses.meanings(status)))


def _status_colour(page: Page, _: str) -> None:
    status = page.value("ups.status")
    if not page.is_connected:
        page.say(statuses.BAD)
    elif status is None:
        page.say(statuses.WARNING)
    else:
        page.say(statuses.colour(status))


def _use_scale(*, is_celsius: bool) -> Callable[[Page, str], None]:
    def use(page: Page, _: str) -> None:
        page.is_celsius = is_celsius

    return use


def _temperature(name: str) -> Callable[[Page, str], None]:
    def show(page: Page, _: str) -> None:
        told = page.told(name)
        if told is None:
            return
        celsius = real(told)
        if page.is_celsius or celsius is None:
            page.say(escape(told))
        else:
            page.say(f"{celsius * 1.8 + 32:.1f}")

    return show


def _degrees(page: Page, _: str) -> None:
    page.say("&deg;C" if page.is_celsius else "&deg;F")


def _date(page: Page, form: str) -> None:
    try:
        page.say(time.strftime(form, page.setting.now))
    except ValueError:  # a form that this system does not know
        return


def _version(page: Page, _: str) -> None:
    page.say(escape(page.setting.version))


def _refresh(page: Page, _: str) -> None:
    if page.setting.refresh:
        page.say(f'<META HTTP-EQUIV="Refresh" CONTENT="{page.setting.refresh}">')


def _for_each(page: Page, _: str) -> None:
    page.begin_loop()


def _end_for(page: Page, _: str) -> None:
    page.end_loop()


def _host_link(page: Page, _: str) -> None:
    if page.host:
        _link(page, page.host, "", escape(page.host.description))


def _tree_link(flag: str, otherwise: str) -> Callable[[Page, str], None]:
    def link(page: Page, text: str) -> None:
        if page.host:
            _link(page, page.host, f"&amp;{flag}", text or otherwise)

    return link


def _link(page: Page, host: Host, flag: str, text: str) -> None:
    query = f"host={in_address(host.system)}{flag}{page.setting.link_ending}"
    page.say(f'<a href="{page.stats_path}?{query}">{text}</a>')


def _picture(page: Page, text: str) -> None:
    name, *given = text.split(" ")
    told = page.told(name) if name in DISPLAYS else None
    if page.host is None or told is None:
        return
    allowed = [each for each in given if each.partition("=")[0] in (*ARGUMENTS, "format")]
    query = "&amp;".join((f"host={in_address(page.host.system)}", f"display={name}", *allowed))
    title = f"{DISPLAYS[name].title}: {escape(told)}"
    page.say(f'<IMG SRC="{page.image_path}?{query}" ALT="{title}">')


def _if_supported(page: Page, name: str) -> None:
    page.skips_clause = not page.is_connected or page.value(name) is None


def _if_equal(page: Page, text: str) -> None:
    words = _words(text)
    if len(words) != 2:
        page.say("upsstats: IFEQ: Argument error!\n")
    elif words[0] == CELSIUS_SWITCH:
        page.skips_clause = words[1] != str(int(page.is_celsius))
    else:
        page.skips_clause = not page.is_connected or page.value(words[0]) != words[1]


def _if_between(page: Page, text: str) -> None:
    words = _words(text)
    if len(words) != 3:
        page.say("upsstats: IFBETWEEN: Argument error!\n")
        return
    low, high, value = (whole(page.value(word) or "") for word in words)
    if low is not None and high is not None and value is not None:  # else it counts as between
        page.skips_clause = not low <= value <= high


def _words(text: str) -> list[str]:
    words = text.split(" ")
    return (words if words[-1] else words[:-1])[:MOST_WORDS]


def _use_stats_path(page: Page, path: str) -> None:
    page.stats_path = path or page.stats_path


def _use_image_path(page: Page, path: str) -> None:
    page.image_path = path or page.image_path


def _nothing(_page: Page, _text: str) -> None:
    """Do nothing: the word is there for who reads the template."""


# With a blank at the end: what follows it is handed on.
COMMANDS: Final[Mapping[str, Command]] = {
    "NUT_UPSSTATS_TEMPLATE": _nothing,
    "NUT_UPSSTATS_TEMPLATE ": _nothing,
    "VAR ": _variable,
    "HOST": _system,
    "HOSTDESC": _description,
    "RUNTIME": _runtime,
    "STATUS": _status,
    "STATUS ": _status_apart,
    "STATUSCOLOR": _status_colour,
    "TEMPF": _use_scale(is_celsius=False),
    "TEMPC": _use_scale(is_celsius=True),
    "DATE ": _date,
    "IMG ": _picture,
    "VERSION": _version,
    "REFRESH": _refresh,
    "FOREACHUPS": _for_each,
    "ENDFOR": _end_for,
    "HOSTLINK": _host_link,
    "TREELINK": _tree_link("treemode", "All data"),
    "TREELINK ": _tree_link("treemode", "All data"),
    "TREELINK_JSON": _tree_link("json", "JSON"),
    "TREELINK_JSON ": _tree_link("json", "JSON"),
    "IFSUPP ": _if_supported,
    "IFEQ ": _if_equal,
    "IFBETWEEN ": _if_between,
    "UPSTEMP": _temperature("ups.temperature"),
    "BATTTEMP": _temperature("battery.temperature"),
    "AMBTEMP": _temperature("ambient.temperature"),
    "DEGREES": _degrees,
    "UPSSTATSPATH ": _use_stats_path,
    "UPSIMAGEPATH ": _use_image_path,
    "UTILITYCOLOR": _nothing,
}

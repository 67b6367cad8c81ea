"""The looks: texts that can be read, scripts that stay small, nothing from elsewhere."""

import re

import pytest

from services.web.rendering import ASSETS, TEMPLATES

STYLE = (ASSETS / "style.css").read_text()
STATES = ("fine", "odd", "fault", "unreachable", "battery", "critical")
ENOUGH = 4.5  # WCAG 2.1, 1.4.3, level AA
FOR_GRAPHICS = 3.0  # 1.4.11


def tokens(selector: str) -> dict[str, str]:
    block = STYLE[STYLE.index(selector) :].partition("}")[0]
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", block))


LIGHT = tokens(":root {")
THEMES = {"light": LIGHT, "dark": LIGHT | tokens(':root[data-theme="dark"] {')}
PAIRS = [
    *((ink, ground) for ink in ("ink", "soft", "accent") for ground in ("page", "card", "sunk")),
    *((state, f"{state}-ground") for state in STATES),
    *(("ink", f"{state}-ground") for state in ("battery", "critical")),
    *((state, "card") for state in STATES),
    ("critical", "page"),
    ("card", "accent"),
    ("soft", "battery-ground"),
    ("soft", "critical-ground"),
]


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("ink", "ground"), PAIRS)
def test_every_text_stands_out_from_its_ground(theme, ink, ground):
    colours = THEMES[theme]
    assert contrast(colours[ink], colours[ground]) >= ENOUGH


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("ground", ["page", "card", "sunk"])
def test_the_focus_can_be_seen(theme, ground):
    assert contrast(THEMES[theme]["focus"], THEMES[theme][ground]) >= FOR_GRAPHICS


def test_dark_is_the_same_whether_it_was_chosen_or_is_the_systems():
    of_system = tokens(':root:not([data-theme="light"]) {')
    assert of_system == tokens(':root[data-theme="dark"] {')
    assert len(of_system) > 10


@pytest.mark.parametrize("path", sorted(ASSETS.iterdir()), ids=lambda path: path.name)
def test_assets_load_nothing_from_elsewhere(path):
    text = path.read_text().replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"(?:https?:)?//[a-z0-9]+\.", text)
    assert "eval(" not in text
    if path.suffix == ".js":
        assert len(text.splitlines()) < 200


@pytest.mark.parametrize(
    "path",
    sorted(path for folder in TEMPLATES for path in folder.glob("*.html")),
    ids=lambda path: path.name,
)
def test_templates_need_no_exception_from_the_content_security_policy(path):
    text = path.read_text()
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=", text)
    assert not re.search(r'(?:href|src|action)="/', text)


def test_names_of_templates_are_unique_among_the_parts():
    names = [path.name for folder in TEMPLATES for path in folder.glob("*.html")]
    assert len(names) == len(set(names))

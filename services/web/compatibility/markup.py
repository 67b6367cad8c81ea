"""Text from elsewhere in HTML, wherever a template puts it."""

from typing import Final
from urllib.parse import quote

# Besides what HTML needs, all that could end an attribute without quotes or a string of a script.
_ESCAPED: Final = {
    **dict.fromkeys((*range(0x20), *range(0x7F, 0xA0)), " "),
    ord("&"): "&amp;",
    ord("<"): "&lt;",
    ord(">"): "&gt;",
    ord('"'): "&quot;",
    **{ord(letter): f"&#{ord(letter)};" for letter in "'`=\\"},
}


def escape(text: str) -> str:
    """Write a text so that it stays one in HTML; plain ASCII, right in every encoding of a page."""
    return text.translate(_ESCAPED).encode("ascii", "xmlcharrefreplace").decode("ascii")


def in_address(text: str) -> str:
    """Write a text as a value of a query string inside an HTML attribute."""
    return quote(text, safe="@:[]", errors="replace")

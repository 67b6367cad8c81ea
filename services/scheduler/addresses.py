"""Addresses of receivers, understood and written to by apprise; its only importer.

An address is a secret as a whole: tokens stand in any part of it. Apprise and what it stands on log
parts of addresses, so none of them logs anything in this process.
"""

import asyncio
import logging
import re
import warnings
from functools import cache
from typing import Final

from apprise import Apprise, AppriseAsset, NotifyFormat

SEND_TIMEOUT: Final = 60.0

_TALKATIVE: Final = ("apprise", "urllib3", "requests", "requests_oauthlib", "oauthlib", "paho")
_SCHEMA: Final = re.compile(r"([a-z0-9]{2,24})://", re.IGNORECASE)

for _name in _TALKATIVE:
    logging.getLogger(_name).setLevel(logging.CRITICAL + 10)


def is_understood(url: str) -> bool:
    """Tell whether apprise takes an address."""
    _load()
    return Apprise.instantiate(url, asset=_asset(), suppress_exceptions=True) is not None


def schema_of(url: str) -> str:
    """Name the kind of an address, the only part of it that may be shown."""
    match = _SCHEMA.match(url)
    return match[1].lower() if match else "none"


async def send(url: str, title: str, body: str) -> bool:
    """Send a message; False if it was not taken or nobody answered."""
    _load()
    apprise = Apprise(asset=_asset())
    apprise.add(url)
    try:
        async with asyncio.timeout(SEND_TIMEOUT):
            taken = await apprise.async_notify(body, title=title, body_format=NotifyFormat.TEXT)
    except TimeoutError:
        return False
    return bool(taken)


@cache
def _load() -> None:
    """Load apprise's plugins; some of them import what a later Python has not got."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        Apprise.instantiate("json://127.0.0.1", suppress_exceptions=True)


def _asset() -> AppriseAsset:
    return AppriseAsset(app_id="nutbus", app_desc="nutbus notification", app_url="")

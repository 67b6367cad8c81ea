"""Devices over HTTP and HTTPS: whole replies of a bounded size, or a clear error.

What goes wrong raises DeviceError naming the page, never the login. Proxies are not used.
"""

import asyncio
import contextlib
import logging
import re
import ssl
from collections.abc import Generator
from dataclasses import dataclass
from http import HTTPStatus
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from typing import NamedTuple

import httpx
from pydantic import SecretStr

from services.driver import fence
from shared.dialling import plain_reason
from shared.errors import DeviceError, SettingsError
from shared.lookup import addresses

CLOSE_TIMEOUT = 3.0
MAX_BODY = 1024 * 1024  # bytes; no device says more on one page
logging.getLogger("httpx").setLevel(logging.WARNING)  # it tells of every request otherwise

_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(r"[^\s/?#@%]+\Z")
_RULE = "port: name the address of the card, such as http://ups.example.com or https://10.0.0.2:443"


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """How a device is asked; `timeout` is for connecting and for each read, in seconds."""

    timeout: float = 5.0
    login: str | None = None
    password: SecretStr | None = None
    ca_file: Path | None = None
    check_certificate: bool = True


class Reply(NamedTuple):
    """What a device answered."""

    status: int
    body: bytes

    @property
    def is_good(self) -> bool:
        """Tell whether the device did what was asked."""
        return 200 <= self.status < 300


def check_port(port: str) -> httpx.URL:
    """Take the address of a device; SettingsError says what is right, without repeating it.

    A path is dropped, as NUT does: the pages of a device have places of their own.
    """
    try:
        url = httpx.URL(port).copy_with(raw_path=b"/", fragment=None)
        host, place = url.host, url.port
    except (httpx.InvalidURL, ValueError):  # a UnicodeError of a host's name is one
        raise SettingsError(_RULE) from None
    if url.scheme not in ("http", "https") or not _HOST.match(host) or not 0 < (place or 1) < 65536:
        raise SettingsError(_RULE)
    if url.userinfo:
        raise SettingsError("port: the address shows on the bus; give login and password apart")
    return url


class HttpDevice:
    """A web server in a device; its owner asks for one page at a time."""

    def __init__(self, port: str, settings: HttpSettings) -> None:
        self._url = check_port(port)
        self._settings = settings
        self._client: httpx.AsyncClient | None = None

    @property
    def host(self) -> str:
        """The host name or address of the device."""
        return self._url.host

    def name(self, path: str) -> str:
        """Name a page in errors."""
        return str(self._url.join(path))

    async def open(self) -> None:
        """Get ready; the device is reached with the first page."""
        settings = self._settings
        login = None
        if settings.login is not None:
            password = settings.password.get_secret_value() if settings.password else ""
            login = _Login(settings.login, password)
        verify: ssl.SSLContext | bool = False
        if self._url.scheme == "https":
            verify = await asyncio.to_thread(_context, settings)
        self._client = httpx.AsyncClient(
            auth=login,
            transport=_Transport(verify),
            timeout=settings.timeout,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),  # NUT takes none either
            headers={"User-Agent": "nutbus", "Accept-Encoding": "identity"},
            trust_env=False,
        )

    async def close(self) -> None:
        """Hang up; never fails."""
        client, self._client = self._client, None
        if client is not None:
            with contextlib.suppress(httpx.HTTPError, OSError):  # TimeoutError is one
                async with asyncio.timeout(CLOSE_TIMEOUT):
                    await client.aclose()

    async def get(self, path: str) -> bytes:
        """Read a page; anything but success is a DeviceError."""
        reply = await self.look(path)
        self.check(path, reply)
        return reply.body

    async def look(self, path: str) -> Reply:
        """Ask for a page; a device that had just hung up on an idle line is asked again."""
        try:
            return await self.ask("GET", path)
        except DeviceError as error:
            if not isinstance(error.__cause__, httpx.RemoteProtocolError | httpx.ReadError):
                raise
        return await self.ask("GET", path)

    async def ask(
        self, method: str, path: str, body: bytes | None = None, content_type: str = ""
    ) -> Reply:
        """Send a request and wait for its whole reply, whatever its status is."""
        if self._client is None:
            raise DeviceError(f"{self.name(path)}: the line is closed")
        fence.check()
        patience = 2 * self._settings.timeout
        headers = {"Content-Type": content_type} if content_type else {}
        try:
            async with asyncio.timeout(patience):
                async with self._client.stream(
                    method, self._url.join(path), content=body, headers=headers
                ) as response:
                    return Reply(response.status_code, await self._body(path, response))
        except (TimeoutError, httpx.TimeoutException):
            raise DeviceError(f"{self.name(path)}: no whole reply in time") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:  # of a Location, though not followed
            reason = str(error) or type(error).__name__
            raise DeviceError(f"{self.name(path)}: {reason}") from error

    def check(self, path: str, reply: Reply) -> None:
        """Let success pass; a DeviceError says in words what else the device answered."""
        if reply.is_good:
            return
        where = self.name(path)
        if reply.status == HTTPStatus.UNAUTHORIZED:
            known = self._settings.login is not None
            what = "refuses login and password" if known else "asks for a login and a password"
            raise DeviceError(f"{where}: the device {what}")
        if 300 <= reply.status < 400:
            raise DeviceError(f"{where}: it is elsewhere (HTTP {reply.status}); https may be right")
        phrase = next((each.phrase for each in HTTPStatus if each == reply.status), "")
        raise DeviceError(f"{where}: HTTP {reply.status} {phrase}".rstrip())

    async def _body(self, path: str, response: httpx.Response) -> bytes:
        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise DeviceError(f"{self.name(path)}: packed, though that was not asked for")
        body = bytearray()
        async for part in response.aiter_raw():
            body += part
            if len(body) > MAX_BODY:
                raise DeviceError(f"{self.name(path)}: more than {MAX_BODY} bytes")
        return bytes(body)


class _Transport(httpx.AsyncHTTPTransport):
    """One connection; names of hosts are looked up where a dead name server hinders nobody."""

    def __init__(self, verify: ssl.SSLContext | bool) -> None:
        limits = httpx.Limits(max_connections=1)
        super().__init__(verify=verify, limits=limits, trust_env=False)
        self._last = ""  # the address at which the device was last

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request to the first address of its host that can be reached."""
        url = request.url
        try:
            found = await addresses(url.host, url.port or _PORTS[url.scheme])
        except OSError as error:
            raise httpx.ConnectError(plain_reason(error), request=request) from error
        hosts = sorted(dict.fromkeys(where[0] for *_, where in found), key=self._is_other)
        while hosts:
            self._last = hosts.pop(0)
            try:
                return await super().handle_async_request(_sent_to(self._last, request))
            except (httpx.ConnectError, httpx.ConnectTimeout):
                if not hosts:
                    raise
        raise httpx.ConnectError("the name has no address", request=request)

    def _is_other(self, host: str) -> bool:
        return host != self._last


class _Login(httpx.Auth):
    """Answers the challenge of a device, digest or basic, and sends nothing before it."""

    def __init__(self, name: str, password: str) -> None:
        self._digest = httpx.DigestAuth(name, password)
        self._basic = httpx.BasicAuth(name, password)
        self._chosen: httpx.Auth | None = None

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response]:
        """Send the request, and again with the login if the device asks for it."""
        if self._chosen is None:
            response = yield request
            asked = response.headers.get("WWW-Authenticate", "").lower()
            if response.status_code != HTTPStatus.UNAUTHORIZED:
                return
            self._chosen = self._digest if "digest" in asked else self._basic
        try:
            yield from self._chosen.auth_flow(request)
        except (ValueError, LookupError, NotImplementedError) as error:
            # httpx reads of a challenge what it expects to be there.
            raise httpx.ProtocolError("the way it asks for a login makes no sense") from error


def _sent_to(address: str, request: httpx.Request) -> httpx.Request:
    """Address a request; its Host and the name in the certificate stay those of the device."""
    return httpx.Request(
        request.method,
        request.url.copy_with(host=address),
        headers=request.headers,
        stream=request.stream,
        extensions={**request.extensions, "sni_hostname": request.url.host},
    )


def _context(settings: HttpSettings) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=settings.ca_file)
    except OSError as error:  # ssl.SSLError is one
        raise DeviceError(f"cannot use {settings.ca_file} for HTTPS: {error}") from None
    if not settings.check_certificate:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context

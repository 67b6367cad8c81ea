"""What NUT's clients have in common: how they take options, report errors and end."""

import getopt
import logging
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

from services.console.nut.client import CONNECT_TIMEOUT, Client, Security
from shared.errors import PowerError
from shared.nutaddress import Address, AddressError, parse_device

SUCCESS: Final = 0
FAILURE: Final = 1
LONGEST_TIMEOUT: Final = 1e6
MOST_DIGITS: Final = 9

_FORMAT_OF_DEVICE: Final = "invalid UPS definition.  Required format: upsname[@hostname[:port]]"
_LETTERS: Final = "DhVW:"
_WORDS: Final = ("help", "version", "tls", "ca-file=", "cert-file=", "insecure")
_HELP: Final = f"""
Options that every tool has:
  -W SECONDS        give up connecting after this time (default {CONNECT_TIMEOUT:g}; 0 is never)
  -D                show on stderr what is sent and received (never a password)
  -V, --version     show the version
  -h, --help        show this text
Encryption (not in NUT; without these options everything is sent in plain text):
  --tls             speak TLS (STARTTLS) and check the server's certificate
  --ca-file FILE    trust the certificate authorities in FILE (implies --tls)
  --cert-file FILE  show the server this certificate; FILE has its key too (implies --tls)
  --insecure        speak TLS without checking whom with (implies --tls)
"""


class FatalError(PowerError):
    """The tool cannot go on; the text is printed as it is, without `Error:` before it."""


@dataclass(frozen=True, slots=True)
class Arguments:
    """The options as (`-x` or `--word`, value) in the order given, and what follows them."""

    options: tuple[tuple[str, str], ...]
    operands: tuple[str, ...]

    def has(self, *names: str) -> bool:
        """Say whether one of the options was given."""
        return any(option in names for option, _ in self.options)

    def every(self, name: str) -> list[str]:
        """Return the values of all occurrences of an option."""
        return [value for option, value in self.options if option == name]

    def last(self, name: str) -> str | None:
        """Return the value that counts if an option may be given once."""
        values = self.every(name)
        return values[-1] if values else None

    @property
    def timeout(self) -> float | None:
        """The time allowed for connecting; None is no limit. Raise PowerError if unreadable."""
        text = self.last("-W")
        try:
            seconds = CONNECT_TIMEOUT if text is None else float(text)
        except ValueError:
            seconds = -1.0
        if not 0 <= seconds <= LONGEST_TIMEOUT:
            raise PowerError(f"invalid network timeout: {text}")
        return seconds or None

    @property
    def security(self) -> Security | None:
        """How to encrypt, if at all."""
        if not self.has("--tls", "--ca-file", "--cert-file", "--insecure"):
            return None
        authorities, certificate = self.last("--ca-file"), self.last("--cert-file")
        return Security(
            Path(authorities) if authorities else None,
            Path(certificate) if certificate else None,
            is_verified=not self.has("--insecure"),
        )

    def connect(self, address: Address) -> Client:
        """Connect to a server as the options say."""
        return Client.connect(address, self.security, self.timeout)


@dataclass(frozen=True, slots=True)
class Tool:
    """One client: its name, its own options (as getopt takes them), its help and its work.

    With `greets` the first line of output is always the version.
    """

    name: str
    letters: str
    usage: str
    work: Callable[[Arguments], None]
    words: tuple[str, ...] = ()
    greets: bool = False
    misuse_status: int = SUCCESS

    @property
    def banner(self) -> str:
        """The line that `-V` prints."""
        return f"Network UPS Tools {self.name} (nutbus {version('nutbus')})\n"

    def run(self, arguments: Sequence[str]) -> int:
        """Do what the arguments ask for and return the exit code."""
        try:
            status = self._run(arguments)
            sys.stdout.flush()
        except BrokenPipeError:  # who read our output wants no more of it
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return FAILURE
        return status

    def help(self, status: int = SUCCESS) -> int:
        """Print the usage and pass the exit code on."""
        say(self.usage + _HELP)
        return status

    def _run(self, arguments: Sequence[str]) -> int:
        if self.greets:
            say(self.banner)
        try:
            parsed = self._parse(arguments)
        except getopt.GetoptError as error:
            complain(f"{self.name}: {_misuse(error)}")
            return self.help(self.misuse_status)
        for option, _ in parsed.options:
            if option in ("-h", "--help"):
                return self.help()
            if option in ("-V", "--version"):
                say("" if self.greets else self.banner)
                return SUCCESS
        return self._work(parsed)

    def _parse(self, arguments: Sequence[str]) -> Arguments:
        words = [*_WORDS, *self.words]
        options, operands = getopt.getopt([*arguments], _LETTERS + self.letters, words)
        return Arguments(tuple(options), tuple(operands))

    def _work(self, arguments: Arguments) -> int:
        if arguments.has("-D"):
            logging.basicConfig(level=logging.DEBUG, format="%(message)s")
        try:
            self.work(arguments)
        except FatalError as error:
            complain(str(error))
        except PowerError as error:
            complain(f"Error: {error}")
        else:
            return SUCCESS
        return FAILURE


def device_named(text: str) -> tuple[str, Address]:
    """Read a device and its server; raise PowerError in NUT's words."""
    try:
        return parse_device(text, has_spaces=True)
    except AddressError as error:
        raise PowerError(_FORMAT_OF_DEVICE) from error


def whole_number(text: str) -> int | None:
    """Read an option's number of at most nine digits; None if it is something else."""
    is_number = text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS
    return int(text) if is_number else None


def say(text: str) -> None:
    """Write to stdout, with no line end of its own."""
    sys.stdout.write(text)


def complain(line: str) -> None:
    """Write a line to stderr, after everything said so far."""
    sys.stdout.flush()
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def _misuse(error: getopt.GetoptError) -> str:
    """Say what is wrong in the words of the C library, which NUT's tools print."""
    if len(error.opt) != 1:
        return error.msg
    if "requires argument" in error.msg:
        return f"option requires an argument -- '{error.opt}'"
    return f"invalid option -- '{error.opt}'"

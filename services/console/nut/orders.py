"""What upscmd and upsrw share: logging in, and giving an order and following what comes of it."""

import getpass
import os
import pwd
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from services.console.nut.client import Client, ClientError
from services.console.nut.tool import Arguments, FatalError, complain, say, whole_number
from shared.errors import PowerError

LETTERS: Final = "lu:p:t:w"
WORDS: Final = ("password-file=",)
USAGE: Final = """\
  -u USER           log in as this user of the server; asked for if missing
  -p PASSWORD       log in with this password; other users of this machine can see it in the list
                    of processes, so better use one of the ways below
  --password-file FILE
                    read the password from the first line of FILE (not in NUT)
  -w                wait until the driver has carried it out, and print how that ended
  -t SECONDS        wait so long at most (default 10)

Without -p and --password-file the password is that in the environment variable
NUTBUS_NUT_PASSWORD; if that is not set either, it is asked for.
"""

TRACKING_TIMEOUT: Final = 10
TRACKING_INTERVAL: Final = 0.1
PASSWORD_VARIABLE: Final = "NUTBUS_NUT_PASSWORD"  # noqa: S105 (the name of a variable)

_BAD_TIMEOUT: Final = (
    "Could not convert the provided value for timeout ('-t' option) to unsigned int:"
    " Invalid argument"
)


@dataclass(frozen=True, slots=True)
class Login:
    """A user of the server."""

    user: str
    password: str = field(repr=False)


def tracking_timeout(arguments: Arguments) -> int | None:
    """Return how many seconds to wait for the outcome; None is not at all."""
    text = arguments.last("-t")
    seconds = TRACKING_TIMEOUT if text is None else whole_number(text)
    if seconds is None:
        raise FatalError(_BAD_TIMEOUT)
    return seconds if arguments.has("-w") else None


def read_login(arguments: Arguments) -> Login:
    """Take user and password from the options, or ask for what is missing."""
    user = arguments.last("-u")
    return Login(_ask_user() if user is None else user, _password(arguments))


def log_in(client: Client, login: Login, what: str, *, is_tracking: bool) -> None:
    """Say who we are, and turn tracking on if asked; `what` names the order in errors.

    The server does not say whether the login is right before the first order.
    """
    try:
        client.ask("USERNAME", login.user)
        client.ask("PASSWORD", login.password)
        reply = client.ask("SET", "TRACKING", "ON") if is_tracking else "OK"
    except ClientError as error:
        raise FatalError(f"Login failed: {error}") from error
    if not reply.startswith("OK"):
        raise FatalError(f"Enabling {what} status tracking failed. upsd answered: {reply}")


def give(client: Client, order: tuple[str, ...], what: str, timeout: int | None) -> None:
    """Give an order and print on stderr what the server says, or with tracking how it ended."""
    try:
        reply = client.ask(*order)
    except ClientError as error:
        raise FatalError(f"{what} failed: {error}") from error
    words = reply.split(" ")
    if words[0] != "OK":
        raise FatalError(f"Unexpected response from upsd: {reply}")
    if timeout is not None and len(words) == 3 and words[1] == "TRACKING":
        reply = _outcome(client, words[2], timeout)
    complain(reply)


def _outcome(client: Client, identity: str, timeout: int) -> str:
    deadline = time.monotonic() + timeout
    try:
        while time.monotonic() < deadline:
            reply = client.ask("GET", "TRACKING", identity)
            if not reply.startswith("PENDING"):
                return reply
            time.sleep(TRACKING_INTERVAL)  # the protocol has no way to be told
    except ClientError as error:
        raise FatalError(f"Can't receive status tracking information: {error}") from error
    raise FatalError("Can't receive status tracking information: timeout")


def _ask_user() -> str:
    own = _own_name()
    say(f"Username ({own}): " if own else "Username: ")
    user = read_line("no user name given: use -u USER") or own
    if not user:
        raise FatalError("No username available - even tried getpwuid")
    return user


def _own_name() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return ""


def _password(arguments: Arguments) -> str:
    given, file = arguments.last("-p"), arguments.last("--password-file")
    if given is not None:
        return given
    if file is not None:
        return _first_line(Path(file))
    if PASSWORD_VARIABLE in os.environ:
        return os.environ[PASSWORD_VARIABLE]
    return _ask_password(f"no password given: use --password-file, -p or {PASSWORD_VARIABLE}")


def _ask_password(complaint: str) -> str:
    if not _has_terminal():
        sys.stderr.write("Password: ")
        sys.stderr.flush()
        return read_line(complaint)
    try:
        return getpass.getpass("Password: ")
    except EOFError as error:
        raise PowerError(complaint) from error


def read_line(complaint: str) -> str:
    """Read what is typed, without its line end; raise PowerError if nothing more can come."""
    sys.stdout.flush()
    line = sys.stdin.readline()
    if not line:
        complain("")  # end the line of the prompt
        raise PowerError(complaint)
    return line.rstrip("\n")


def _first_line(file: Path) -> str:
    try:
        with file.open() as lines:
            return lines.readline().rstrip("\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise PowerError(f"cannot read the password file {file}: {reason}") from error


def _has_terminal() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True

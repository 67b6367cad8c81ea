"""`upsrw`: list the variables of a device that can be written, or write one."""

import re
from typing import Final

from services.console.nut import orders
from services.console.nut.client import Client, ClientError
from services.console.nut.tool import Arguments, FatalError, Tool, complain, device_named, say
from shared.errors import PowerError

USAGE: Final = f"""\
Set a variable of a UPS, or list those that can be set.

usage: upsrw [-l] UPS[@HOST[:PORT]]
       upsrw -s VARIABLE[=VALUE] [-u USER] [-p PASSWORD] [-w] [-t SECONDS] UPS[@HOST[:PORT]]

  -l                list the variables that can be set (so too without -l and -s)
  -s VARIABLE=VALUE set the variable; without =VALUE the value is asked for
{orders.USAGE}"""

_INTEGER = re.compile(r"\s*([+-]?\d+)", re.ASCII)


def main(arguments: list[str]) -> int:
    """Do what `upsrw` does with these arguments and return its exit code."""
    return TOOL.run(arguments)


def _work(arguments: Arguments) -> None:
    timeout = orders.tracking_timeout(arguments)
    setting = _setting(arguments)
    if not arguments.operands:
        TOOL.help()
        return
    ups, address = device_named(arguments.operands[0])
    with arguments.connect(address) as client:
        if setting is None:
            _list(client, ups)
        else:
            _set(arguments, client, ups, setting, timeout)


def _setting(arguments: Arguments) -> str | None:
    """Return what to set; a `-l` after `-s` wins."""
    setting: str | None = None
    for option, value in arguments.options:
        if option == "-s":
            setting = value
        elif option == "-l" and setting is not None:
            complain("Listing mode requested, overriding setvar specified earlier!")
            setting = None
    return setting


def _set(arguments: Arguments, client: Client, ups: str, setting: str, timeout: int | None) -> None:
    variable, equals, value = setting.partition("=")
    if "." not in variable:
        raise PowerError("old variable names are not supported")
    login = orders.read_login(arguments)
    if not equals:
        say(f"Enter new value for {variable}: ")
        value = orders.read_line(f"no value given: use -s {variable}=VALUE")
    orders.log_in(client, login, "set variable", is_tracking=timeout is not None)
    orders.give(client, ("SET", "VAR", ups, variable, value), "Set variable", timeout)


def _list(client: Client, ups: str) -> None:
    try:
        variables = [row[2] for row in client.rows("RW", ups, least=4)]
    except ClientError as error:
        if error.word == "UNKNOWN-COMMAND":
            raise PowerError("upsd is too old to support this query") from error
        raise
    for variable in variables:
        description = _asked(client, "DESC", ups, variable) or "Description unavailable"
        kind = "".join(f"{line}\n" for line in _kind(client, ups, variable))
        say(f"[{variable}]\n{description}\n{kind}\n")


def _kind(client: Client, ups: str, variable: str) -> list[str]:
    """Say of which type a variable is, what it may be and what it is."""
    try:
        words = client.get("TYPE", ups, variable)[3:]
    except ClientError:
        return ["Unknown type"]
    lines: list[str] = []
    is_choice = False
    for word in words:
        name, _, length = word.upper().partition(":")
        if name == "RANGE":
            return lines + _range(client, ups, variable)
        if name == "NUMBER" or (name == "STRING" and length):
            head = [f"Maximum length: {_integer(length)}"] if length else []
            return lines + _plain(client, ups, variable, name, head, is_choice=is_choice)
        if name == "ENUM":
            is_choice = True
        elif name != "RW":
            lines.append(f"Type: {word} (unrecognized)")
    return [*lines, *(["Type: ENUM", *_choices(client, ups, variable)] if is_choice else [])]


def _plain(
    client: Client, ups: str, variable: str, name: str, head: list[str], *, is_choice: bool
) -> list[str]:
    if is_choice:
        return [f"Type: ENUM {name}", *head, *_choices(client, ups, variable)]
    return [f"Type: {name}", *head, f"Value: {_value(client, ups, variable)}"]


def _choices(client: Client, ups: str, variable: str) -> list[str]:
    value = _value(client, ups, variable)
    choices = [row[3] for row in client.rows("ENUM", ups, variable, least=4)]
    return [_option(choice, is_selected=choice == value) for choice in choices]


def _range(client: Client, ups: str, variable: str) -> list[str]:
    value = _integer(_value(client, ups, variable))
    lines = ["Type: RANGE NUMBER"]
    for row in client.rows("RANGE", ups, variable, least=5):
        low, high = _integer(row[3]), _integer(row[4])
        lines.append(_option(f"{low}-{high}", is_selected=low <= value <= high))
    return lines


def _option(text: str, *, is_selected: bool) -> str:
    return f'Option: "{text}"' + (" SELECTED" if is_selected else "")


def _value(client: Client, ups: str, variable: str) -> str:
    value = _asked(client, "VAR", ups, variable)
    if value is None:
        raise FatalError(f"can't get current value of {variable}")
    return value


def _asked(client: Client, what: str, ups: str, variable: str) -> str | None:
    try:
        words = client.get(what, ups, variable)
    except ClientError:
        return None
    return words[3] if len(words) > 3 else None


def _integer(text: str) -> int:
    """Read the number at the start of a text as NUT's tools do: 0 where there is none."""
    match = _INTEGER.match(text)
    return int(match[1]) if match else 0


TOOL: Final = Tool("upsrw", "s:" + orders.LETTERS, USAGE, _work, orders.WORDS)

"""`upsc`: read from a NUT server its devices, their variables and their clients."""

import json
from typing import Final

from services.console.nut.client import Client, ClientError
from services.console.nut.tool import Arguments, Tool, say
from shared.errors import PowerError
from shared.nutaddress import AddressError, parse_address, parse_device

USAGE: Final = """\
Read from a NUT server.

usage: upsc [-j] -l | -L [HOST[:PORT]]
       upsc [-j] UPS[@HOST[:PORT]] [VARIABLE]
       upsc [-j] -c UPS[@HOST[:PORT]]

  -l                list the devices of the server, one name a line
  -L                list them with their descriptions
  -c                list the addresses of the clients that are logged in to the device
  -j                print JSON

Without -l, -L and -c, print one variable or all of them. HOST is localhost if not given; an IPv6
address stands in brackets, as in ups@[::1]:3493.
"""

_FORMAT_OF_ADDRESS: Final = "invalid hostname.\nRequired format: [hostname[:port]]"
_FORMAT_OF_DEVICE: Final = "invalid UPS definition.\nRequired format: upsname[@hostname[:port]]"
_TOO_OLD: Final = "upsd is too old to support this query"
_TOO_OLD_FOR_VARIABLE: Final = "variable unknown (old upsd detected)"


class _VariablesError(PowerError):
    """All variables were asked for and do not come, which JSON says in its own layout."""


def main(arguments: list[str]) -> int:
    """Do what `upsc` does with these arguments and return its exit code."""
    return TOOL.run(arguments)


def _work(arguments: Arguments) -> None:
    try:
        say(_answer(arguments))
    except PowerError as error:
        if arguments.has("-j"):
            say(_json_error(error))
        raise


def _answer(arguments: Arguments) -> str:
    is_json = arguments.has("-j")
    if arguments.has("-l", "-L"):
        return _devices(arguments, is_json)
    try:
        ups, address = parse_device((*arguments.operands, "")[0], has_spaces=True)
    except AddressError as error:
        raise PowerError(_FORMAT_OF_DEVICE) from error
    with arguments.connect(address) as client:
        if arguments.has("-c"):
            clients = [row[2] for row in _rows(client, "CLIENT", ups, least=3)]
            return _json_array(clients) if is_json else _lines(clients)
        if len(arguments.operands) > 1:
            value = _value(client, ups, arguments.operands[1])
            return _json_text(value) + "\n" if is_json else value + "\n"
        pairs = _variables(client, ups)
        return _json_object(pairs) if is_json else _pairs(pairs)


def _devices(arguments: Arguments, is_json: bool) -> str:
    try:
        address = parse_address((*arguments.operands, "localhost")[0], has_spaces=True)
    except AddressError as error:
        raise PowerError(_FORMAT_OF_ADDRESS) from error
    with arguments.connect(address) as client:
        pairs = [(row[1], row[2]) for row in _rows(client, "UPS", least=3)]
    if arguments.has("-L"):
        return _json_object(pairs) if is_json else _pairs(pairs)
    names = [name for name, _ in pairs]
    return _json_array(names) if is_json else _lines(names)


def _rows(client: Client, *query: str, least: int) -> list[list[str]]:
    try:
        return client.rows(*query, least=least)
    except ClientError as error:
        if error.word == "UNKNOWN-COMMAND":
            raise PowerError(_TOO_OLD) from error
        raise


def _variables(client: Client, ups: str) -> list[tuple[str, str]]:
    try:
        return [(row[2], row[3]) for row in _rows(client, "VAR", ups, least=4)]
    except PowerError as error:
        raise _VariablesError(str(error)) from error


def _value(client: Client, ups: str, variable: str) -> str:
    if "." not in variable:
        raise PowerError("old-style variable names are not supported")
    try:
        words = client.get("VAR", ups, variable)
    except ClientError as error:
        if error.word == "UNKNOWN-COMMAND":
            raise PowerError(_TOO_OLD_FOR_VARIABLE) from error
        raise
    if len(words) < 4:
        raise PowerError(f"insufficient data (got {len(words)} args, need at least 4)")
    return words[3]


def _lines(values: list[str]) -> str:
    return "".join(f"{value}\n" for value in values)


def _pairs(pairs: list[tuple[str, str]]) -> str:
    return _lines([f"{name}: {value}" for name, value in pairs])


# The layout of JSON is that of NUT 2.8.5: two spaces, one member a line, every value a text, an
# empty line where there is no member, and an error on one line save where variables are listed.


def _json_text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def _json_array(values: list[str]) -> str:
    return "[\n" + ",\n".join(f"  {_json_text(value)}" for value in values) + "\n]\n"


def _json_object(pairs: list[tuple[str, str]]) -> str:
    members = (f"  {_json_text(name)}: {_json_text(value)}" for name, value in pairs)
    return "{\n" + ",\n".join(members) + "\n}\n"


def _json_error(error: PowerError) -> str:
    if isinstance(error, _VariablesError):
        return _json_object([("error", str(error))])
    return '{"error": ' + _json_text(str(error)) + "}\n"


TOOL: Final = Tool("upsc", "lLcj", USAGE, _work)

"""`upscmd`: have a device carry out an instant command, or list those it has."""

from typing import Final

from services.console.nut import orders
from services.console.nut.client import Client, ClientError
from services.console.nut.tool import Arguments, Tool, device_named, say
from shared.errors import PowerError

USAGE: Final = f"""\
Have a UPS carry out an instant command.

usage: upscmd -l UPS[@HOST[:PORT]]
       upscmd [-u USER] [-p PASSWORD] [-w] [-t SECONDS] UPS[@HOST[:PORT]] COMMAND [VALUE]

  -l                list the commands that the device has
{orders.USAGE}"""


def main(arguments: list[str]) -> int:
    """Do what `upscmd` does with these arguments and return its exit code."""
    return TOOL.run(arguments)


def _work(arguments: Arguments) -> None:
    timeout = orders.tracking_timeout(arguments)
    if not arguments.operands:
        TOOL.help()
        return
    ups, address = device_named(arguments.operands[0])
    with arguments.connect(address) as client:
        if arguments.has("-l"):
            say(_list(client, ups))
        elif len(arguments.operands) == 1:
            TOOL.help()
        else:
            _command(arguments, client, ups, timeout)


def _command(arguments: Arguments, client: Client, ups: str, timeout: int | None) -> None:
    command = arguments.operands[1:3]
    if "." not in command[0]:
        raise PowerError("old command names are not supported")
    login = orders.read_login(arguments)
    orders.log_in(client, login, "command", is_tracking=timeout is not None)
    orders.give(client, ("INSTCMD", ups, *command), "Instant command", timeout)


def _list(client: Client, ups: str) -> str:
    try:
        commands = [row[2] for row in client.rows("CMD", ups, least=3)]
    except ClientError as error:
        if error.word == "UNKNOWN-COMMAND":
            raise PowerError("upsd is too old to support this query") from error
        raise
    lines = "".join(_described(client, ups, command) for command in commands)
    return f"Instant commands supported on UPS [{ups}]:\n\n{lines}"


def _described(client: Client, ups: str, command: str) -> str:
    try:
        words = client.get("CMDDESC", ups, command)
    except ClientError:
        return f"{command}\n"
    return f"{command} - {words[3]}\n" if len(words) > 3 else f"{command}\n"


TOOL: Final = Tool("upscmd", orders.LETTERS, USAGE, _work, orders.WORDS)

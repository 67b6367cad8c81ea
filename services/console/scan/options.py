"""What the command line asks for, in nut-scanner's letters and words."""

import getopt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from services.console.scan.scanners import SCANNERS, Scanner
from shared.errors import PowerError

DEFAULT_TIMEOUT: Final = 5.0
DEFAULT_LIMIT: Final = 1024
LONGEST_TIMEOUT: Final = 3600.0
HIGHEST_PORT: Final = 65535
MOST_AT_ONCE: Final = 100_000

# Long options as nut-scanner spells them, and ours; those with a value end in "=".
_WORDS: Final = {
    "help": "-h", "version": "-V", "available": "-a", "quiet": "-q", "nut_debug_level": "-D",
    "complete_scan": "-C", "usb_scan": "-U", "snmp_scan": "-S", "xml_scan": "-M",
    "oldnut_scan": "-O", "avahi_scan": "-A", "nis_scan": "", "powerman_scan": "",
    "disp_nut_conf_with_sanity_check": "-Q", "disp_nut_conf": "-N", "disp_parsable": "-P",
    "toml": "", "json": "",
    "explore=": "",
    "eaton_serial=": "-E", "serial=": "-E", "thread=": "-T", "timeout=": "-t",
    "start_ip=": "-s", "end_ip=": "-e", "mask_cidr=": "-m", "port=": "-p",
    "xml_port=": "", "nis_port=": "", "powerman_port=": "", "snmp_port=": "",
    "community=": "-c", "secLevel=": "-l", "secName=": "-u", "authProtocol=": "-w",
    "authPassword=": "-W", "privProtocol=": "-x", "privPassword=": "-X",
}  # fmt: skip
_LETTERS: Final = "?hVaqDCUSMOANPQE:T:t:s:e:m:p:c:l:u:w:W:x:X:"
_SHORT: Final = {f"--{word.rstrip('=')}": short for word, short in _WORDS.items() if short}
_PORTS: Final = {
    "-p": "OLDNUT", "--xml_port": "XML", "--nis_port": "NIS", "--powerman_port": "POWERMAN",
    "--snmp_port": "SNMP",
}  # fmt: skip
_FORMS: Final = ("-Q", "-N", "-P", "--toml", "--json")
_RANGE: Final = ("-s", "-e", "-m")


class MisuseError(PowerError):
    """The command line cannot be understood."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The command line, read: `form` is the option that chooses how to print, "" if none does.

    `explored` is the one device to show everything of.
    """

    options: frozenset[str]
    scanners: tuple[Scanner, ...]
    lists_lines: bool
    ranges: tuple[tuple[str, str], ...]
    serial_ports: str | None
    ports: dict[str, int]
    timeout: float
    limit: int
    form: str
    explored: str | None = None
    community: str = "public"

    def has(self, option: str) -> bool:
        """Tell whether an option without a value was given."""
        return option in self.options


def read(arguments: Sequence[str]) -> Wanted:
    """Read the command line; raise MisuseError. What follows the options is not looked at."""
    try:
        pairs, _ = getopt.gnu_getopt([_underscored(each) for each in arguments], _LETTERS, _WORDS)
    except getopt.GetoptError as error:
        raise MisuseError(str(error)) from None
    given = [(_SHORT.get(option, option), value) for option, value in pairs]
    names = frozenset(option for option, _ in given)
    last = dict(given)
    chosen = tuple(each for each in SCANNERS if names & _own(each))
    is_complete = "-C" in names or not (chosen or "-E" in names)
    return Wanted(
        options=names,
        scanners=tuple(each for each in SCANNERS if each.is_there) if is_complete else chosen,
        lists_lines=is_complete,
        ranges=tuple(pair for pair in given if pair[0] in _RANGE),
        serial_ports=last.get("-E"),
        ports={
            scanner: int(_number(option, last[option], HIGHEST_PORT))
            for option, scanner in _PORTS.items()
            if option in last
        },
        timeout=_number("-t", last.get("-t", str(DEFAULT_TIMEOUT)), LONGEST_TIMEOUT, float),
        limit=int(_number("-T", last.get("-T", str(DEFAULT_LIMIT)), MOST_AT_ONCE)),
        explored=last.get("--explore"),
        community=last.get("-c", "public"),
        form=([""] + [option for option, _ in given if option in _FORMS])[-1],
    )


def _own(scanner: Scanner) -> frozenset[str]:
    return frozenset(_SHORT.get(option, option) for option in scanner.options)


def _underscored(argument: str) -> str:
    """Let `--oldnut-scan` stand for `--oldnut_scan`; its value stays as it is."""
    name, equals, value = argument.partition("=")
    if not name.startswith("--"):
        return argument
    return "--" + name[2:].replace("-", "_") + equals + value


def _number(option: str, text: str, most: float, kind: Callable[[str], float] = int) -> float:
    try:
        number = kind(text)
    except ValueError:
        number = 0
    if not 0 < number <= most:
        raise MisuseError(f"{option} {text}: write a number above 0, at most {most:g}")
    return number

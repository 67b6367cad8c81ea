"""The catalogue of NUT variables: name, unit, kind and meaning (docs/nut-names.txt).

A table line is `name  type  role  description`, its columns two or more spaces apart. The type is a
unit, which makes the variable a number; `number`, `text`, `date` or `time`; or a name from `_FLAGS`
or `_ENUMERATIONS`. `{}` in a description stands for the place that the variable belongs to.
"""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType

_DECIMAL = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")


class Kind(StrEnum):
    """What the value looks like on the wire, where every value is text.

    ENUMERATION is one of `values`; FLAG is one of two, the affirmative first. DATE and TIME are as
    the device writes them, which need not be ISO 8601. A device may always say something else.
    """

    NUMBER = "number"
    TEXT = "text"
    ENUMERATION = "enumeration"
    FLAG = "flag"
    DATE = "date"
    TIME = "time"


class Role(StrEnum):
    """What the value is good for.

    MEASUREMENT varies by itself and is a number; STATE varies and is a word; SETTING is chosen
    (delays, thresholds, switches); IDENTITY tells what the device is (names, ratings, counts).
    """

    MEASUREMENT = "measurement"
    STATE = "state"
    SETTING = "setting"
    IDENTITY = "identity"


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable; `unit` is "" where it has none, the description is plain ASCII."""

    name: str
    unit: str
    kind: Kind
    role: Role
    description: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Family:
    """Variables that exist for each number `<n>` or phase `<phase>`: one row serves all of them.

    The name of a row is what follows the family's; `place` says in words where that is, with a `{}`
    for each `<n>` and `<phase>`.
    """

    name: str
    place: str
    rows: Mapping[str, Variable]
    pattern: re.Pattern[str]


def number_of(text: str | None) -> float | None:
    """Read a value as NUT writes numbers; None for a text, nothing, or what is out of range."""
    if text is None or _DECIMAL.fullmatch(text) is None:
        return None
    number = float(text)
    return number if math.isfinite(number) else None


def variable(name: str) -> Variable | None:
    """Look a variable up by its full name; None when the catalogue has nothing like it."""
    known = VARIABLES.get(name)
    if known is not None or len(name) > _LONGEST_NAME:
        return known
    return _derived(name)


@lru_cache(maxsize=4096)
def _derived(name: str) -> Variable | None:
    """Find a variable that has no row of its own; remembers the latest names only."""
    if _NAME.fullmatch(name) is None:
        return None
    return _relayed(name) or _member(name) or _free(name)


def _relayed(name: str) -> Variable | None:
    """Name a device of a daisy chain or beyond a failover driver, and describe what it has."""
    match = _RELAYED.fullmatch(name)
    if match is None:
        return None
    number, rest = match["number"], match["rest"]
    found = None if _RELAYED.fullmatch(rest) else variable(rest)
    if number is None:
        place = "upstream device"
    else:
        # A daisy chain puts its number after `device` also where the name began with it.
        found = found or VARIABLES.get(f"device.{rest}")
        place = f"device {number} of the chain" if number != "0" else "whole chain"
    return found and replace(found, name=name, description=f"{found.description} ({place})")


def _member(name: str) -> Variable | None:
    for family in FAMILIES:
        match = family.pattern.fullmatch(name)
        if match and (row := family.rows.get(match["row"])):
            *places, _ = match.groups()
            place = family.place.format(*(_PHASES.get(each, each) for each in places))
            return _placed(row, name, place)
    return None


def _free(name: str) -> Variable | None:
    for prefix, (role, description) in _FREE.items():
        if name.startswith(prefix):
            text = description.format(name.removeprefix(prefix))
            return Variable(name, "", Kind.TEXT, role, text)
    return None


def _placed(row: Variable, name: str, place: str) -> Variable:
    return replace(row, name=name, description=row.description.format(place))


def _table(text: str) -> dict[str, Variable]:
    rows = (re.split(r" {2,}", line) for line in text.strip().splitlines() if line)
    return {name: _row(name, type_, role, description) for name, type_, role, description in rows}


def _row(name: str, type_: str, role: str, description: str) -> Variable:
    first, _, unit = type_.partition(" ")
    if type_ in _FLAGS:
        return Variable(name, "", Kind.FLAG, Role(role), description, _FLAGS[type_])
    if type_ in _ENUMERATIONS:
        values = _ENUMERATIONS[type_]
        return Variable(name, "", Kind.ENUMERATION, Role(role), description, values)
    if first in _PLAIN_KINDS:
        return Variable(name, unit, Kind(first), Role(role), description)
    return Variable(name, type_, Kind.NUMBER, Role(role), description)


def _family(name: str, place: str, *tables: Mapping[str, Variable]) -> Family:
    pattern = re.escape(name).replace("<n>", _NUMBER).replace("<phase>", f"({'|'.join(_PHASES)})")
    rows = {key: row for table in tables for key, row in table.items()}
    return Family(name, place, rows, re.compile(rf"{pattern}\.(?P<row>.+)"))


def _at(prefix: str, place: str, *tables: Mapping[str, Variable]) -> Iterable[Variable]:
    for table in tables:
        for row in table.values():
            yield _placed(row, f"{prefix}.{row.name}", place)


_LONGEST_NAME = 128
_PLAIN_KINDS = frozenset({Kind.NUMBER, Kind.TEXT, Kind.DATE, Kind.TIME})
_NUMBER = r"([1-9][0-9]{0,3})"
_NAME = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+")
_RELAYED = re.compile(rf"(?:upstream|device\.(?P<number>0|{_NUMBER}))\.(?P<rest>.+)")

_FLAGS = {
    "yes/no": ("yes", "no"),
    "on/off": ("on", "off"),
    "enabled": ("enabled", "disabled"),
    "1/0": ("1", "0"),
}

_ENUMERATIONS = {
    "beeper": ("enabled", "disabled", "muted"),
    "charger": ("charging", "discharging", "floating", "resting"),
    "contact": ("open", "closed", "active", "inactive"),
    "resting": ("normal-open", "normal-closed"),
    "device": ("ups", "pdu", "scd", "psu", "ats"),
    "driver": (
        *("init.starting", "init.quiet", "init.device", "init.info", "init.updateinfo"),
        *("reconnect.trying", "reconnect.updateinfo", "updateinfo", "quiet", "dumping"),
        *("reloading", "fsd.killpower", "cleanup.upsdrv", "cleanup.exit"),
    ),
    "level": ("good", "warning-low", "critical-low", "warning-high", "critical-high"),
    "range": ("good", "out-of-range"),
    "turn off": ("off", "disabled"),
    "turn on": ("on", "disabled"),
    "mode": ("online", "line-interactive", "bypass"),
}

_LINES = ("L1", "L2", "L3")
_PHASES = {
    **{line: f"on phase {line}" for line in _LINES},
    **{f"{line}-N": f"between {line} and neutral" for line in _LINES},
    **{f"{a}-{b}": f"between {a} and {b}" for a in _LINES for b in _LINES if a != b},
    "N": "on the neutral wire",
}

# Variables whose last words are up to the driver: role, and description with those words.
_FREE = {
    "driver.parameter.": (Role.SETTING, "Value given to the driver setting {}"),
    "driver.flag.": (Role.SETTING, "Driver setting {} is switched on"),
    "microlink.": (Role.STATE, "Raw item {} of a Microlink device"),
    "ups.debug.": (Role.STATE, "Raw answer {} of the device"),
    "ups.powersummary.": (Role.STATE, "Raw USB item {} of the device"),
    "experimental.": (Role.STATE, "Trial variable {}, which may change or vanish"),
    "unmapped.": (Role.STATE, "Raw item {} of the device, not yet given a meaning"),
}

_ELECTRICAL = _table("""
alarm                  text    state        Alarm text of {}
voltage                V       measurement  Voltage of {}
voltage.nominal        V       identity     Rated voltage of {}
voltage.maximum        V       measurement  Highest voltage noted at {}
voltage.minimum        V       measurement  Lowest voltage noted at {}
voltage.status         level   state        How the voltage of {} compares with its limits
voltage.low.warning    V       setting      Voltage of {} below which to warn
voltage.low.critical   V       setting      Voltage of {} below which it is critical
voltage.high.warning   V       setting      Voltage of {} above which to warn
voltage.high.critical  V       setting      Voltage of {} above which it is critical
current                A       measurement  Current through {}
current.nominal        A       identity     Rated current of {}
current.maximum        A       measurement  Highest current noted through {}
current.minimum        A       measurement  Lowest current noted through {}
current.peak           A       measurement  Peak of the current through {}
current.status         level   state        How the current through {} compares with its limits
current.low.warning    A       setting      Current through {} below which to warn
current.low.critical   A       setting      Current through {} below which it is critical
current.high.warning   A       setting      Current through {} above which to warn
current.high.critical  A       setting      Current through {} above which it is critical
frequency              Hz      measurement  Frequency of {}
frequency.nominal      Hz      identity     Rated frequency of {}
frequency.maximum      Hz      measurement  Highest frequency noted at {}
frequency.minimum      Hz      measurement  Lowest frequency noted at {}
frequency.status       range   state        Whether the frequency of {} is acceptable
power                  VA      measurement  Apparent power of {}
power.nominal          VA      identity     Rated apparent power of {}
power.maximum          VA      measurement  Highest apparent power noted at {}
power.minimum          VA      measurement  Lowest apparent power noted at {}
power.percent          %       measurement  Apparent power of {} as a share of its limit
power.maximum.percent  %       measurement  Highest share of its apparent power noted at {}
power.minimum.percent  %       measurement  Lowest share of its apparent power noted at {}
realpower              W       measurement  Real power of {}
realpower.nominal      W       identity     Rated real power of {}
realpower.maximum      W       measurement  Highest real power noted at {}
realpower.minimum      W       measurement  Lowest real power noted at {}
realpower.percent      %       measurement  Real power of {} as a share of its limit
powerfactor            number  measurement  Power factor of {}, from 0 to 1
powerfactor.nominal    number  identity     Rated power factor of {}, from 0 to 1
crestfactor            number  measurement  Crest factor of {}, 1 or more
load                   %       measurement  Load of {} as a share of its rating
phases                 number  identity     Number of phases of {}
""")

_FEED = _table("""
id          text  identity  Identifier of {}
name        text  identity  Name of {}
desc        text  identity  What {} is called
feed.color  text  identity  Colour that marks {}
feed.desc   text  identity  Label of {}
status      text  state     Condition of {}
""")

_OUTLET = _table("""
id                     text    identity     Identifier of {}
name                   text    identity     Name of {}
desc                   text    setting      What {} is called
groupid                text    identity     Identifier of the group to which {} belongs
designator             text    identity     Marking on the case next to {}
type                   text    identity     Shape of the socket of {}
switch                 on/off  setting      Wanted position of the switch of {}
status                 on/off  state        Whether {} has power
protect.status         text    state        Whether {} is protected against surges and outages
switchable             yes/no  identity     Whether {} can be switched
ecocontrol             text    setting      Whether {} switches others off to save energy
autoswitch.charge.low  %       setting      Battery charge at which {} is switched off by itself
battery.charge.low     %       setting      Battery charge down to which {} keeps its power
delay.shutdown         s       setting      Time from the order until {} is switched off
delay.start            s       setting      Time from the order until {} is switched on
delay.reboot           s       setting      Time that {} stays off in a power cycle
timer.shutdown         s       measurement  Time left until {} is switched off
timer.start            s       measurement  Time left until {} is switched on
""")

_COUNT = _table("""
count  number  identity  Number of {}
""")

_GROUP = _table("""
type   text    identity  What makes {} a group
color  text    identity  Colour that marks the sockets of {}
count  number  identity  Number of outlets in {}
phase  text    identity  Phase that feeds {}
input  text    identity  Input that feeds {}
""")

_AMBIENT = _table("""
name                       text     identity     Name of {}
id                         text     identity     Identifier of {}
address                    text     identity     Address of {} on its line
parent.serial              text     identity     Serial number of the unit that {} is on
serial                     text     identity     Serial number of {}
mfr                        text     identity     Maker of {}
model                      text     identity     Model of {}
firmware                   text     identity     Firmware version of {}
present                    yes/no   state        Whether {} is plugged in
temperature                °C       measurement  Temperature at {}
temperature.unit           text     setting      Unit in which {} shows temperatures
temperature.status         level    state        How the temperature at {} compares with its limits
temperature.maximum        °C       measurement  Highest temperature noted at {}
temperature.minimum        °C       measurement  Lowest temperature noted at {}
temperature.high           °C       setting      Temperature at {} that counts as high
temperature.high.warning   °C       setting      Temperature at {} above which to warn
temperature.high.critical  °C       setting      Temperature at {} above which it is critical
temperature.low            °C       setting      Temperature at {} that counts as low
temperature.low.warning    °C       setting      Temperature at {} below which to warn
temperature.low.critical   °C       setting      Temperature at {} below which it is critical
temperature.alarm          enabled  state        Temperature alarm of {}
temperature.alarm.enable   text     setting      Whether {} may raise temperature alarms
temperature.alarm.maximum  °C       setting      Temperature at {} above which the alarm sounds
temperature.alarm.minimum  °C       setting      Temperature at {} below which the alarm sounds
temperature.alarm.high     text     state        Alarm for too high a temperature at {}
temperature.alarm.low      text     state        Alarm for too low a temperature at {}
humidity                   %        measurement  Relative humidity at {}
humidity.status            level    state        How the humidity at {} compares with its limits
humidity.maximum           %        measurement  Highest humidity noted at {}
humidity.minimum           %        measurement  Lowest humidity noted at {}
humidity.high              %        setting      Humidity at {} that counts as high
humidity.high.warning      %        setting      Humidity at {} above which to warn
humidity.high.critical     %        setting      Humidity at {} above which it is critical
humidity.low               %        setting      Humidity at {} that counts as low
humidity.low.warning       %        setting      Humidity at {} below which to warn
humidity.low.critical      %        setting      Humidity at {} below which it is critical
humidity.alarm             enabled  state        Humidity alarm of {}
humidity.alarm.enable      text     setting      Whether {} may raise humidity alarms
humidity.alarm.maximum     %        setting      Humidity at {} above which the alarm sounds
humidity.alarm.minimum     %        setting      Humidity at {} below which the alarm sounds
humidity.alarm.high        text     state        Alarm for too high a humidity at {}
humidity.alarm.low         text     state        Alarm for too low a humidity at {}
""")

_CONTACT = _table("""
name    text     identity  Name of {}
config  resting  setting   Resting position of {}
status  contact  state     Position of {}
""")

_DEVICE = _table("""
model        text    identity     Model of the device
mfr          text    identity     Maker of the device
mfr.date     date    identity     Day on which the device was made
serial       text    identity     Serial number of the device
type         device  identity     What sort of power device it is
description  text    identity     Free text that describes the device
contact      text    identity     Whom to ask about the device
location     text    identity     Place where the device stands
part         text    identity     Order number of the device
macaddr      text    identity     Hardware address of its network port
uptime       s       measurement  Time since the device was started
count        number  identity     How many devices the daisy chain holds
usb.version  text    identity     USB version that the device claims
""")

_SERVER = _table("""
info     text  identity  Program that serves the variables
version  text  identity  Version of the program that serves them
""")

_DRIVER = _table("""
name                  text    identity  Driver that talks to the device
version               text    identity  Release that the driver belongs to
version.internal      text    identity  Version of the driver itself
version.data          text    identity  Protocol table of the driver and its version
version.usb           text    identity  USB library that the driver uses
state                 driver  state     What the driver is doing
debug                 number  setting   How much the driver logs, 0 being the least
flag.allow_killpower  1/0     setting   Whether the driver obeys driver.killpower
""")

_UPS = _table("""
status             text     state        Condition of the UPS as a list of status words
alarm              text     state        Alarms that the UPS raises now
time               time     state        Clock of the UPS: the time of day
date               date     state        Clock of the UPS: the day
model              text     identity     Model of the UPS
mfr                text     identity     Maker of the UPS
mfr.date           date     identity     Day on which the UPS was made
serial             text     identity     Serial number of the UPS
vendorid           text     identity     USB vendor number, four hexadecimal digits
productid          text     identity     USB product number, four hexadecimal digits
firmware           text     identity     Firmware version of the UPS
firmware.aux       text     identity     Firmware version of a second processor or card
id                 text     setting      Name that the UPS was given
type               text     identity     How the UPS is built
mode               mode     state        How the UPS feeds the load at present
temperature        °C       measurement  Temperature inside the UPS
load               %        measurement  Load as a share of what the UPS can carry
load.high          %        setting      Load above which the UPS reports an overload
load.energysave    %        setting      Load below which the UPS saves energy
efficiency         %        measurement  Share of the power taken in that reaches the load
power              VA       measurement  Apparent power that the load draws
power.nominal      VA       identity     Apparent power that the UPS is rated for
realpower          W        measurement  Real power that the load draws
realpower.nominal  W        identity     Real power that the UPS is rated for
delay.start        s        setting      Time from the return of power until the load is on
delay.reboot       s        setting      Time that the UPS waits before it restarts
delay.shutdown     s        setting      Time from the shutdown order until the load is off
timer.start        s        measurement  Time left until the load is switched on
timer.reboot       s        measurement  Time left until the UPS restarts
timer.shutdown     s        measurement  Time left until the load is switched off
test.interval      s        setting      Time from one automatic self-test to the next
test.result        text     state        Outcome of the latest self-test
test.date          date     state        Day of the latest self-test
display.language   text     setting      Language of the front panel
contacts           text     state        Positions of the contacts wired to the UPS
beeper.status      beeper   setting      Whether the UPS may beep
watchdog.status    enabled  setting      Whether a silent host is power-cycled
start.auto         yes/no   setting      Whether the load comes on when power returns
start.battery      yes/no   setting      Whether the UPS may start without line power
start.reboot       yes/no   setting      Whether the UPS starts from battery after a restart
shutdown           enabled  setting      Whether the UPS obeys orders to switch off
""")

_INPUT = _table("""
voltage.extended                 yes/no    setting      Whether a wider voltage is accepted
voltage.fault                    V         measurement  Input voltage at the latest fault
frequency.extended               yes/no    setting      Whether a wider frequency is accepted
frequency.low                    Hz        setting      Lowest input frequency that is accepted
frequency.high                   Hz        setting      Highest input frequency that is accepted
transfer.reason                  text      state        Why the UPS last went to battery
transfer.delay                   s         setting      Time that power must be good before use
transfer.low                     V         setting      Voltage below which the battery takes over
transfer.low.min                 V         identity     Least value for input.transfer.low
transfer.low.max                 V         identity     Greatest value for input.transfer.low
transfer.high                    V         setting      Voltage above which the battery takes over
transfer.high.min                V         identity     Least value for input.transfer.high
transfer.high.max                V         identity     Greatest value for input.transfer.high
transfer.boost.low               V         setting      Lower end of the voltages that are raised
transfer.boost.high              V         setting      Upper end of the voltages that are raised
transfer.trim.low                V         setting      Lower end of the voltages that are reduced
transfer.trim.high               V         setting      Upper end of the voltages that are reduced
transfer.eco.low                 V         setting      Voltage below which economy mode ends
transfer.eco.high                V         setting      Voltage above which economy mode ends
transfer.bypass.low              V         setting      Voltage below which bypass is not used
transfer.bypass.high             V         setting      Voltage above which bypass is not used
transfer.bypass.forced           enabled   setting      Whether bypass may be entered by force
transfer.bypass.overload         enabled   setting      Whether an overload leads to bypass
transfer.bypass.outlimits        enabled   setting      Whether bad input power leads to bypass
transfer.frequency.bypass.range  %         setting      Frequency deviation allowed on bypass
transfer.frequency.eco.range     %         setting      Frequency deviation allowed to economize
transfer.hysteresis              V         setting      Change of voltage that undoes a transfer
eco.switchable                   text      setting      Which economy mode the input uses
bypass.switchable                enabled   setting      Whether the UPS may go to bypass by itself
bypass.switch.on                 turn on   setting      Switch that puts the UPS on bypass
bypass.switch.off                turn off  setting      Switch that takes the UPS off bypass
sensitivity                      text      setting      How easily bad input power is rejected
quality                          text      state        Quality of the input power
count                            number    identity     Number of inputs
source                           text      state        Input that feeds the load
source.preferred                 text      setting      Input that is used if there is a choice
phase.shift                      °         measurement  Phase angle between the two inputs
feed.color                       text      identity     Colour that marks the input feed
feed.desc                        text      identity     Label of the input feed
""")

_OUTPUT = _table("""
inverter.latency        s   identity  Gap in the power when the battery takes over
frequency.default       Hz  setting   Output frequency unless set otherwise
voltage.default         V   setting   Output voltage unless set otherwise
voltage.high            V   setting   Output voltage that counts as high
voltage.low             V   setting   Output voltage that counts as low
voltage.target.line     V   setting   Output voltage aimed at on line power
voltage.target.battery  V   setting   Output voltage aimed at on battery
transfer.low            V   setting   Output voltage below which it is switched over
transfer.high           V   setting   Output voltage above which it is switched over
""")

_BATTERY = _table("""
charge                %        measurement  Charge left in the battery
charge.approx         text %   state        Rough charge of the battery, such as <85
charge.low            %        setting      Charge below which the battery is reported low
charge.warning        %        setting      Charge below which a warning is given
charge.restart        %        setting      Charge that is needed before the load comes back
charger.status        charger  state        What the charger is doing
charger.type          text     identity     How the charger works
voltage               V        measurement  Voltage of the battery
voltage.nominal       V        identity     Rated voltage of the battery
voltage.low           V        setting      Voltage of the battery when it is empty
voltage.high          V        setting      Voltage of the battery when it is full
voltage.maximum       V        measurement  Highest battery voltage noted
voltage.minimum       V        measurement  Lowest battery voltage noted
voltage.cell.max      V        measurement  Voltage of the highest battery cell
voltage.cell.min      V        measurement  Voltage of the lowest battery cell
current               A        measurement  Current into or out of the battery
current.total         A        measurement  Current of all battery strings together
current.maximum       A        measurement  Highest battery current noted
current.minimum       A        measurement  Lowest battery current noted
capacity              Ah       measurement  Charge that the battery can hold
capacity.nominal      Ah       identity     Charge that the battery could hold when new
temperature           °C       measurement  Temperature of the battery
temperature.cell.max  °C       measurement  Temperature of the warmest battery cell
temperature.cell.min  °C       measurement  Temperature of the coolest battery cell
runtime               s        measurement  Time that the battery can carry the present load
runtime.low           s        setting      Runtime below which the battery is reported low
runtime.restart       s        setting      Runtime that is needed before the load comes back
runtime.elapsed       s        measurement  Time spent on battery so far
status                text     state        Health of the battery
test.status           text     state        State of the battery test
alarm.threshold       text     setting      When the UPS begins to beep on battery
date                  date     setting      Day on which the battery was put in
date.maintenance      date     setting      Day on which the battery is due for replacement
mfr.date              date     identity     Day on which the battery was made
type                  text     identity     Chemistry of the battery
packs                 number   identity     How many battery packs there are
packs.bad             number   measurement  How many battery packs failed
packs.external        number   identity     How many battery packs stand outside the case
protection            yes/no   setting      Whether a deep discharge is prevented
energysave            yes/no   setting      Whether the UPS switches off on battery at low load
energysave.load       %        setting      Load below which the UPS switches off on battery
energysave.realpower  W        setting      Real power below which the UPS switches off on battery
energysave.delay      min      setting      Time at low load before the UPS switches off on battery
""")

# Not in NUT's list of names, yet its drivers publish them, now or in earlier releases.
_UNLISTED = _table("""
battery.alarm.voltage             V       setting      Battery voltage that raises an alarm
battery.capacity.design           Ah      identity     Charge that the battery was designed to hold
battery.capacity.full             Ah      measurement  Charge that the battery holds when full
battery.charger.abm.status        text    state        Stage of the battery management cycle
battery.charger.mode.status       text    state        Mode of the charger
battery.charger.type.status       text    state        Type of charger in use
battery.charging.current.ac.high  A       setting      Most current that may charge from the mains
battery.charging.current.high     A       setting      Most current that may charge the battery
battery.chemistry                 text    identity     Chemistry of the battery
battery.full.discharges           number  measurement  How often the battery was emptied
battery.lowbatt                   %       setting      Charge at which the battery counts as low
battery.number                    number  identity     How many batteries there are
battery.shutdown.voltage          V       setting      Battery voltage at which the load goes off
battery.voltage.bulk              V       setting      Voltage at which the battery is charged fast
battery.voltage.exhaust           V       setting      Battery voltage that counts as empty
battery.voltage.float             V       setting      Voltage at which a full battery is held
battery.voltage.recharge          V       setting      Battery voltage below which charging begins
battery.voltage.under             V       setting      Battery voltage below which it is cut off
beeper.status                     beeper  setting      Whether the device may beep
device.country                    text    setting      Country that the device is set up for
device.firmware                   text    identity     Firmware version of the device
device.firmware.aux               text    identity     Firmware version of a second processor
device.model.type                 text    identity     Type code of the device
device.name                       text    setting      Name that the device was given
device.revision                   text    identity     Hardware revision of the device
device.version                    text    identity     Version of the device
driver.primary.priority           number  state        Rank of the driver that is followed
driver.primary.socketname         text    state        Driver that a failover driver follows
driver.stats.alive_drivers        number  measurement  How many drivers behind it answer
driver.stats.online_drivers       number  measurement  How many drivers behind it are online
driver.stats.primary_drivers      number  measurement  How many drivers it may follow
driver.stats.total_drivers        number  measurement  How many drivers it knows
input.frequency.transfer.high     Hz      setting      Frequency above which the battery steps in
input.frequency.transfer.low      Hz      setting      Frequency below which the battery steps in
output.power.apparent             VA      measurement  Apparent power of the output
power.percent                     %       measurement  Apparent power as a share of the rating
ups.bypass.interventions          number  measurement  How often the bypass stepped in
ups.delay.restart                 s       setting      Time that the UPS waits before it restarts
ups.description                   text    identity     Free text that describes the UPS
ups.firmware.old                  text    identity     Firmware version as an older command tells it
ups.inverter.interventions        number  measurement  How often the inverter stepped in
ups.inverter.runtime              s       measurement  Time that the inverter has run
ups.load.nominal                  %       identity     Rated load of the UPS
ups.macaddr                       text    identity     Hardware address of its network port
ups.mfg                           text    identity     Maker of the UPS
ups.model.aux                     text    identity     More about the model of the UPS
ups.model.type                    text    identity     Type code of the UPS
ups.overheatings                  number  measurement  How often the UPS was too hot
ups.product                       text    identity     Model of the UPS
ups.runtime                       s       measurement  Time that the battery can carry the load
ups.serial.internal               text    identity     Serial number of the electronics
ups.temperature.high              °C      setting      Temperature of the UPS that counts as high
ups.temperature.low               °C      setting      Temperature of the UPS that counts as low
ups.timer.restart                 s       measurement  Time left until the UPS restarts
ups.total.runtime                 s       measurement  Time that the UPS has run in all
ups.upspower.nominal              VA      identity     Apparent power that the UPS is rated for
ups.vendor                        text    identity     Maker of the UPS
ups.voltage.nominal               V       identity     Rated voltage of the UPS
""")

FAMILIES = (
    _family("input.<n>", "input feed {}", _ELECTRICAL, _FEED),
    _family("input.<n>.<phase>", "input feed {} {}", _ELECTRICAL),
    _family("input.<phase>", "the input {}", _ELECTRICAL),
    _family("input.bypass.<phase>", "the bypass input {}", _ELECTRICAL),
    _family("input.servicebypass.<phase>", "the service bypass input {}", _ELECTRICAL),
    _family("output.<phase>", "the output {}", _ELECTRICAL),
    _family("output.bypass.<phase>", "the bypass output {}", _ELECTRICAL),
    _family("output.inverter.<phase>", "the inverter {}", _ELECTRICAL),
    _family("output.servicebypass.<phase>", "the service bypass output {}", _ELECTRICAL),
    _family("ups.<phase>", "the UPS {}", _ELECTRICAL),
    _family("outlet.0", "all outlets together", _ELECTRICAL, _OUTLET),
    _family("outlet.<n>", "outlet {}", _ELECTRICAL, _OUTLET),
    _family("outlet.group.<n>", "outlet group {}", _ELECTRICAL, _OUTLET, _GROUP),
    _family("outlet.group.0", "outlet group 0", _ELECTRICAL, _OUTLET, _GROUP),
    _family("ambient.0", "the ambient sensor", _AMBIENT),
    _family("ambient.<n>", "ambient sensor {}", _AMBIENT),
    _family("ambient.contacts.<n>", "dry contact {}", _CONTACT),
    _family("ambient.<n>.contacts.<n>", "dry contact {1} of ambient sensor {0}", _CONTACT),
)

VARIABLES: Mapping[str, Variable] = MappingProxyType(
    {
        row.name: row
        for row in (
            *_at("input", "the input", _ELECTRICAL, _INPUT),
            *_at("input.bypass", "the bypass input", _ELECTRICAL),
            *_at("input.servicebypass", "the service bypass input", _ELECTRICAL),
            *_at("output", "the output", _ELECTRICAL, _OUTPUT),
            *_at("output.bypass", "the bypass output", _ELECTRICAL),
            *_at("output.inverter", "the inverter", _ELECTRICAL),
            *_at("output.servicebypass", "the service bypass output", _ELECTRICAL),
            *_at("outlet", "all outlets together", _ELECTRICAL, _OUTLET),
            *_at("outlet", "outlets", _COUNT),
            *_at("outlet.group", "outlet groups", _COUNT),
            *_at("ambient", "ambient sensors", _COUNT),
            *_at("ambient", "the ambient sensor", _AMBIENT),
            *_at("battery", "the battery", _BATTERY),
            *_at("device", "the device", _DEVICE),
            *_at("driver", "the driver", _DRIVER),
            *_at("server", "the server", _SERVER),
            *_at("ups", "the UPS", _UPS),
            *_UNLISTED.values(),
        )
    }
)
"""Every variable without a number or a phase in its name, by name."""

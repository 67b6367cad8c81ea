"""Power cuts of every kind, as a table: what happens, what hosts do, and what people are told.

`does` lists the deeds with their times, `told` the notify types in their order; both are complete.
A scenario without `down` in `does` is one in which no host may be shut down.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from services.monitor.rules import Conditions, LostOnBattery, Rules, Stage, Supply, Wake
from shared.service_messages import Role

PRIMARY, SECONDARY = Role.PRIMARY, Role.SECONDARY


def fed_by(*supplies: Supply, id: str = "me", **rules: Any) -> Rules:
    return Rules(id=id, host=id, supplies=supplies, **rules)


def primary(id: str = "me", **rules: Any) -> Rules:
    return fed_by(Supply("ups", 1, PRIMARY), id=id, **rules)


def secondary(id: str = "me", **rules: Any) -> Rules:
    return fed_by(Supply("ups", 1, SECONDARY), id=id, **rules)


def on_server(role: Role = PRIMARY, **rules: Any) -> Rules:
    return fed_by(Supply("ups@host", 1, role, on_bus=False), **rules)


def two(role: Role = PRIMARY, id: str = "me", **rules: Any) -> Rules:
    return fed_by(Supply("a", 1, role), Supply("b", 1, role), id=id, **rules)


def three(needed: int) -> Rules:
    return fed_by(*(Supply(name, 1, PRIMARY) for name in "abc"), min_supplies=needed)


def conditional(**conditions: float) -> Rules:
    return fed_by(Supply("ups", 1, PRIMARY, when=Conditions(**conditions)))


@dataclass(frozen=True)
class Scenario:
    name: str
    story: str
    does: str = ""
    told: str = ""
    hosts: Mapping[str, Rules] = field(default_factory=lambda: {"me": primary()})
    until: float = 200.0

    @property
    def goes_down(self) -> bool:
        return " down" in self.does


def alone(rules: Rules) -> dict[str, Rules]:
    return {"me": rules}


def primaries(*others: Rules, **rules: Any) -> dict[str, Rules]:
    """Make a and b, both primaries of the UPS, and others."""
    both = {"a": primary("a", **rules), "b": primary("b", **rules)}
    return {**both, **{other.id: other for other in others}}


def pair(other: Rules | None = None, **rules: Any) -> dict[str, Rules]:
    return {"me": primary(**rules), "web": other or secondary("web")}


LOW = "0 ups OL; 10 ups OB; 60 ups OB LB"
GOES = "60 fsd ups; 65 down flag; 65 exit"
TOLD = "ONBATT LOWBATT FSD SHUTDOWN"

GROUPS: dict[str, tuple[Scenario, ...]] = {
    "One UPS, one computer": (
        Scenario("all is well", "0 ups OL CHRG"),
        Scenario("the battery runs low", LOW, GOES, TOLD),
        Scenario(
            "mains comes back in time", "0 ups OL; 10 ups OB; 60 ups OL", told="ONBATT ONLINE"
        ),
        Scenario(
            "a brown-out: the UPS corrects the voltage",
            "0 ups OL; 10 ups OL TRIM; 20 ups OL BOOST; 30 ups OL",
            told="TRIM NOTTRIM BOOST NOTBOOST",
        ),
        Scenario(
            "mains flaps for a minute",
            "; ".join(f"{10 + 6 * i} ups OB; {13 + 6 * i} ups OL" for i in range(10)) + ";0 ups OL",
            told=" ".join(["ONBATT ONLINE"] * 10),
        ),
        Scenario(
            "LB without OB: an old battery on mains",
            "0 ups OL; 10 ups OL LB",
            told="LOWBATT",
        ),
        Scenario(
            "LB follows in a status that leaves OB out",
            "0 ups OL; 10 ups OB DISCHRG; 60 ups LB DISCHRG",
            GOES,
            TOLD,
        ),
        Scenario(
            "OB without LB until mains is back",
            "0 ups OL; 10 ups OB; 190 ups OL",
            told="ONBATT ONLINE",
        ),
        Scenario("OB and LB come at once", "0 ups OL; 60 ups OB LB", GOES, TOLD),
        Scenario(
            "the monitor starts in the middle of a power cut", "0 ups OB; 60 ups OB LB", GOES, TOLD
        ),
        Scenario(
            "the monitor starts when it is almost too late",
            "0 ups OB LB",
            "0 fsd ups; 5 down flag; 5 exit",
            TOLD,
        ),
        Scenario(
            "no final delay",
            LOW,
            "60 fsd ups; 60 down flag; 60 exit",
            TOLD,
            alone(primary(final_delay=0.0)),
        ),
        Scenario(
            "the monitor stays for two seconds",
            LOW,
            "60 fsd ups; 65 down flag; 67 exit",
            TOLD,
            alone(primary(shutdown_exit=2.0)),
        ),
        Scenario(
            "the monitor stays to the end",
            LOW,
            "60 fsd ups; 65 down flag",
            TOLD,
            alone(primary(shutdown_exit=None)),
        ),
        Scenario(
            "it only watches: MINSUPPLIES 0",
            LOW,
            told="ONBATT LOWBATT",
            hosts=alone(primary(min_supplies=0)),
        ),
        Scenario(
            "a UPS that feeds others only: power value 0",
            LOW,
            told="ONBATT LOWBATT",
            hosts=alone(fed_by(Supply("ups", 0, PRIMARY), min_supplies=0)),
        ),
    ),
    "OBLBDURATION": (
        Scenario(
            "LB is waited for, and goes",
            LOW + "; 80 ups OL",
            told="ONBATT LOWBATT ONLINE",
            hosts=alone(primary(oblb_duration=30.0)),
        ),
        Scenario(
            "LB is waited for, and stays",
            LOW,
            "90 fsd ups; 95 down flag; 95 exit",
            TOLD,
            alone(primary(oblb_duration=30.0)),
        ),
        Scenario(
            "LB flickers: the wait begins anew",
            LOW + "; 85 ups OB; 86 ups OB LB",
            "116 fsd ups; 121 down flag; 121 exit",
            "ONBATT LOWBATT LOWBATT FSD SHUTDOWN",
            alone(primary(oblb_duration=30.0)),
        ),
        Scenario(
            "the UPS falls silent while LB is waited for",
            LOW + "; 70 ups silent",
            "90 fsd ups; 95 down flag; 95 exit",
            "ONBATT LOWBATT COMMBAD FSD SHUTDOWN",
            alone(primary(oblb_duration=30.0)),
        ),
    ),
    "A UPS that is silent": (
        Scenario("on line power", "0 ups OL; 10 ups silent", told="COMMBAD"),
        Scenario(
            "on line power, for long",
            "0 ups OL; 10 ups silent; 700 ups answers",
            told="COMMBAD NOCOMM NOCOMM COMMOK",
            until=800.0,
        ),
        Scenario(
            "on battery",
            "0 ups OL; 10 ups OB; 60 ups silent",
            "75 fsd ups; 80 down flag; 80 exit",
            "ONBATT COMMBAD FSD SHUTDOWN",
        ),
        Scenario(
            "on battery, for less than DEADTIME",
            "0 ups OL; 10 ups OB; 60 ups silent; 74 ups answers",
            told="ONBATT COMMBAD COMMOK",
        ),
        Scenario(
            "on battery, and it answers again with mains back",
            "0 ups OL; 10 ups OB; 60 ups silent; 70 ups OL; 70 ups answers",
            told="ONBATT COMMBAD COMMOK ONLINE",
        ),
        Scenario(
            "on line power, for long, and again: NOCOMM is counted anew",
            "0 ups OL; 10 ups silent; 320 ups answers; 330 ups silent",
            told="COMMBAD NOCOMM COMMOK COMMBAD",
            until=620.0,
        ),
        Scenario("never heard of", "", told="NOCOMM", until=320.0),
        Scenario("it answers only after a minute", "60 ups OL"),
        Scenario(
            "on battery, trusted for its last known runtime",
            "0 ups OL runtime=400; 10 ups OB runtime=300; 20 ups silent",
            "260 fsd ups; 265 down flag; 265 exit",
            "ONBATT COMMBAD FSD SHUTDOWN",
            alone(primary(lost_on_battery=LostOnBattery.RUNTIME)),
            until=300.0,
        ),
        Scenario(
            "on battery, trusted, but its runtime is not known",
            "0 ups OL; 10 ups OB; 60 ups silent",
            "75 fsd ups; 80 down flag; 80 exit",
            "ONBATT COMMBAD FSD SHUTDOWN",
            alone(primary(lost_on_battery=LostOnBattery.RUNTIME)),
        ),
        *(
            Scenario(
                f"for one moment, in {word} (defect 17)",
                f"0 ups OL; 10 ups OL {word}; 30 ups silent; 44 ups answers",
                told=f"{word} COMMBAD COMMOK",
            )
            for word in ("ALARM", "CAL", "BYPASS")
        ),
        *(
            Scenario(
                f"for DEADTIME, in {word}",
                f"0 ups OL; 10 ups OL {word}; 30 ups silent",
                "45 fsd ups; 50 down flag; 50 exit",
                f"{word} COMMBAD FSD SHUTDOWN",
            )
            for word in ("ALARM", "CAL", "BYPASS")
        ),
        Scenario(
            "for one moment, switched off (defect 17)",
            "0 ups OL; 10 ups OFF; 20 ups silent; 30 ups answers; 32 ups OL",
            told="OFF COMMBAD COMMOK ONLINE NOTOFF",
        ),
        Scenario(
            "in ALARM that is not critical",
            "0 ups OL; 10 ups OL ALARM; 30 ups silent",
            told="ALARM COMMBAD",
            hosts=alone(primary(alarm_critical=False)),
        ),
        Scenario(
            "overloaded, which never counts by default",
            "0 ups OL; 10 ups OL OVER; 30 ups silent",
            told="OVER COMMBAD",
        ),
        Scenario(
            "overloaded, OVERDURATION over",
            "0 ups OL; 10 ups OL OVER; 30 ups silent",
            "70 fsd ups; 75 down flag; 75 exit",
            "OVER COMMBAD FSD SHUTDOWN",
            alone(primary(over_duration=60.0)),
        ),
        Scenario(
            "overloaded for long, and silent for one moment",
            "0 ups OL; 10 ups OL OVER; 100 ups silent; 114 ups answers",
            told="OVER COMMBAD COMMOK",
            hosts=alone(primary(over_duration=60.0)),
        ),
        Scenario(
            "switched off, then silent for DEADTIME",
            "0 ups OL; 10 ups OFF; 20 ups silent",
            "35 fsd ups; 40 down flag; 40 exit",
            "OFF COMMBAD FSD SHUTDOWN",
            alone(primary(off_duration=100.0)),
        ),
        Scenario(
            "on battery, trusted, but its runtime is nonsense",
            "0 ups OL; 10 ups OB runtime=-1; 60 ups silent",
            "75 fsd ups; 80 down flag; 80 exit",
            "ONBATT COMMBAD FSD SHUTDOWN",
            alone(primary(lost_on_battery=LostOnBattery.RUNTIME)),
        ),
        Scenario(
            "trimming or boosting",
            "0 ups OL; 10 ups OL TRIM BOOST; 30 ups silent",
            told="TRIM BOOST COMMBAD",
        ),
        Scenario(
            "an empty status is silence",
            "0 ups@host OB; 10 ups@host silent",
            "25 fsd ups@host; 30 down flag; 30 exit",
            "ONBATT COMMBAD FSD SHUTDOWN",
            alone(on_server()),
        ),
        Scenario(
            "a NUT server that is gone, on line power",
            "0 ups@host OL; 10 ups@host lost",
            told="COMMBAD",
            hosts=alone(on_server()),
        ),
        Scenario(
            "a NUT server that is gone, on battery",
            "0 ups@host OB; 10 ups@host lost",
            "25 fsd ups@host; 45 down flag; 45 exit",
            "ONBATT COMMBAD FSD SHUTDOWN_HOSTSYNC SHUTDOWN",
            alone(on_server()),
        ),
    ),
    "Losing the bus or the driver is no power event": (
        Scenario(
            "the driver is killed on line power",
            "0 ups OL; 10 ups lost; 100 ups found",
            told="COMMBAD COMMOK",
        ),
        Scenario(
            "the driver is killed on battery",
            "0 ups OL; 10 ups OB; 60 ups lost",
            "75 fsd ups; 80 down flag; 80 exit",
            "ONBATT COMMBAD FSD SHUTDOWN",
        ),
        Scenario(
            "the driver is killed during a calibration on battery",
            "0 ups OL; 10 ups OB CAL; 60 ups lost",
            "75 fsd ups; 80 down flag; 80 exit",
            "ONBATT CAL COMMBAD FSD SHUTDOWN",
        ),
        Scenario(
            "the driver is started anew on battery",
            "0 ups OL; 10 ups OB; 60 ups lost; 65 ups found",
            told="ONBATT COMMBAD COMMOK",
        ),
        *(
            Scenario(
                f"the bus is lost while {words}",
                f"0 ups OL; 10 ups {words}; 30 bus lost; 150 bus found",
                told=f"{told} COMMBAD COMMOK",
            )
            for words, told in (
                ("OL ALARM", "ALARM"),
                ("OL CAL", "CAL"),
                ("BYPASS", "BYPASS"),
                ("OL OVER", "OVER"),
            )
        ),
        Scenario(
            "the bus is lost while switched off",
            "0 ups OL; 10 ups OFF; 30 bus lost",
            told="OFF COMMBAD",
        ),
        Scenario(
            "the bus is lost on line power, for long",
            "0 ups OL; 10 bus lost; 500 bus found",
            told="COMMBAD NOCOMM COMMOK",
            until=600.0,
        ),
        Scenario(
            "the bus is lost, then mains: nobody can know",
            "0 ups OL; 10 bus lost; 20 ups OB",
            told="COMMBAD",
        ),
        Scenario(
            "the bus is lost on battery",
            "0 ups OL; 10 ups OB; 60 bus lost",
            "75 fsd ups; 95 down flag; 95 exit",
            "ONBATT COMMBAD FSD SHUTDOWN_HOSTSYNC SHUTDOWN",
        ),
        Scenario(
            "the bus is lost on battery for a moment",
            "0 ups OL; 10 ups OB; 60 bus lost; 70 bus found",
            told="ONBATT COMMBAD COMMOK",
        ),
        Scenario(
            "the bus is lost on battery, the runtime is trusted",
            "0 ups OL; 10 ups OB runtime=120; 20 bus lost",
            "80 fsd ups; 100 down flag; 100 exit",
            "ONBATT COMMBAD FSD SHUTDOWN_HOSTSYNC SHUTDOWN",
            alone(primary(lost_on_battery=LostOnBattery.RUNTIME)),
        ),
    ),
    "What a UPS does beside": (
        Scenario(
            "a self-test that discharges",
            "0 ups OL; 10 ups OB DISCHRG TEST; 25 ups OL",
            told="ONBATT OTHER ONLINE NOTOTHER",
        ),
        Scenario(
            "a calibration down to LB",
            "0 ups OL; 10 ups OL CAL; 20 ups OB CAL; 60 ups OB LB CAL; 90 ups OL",
            told="CAL ONBATT LOWBATT ONLINE NOTCAL",
        ),
        Scenario(
            "a calibration that ends in a real power cut",
            "0 ups OL; 20 ups OB CAL; 40 ups OB LB CAL; 60 ups OB LB",
            GOES,
            "ONBATT CAL LOWBATT NOTCAL FSD SHUTDOWN",
        ),
        Scenario(
            "both OL and OB: the last word counts, OL",
            "0 ups OL; 10 ups OB LB OL",
            told="ONBATT LOWBATT",
        ),
        Scenario(
            "both OL and OB: the last word counts, OB", "0 ups OL; 60 ups OL OB LB", GOES, TOLD
        ),
        Scenario("on bypass", "0 ups OL; 10 ups OL BYPASS; 60 ups OL", told="BYPASS NOTBYPASS"),
        Scenario("overloaded", "0 ups OL; 10 ups OL OVER; 60 ups OL", told="OVER NOTOVER"),
        Scenario(
            "overloaded on battery until it is low",
            "0 ups OL; 10 ups OB OVER; 60 ups OB LB OVER",
            GOES,
            "ONBATT OVER LOWBATT FSD SHUTDOWN",
        ),
        Scenario(
            "switched off for longer than OFFDURATION",
            "0 ups OL; 10 ups OFF",
            "40 fsd ups; 45 down flag; 45 exit",
            "OFF FSD SHUTDOWN",
        ),
        Scenario(
            "switched off for less than OFFDURATION",
            "0 ups OL; 10 ups OFF; 39 ups OL",
            told="OFF ONLINE NOTOFF",
        ),
        Scenario(
            "switched off, OFFDURATION 0",
            "0 ups OL; 10 ups OFF",
            "10 fsd ups; 15 down flag; 15 exit",
            "OFF FSD SHUTDOWN",
            alone(primary(off_duration=0.0)),
        ),
        Scenario(
            "switched off, OFFDURATION negative",
            "0 ups OL; 10 ups OFF",
            told="OFF",
            hosts=alone(primary(off_duration=-1.0)),
        ),
        Scenario(
            "a word that only contains OFF (defect 3)",
            "0 ups OL; 10 ups OL OFFSITE; 90 ups OL",
            told="OTHER NOTOTHER",
        ),
        Scenario(
            "a battery that wants to be replaced",
            "0 ups OL; 10 ups OL RB; 20 ups OL; 25 ups OL RB",
            told="REPLBATT REPLBATT",
            hosts=alone(primary(rb_warn_time=100.0)),
        ),
        Scenario(
            "an alarm whose text changes",
            "0 ups OL; 10 ups OL ALARM alarm=hot; 20 ups alarm=hotter; 30 ups OL",
            told="ALARM ALARM NOTALARM",
        ),
        Scenario(
            "alarms of two UPSes (defect 4)",
            "0 a OL; 0 b OL; 10 a OL ALARM alarm=hot; 12 b OL ALARM alarm=old",
            told="ALARM:a ALARM:b",
            hosts=alone(two()),
        ),
        Scenario("a mode that is no ECO (defect 1)", "0 ups OL; 10 ups buzzwords=vendor:x:RAINBOW"),
        Scenario(
            "a mode that is ECO (defect 1)",
            "0 ups OL; 10 ups buzzwords=vendor:x:ECO; 60 ups buzzwords=",
            told="ECO NOTECO",
        ),
    ),
    "Several UPSes, one computer": (
        Scenario(
            "one of two is enough",
            "0 a OL; 0 b OL; 10 a OB; 60 a OB LB",
            told="ONBATT:a LOWBATT:a",
            hosts=alone(two()),
        ),
        Scenario(
            "one of two is not enough",
            "0 a OL; 0 b OL; 10 a OB; 60 a OB LB",
            "60 fsd a; 60 fsd b; 65 down flag; 65 exit",
            "ONBATT:a LOWBATT:a FSD:a FSD:b SHUTDOWN",
            alone(two(min_supplies=2)),
        ),
        Scenario(
            "one after the other",
            "0 a OL; 0 b OL; 10 a OB; 20 b OB; 60 a OB LB; 80 b OB LB",
            "80 fsd a; 80 fsd b; 85 down flag; 85 exit",
            "ONBATT:a ONBATT:b LOWBATT:a LOWBATT:b FSD:a FSD:b SHUTDOWN",
            alone(two()),
        ),
        Scenario(
            "one recovers before the other goes",
            "0 a OL; 0 b OL; 10 a OB; 60 a OB LB; 80 a OL; 90 b OB; 120 b OB LB",
            told="ONBATT:a LOWBATT:a ONLINE:a ONBATT:b LOWBATT:b",
            hosts=alone(two()),
        ),
        Scenario(
            "one is silent on battery, the other fine",
            "0 a OL; 0 b OL; 10 a OB; 20 a silent",
            told="ONBATT:a COMMBAD:a",
            hosts=alone(two()),
        ),
        Scenario(
            "one was never heard of, the other runs low",
            "0 a OL; 10 a OB; 60 a OB LB",
            told="ONBATT:a LOWBATT:a",
            hosts=alone(two()),
        ),
        Scenario(
            "two of three needed, one low",
            "0 a OL; 0 b OL; 0 c OL; 10 a OB LB",
            told="ONBATT:a LOWBATT:a",
            hosts=alone(three(2)),
        ),
        Scenario(
            "two of three needed, two low",
            "0 a OL; 0 b OL; 0 c OL; 10 a OB LB; 50 c OB LB",
            "50 fsd a; 50 fsd b; 50 fsd c; 55 down flag; 55 exit",
            "ONBATT:a LOWBATT:a ONBATT:c LOWBATT:c FSD:a FSD:b FSD:c SHUTDOWN",
            alone(three(2)),
        ),
        Scenario(
            "the serial port is on a machine that another UPS feeds",
            "0 a OL; 0 b OL; 10 b OB; 60 b OB LB",
            told="ONBATT:b LOWBATT:b",
            hosts=alone(fed_by(Supply("a", 1, PRIMARY), Supply("b", 0, PRIMARY))),
        ),
    ),
    "Several primaries of one UPS": (
        Scenario(
            "the first of two goes last, and alone has the power cut",
            LOW,
            "60 a fsd ups; 65 b down; 65 b exit; 70 a down flag; 70 a exit",
            "a/ONBATT b/ONBATT a/LOWBATT a/FSD a/SHUTDOWN_HOSTSYNC b/LOWBATT b/FSD "
            "b/SHUTDOWN a/SHUTDOWN",
            primaries(),
        ),
        Scenario(
            "three and a secondary",
            LOW,
            "60 a fsd ups; 65 b down; 65 b exit; 65 c down; 65 c exit; 65 web down; 65 web "
            "exit; 70 a down flag; 70 a exit",
            "a/ONBATT b/ONBATT c/ONBATT web/ONBATT a/LOWBATT a/FSD a/SHUTDOWN_HOSTSYNC "
            "b/LOWBATT b/FSD c/LOWBATT c/FSD web/LOWBATT web/FSD web/SHUTDOWN b/SHUTDOWN "
            "c/SHUTDOWN a/SHUTDOWN",
            primaries(primary("c"), secondary("web")),
        ),
        Scenario(
            "the settings rank them",
            LOW,
            "60 a fsd ups; 65 a down; 65 a exit; 70 b down flag; 70 b exit",
            "a/ONBATT b/ONBATT a/LOWBATT a/FSD b/LOWBATT b/FSD b/SHUTDOWN_HOSTSYNC "
            "a/SHUTDOWN b/SHUTDOWN",
            {"a": primary("a", priority=2), "b": primary("b")},
        ),
        Scenario(
            "the first is dead already",
            LOW + "; 30 a dies",
            "60 b fsd ups; 65 b down flag; 65 b exit",
            "a/ONBATT b/ONBATT b/LOWBATT b/FSD b/SHUTDOWN",
            primaries(),
        ),
        Scenario(
            "the first dies while it waits for the other",
            LOW + "; 61 a dies",
            "60 a fsd ups; 65 b down flag; 65 b exit",
            "a/ONBATT b/ONBATT a/LOWBATT a/FSD a/SHUTDOWN_HOSTSYNC b/LOWBATT b/FSD b/SHUTDOWN",
            primaries(),
        ),
        Scenario(
            "the first dies, and a secondary has not left: the other waits HOSTSYNC for that one",
            LOW + "; 60 web hangs; 62 a dies",
            "60 a fsd ups; 77 b down flag; 77 b exit",
            "a/ONBATT b/ONBATT web/ONBATT a/LOWBATT a/FSD a/SHUTDOWN_HOSTSYNC b/LOWBATT "
            "b/FSD b/SHUTDOWN b/SHUTDOWN_HOSTSYNC",
            primaries(secondary("web")),
        ),
        Scenario(
            "the first dies when the other has gone: nobody has the power cut",
            LOW + "; 66 a dies",
            "60 a fsd ups; 65 b down; 65 b exit",
            "a/ONBATT b/ONBATT a/LOWBATT a/FSD a/SHUTDOWN_HOSTSYNC b/LOWBATT b/FSD "
            "b/SHUTDOWN a/SHUTDOWN",
            primaries(),
        ),
        Scenario(
            "the first hangs before, and is waited for",
            LOW + "; 40 a hangs",
            "60 b fsd ups; 80 b down flag; 80 b exit",
            "a/ONBATT b/ONBATT b/LOWBATT b/FSD b/SHUTDOWN",
            primaries(),
        ),
        Scenario(
            "the first hangs, and the second relieves the third",
            LOW + "; 40 a hangs",
            "60 b fsd ups; 65 c down; 65 c exit; 80 b down flag; 80 b exit",
            "a/ONBATT b/ONBATT c/ONBATT b/LOWBATT b/FSD c/LOWBATT c/FSD c/SHUTDOWN b/SHUTDOWN",
            primaries(primary("c")),
        ),
        Scenario(
            "the first two of three die",
            LOW + "; 61 a dies; 62 b dies",
            "60 a fsd ups; 65 c down flag; 65 c exit",
            "a/ONBATT b/ONBATT c/ONBATT a/LOWBATT a/FSD a/SHUTDOWN_HOSTSYNC b/LOWBATT b/FSD "
            "c/LOWBATT c/FSD b/SHUTDOWN c/SHUTDOWN",
            primaries(primary("c")),
        ),
        Scenario(
            "the monitor of the first is started anew meanwhile",
            LOW + "; 62 a dies; 63 a restarts",
            "60 a fsd ups; 65 b down; 65 b exit; 70 a down flag; 70 a exit",
            "a/ONBATT b/ONBATT a/LOWBATT a/FSD a/SHUTDOWN_HOSTSYNC b/LOWBATT b/FSD "
            "b/SHUTDOWN a/ONBATT a/LOWBATT a/FSD a/SHUTDOWN_HOSTSYNC a/SHUTDOWN",
            primaries(),
        ),
        Scenario(
            "the other hangs, and the first waits HOSTSYNC",
            LOW + "; 40 b hangs",
            "60 a fsd ups; 80 a down flag; 80 a exit",
            "a/ONBATT b/ONBATT a/LOWBATT a/FSD a/SHUTDOWN_HOSTSYNC a/SHUTDOWN",
            primaries(),
        ),
        Scenario(
            "the other is dead already",
            LOW + "; 40 b dies",
            "60 a fsd ups; 65 a down flag; 65 a exit",
            "a/ONBATT b/ONBATT a/LOWBATT a/FSD a/SHUTDOWN",
            primaries(),
        ),
        Scenario(
            "the first has power enough from elsewhere and stays",
            "0 ups OL; 0 y OL; 10 ups OB; 60 ups OB LB",
            "60 b fsd ups; 65 b down flag; 65 b exit",
            "a/ONBATT:ups b/ONBATT:ups a/LOWBATT:ups b/LOWBATT:ups b/FSD:ups b/SHUTDOWN a/FSD:ups",
            {
                "a": fed_by(Supply("ups", 1, PRIMARY), Supply("y", 1, PRIMARY), id="a"),
                "b": primary("b"),
            },
        ),
        Scenario(
            "the first only rehearses",
            LOW,
            "60 a fsd ups dry; 60 b fsd ups; 65 b down flag; 65 b exit; 70 a down flag dry",
            "a/ONBATT b/ONBATT a/LOWBATT a/FSD a/SHUTDOWN_HOSTSYNC b/LOWBATT b/FSD "
            "b/SHUTDOWN a/SHUTDOWN",
            {"a": primary("a", dry_run=True), "b": primary("b")},
        ),
        Scenario(
            "the other only rehearses",
            LOW,
            "60 a fsd ups; 65 a down flag; 65 a exit; 70 b down flag dry",
            "a/ONBATT b/ONBATT a/LOWBATT a/FSD a/SHUTDOWN b/LOWBATT b/FSD "
            "b/SHUTDOWN_HOSTSYNC b/SHUTDOWN",
            {"a": primary("a"), "b": primary("b", dry_run=True)},
        ),
        Scenario(
            "mains returns, and FSD is cleared: who is past return goes, without cutting the power",
            LOW + "; 62 ups OL",
            "60 a fsd ups; 62 a clear ups; 65 b down; 65 b exit; 65 web down; 65 web exit",
            "a/ONBATT b/ONBATT web/ONBATT a/LOWBATT a/FSD a/SHUTDOWN_HOSTSYNC b/LOWBATT "
            "b/FSD web/LOWBATT web/FSD web/SHUTDOWN b/SHUTDOWN a/ONLINE b/ONLINE web/ONLINE",
            primaries(secondary("web"), clear_fsd_on_return=True),
        ),
        Scenario(
            "mains returns while the bus is away: who takes FSD back stays, and keeps its power",
            LOW + "; 61 bus lost; 68 ups OL; 71 bus found",
            "60 a fsd ups; 71 a clear ups; 71 b down; 71 b exit",
            "a/ONBATT b/ONBATT a/LOWBATT a/FSD a/SHUTDOWN_HOSTSYNC b/LOWBATT b/FSD b/SHUTDOWN "
            "a/COMMBAD b/COMMBAD b/SHUTDOWN_HOSTSYNC a/COMMOK a/ONLINE b/COMMOK b/ONLINE",
            primaries(clear_fsd_on_return=True),
        ),
        Scenario(
            "mains returns, and FSD stays",
            LOW + "; 62 ups OL",
            "60 a fsd ups; 65 b down; 65 b exit; 70 a down flag; 70 a exit",
            "a/ONBATT b/ONBATT a/LOWBATT a/FSD a/SHUTDOWN_HOSTSYNC b/LOWBATT b/FSD "
            "b/SHUTDOWN a/ONLINE b/ONLINE a/SHUTDOWN",
            primaries(),
        ),
        Scenario(
            "the first is cut off from the bus: each waits HOSTSYNC for the other",
            LOW + "; 50 a lost; 90 a found",
            "60 b fsd ups; 65 a fsd ups; 80 b down flag; 80 b exit; 85 a down flag; 85 a exit",
            "a/ONBATT b/ONBATT a/COMMBAD b/LOWBATT b/FSD b/SHUTDOWN_HOSTSYNC a/FSD "
            "a/SHUTDOWN_HOSTSYNC b/SHUTDOWN a/SHUTDOWN",
            primaries(),
        ),
        Scenario(
            "the bus is gone for both",
            LOW + "; 20 bus lost",
            "35 a fsd ups; 35 b fsd ups; 55 a down flag; 55 a exit; 55 b down flag; 55 b exit",
            "a/ONBATT b/ONBATT a/COMMBAD b/COMMBAD a/FSD b/FSD a/SHUTDOWN_HOSTSYNC "
            "b/SHUTDOWN_HOSTSYNC a/SHUTDOWN b/SHUTDOWN",
            primaries(),
        ),
        Scenario(
            "a UPS of its own beside the common one: it is not powered off",
            "0 ups OL; 0 y OL; 10 ups OB; 10 y OB; 50 y OB LB; 60 ups OB LB",
            "60 a fsd ups; 60 b fsd y; 65 b down; 65 b exit; 70 a down flag; 70 a exit",
            "a/ONBATT:ups b/ONBATT:ups b/ONBATT:y b/LOWBATT:y a/LOWBATT:ups a/FSD:ups "
            "a/SHUTDOWN_HOSTSYNC b/LOWBATT:ups b/FSD:ups b/FSD:y b/SHUTDOWN a/SHUTDOWN",
            {
                "a": primary("a"),
                "b": fed_by(Supply("ups", 1, PRIMARY), Supply("y", 1, PRIMARY), id="b"),
            },
        ),
        Scenario(
            "the other is ordered down by hand",
            "0 ups OL; 50 b fsd",
            "50 b fsd ups; 55 b down; 55 b exit; 60 a down flag; 60 a exit",
            "b/FSD a/FSD a/SHUTDOWN_HOSTSYNC b/SHUTDOWN a/SHUTDOWN",
            primaries(),
        ),
        Scenario(
            "an upsmon of NUT is logged in too, as whatever it is",
            LOW + "; 0 ups logins=3",
            "60 a fsd ups; 65 b down; 65 b exit; 80 a down flag; 80 a exit",
            "a/ONBATT b/ONBATT a/LOWBATT a/FSD a/SHUTDOWN_HOSTSYNC b/LOWBATT b/FSD "
            "b/SHUTDOWN a/SHUTDOWN",
            primaries(),
        ),
    ),
    "Primary and secondaries": (
        Scenario(
            "a secondary goes first, the primary after it",
            LOW,
            "60 me fsd ups; 65 web down; 65 web exit; 70 me down flag; 70 me exit",
            "me/ONBATT web/ONBATT me/LOWBATT web/LOWBATT me/FSD me/SHUTDOWN_HOSTSYNC "
            "web/FSD web/SHUTDOWN me/SHUTDOWN",
            pair(),
        ),
        Scenario(
            "a secondary that comes in the final delay is waited for",
            LOW + "; 55 web dies; 63 web restarts",
            "60 me fsd ups; 68 web down; 68 web exit; 68 me down flag; 68 me exit",
            "me/ONBATT web/ONBATT me/LOWBATT me/FSD me/SHUTDOWN me/SHUTDOWN_HOSTSYNC web/ONBATT "
            "web/LOWBATT web/FSD web/SHUTDOWN",
            pair(),
        ),
        Scenario(
            "a secondary that never leaves",
            LOW + "; 0 ups logins=2",
            "60 fsd ups; 80 down flag; 80 exit",
            "ONBATT LOWBATT FSD SHUTDOWN_HOSTSYNC SHUTDOWN",
        ),
        Scenario(
            "a secondary with power enough from elsewhere stays (defect 12)",
            "0 ups OL; 0 b OL; 10 ups OB; 60 ups OB LB",
            "60 me fsd ups; 65 me down flag; 65 me exit",
            "me/ONBATT:ups web/ONBATT:ups me/LOWBATT:ups web/LOWBATT:ups me/FSD:ups "
            "me/SHUTDOWN web/FSD:ups",
            pair(fed_by(Supply("ups", 1, SECONDARY), Supply("b", 1, SECONDARY), id="web")),
        ),
        Scenario(
            "a monitor that only watches is not waited for",
            LOW,
            "60 me fsd ups; 65 me down flag; 65 me exit",
            "me/ONBATT web/ONBATT me/LOWBATT web/LOWBATT me/FSD me/SHUTDOWN web/FSD",
            pair(secondary("web", min_supplies=0)),
        ),
        Scenario(
            "a secondary alone waits HOSTSYNC for its primary",
            LOW,
            "80 down; 80 exit",
            "ONBATT LOWBATT SHUTDOWN",
            alone(secondary()),
        ),
        Scenario(
            "a secondary, and LB goes within HOSTSYNC",
            LOW + "; 74 ups OB",
            told="ONBATT LOWBATT",
            hosts=alone(secondary()),
        ),
        Scenario(
            "a secondary, and LB flickers: HOSTSYNC begins anew",
            LOW + "; 70 ups OB; 71 ups OB LB",
            "91 down; 91 exit",
            "ONBATT LOWBATT LOWBATT SHUTDOWN",
            alone(secondary()),
        ),
        Scenario(
            "a secondary sees FSD",
            "0 ups OL; 10 ups fsd=admin",
            "15 down; 15 exit",
            "FSD SHUTDOWN",
            alone(secondary()),
        ),
        Scenario(
            "a secondary sees FSD of a NUT server",
            "0 ups@host OL; 10 ups@host fsd=upsd",
            "15 down; 15 exit",
            "FSD SHUTDOWN",
            alone(on_server(SECONDARY)),
        ),
        Scenario(
            "a secondary has lost the bus",
            "0 ups OL; 10 ups OB; 30 me lost; 60 ups fsd=boss",
            "50 down; 50 exit",
            "ONBATT COMMBAD SHUTDOWN",
            alone(secondary()),
        ),
        Scenario(
            "the primary dies in HOSTSYNC: FSD stands, the secondary goes",
            LOW + "; 61 me dies",
            "60 me fsd ups; 65 web down; 65 web exit",
            "me/ONBATT web/ONBATT me/LOWBATT web/LOWBATT me/FSD me/SHUTDOWN_HOSTSYNC "
            "web/FSD web/SHUTDOWN",
            pair(),
        ),
        Scenario(
            "the primary dies before LB: the secondary looks after itself",
            LOW + "; 50 me dies",
            "80 web down; 80 web exit",
            "me/ONBATT web/ONBATT web/LOWBATT web/SHUTDOWN",
            pair(),
        ),
        Scenario(
            "the bus is lost in HOSTSYNC",
            LOW + "; 0 ups logins=2; 62 bus lost",
            "60 fsd ups; 80 down flag; 80 exit",
            "ONBATT LOWBATT FSD SHUTDOWN_HOSTSYNC COMMBAD SHUTDOWN",
        ),
        Scenario(
            "the bus is lost in the final delay",
            LOW + "; 62 bus lost",
            GOES,
            "ONBATT LOWBATT FSD SHUTDOWN COMMBAD",
        ),
        Scenario(
            "the bus is lost just before LB: each on its own",
            LOW + "; 59 bus lost",
            "74 me fsd ups; 79 web down; 79 web exit; 94 me down flag; 94 me exit",
            "me/ONBATT web/ONBATT me/COMMBAD web/COMMBAD me/FSD me/SHUTDOWN_HOSTSYNC "
            "web/SHUTDOWN me/SHUTDOWN",
            pair(),
        ),
        Scenario(
            "only primaries write the flag (defect 6)",
            "0 a OL; 0 b OL; 9 a OB LB; 9 b OB LB",
            "29 down; 29 exit",
            "ONBATT:a LOWBATT:a ONBATT:b LOWBATT:b SHUTDOWN",
            alone(two(SECONDARY)),
        ),
    ),
    "FSD, by hand and taken back": (
        Scenario(
            "ordered by hand on line power",
            "0 ups OL; 10 me fsd",
            "10 fsd ups; 15 down flag; 15 exit",
            "FSD SHUTDOWN",
        ),
        Scenario(
            "ordered by hand before anything was heard",
            "10 me fsd",
            "10 fsd ups; 15 down flag; 15 exit",
            "FSD SHUTDOWN",
        ),
        Scenario(
            "ordered by hand, and mains has nothing to say",
            "0 ups OL; 0 ups logins=2; 10 me fsd",
            "10 fsd ups; 30 down flag; 30 exit",
            "FSD SHUTDOWN_HOSTSYNC SHUTDOWN",
            alone(primary(clear_fsd_on_return=True)),
        ),
        Scenario(
            "set by an administrator",
            "0 ups OL; 10 ups fsd=admin",
            "15 down flag; 15 exit",
            "FSD SHUTDOWN",
        ),
        Scenario(
            "set while the driver is dead",
            "0 ups OL; 5 ups lost; 10 ups fsd=admin",
            "15 down flag; 15 exit",
            "COMMBAD FSD SHUTDOWN",
        ),
        Scenario(
            "mains is back in HOSTSYNC, as NUT has it: too late",
            LOW + "; 0 ups logins=2; 65 ups OL",
            "60 fsd ups; 80 down flag; 80 exit",
            "ONBATT LOWBATT FSD SHUTDOWN_HOSTSYNC ONLINE SHUTDOWN",
        ),
        Scenario(
            "mains is back in HOSTSYNC, and FSD is taken back",
            LOW + "; 0 ups logins=2; 65 ups OL",
            "60 fsd ups; 65 clear ups",
            "ONBATT LOWBATT FSD SHUTDOWN_HOSTSYNC ONLINE",
            alone(primary(clear_fsd_on_return=True)),
        ),
        Scenario(
            "LB goes in HOSTSYNC, but mains is not back",
            LOW + "; 0 ups logins=2; 65 ups OB",
            "60 fsd ups; 80 down flag; 80 exit",
            "ONBATT LOWBATT FSD SHUTDOWN_HOSTSYNC SHUTDOWN",
            alone(primary(clear_fsd_on_return=True)),
        ),
        Scenario(
            "mains is back in the final delay: past the point of return",
            LOW + "; 61 ups OL",
            GOES,
            "ONBATT LOWBATT FSD SHUTDOWN ONLINE",
            alone(primary(clear_fsd_on_return=True)),
        ),
        Scenario(
            "mains is back when all is over",
            LOW + "; 66 ups OL",
            "60 fsd ups; 65 down flag",
            TOLD + " ONLINE",
            alone(primary(shutdown_exit=None, clear_fsd_on_return=True)),
        ),
        Scenario(
            "FSD that a NUT server knows cannot be taken back",
            "0 ups@host OL; 0 ups@host logins=2; 10 ups@host OB LB; 15 ups@host OL",
            "10 fsd ups@host; 30 down flag; 30 exit",
            "ONBATT LOWBATT FSD SHUTDOWN_HOSTSYNC ONLINE SHUTDOWN",
            alone(on_server(clear_fsd_on_return=True)),
        ),
        Scenario(
            "mains flaps around HOSTSYNC, FSD taken back each time",
            "0 ups OL; 0 ups logins=2; 10 ups OB LB; 15 ups OL; 30 ups OB LB; 35 ups OL",
            "10 fsd ups; 15 clear ups; 30 fsd ups; 35 clear ups",
            "ONBATT LOWBATT FSD SHUTDOWN_HOSTSYNC ONLINE ONBATT LOWBATT FSD "
            "SHUTDOWN_HOSTSYNC ONLINE",
            alone(primary(clear_fsd_on_return=True)),
        ),
        Scenario(
            "the administrator takes FSD back in HOSTSYNC",
            "0 ups OL; 0 ups logins=2; 10 ups fsd=admin; 15 ups fsd=",
            told="FSD SHUTDOWN_HOSTSYNC",
        ),
    ),
    "Starting anew": (
        Scenario(
            "the primary boots with mains back: the old FSD goes",
            LOW + "; 100 ups OL; 120 me boots",
            GOES + "; 120 clear ups",
            TOLD,
        ),
        Scenario(
            "a secondary boots before its primary, FSD still standing",
            "0 ups fsd=boss; 50 me dies; 100 ups OL; 100 me boots",
            "5 down; 5 exit",
            "FSD SHUTDOWN",
            alone(secondary()),
        ),
        Scenario(
            "a secondary boots into the same power cut",
            "0 me dies; 5 ups OB; 10 ups fsd=boss; 100 me boots",
            "105 down; 105 exit",
            "ONBATT FSD SHUTDOWN",
            alone(secondary()),
        ),
        Scenario(
            "the monitor crashes in HOSTSYNC and goes on",
            LOW + "; 0 ups logins=2; 62 me dies; 66 me restarts",
            "60 fsd ups; 86 down flag; 86 exit",
            "ONBATT LOWBATT FSD SHUTDOWN_HOSTSYNC ONBATT LOWBATT FSD SHUTDOWN_HOSTSYNC SHUTDOWN",
        ),
        Scenario(
            "the bus keeps an OB LB of before the boot; the driver is not up yet",
            "0 ups OB LB; 0 ups lost; 0 me dies; 50 me boots; 100 ups OL; 100 ups found",
        ),
        Scenario(
            "the monitor crashes on battery while the driver is dead",
            "0 ups OB; 20 ups lost; 22 me dies; 25 me restarts",
            "40 fsd ups; 45 down flag; 45 exit",
            "ONBATT COMMBAD COMMBAD FSD SHUTDOWN",
        ),
    ),
    "Clocks and sleep": (
        Scenario(
            "the wall clock is set forward",
            "0 ups OL; 10 ups OB; 20 clock +86400; 60 ups OL",
            told="ONBATT ONLINE",
        ),
        Scenario(
            "the wall clock is set back in HOSTSYNC",
            LOW + "; 0 ups logins=2; 65 clock -86400",
            "60 fsd ups; 80 down flag; 80 exit",
            "ONBATT LOWBATT FSD SHUTDOWN_HOSTSYNC SHUTDOWN",
        ),
        Scenario(
            "asleep on line power",
            "0 ups OL; 10 me suspends; 50 me wakes",
            told="SUSPEND_STARTING SUSPEND_FINISHED",
        ),
        Scenario(
            "asleep on battery, awake on line power",
            "0 ups OL; 10 ups OB; 11 me suspends; 50 ups OL; 50 me wakes",
            told="ONBATT SUSPEND_STARTING SUSPEND_FINISHED ONLINE",
        ),
        Scenario(
            "asleep on line power, awake with the battery low, a primary still (defect 13)",
            "0 ups OL; 11 me suspends; 11 ups silent; 60 me wakes; 60 ups OB LB; 60 ups answers",
            GOES,
            "SUSPEND_STARTING COMMBAD SUSPEND_FINISHED COMMOK ONBATT LOWBATT FSD SHUTDOWN",
        ),
        Scenario(
            "asleep on battery, and nothing is heard after it",
            "0 ups OB; 10 me suspends; 10 ups silent; 60 me wakes",
            "115 fsd ups; 120 down flag; 120 exit",
            "ONBATT SUSPEND_STARTING COMMBAD SUSPEND_FINISHED FSD SHUTDOWN",
            alone(primary(dead_time=55.0)),
        ),
        Scenario(
            "asleep while LB is waited for: that LB is obsolete",
            LOW + "; 65 me suspends; 65 ups silent; 70 me wakes",
            "115 fsd ups; 120 down flag; 120 exit",
            "ONBATT LOWBATT SUSPEND_STARTING COMMBAD SUSPEND_FINISHED FSD SHUTDOWN",
            alone(primary(oblb_duration=30.0)),
        ),
        Scenario(
            "a sleep that nobody announced",
            "0 ups OL; 10 me jumps",
            told="SUSPEND_TIMEJUMP_UNEXPECTED",
        ),
        Scenario(
            "the privileged parent dies", "0 ups OL; 10 me loses-parent", "10 exit", "NOPARENT"
        ),
    ),
    "Conditions beside LB": (
        Scenario(
            "on battery for two minutes",
            "0 ups OL; 10 ups OB",
            "130 fsd ups; 135 down flag; 135 exit",
            "ONBATT FSD SHUTDOWN",
            alone(conditional(on_battery=120.0)),
        ),
        Scenario(
            "on battery for less",
            "0 ups OL; 10 ups OB; 129 ups OL",
            told="ONBATT ONLINE",
            hosts=alone(conditional(on_battery=120.0)),
        ),
        Scenario(
            "on battery for two minutes, without the bus in between",
            "0 ups OL; 10 ups OB; 125 bus lost",
            "130 fsd ups; 150 down flag; 150 exit",
            "ONBATT COMMBAD FSD SHUTDOWN_HOSTSYNC SHUTDOWN",
            alone(conditional(on_battery=120.0)),
        ),
        Scenario(
            "the charge falls",
            "0 ups OL charge=100; 10 ups OB charge=50; 60 ups charge=29",
            GOES,
            "ONBATT FSD SHUTDOWN",
            alone(conditional(charge_below=30.0)),
        ),
        Scenario(
            "the charge is low on line power",
            "0 ups OL charge=20",
            hosts=alone(conditional(charge_below=30.0)),
        ),
        Scenario(
            "a calibration empties the battery",
            "0 ups OL; 10 ups OB CAL charge=20",
            told="ONBATT CAL",
            hosts=alone(conditional(charge_below=30.0, on_battery=60.0)),
        ),
        Scenario(
            "the runtime falls",
            "0 ups OL; 10 ups OB runtime=400; 60 ups runtime=200",
            GOES,
            "ONBATT FSD SHUTDOWN",
            alone(conditional(runtime_below=300.0)),
        ),
        Scenario(
            "a charge and a runtime that are nonsense",
            "0 ups OL charge=-1 runtime=-1; 10 ups OB; 60 ups OL",
            told="ONBATT ONLINE",
            hosts=alone(conditional(charge_below=30.0, runtime_below=300.0)),
        ),
        Scenario(
            "the runtime would have fallen, but the driver is dead",
            "0 ups OL; 10 ups OB runtime=400; 20 ups lost",
            "120 fsd ups; 125 down flag; 125 exit",
            "ONBATT COMMBAD FSD SHUTDOWN",
            alone(
                fed_by(
                    Supply("ups", 1, PRIMARY, when=Conditions(runtime_below=300.0)), dead_time=600.0
                )
            ),
        ),
        Scenario(
            "one becomes hot and falls silent, then the other runs low",
            "0 a OL temperature=30; 0 b OL; 10 a temperature=51; 20 a silent; 60 b OB LB",
            "60 fsd a; 60 fsd b; 65 down flag; 65 exit",
            "COMMBAD:a ONBATT:b LOWBATT:b FSD:a FSD:b SHUTDOWN",
            alone(
                fed_by(
                    *(
                        Supply(name, 1, PRIMARY, when=Conditions(temperature_above=50.0))
                        for name in "ab"
                    )
                )
            ),
        ),
        Scenario(
            "it becomes hot",
            "0 ups OL temperature=30; 60 ups temperature=51",
            GOES,
            "FSD SHUTDOWN",
            alone(conditional(temperature_above=50.0)),
        ),
    ),
    "Trying it out": (
        Scenario(
            "a dry run shows everything and switches nothing",
            LOW + "; 90 ups OL",
            "60 fsd ups dry; 65 down flag dry",
            TOLD + " ONLINE",
            alone(primary(dry_run=True)),
        ),
        Scenario(
            "a dry run ordered by hand",
            "0 ups OL; 10 me fsd",
            "10 fsd ups dry; 15 down flag dry",
            "FSD SHUTDOWN",
            alone(primary(dry_run=True)),
        ),
    ),
}


BOSS = primary(
    "boss",
    stages=(
        Stage("early", ("web",), Conditions(on_battery=30.0), deadline=20.0),
        Stage("late", ("store",), deadline=20.0),
    ),
    wake=Wake(("web", "store"), charge=50.0, delay=10.0, retry=20.0, attempts=3),
)


def obedient(id: str, **rules: Any) -> Rules:
    return fed_by(id=id, min_supplies=0, obey=("boss",), **rules)


def led(web: Rules | None = None, **rules: Any) -> dict[str, Rules]:
    boss = replace(BOSS, **rules)
    return {"boss": boss, "web": web or obedient("web"), "store": obedient("store")}


GROUPS["Stages and waking"] = (
    Scenario(
        "web goes early, store with the rest, the coordinator last",
        "0 ups OL; 10 ups OB; 90 ups OB LB",
        "40 boss stage early; 45 web down; 45 web exit; 90 boss stage late; "
        "95 store down; 95 store exit; 95 boss fsd ups; 100 boss down flag; 100 boss exit",
        "boss/ONBATT web/SHUTDOWN boss/LOWBATT store/SHUTDOWN boss/FSD boss/SHUTDOWN",
        led(),
    ),
    Scenario(
        "mains is back after the early stage: web is woken until it is seen",
        "0 ups OL charge=80; 10 ups OB; 60 ups OL; 95 web boots",
        "40 boss stage early; 45 web down; 45 web exit; 60 boss stage over; 70 boss wake web; "
        "90 boss wake web",
        "boss/ONBATT web/SHUTDOWN boss/ONLINE",
        led(),
    ),
    Scenario(
        "web is not woken before the battery is charged",
        "0 ups OL charge=80; 10 ups OB charge=40; 60 ups OL; 100 ups charge=50; 115 web boots",
        "40 boss stage early; 45 web down; 45 web exit; 60 boss stage over; 110 boss wake web",
        "boss/ONBATT web/SHUTDOWN boss/ONLINE",
        led(),
    ),
    Scenario(
        "after the next power cut all begins anew",
        "0 ups OL; 10 ups OB; 60 ups OL; 75 web boots; 100 ups OB; 140 ups OL",
        "40 boss stage early; 45 web down; 45 web exit; 60 boss stage over; 70 boss wake web; "
        "130 boss stage early; 135 web down; 135 web exit; 140 boss stage over; "
        "150 boss wake web; 170 boss wake web; 190 boss wake web",
        "boss/ONBATT web/SHUTDOWN boss/ONLINE boss/ONBATT web/SHUTDOWN boss/ONLINE",
        led(),
        until=230.0,
    ),
    Scenario(
        "a host that never wakes is given up",
        "0 ups OL; 10 ups OB; 60 ups OL",
        "40 boss stage early; 45 web down; 45 web exit; 60 boss stage over; 70 boss wake web; "
        "90 boss wake web; 110 boss wake web",
        "boss/ONBATT web/SHUTDOWN boss/ONLINE",
        led(),
    ),
    Scenario(
        "a host that hangs is waited for until its deadline",
        "0 ups OL; 0 web lost; 10 ups OB; 50 ups OB LB",
        "40 boss stage early; 60 boss stage late; 65 store down; 65 store exit; "
        "65 boss fsd ups; 70 boss down flag; 70 boss exit",
        "boss/ONBATT boss/LOWBATT store/SHUTDOWN boss/FSD boss/SHUTDOWN",
        led(obedient("web")),
    ),
    Scenario(
        "mains is back while a stage is waited for",
        "0 ups OL; 0 web dies; 10 ups OB LB; 15 ups OL",
        "10 boss stage early; 15 boss stage over",
        "boss/ONBATT boss/LOWBATT boss/ONLINE",
        led(),
    ),
    Scenario(
        "a host that does not know the coordinator refuses",
        "0 ups OL; 10 ups OB; 60 ups OL",
        "40 boss stage early; 60 boss stage over",
        "boss/ONBATT boss/ONLINE",
        led(fed_by(id="web", min_supplies=0)),
    ),
    Scenario(
        "a dry run of the coordinator",
        "0 ups OL; 10 ups OB; 90 ups OB LB; 150 ups OL",
        "40 boss stage early; 90 boss stage late; 90 boss fsd ups dry; "
        "95 boss down flag dry; 150 boss stage over",
        "boss/ONBATT boss/LOWBATT boss/FSD boss/SHUTDOWN boss/ONLINE",
        led(dry_run=True),
    ),
    Scenario(
        "the coordinator boots after the power cut, and wakes all",
        "0 ups OL; 10 ups OB LB; 100 ups OL; 110 boss boots; 125 web boots; 125 store boots",
        "10 boss stage early; 15 web down; 15 web exit; 15 boss stage late; 20 store down; "
        "20 store exit; 20 boss fsd ups; 25 boss down flag; 25 boss exit; 110 boss clear ups; "
        "110 boss stage over; 120 boss wake web; 120 boss wake store",
        "boss/ONBATT boss/LOWBATT web/SHUTDOWN store/SHUTDOWN boss/FSD boss/SHUTDOWN",
        led(),
    ),
    Scenario(
        "the coordinator's monitor is started anew in the middle of a stage, and waits for it",
        "0 ups OL; 0 store hangs; 10 ups OB; 90 ups OB LB; 95 boss dies; 98 boss restarts",
        "40 boss stage early; 45 web down; 45 web exit; 90 boss stage late; 118 boss fsd ups; "
        "123 boss down flag; 123 boss exit",
        "boss/ONBATT web/SHUTDOWN boss/LOWBATT boss/ONBATT boss/LOWBATT boss/FSD boss/SHUTDOWN",
        led(),
    ),
    Scenario(
        "a host that came back in the middle of it goes with the coordinator",
        "0 ups OL; 10 ups OB; 80 web boots; 120 ups OB LB",
        "40 boss stage early; 45 web down; 45 web exit; 120 boss stage early; 125 web down; "
        "125 web exit; 125 boss fsd ups; 130 boss down flag; 130 boss exit",
        "boss/ONBATT web/SHUTDOWN boss/LOWBATT web/SHUTDOWN boss/FSD boss/SHUTDOWN",
        {"boss": replace(BOSS, stages=BOSS.stages[:1]), "web": obedient("web")},
    ),
    Scenario(
        "a UPS of which nobody hears keeps no order standing",
        "0 ups OL; 10 ups OB; 60 ups OL; 65 web boots; 100 ups OB; 140 ups OL",
        "40 boss stage early; 45 web down; 45 web exit; 60 boss stage over; "
        "130 boss stage early; 135 web down; 135 web exit; 140 boss stage over",
        "boss/ONBATT:ups web/SHUTDOWN boss/ONLINE:ups boss/ONBATT:ups web/SHUTDOWN boss/ONLINE:ups",
        led(supplies=(*BOSS.supplies, Supply("gone", 0))),
    ),
    Scenario(
        "a UPS that is well again has its stage ordered anew, while another is on battery still",
        "0 a OL; 0 b OB; 10 a OB; 60 a OL; 80 web boots; 100 a OB",
        "40 boss stage room; 45 web down; 45 web exit; 130 boss stage room; 135 web down; "
        "135 web exit",
        "boss/ONBATT:b boss/ONBATT:a web/SHUTDOWN boss/ONLINE:a boss/ONBATT:a web/SHUTDOWN",
        {
            "boss": two(
                id="boss", stages=(Stage("room", ("web",), Conditions(on_battery=30.0), ("a",)),)
            ),
            "web": obedient("web"),
        },
    ),
    Scenario(
        "a later stage does not name the hosts of one whose UPS is well again",
        "0 a OL; 0 b OB; 10 a OB; 60 a OL; 80 web boots",
        "40 boss stage room; 45 web down; 45 web exit; 90 boss stage hall; 95 store down; "
        "95 store exit",
        "boss/ONBATT:b boss/ONBATT:a web/SHUTDOWN boss/ONLINE:a store/SHUTDOWN",
        {
            "boss": two(
                id="boss",
                stages=(
                    Stage("room", ("web",), Conditions(on_battery=30.0), ("a",)),
                    Stage("hall", ("store",), Conditions(on_battery=90.0), ("b",)),
                ),
            ),
            "web": obedient("web"),
            "store": obedient("store"),
        },
    ),
    Scenario(
        "a host boots while an old order still stands",
        "0 ups OL; 10 ups OB; 80 web boots; 120 ups OL",
        "40 boss stage early; 45 web down; 45 web exit; 120 boss stage over",
        "boss/ONBATT web/SHUTDOWN boss/ONLINE",
        led(),
    ),
)

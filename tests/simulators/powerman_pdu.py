"""A PDU of eight plugs as powermand's own test device speaks, on standard input and output.

Run as a program by powermand. Plugs named after --faulty tell an error for a state, those after
--deaf do not answer when they are switched.
"""

import argparse
import sys

PLUGS = 8
# What powermand must know of it: the language of its /etc/powerman/vpc.dev, and a short patience.
SPECIFICATION = """\
specification "pdu" {
    timeout 3.0
    plug name { "0" "1" "2" "3" "4" "5" "6" "7" }
    script login { send "login\\n" expect "[0-9]* OK\\n" expect "[0-9]* vpc> " }
    script logout { send "logoff\\n" expect "[0-9]* OK\\n" }
    script status_all {
        send "stat *\\n"
        foreachplug {
            expect "plug ([0-9]+): (ON|OFF|ERROR)\\n"
            setplugstate $1 $2 on="ON" off="OFF"
        }
        expect "[0-9]* OK\\n"
        expect "[0-9]* vpc> "
    }
    script on { send "on %s\\n" expect "[0-9]* OK\\n" expect "[0-9]* vpc> " }
    script off { send "off %s\\n" expect "[0-9]* OK\\n" expect "[0-9]* vpc> " }
    script cycle {
        send "off %s\\n" expect "[0-9]* OK\\n" expect "[0-9]* vpc> "
        send "on %s\\n" expect "[0-9]* OK\\n" expect "[0-9]* vpc> "
    }
}
specification "bare" {
    timeout 3.0
    plug name { "0" }
    script login { send "login\\n" expect "[0-9]* OK\\n" expect "[0-9]* vpc> " }
    script status_all {
        send "stat *\\n"
        expect "plug 0: (ON|OFF)\\n"
        setplugstate "0" $1 on="ON" off="OFF"
        expect "vpc> "
    }
}
"""


def main() -> None:
    """Answer until powermand ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--faulty", type=int, nargs="*", default=[])
    parser.add_argument("--deaf", type=int, nargs="*", default=[])
    chosen = parser.parse_args()
    on = [False] * PLUGS
    for count, line in enumerate(sys.stdin):
        verb, _, plug = line.strip().partition(" ")
        said = ""
        if verb == "stat":
            states = ["ERROR" if n in chosen.faulty else ("OFF", "ON")[on[n]] for n in range(PLUGS)]
            said = "".join(f"plug {number}: {state}\n" for number, state in enumerate(states))
        elif verb in ("on", "off"):
            if int(plug) in chosen.deaf:
                continue
            on[int(plug)] = verb == "on"
        sys.stdout.write(f"{said}{count} OK\n{count} vpc> ")
        sys.stdout.flush()


if __name__ == "__main__":
    main()

"""The help of `nutbus scan`."""

from typing import Final

USAGE: Final = """\
Find power devices.

usage: nutbus scan [OPTIONS]

What to look for; without any of these, everything but -E:
  -C, --complete_scan   everything but -E
  -O, --oldnut_scan     NUT servers in the range; their devices
  -A, --avahi_scan      NUT servers that announce themselves by mDNS (_upsd._tcp, _nut._tcp)
  -M, --xml_scan        Eaton and MGE network cards with XML in the range (HTTP); without a range
                        by a broadcast
  --nis_scan            apcupsd in the range
  --powerman_scan       PowerMan in the range
  -E, --eaton_serial, --serial PORTS
                        ask serial ports in APC's smart protocol, SHUT and Q1: auto, 0, 0-3, or
                        names with commas between. Only ports that are named are asked: bytes that
                        are a question to one device are an order to another. A complete scan only
                        lists the ports.
  -U, --usb_scan        USB devices of this host by their ids; how they are called is known of
                        those that may be opened
  -S, --snmp_scan       SNMP agents in the range, in versions 2c and 1 with the community of -c; the
                        options of version 3 (-l -u -w -W -x -X) are taken and not used
  --explore DEVICE      print all that one HID device on USB has, in the form of a table: its ids as
                        0463:ffff, or its port as 1-2; nothing else is looked for

Where; without any of these, this host only:
  -s, --start_ip HOST   first address of a range; alone, the only one
  -e, --end_ip HOST     last address of a range
  -m, --mask_cidr NET   a range as 192.168.1.0/24; auto (auto4, auto6) is the networks that this
                        host is in, up to 8 bits of hosts, auto/12 up to 12 bits
                        These may be repeated.
  -p, --port PORT       port of NUT servers (3493)
  --xml_port, --nis_port, --powerman_port, --snmp_port PORT
                        ports of the others (80, 3551, 10101)
  -t, --timeout SECONDS for an answer (5)
  -T, --thread NUMBER   questions that may be open at once (1024, and what open files allow)

How to print:
  -N, --disp_nut_conf   sections of ups.conf as NUT 2.8.0 names them (default)
  -Q, --disp_nut_conf_with_sanity_check
                        sections of ups.conf as NUT 2.8.5 names them
  -P, --disp_parsable   one line a device
  --toml                sections of nutbus.toml
  --json                everything that is known

Others:
  -a, --available       print what can be scanned
  -q, --quiet           no progress and no hints, only what was found
  -D                    show on stderr why nothing was found, address by address
  -V, --version         print the version
  -h, --help            print this text

Exit code: 0 done, even if nothing was found; 1 not done; 2 the command line is wrong; 130 Ctrl-C.
"""

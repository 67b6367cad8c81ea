"""Which addresses a scan asks."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.console.scan.ranges import (
    MOST_ADDRESSES,
    IPAddress,
    Network,
    RangeError,
    Span,
    span,
    spans,
)

OWN = [
    Network("127.0.0.1", 8),
    Network("192.0.2.17", 24),
    Network("10.1.2.3", 16),
    Network("fe80::1%3", 64),
    Network("2001:db8::1:5", 120),
]


def resolve(name: str) -> IPAddress:
    if name == "ups.example":
        return ipaddress.ip_address("198.51.100.7")
    raise RangeError(f"{name!r} is unknown")


def read(*arguments: str) -> list[str]:
    pairs = zip(arguments[::2], arguments[1::2], strict=True)
    return [f"{each.first}-{each.last}" for each in spans(pairs, resolve, lambda: OWN)]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), []),
        (("-s", "192.0.2.1"), ["192.0.2.1-192.0.2.1"]),
        (("-e", "192.0.2.1"), ["192.0.2.1-192.0.2.1"]),
        (("-s", "192.0.2.1", "-e", "192.0.2.9"), ["192.0.2.1-192.0.2.9"]),
        (("-e", "192.0.2.9", "-s", "192.0.2.1"), ["192.0.2.1-192.0.2.9"]),
        (("-s", "192.0.2.9", "-e", "192.0.2.1"), ["192.0.2.1-192.0.2.9"]),
        (("-s", "192.0.2.1", "-s", "192.0.2.5"), ["192.0.2.1-192.0.2.1", "192.0.2.5-192.0.2.5"]),
        (
            ("-s", "192.0.2.1", "-e", "192.0.2.2", "-s", "192.0.2.8", "-e", "192.0.2.9"),
            ["192.0.2.1-192.0.2.2", "192.0.2.8-192.0.2.9"],
        ),
        (
            ("-s", "192.0.2.1", "-m", "198.51.100.0/30", "-e", "192.0.2.9"),
            ["192.0.2.1-192.0.2.1", "198.51.100.0-198.51.100.3", "192.0.2.9-192.0.2.9"],
        ),
        (("-m", "192.0.2.77/24"), ["192.0.2.0-192.0.2.255"]),
        (("-m", "192.0.2.77/32"), ["192.0.2.77-192.0.2.77"]),
        (("-m", "ups.example/31"), ["198.51.100.6-198.51.100.7"]),
        (("-s", "ups.example"), ["198.51.100.7-198.51.100.7"]),
        (("-s", "[::1]"), ["::1-::1"]),
        (("-m", "2001:db8::/126"), ["2001:db8::-2001:db8::3"]),
        (("-m", "auto"), ["192.0.2.0-192.0.2.255", "2001:db8::1:0-2001:db8::1:ff"]),
        (("-m", "auto4"), ["192.0.2.0-192.0.2.255"]),
        (("-m", "auto6"), ["2001:db8::1:0-2001:db8::1:ff"]),
        (("-m", "auto4/16"), ["192.0.2.0-192.0.2.255", "10.1.0.0-10.1.255.255"]),
    ],
)
def test_ranges_are_read_as_nut_scanner_reads_them(arguments, expected):
    assert read(*arguments) == expected


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("-m", "192.0.2.0"), "auto"),
        (("-m", "192.0.2.0/33"), "1 to 32"),
        (("-m", "192.0.2.0/0"), "1 to 32"),
        (("-m", "192.0.2.0/x"), "number of bits"),
        (("-m", "192.0.2.0/-1"), "number of bits"),
        (("-m", "auto/x"), "number of bits"),
        (("-m", "auto6/2"), "no network"),
        (("-m", "10.0.0.0/8"), "16777216 addresses"),
        (("-s", "nowhere.example"), "unknown"),
        (("-s", "192.0.2.1", "-e", "::1"), "same kind"),
        (("-s", "2001:db8::", "-e", "2001:db9::"), str(MOST_ADDRESSES)),
    ],
)
def test_what_cannot_be_scanned_is_refused_with_a_reason(arguments, says):
    with pytest.raises(RangeError, match=says):
        read(*arguments)


def test_an_interface_in_an_address_is_kept():
    (found,) = spans([("-s", "fe80::1%eth0")], resolve, lambda: OWN)
    assert list(found) == ["fe80::1%eth0"]


@given(st.ip_addresses(), st.integers(0, 300))
def test_a_range_has_every_address_once(first: IPAddress, more: int):
    last = type(first)(min(int(first) + more, 2**first.max_prefixlen - 1))
    whole = span(last, first)
    assert whole == Span(first, last)
    addresses = [ipaddress.ip_address(text) for text in whole]
    assert [int(each) for each in addresses] == list(range(int(first), int(last) + 1))


@given(st.ip_addresses(v=4), st.integers(16, 32))
def test_a_mask_is_the_network_that_has_the_address(address: ipaddress.IPv4Address, prefix: int):
    (found,) = spans([("-m", f"{address}/{prefix}")], resolve, list)
    network = ipaddress.ip_network(f"{address}/{prefix}", strict=False)
    assert (found.first, found.last) == (network[0], network[-1])

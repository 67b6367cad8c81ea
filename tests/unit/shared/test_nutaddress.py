import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.nutaddress import Address, AddressError, parse_address, parse_device


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("host", Address("host", 3493)),
        ("host:1", Address("host", 1)),
        ("127.0.0.1:65535", Address("127.0.0.1", 65535)),
        ("[::1]", Address("::1", 3493)),
        ("[fe80::1%eth0]:3494", Address("fe80::1%eth0", 3494)),
    ],
)
def test_a_server_is_a_host_with_or_without_a_port(text: str, address: Address) -> None:
    assert parse_address(text) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":1",
        "host:",
        "host:0",
        "host:65536",
        "host:34x",
        "host:٣",
        "[::1",
        "[]",
        "[::1]1",
        "::1",
    ],
)
def test_what_is_no_server_is_refused_naming_it(text: str) -> None:
    with pytest.raises(AddressError, match=r"names no host|port after|IPv6") as refused:
        parse_address(text)
    assert repr(text) in str(refused.value)


def test_a_device_is_on_localhost_if_no_server_is_named() -> None:
    assert parse_device("ups") == ("ups", Address("localhost", 3493))
    assert parse_device("ups@[::1]:5") == ("ups", Address("::1", 5))
    for nameless in ("", "@host"):
        with pytest.raises(AddressError, match="names no UPS"):
            parse_device(nameless)


@given(st.text())
def test_any_text_is_a_device_or_refused(text: str) -> None:
    with contextlib.suppress(AddressError):
        name, address = parse_device(text)
        assert name
        assert parse_address(str(address)) == address or "]" in address.host

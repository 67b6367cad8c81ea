"""What GenesisII PDUs of Eaton and Aphel say under SNMP."""

from services.driver.protocols.snmp.table import Flag, Mapping, Row

ROWS = (
    # device
    Row("device.description", "1.3.6.1.2.1.1.1.0", length=128, is_text=True, is_writable=True),
    Row("device.contact", "1.3.6.1.2.1.1.4.0", length=128, is_text=True, is_writable=True),
    Row("device.location", "1.3.6.1.2.1.1.6.0", length=128, is_text=True, is_writable=True),
    Row(
        "device.mfr",
        length=128,
        default="EATON | Powerware",
        flags=Flag.STATIC | Flag.ABSENT,
        is_text=True,
    ),
    Row(
        "device.model",
        "1.3.6.1.4.1.17373.3.1.1.0",
        length=128,
        default="Eaton Powerware ePDU Monitored",
        flags=Flag.STATIC,
        is_text=True,
    ),
    Row("device.type", length=128, default="pdu", flags=Flag.STATIC | Flag.ABSENT, is_text=True),
    Row("device.macaddr", "1.3.6.1.4.1.17373.3.1.4.0", length=128, default="unknown", is_text=True),
    # ups
    Row(
        "ups.mfr",
        length=128,
        default="EATON | Powerware",
        flags=Flag.STATIC | Flag.ABSENT,
        is_text=True,
    ),
    Row(
        "ups.model",
        "1.3.6.1.4.1.17373.3.1.1.0",
        length=128,
        default="Generic SNMP PDU",
        flags=Flag.STATIC,
        is_text=True,
    ),
    Row(
        "ups.id",
        "1.3.6.1.4.1.17373.3.1.3.0",
        length=128,
        default="unknown",
        flags=Flag.STATIC,
        is_text=True,
    ),
    Row(
        "ups.firmware",
        "1.3.6.1.4.1.17373.3.1.2.0",
        length=128,
        default="",
        flags=Flag.STATIC,
        is_text=True,
    ),
    Row("ups.type", length=128, default="pdu", flags=Flag.STATIC | Flag.ABSENT, is_text=True),
    # outlet
    Row("outlet.1.current", "1.3.6.1.4.1.17373.3.2.1.0", multiplier=0.1, flags=Flag.NEGINVALID),
    Row("outlet.2.current", "1.3.6.1.4.1.17373.3.2.2.0", multiplier=0.1, flags=Flag.NEGINVALID),
    Row("outlet.3.current", "1.3.6.1.4.1.17373.3.2.3.0", multiplier=0.1, flags=Flag.NEGINVALID),
    Row("outlet.4.current", "1.3.6.1.4.1.17373.3.2.4.0", multiplier=0.1, flags=Flag.NEGINVALID),
    Row("outlet.5.current", "1.3.6.1.4.1.17373.3.2.5.0", multiplier=0.1, flags=Flag.NEGINVALID),
    Row("outlet.6.current", "1.3.6.1.4.1.17373.3.2.6.0", multiplier=0.1, flags=Flag.NEGINVALID),
    Row("outlet.7.current", "1.3.6.1.4.1.17373.3.2.7.0", multiplier=0.1, flags=Flag.NEGINVALID),
    Row("outlet.8.current", "1.3.6.1.4.1.17373.3.2.8.0", multiplier=0.1, flags=Flag.NEGINVALID),
)

MAPPINGS = (
    Mapping(
        "aphel_genesisII",
        "aphel_genesisII",
        "0.52",
        ROWS,
        system="1.3.6.1.4.1.17373",
        test="1.3.6.1.4.1.17373.3.1.1.0",
    ),
)

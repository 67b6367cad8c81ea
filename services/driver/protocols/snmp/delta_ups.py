"""What UPSes of Delta say under SNMP."""

from services.driver.protocols.snmp.table import Lookup, Mapping, Row

_DELTA_UPS_UPSTYPE = Lookup(
    "delta_ups_upstype",
    texts=(
        (1, "on-line"),
        (2, "off-line"),
        (3, "line-interactive"),
        (4, "3phase"),
        (5, "split-phase"),
    ),
)
_DELTA_UPS_PWR = Lookup(
    "delta_ups_pwr",
    texts=(
        (0, "OL"),
        (1, "OB"),
        (2, "BYPASS"),
        (3, "TRIM"),
        (4, "BOOST"),
        (5, "BYPASS"),
        (7, "OFF"),
    ),
)

ROWS = (
    # device
    Row("device.description", "1.3.6.1.2.1.1.1.0", length=128, is_text=True, is_writable=True),
    Row("device.contact", "1.3.6.1.2.1.1.4.0", length=128, is_text=True, is_writable=True),
    Row("device.location", "1.3.6.1.2.1.1.6.0", length=128, is_text=True, is_writable=True),
    # ups
    Row("ups.mfr", "1.3.6.1.4.1.2254.2.4.1.1.0", length=128, is_text=True),
    Row("ups.model", "1.3.6.1.4.1.2254.2.4.1.2.0", length=128, is_text=True),
    Row("ups.firmware", "1.3.6.1.4.1.2254.2.4.1.4.0", length=128, is_text=True),
    Row("ups.firmware.aux", "1.3.6.1.4.1.2254.2.4.1.3.0", length=128, is_text=True),
    Row("ups.type", "1.3.6.1.4.1.2254.2.4.1.19.0", lookup=_DELTA_UPS_UPSTYPE),
    Row("ups.load", "1.3.6.1.4.1.2254.2.4.5.7.0"),
    Row("ups.power", "1.3.6.1.4.1.2254.2.4.1.7.0"),
    # output
    Row("output.voltage.nominal", "1.3.6.1.4.1.2254.2.4.1.8.0"),
    Row("output.voltage", "1.3.6.1.4.1.2254.2.4.5.4.0", multiplier=0.1),
    Row("output.frequency.nominal", "1.3.6.1.4.1.2254.2.4.1.9.0"),
    Row("output.current", "1.3.6.1.4.1.2254.2.4.5.5.0", multiplier=0.1),
    # input
    Row("input.voltage.nominal", "1.3.6.1.4.1.2254.2.4.1.10.0"),
    Row("input.voltage", "1.3.6.1.4.1.2254.2.4.4.3.0", multiplier=0.1),
    Row("input.frequency.nominal", "1.3.6.1.4.1.2254.2.4.1.11.0"),
    Row("input.frequency", "1.3.6.1.4.1.2254.2.4.4.2.0", multiplier=0.1),
    Row("ups.status", "1.3.6.1.4.1.2254.2.4.5.1.0", lookup=_DELTA_UPS_PWR),
)

MAPPINGS = (Mapping("delta_ups", "delta_ups", "0.51", ROWS, system="1.3.6.1.4.1.2254.2.4"),)

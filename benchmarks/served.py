"""The device that both servers serve while their speed is measured: a line-interactive UPS.

Its 63 variables are the same on both sides, to the byte; only the way they reach the server
differs: NUT's socket between driver and upsd here, the bus there.
"""

VARIABLES = {
    line.partition(": ")[0]: line.partition(": ")[2]
    for line in """\
ambient.humidity: 41.0
ambient.temperature: 23.5
battery.charge: 100
battery.charge.low: 10
battery.charge.restart: 15
battery.charge.warning: 50
battery.date: 2025-03-14
battery.mfr.date: 2025-01-20
battery.packs: 1
battery.runtime: 2340
battery.runtime.low: 120
battery.temperature: 27.2
battery.type: PbAc
battery.voltage: 54.6
battery.voltage.nominal: 48.0
device.mfr: Example Power
device.model: Line 1500
device.serial: EX1500A00042
device.type: ups
driver.name: benchmark
driver.parameter.pollinterval: 2
driver.parameter.port: auto
driver.version: 1.0
driver.version.internal: 1.0
input.current: 1.6
input.frequency: 50.0
input.frequency.nominal: 50
input.sensitivity: medium
input.transfer.high: 294
input.transfer.low: 160
input.transfer.reason: input voltage out of range
input.voltage: 231.4
input.voltage.maximum: 238.1
input.voltage.minimum: 226.9
input.voltage.nominal: 230
outlet.1.desc: Group 1
outlet.1.delay.shutdown: 90
outlet.1.delay.start: 10
outlet.1.id: 1
outlet.1.status: on
outlet.1.switchable: yes
output.current: 1.4
output.frequency: 50.0
output.voltage: 230.7
output.voltage.nominal: 230
ups.alarm.count: 0
ups.beeper.status: enabled
ups.delay.shutdown: 20
ups.delay.start: 30
ups.efficiency: 96.5
ups.firmware: 04.07
ups.load: 22
ups.mfr: Example Power
ups.mfr.date: 2025-01-20
ups.model: Line 1500
ups.power.nominal: 1500
ups.productid: 0002
ups.realpower: 214
ups.realpower.nominal: 1000
ups.serial: EX1500A00042
ups.status: OL
ups.temperature: 29.4
ups.test.result: Done and passed""".splitlines()
}

DEV_FILE = "".join(
    f"{name}: {value}\n"
    for name, value in VARIABLES.items()
    if not name.startswith("driver.")  # a real driver adds its own
)


def names(count: int) -> list[str]:
    """Name devices so that requests and replies about each have one length."""
    return [f"ups{number:04}" for number in range(count)]

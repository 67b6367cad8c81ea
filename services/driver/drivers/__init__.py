"""The drivers, by the names that the settings may give them."""

from services.driver.contract import Kind
from services.driver.drivers.dummy import DummyDriver, DummyOptions
from services.driver.drivers.simulated import SimulatedDriver, SimulatedOptions

KINDS = (
    Kind("dummy", DummyOptions, DummyDriver, aliases=("dummy-ups",), port_is_file=True),
    Kind("simulated", SimulatedOptions, SimulatedDriver),
)

DRIVERS: dict[str, Kind] = {name: kind for kind in KINDS for name in (kind.name, *kind.aliases)}

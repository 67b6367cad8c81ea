"""The supplies that feed this host: devices on the bus, and devices of NUT servers."""

"""The gateway service: the NUT network protocol, answered from the bus."""

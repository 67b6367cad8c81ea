"""SNMP of power devices: what agents answer and take, as tables; no sockets here."""

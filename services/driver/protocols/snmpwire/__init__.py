"""SNMP v1, v2c and v3 as bytes: values, messages and the security of version 3; no sockets."""

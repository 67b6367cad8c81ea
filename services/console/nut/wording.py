"""What NUT's own tools print for the error words of a server, which scripts look for."""

from typing import Final

UNKNOWN: Final = "Unknown error"

# In the words of NUT 2.8 (clients/upsclient.c); a word that is not here is an unknown error.
SENTENCES: Final = {
    "ACCESS-DENIED": "Access denied",
    "ALREADY-LOGGED-IN": "Already logged in",
    "ALREADY-SET-PASSWORD": "Already set password",
    "ALREADY-SET-USERNAME": "Already set username",
    "CMD-NOT-SUPPORTED": "Instant command not supported",
    "DATA-STALE": "Data stale",
    "DRIVER-NOT-CONNECTED": "Driver not connected",
    "INSTCMD-FAILED": "Instant command failed",
    "INVALID-PASSWORD": "Invalid password",
    "INVALID-USERNAME": "Invalid username",
    "INVALID-VALUE": "Invalid value for variable",
    "MISSING-ARGUMENT": "Missing argument",
    "PASSWORD-INCORRECT": "Password incorrect",
    "PASSWORD-REQUIRED": "Password required",
    "READONLY": "Read-only variable",
    "SET-FAILED": "Set command failed",
    "TOO-LONG": "New value is too long",
    "UNKNOWN-COMMAND": "Unknown command",
    "UNKNOWN-INSTCMD": "Unknown instant command",
    "UNKNOWN-TYPE": "Unknown variable type",
    "UNKNOWN-UPS": "Unknown UPS",
    "UNKNOWN-VAR": "Unknown variable",
    "USERNAME-REQUIRED": "Username required",
    "VAR-NOT-SUPPORTED": "Variable not supported by UPS",
    "VAR-UNKNOWN": "Variable unknown",
}
NO_SUCH_HOST: Final = "No such host"
CONNECTION_FAILURE: Final = "Connection failure: {}"
READ_ERROR: Final = "Read error: {}"
WRITE_ERROR: Final = "Write error: {}"
DISCONNECTED: Final = "Server disconnected"
PROTOCOL_ERROR: Final = "Protocol error"
PARSE_ERROR: Final = "Parse error: {}"
TLS_UNAVAILABLE: Final = "SSL is not available"
TLS_ERROR: Final = "SSL error: {}"

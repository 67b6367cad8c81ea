"""Paho's client fitted to the event loop: a socket opened by us, and few system calls."""

import secrets
import socket
import ssl

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MessageType, MQTTErrorCode, MQTTProtocolVersion

from shared.broker_address import BrokerAddress
from shared.dialling import Manner
from shared.messages import Publication
from shared.settings import BusSettings

INFLIGHT = 200  # messages of QoS 1 on their way; more wait in the client
READ_AHEAD = 64 * 1024  # bytes; paho by itself asks for each byte of a packet's head
JOINED = 64 * 1024  # bytes of QoS 0 that go out in one piece; paho by itself sends each packet

_PLAIN = (MessageType.PUBLISH, 0)


class Client(paho.Client):
    """Paho with the socket of `line`: its own way blocks a thread that nobody can cancel."""

    line: socket.socket | None = None
    fault: ssl.SSLError | None = None  # what TLS said against us after the handshake
    _ahead = b""
    _taken = 0  # bytes of `_ahead` that paho has got

    def has_more(self) -> bool:
        """Tell whether more has been received; the socket would not become readable for it."""
        line = self.socket()
        if line is None:
            return False
        is_decrypted = isinstance(line, ssl.SSLSocket) and line.pending() > 0
        return self._taken < len(self._ahead) or is_decrypted

    def _sock_recv(self, bufsize: int) -> bytes:
        if self._taken == len(self._ahead):
            try:
                self._ahead, self._taken = super()._sock_recv(READ_AHEAD), 0
            except ssl.SSLError as error:
                self.fault = error
                raise
        piece = self._ahead[self._taken : self._taken + bufsize]
        self._taken += len(piece)
        return piece

    def _packet_queue(
        self,
        command: int,
        packet: bytes | bytearray,
        mid: int,
        qos: int,
        info: paho.MQTTMessageInfo | None = None,
    ) -> MQTTErrorCode:
        """Append what needs no acknowledgement to the last packet that waits, if it is such too."""
        last = self._out_packet[-1] if self._out_packet else None
        if last and (command, qos) == (last["command"], last["qos"]) == _PLAIN and not last["pos"]:
            waiting = last["packet"]
            if isinstance(waiting, bytearray) and len(waiting) + len(packet) <= JOINED:
                waiting += packet
                last["to_process"] = len(waiting)
                return MQTTErrorCode.MQTT_ERR_SUCCESS
        return super()._packet_queue(command, packet, mid, qos, info)

    def _handle_on_message(self, message: paho.MQTTMessage) -> None:
        """Hand a message over; paho by itself looks first for handlers of single filters."""
        if self.on_message:
            self.on_message(self, None, message)

    def _create_socket(self) -> socket.socket:
        assert self.line is not None
        line, self.line = self.line, None
        return line


def client(
    settings: BusSettings,
    address: BrokerAddress,
    manner: Manner,
    who: str,
    will: Publication | None,
) -> Client:
    """Make a client that is not connected yet, with a name that no other has."""
    made = Client(
        CallbackAPIVersion.VERSION2,
        client_id=f"nutbus-{who}-{secrets.token_hex(4)}",
        clean_session=True,
        protocol=MQTTProtocolVersion.MQTTv31 if manner.is_old else MQTTProtocolVersion.MQTTv311,
        reconnect_on_failure=False,
    )
    made.max_inflight_messages_set(INFLIGHT)
    if username := settings.username or address.username:
        password = settings.password or address.password
        made.username_pw_set(username, password.get_secret_value() if password else None)
    if will:
        made.will_set(*will)
    return made

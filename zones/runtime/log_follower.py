"""Following the log over the user bus: every event from a position on, in order, for good.

Owns: asking, and coming again where it stood. Does not own: the messages
(`Kernel/contract/user_bus.py`), reading the ledger's files (`ledger_file.py`).
"""

import socket
from collections.abc import Callable, Iterator
from typing import Any

from Kernel.contract.envelope import Envelope, parse_envelope
from Kernel.contract.errors import CodecError
from Kernel.contract.user_bus import (
    MESSAGE_BYTES_MAX,
    PROTOCOL,
    Follow,
    Records,
    pack_message,
    parse_from_archive,
)
from zones.runtime.user_bus import RETRY_S, Connect


def follow(
    connect: Connect, from_position: int, sleep: Callable[[float], Any]
) -> Iterator[tuple[int, Envelope]]:
    """Yield all events from a position on, in log order, for good; comes again when it is lost.

    Args:
        connect: returns a connected socket; raises OSError.
        sleep: waits between two tries.
    """
    place = max(from_position, 1)
    while True:
        try:
            sock = connect()
        except OSError:
            sleep(RETRY_S)
            continue
        with sock:
            for position, record in _records(sock, place):
                yield position, parse_envelope(record)
                place = position + 1
        sleep(RETRY_S)


def _records(sock: socket.socket, from_position: int) -> Iterator[tuple[int, bytes]]:
    """Yield positions and records until the connection is lost."""
    try:
        sock.setblocking(True)
        sock.send(pack_message(Follow(PROTOCOL, from_position)))
        while data := sock.recv(MESSAGE_BYTES_MAX + 1):
            message = parse_from_archive(data)
            if isinstance(message, Records):
                yield from enumerate(message.records, message.first_position)
    except (OSError, CodecError):
        return

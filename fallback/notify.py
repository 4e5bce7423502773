"""Tell the service manager: systemd's notify protocol, as sd_notify(3) has it.

Owns: the datagram socket and what the environment says of it. Does not own: what is told and when
(`Kernel/console/herald.py`, and safe mode, which is here because it is told of as well). Standard
library only. Our own, because it is a few lines and no library for it is kept up.
"""

import os
import socket
from collections.abc import Mapping

ADDRESS_BYTES_MAX = 107


class NobodyNotified:
    """No service manager: we were started by hand."""

    watchdog_s = 0.0

    def tell(self, *_lines: str) -> bool:
        """Say nothing."""
        return True

    def close(self) -> None:
        """Hold nothing."""


class ServiceManager:
    """The one that listens at NOTIFY_SOCKET.

    Args:
        address: as in NOTIFY_SOCKET: a path, or @NAME for the abstract namespace.
        watchdog_s: how long it waits for a sign of life before it ends us; 0: it does not watch.

    Raises:
        ValueError: not an address of this protocol.
    """

    def __init__(self, address: str, watchdog_s: float = 0.0) -> None:
        if address[:1] not in ("/", "@") or len(os.fsencode(address)) > ADDRESS_BYTES_MAX:
            raise ValueError(
                f"cannot use NOTIFY_SOCKET={address}: "
                f"it takes a path or @NAME, {ADDRESS_BYTES_MAX} bytes at most"
            )
        self.watchdog_s = watchdog_s
        self._address = "\0" + address[1:] if address[0] == "@" else address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)

    def tell(self, *lines: str) -> bool:
        """Say NAME=value lines; False when the listener's queue is full, or it is gone.

        Waiting for a manager that is slow or stopped would stop the keeper of the world.
        """
        data = "\n".join(line.replace("\n", " ") for line in lines).encode(errors="replace")
        try:
            self._socket.sendto(data, socket.MSG_DONTWAIT, self._address)
        except OSError:
            return False
        return True

    def close(self) -> None:
        """Close the socket, which is kept open so that it works when no descriptor is left."""
        self._socket.close()


def find_notifier(environment: Mapping[str, str], pid: int) -> ServiceManager | NobodyNotified:
    """Return the service manager the environment names, or nobody.

    Args:
        pid: ours; a watchdog that is meant for another process is not ours to feed.

    Raises:
        ValueError: NOTIFY_SOCKET or WATCHDOG_USEC cannot be used.
    """
    address = environment.get("NOTIFY_SOCKET", "")
    if not address:
        return NobodyNotified()
    usec = environment.get("WATCHDOG_USEC", "0")
    if not usec.isdecimal():
        raise ValueError(f"cannot use WATCHDOG_USEC={usec}: it takes microseconds")
    meant = environment.get("WATCHDOG_PID", "") in ("", str(pid))
    return ServiceManager(address, int(usec) / 1e6 if meant else 0.0)

"""The road to one running zygote, and what it writes to stderr.

Owns: both descriptors, from its start to its end; reading until nothing is left. Does not own: the
process (`Kernel/ports/process.py`), what a message means (`line.py`), its form
(`Kernel/contract/zygote_protocol.py`).
"""

import os
import socket
from collections.abc import Callable

from Kernel.contract.errors import ArenaError, CodecError
from Kernel.contract.zygote_protocol import Message, receive, send
from Kernel.core.logger import StderrLines
from Kernel.core.parts import Parts
from Kernel.ports.process import ZygoteHandle


class ZygoteRoad:
    """One zygote.

    Args:
        zone: whose it is.
        lines_per_s: so many lines of its stderr are logged.
        hear: takes a message; raises CodecError or ArenaError for one that cannot be used.
        kill: ends a process and says why.

    Attributes:
        killed_as: why the kernel has ended it, "" if it has not.
        cause: id of the event that has ended it, b"" for none of ours.
        excused: somebody outside has stopped it, which is no fault of its own.
    """

    def __init__(
        self,
        handle: ZygoteHandle,
        zone: str,
        parts: Parts,
        hear: Callable[[Message], None],
        kill: Callable[[int, str], None],
        lines_per_s: Callable[[], int],
    ) -> None:
        self.pid = handle.pid
        self.killed_as = ""
        self.cause = b""
        self.excused = False
        self._road = handle.road
        self._stderr_fd = handle.stderr_fd
        self._lines = StderrLines(parts.log, zone, lines_per_s, parts.clock.now_s)
        self._rests = self._hung_up = False
        self._loop = parts.loop
        self._hear = hear
        self._kill = kill
        self._loop.watch(self._stderr_fd, lambda _events: self._read_stderr())
        self._loop.watch(self._road.fileno(), lambda _events: self._on_road())

    def send(self, message: Message, descriptors: list[int] | None = None) -> None:
        """Send one message.

        Raises:
            OSError: the road is lost or full.
            CodecError: the message cannot be packed.
        """
        send(self._road, message, descriptors)

    def read(self) -> bool:
        """Read one message; False when there is none (left)."""
        if self._road.fileno() < 0:
            return False
        try:
            got = receive(self._road)
            if got is not None:
                message, descriptors = got
                for descriptor in descriptors:  # a zygote has none to give
                    os.close(descriptor)
                self._hear(message)
                return True
        except BlockingIOError:
            return False
        except ConnectionResetError:
            return True  # said once, before the words it left in our queue
        except CodecError as error:
            self._kill(self.pid, f"zygote spoke nonsense: {error}")
            return True
        except ArenaError as error:  # tried again with the next zygote
            self._kill(self.pid, error.message)
            return True
        self._loop.unwatch(self._road.fileno())
        self._road.close()
        return False

    def hang_up(self) -> None:
        """Close the road to a dead zygote; what was said before still counts.

        A process it was forking may yet announce a birth. Nobody can once we read no more: who
        cannot announce a birth ends it, so nobody is left over.
        """
        self._hung_up = True
        self._listen()
        if self._road.fileno() >= 0:
            self._road.shutdown(socket.SHUT_RD)
        while self.read():
            pass

    def _on_road(self) -> None:
        self.read()

    def look(self) -> None:
        """One round: listen again to who was too loud in the last one."""
        self._listen()
        self._lines.tell_dropped()

    @property
    def flooded_s(self) -> float | None:
        """When a line was left out last, monotonic seconds; None for never."""
        return self._lines.dropped_s

    def _read_stderr(self) -> None:
        """Read once; who floods is not listened to until the next round.

        Otherwise its pipe would be ready at every turn of the loop, which then did nothing else.
        Its writer waits, or loses what it writes, as it has chosen.
        """
        if not self._lines.read(self._stderr_fd):
            self._loop.unwatch(self._stderr_fd)
            os.close(self._stderr_fd)
        elif self._lines.is_flooded and not self._hung_up:
            self._rests = True
            self._loop.unwatch(self._stderr_fd)

    def _listen(self) -> None:
        if self._rests:
            self._rests = False
            self._loop.watch(self._stderr_fd, lambda _events: self._read_stderr())

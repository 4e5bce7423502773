"""A bus zone's end of the user bus: events that count as published when they are on disk.

Owns: sending, waiting, spilling to the write-ahead file, what earlier lives left. Does not own:
numbers and batches (`Kernel/contract/outbox.py`), the file (`ahead_file.py`), the messages
(`Kernel/contract/user_bus.py`), following the log (`log_follower.py`).

First back-pressure, then the file: a sender with too much on its way waits; when nothing has moved
for `patience_s`, all that waits goes to the file, and so does what comes until the archive answers
again. The file is sent before what is in memory, so the order holds. When neither archive nor disk
takes anything, the sender waits: nothing is dropped.

Longer than usual: waiting, spilling and connecting change the same few words (what is sent, what is
welcome, since when nothing has moved), and apart each would need the other two.
"""

import select
import socket
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from Kernel.contract.envelope import Envelope, pack_envelope
from Kernel.contract.errors import CodecError, Refused, WaitTimeout
from Kernel.contract.outbox import Outbox
from Kernel.contract.user_bus import (
    MESSAGE_BYTES_MAX,
    PROTOCOL,
    FromArchive,
    Hello,
    Put,
    Records,
    Rejected,
    Standing,
    Stored,
    Welcome,
    endpoint_name,
    pack_message,
    parse_from_archive,
)
from zones.runtime.ahead_file import AheadFile, LeftFile, take_left

OUTSTANDING_MAX: Final = 1000
BYTES_MAX: Final = 4 * 1024 * 1024
PATIENCE_S: Final = 2.0
RETRY_S: Final = 0.25
"""How long until the next try to connect, or to write the file."""
TURN_S: Final = 0.05
"""How long one wait is, so that patience is looked at in between."""
EAGER: Final = 16
"""With fewer than so many events on their way each is sent at once; with more, many together."""
TOGETHER: Final = 128
BUFFER_BYTES: Final = 1024 * 1024
_ALL: Final = 2**62

Connect = Callable[[], socket.socket]
Tell = Callable[..., object]


def connector(bus_dir_fd: int, zone: str) -> Connect:
    """Return what connects to a zone's endpoint in the opened bus directory."""
    path = f"/proc/self/fd/{bus_dir_fd}/{endpoint_name(zone)}"

    def connect() -> socket.socket:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            sock.setblocking(False)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER_BYTES)
            sock.connect(path)
        except OSError:
            sock.close()
            raise
        return sock

    return connect


class Published(NamedTuple):
    """What became of an event.

    Args:
        number: in this life of the sender.
        position: in the log; None when it waits in the write-ahead file, or was stored in a
            moment whose answer was lost.
        waits: it is in the write-ahead file, durable, and not in the log yet.
    """

    number: int
    position: int | None
    waits: bool = False


@dataclass(slots=True)
class _Stage:
    """Something to be sent: the oldest first, the memory of this life last.

    Args:
        clear: called when all of it is stored.
    """

    outbox: Outbox
    clear: Callable[[], None]


class UserBus:
    """One sender. It blocks; for a zone whose loop may wait for the archive.

    Args:
        connect: returns a connected socket that does not block; raises OSError.
        zone: the zone whose endpoint that is.
        epoch: of this life, see `ahead_file.new_epoch`.
        folder: of write-ahead files, HOME/data/ahead.
        now_s: monotonic seconds.
        tell: called with the name of an event and its values, for people.

    Attributes:
        standing: why the archive cannot store, as it says; "" when it can.
        why: why this sender has to wait, "" when it does not.
    """

    def __init__(
        self,
        connect: Connect,
        zone: str,
        epoch: bytes,
        folder: Path,
        now_s: Callable[[], float],
        tell: Tell,
        patience_s: float = PATIENCE_S,
        outstanding_max: int = OUTSTANDING_MAX,
    ) -> None:
        self.zone = zone
        self.epoch = epoch
        self.standing = self.why = ""
        self._connect = connect
        self._folder = folder
        self._now_s = now_s
        self._tell = tell
        self._patience_s = patience_s
        self._outstanding_max = outstanding_max
        self._memory = Outbox(epoch, outstanding_max, BYTES_MAX)
        self._file = AheadFile(folder, zone, epoch)
        self._left: list[LeftFile] = []
        self._stages: deque[_Stage] = deque()
        self._socket: socket.socket | None = None
        self._poll = select.poll()
        self._is_welcome = False
        self._is_full = False
        self._puts: deque[tuple[int, int]] = deque()
        self._wanted = 0
        self._position: int | None = None
        self._rejected: dict[int, str] = {}
        self._moved_s = now_s()
        self._connect_s = self._spill_s = 0.0
        self._find_left()

    @property
    def outstanding(self) -> int:
        """Return how many events of this life are in memory and not stored."""
        return len(self._memory)

    @property
    def waiting(self) -> int:
        """Return how many events wait to be stored, those in files included."""
        return len(self._memory) + sum(len(stage.outbox) for stage in self._stages)

    def publish(self, envelope: Envelope) -> Published:
        """Send an event and wait until it is durable: in the log, or in the write-ahead file.

        Raises:
            CodecError: it is no event.
            Refused: the archive will never store it.
        """
        number = self._add(envelope)
        self._wanted, self._position = number, None
        while True:
            self._turn(TURN_S)
            if self._memory.first > number:
                break
            self._mind_patience()
        if number in self._rejected:
            raise Refused(f"cannot publish {envelope.kind}: {self._rejected.pop(number)}")
        return Published(number, self._position, self._is_in_file(number))

    def send(self, envelope: Envelope) -> int:
        """Send an event without waiting for it, unless too many are on their way.

        Many that follow each other go together: call `flush` (or `poll`) behind the last one.

        Returns:
            its number: durable once `flush` has returned.

        Raises:
            CodecError: it is no event.
        """
        number = self._add(envelope)
        if len(self._memory) - self._memory.sent >= TOGETHER or self._memory.sent < EAGER:
            self._turn(0.0)
        return number

    def poll(self) -> None:
        """Send and take in what can be, without waiting."""
        self._turn(0.0)
        self._mind_patience()

    def flush(self, timeout_s: float) -> None:
        """Wait until everything is durable: in the log, or in the write-ahead file.

        Raises:
            WaitTimeout: it is not yet.
        """
        until_s = self._now_s() + timeout_s
        while len(self._memory):
            left_s = until_s - self._now_s()
            if left_s <= 0:
                why = self.why or self.standing or "the archive does not answer"
                raise WaitTimeout(f"cannot store {len(self._memory)} events: {why}", "molt status")
            self._turn(min(left_s, TURN_S))
            self._mind_patience()

    def settle(self, timeout_s: float) -> None:
        """Wait until everything is in the log, files included.

        Raises:
            WaitTimeout: it is not yet.
        """
        until_s = self._now_s() + timeout_s
        while self.waiting:
            left_s = until_s - self._now_s()
            if left_s <= 0:
                why = self.standing or "the archive does not answer"
                raise WaitTimeout(f"cannot store {self.waiting} events: {why}", "molt status")
            self._turn(min(left_s, TURN_S))

    def close(self) -> None:
        """Hang up. What is in memory only is lost; the next life sends what is in the file."""
        self._hang_up()
        self._file.close()
        for left in self._left:
            left.close()

    # What goes in.

    def _is_in_file(self, number: int) -> bool:
        if not self._stages:
            return False
        last = self._stages[-1].outbox
        return last.epoch == self.epoch and last.first <= number < last.next_number

    def _add(self, envelope: Envelope) -> int:
        if envelope.zone != self.zone:
            raise CodecError(f"cannot send an event of {envelope.zone!r} as {self.zone}")
        record = pack_envelope(envelope)
        while not self._memory.has_room(len(record)):
            self._turn(TURN_S)
            self._mind_patience()
        if not len(self._memory):
            # Idleness is no impatience; but while a file waits, no answer is the same as before.
            self._moved_s = self._moved_s if self._stages else self._now_s()
        return self._memory.add(record)

    def _mind_patience(self) -> None:
        """Spill what waits when nothing has moved for too long."""
        now_s = self._now_s()
        if not len(self._memory) or now_s < self._moved_s + self._patience_s:
            return
        if now_s < self._spill_s:
            return
        try:
            self._file.append(self._memory.kept())
        except OSError as error:
            self._spill_s = now_s + RETRY_S
            why = f"cannot write {self._file.path}: {error.strerror or error}"
            if why != self.why:
                self.why = why
                self._tell("user_bus.spill_failed", zone=self.zone, why=why)
            return
        self.why = ""
        if not self._stages or self._stages[-1].outbox.epoch != self.epoch:
            self._tell("user_bus.spilling", zone=self.zone, path=str(self._file.path))
            outbox = Outbox(self.epoch, _ALL, _ALL, self._memory.first)
            self._stages.append(_Stage(outbox, self._file.clear))
        for _, record in self._memory.kept():
            self._stages[-1].outbox.add(record)
        self._memory = Outbox(
            self.epoch, self._outstanding_max, BYTES_MAX, self._memory.next_number
        )
        self._puts.clear()

    def _find_left(self) -> None:
        """Take over what earlier lives have left: it goes first, under its old epoch."""
        try:
            self._left = take_left(self._folder, self.zone)
        except OSError as error:
            self._tell("user_bus.left_unread", zone=self.zone, why=str(error))
            return
        for left in self._left:
            if left.cut_bytes:
                self._tell("user_bus.torn_end", path=str(left.path), cut_bytes=left.cut_bytes)
            entries = left.ahead.entries
            if not entries:
                left.clear()
                continue
            outbox = Outbox(left.ahead.epoch, _ALL, _ALL, entries[0][0])
            for _, record in entries:
                outbox.add(record)
            self._stages.append(_Stage(outbox, left.clear))

    # The road.

    @property
    def _present(self) -> Outbox:
        return self._stages[0].outbox if self._stages else self._memory

    def _turn(self, timeout_s: float) -> None:
        """Connect, send and take in what can be; wait for answers for at most so long."""
        if self._socket is None and not self._try_connect():
            if timeout_s:
                self._poll.poll(timeout_s * 1000)  # nothing is registered: a plain wait
            return
        self._send()
        sock = self._socket
        if sock is None:
            return
        if timeout_s:
            if self._is_full:
                self._poll.modify(sock, select.POLLIN | select.POLLOUT)
            self._poll.poll(timeout_s * 1000)
            if self._is_full:
                self._poll.modify(sock, select.POLLIN)
        self._is_full = False
        self._receive(sock)
        if self._present.has_unsent:
            self._send()

    def _try_connect(self) -> bool:
        now_s = self._now_s()
        if now_s < self._connect_s:
            return False
        self._connect_s = now_s + RETRY_S
        try:
            self._socket = self._connect()
        except OSError:
            return False
        self._poll.register(self._socket, select.POLLIN)
        self._say_hello()
        return True

    def _say_hello(self) -> None:
        """Begin with what is to be sent now; nothing is sent before it is welcome."""
        self._is_welcome = False
        present = self._present
        if self._socket is not None:
            self._put(Hello(PROTOCOL, self.zone, present.epoch, present.first))

    def _put(self, message: Hello | Put) -> bool:
        assert self._socket is not None
        try:
            self._socket.send(pack_message(message))
        except BlockingIOError:
            self._is_full = True
            if isinstance(message, Hello):  # it must not be left out: come again with it
                self._hang_up()
            return False
        except OSError:
            self._hang_up()
            return False
        return True

    def _send(self) -> None:
        while self._is_welcome and not self._is_full and self._socket is not None:
            present = self._present
            batch = present.take_batch()
            if batch is None:
                return
            first, records = batch
            if not self._put(Put(first, records)):
                present.untake(first)
                return
            if present is self._memory:
                self._puts.append((first, first + len(records) - 1))

    def _receive(self, sock: socket.socket) -> None:
        while self._socket is sock:
            try:
                data = sock.recv(MESSAGE_BYTES_MAX + 1)
                if not data:
                    self._hang_up()
                    return
                self._take(parse_from_archive(data))
                if self._is_welcome and not self._present.sent:
                    return  # nothing more is to be answered
            except BlockingIOError:
                return
            except OSError:
                self._hang_up()
            except CodecError as error:
                self._tell("user_bus.nonsense", zone=self.zone, why=error.message)
                self._hang_up()

    def _take(self, message: FromArchive) -> None:
        present = self._present
        match message:
            case Stored(number, position):
                if self._is_welcome:
                    self.standing = ""
                    self._moved_s = self._now_s()
                    self._note_position(present, number, position)
                    present.on_stored(number)
                    self._end_stage()
            case Welcome(stored):
                self._moved_s = self._now_s()
                self._is_welcome = True
                present.on_welcome(stored)
                self._end_stage()
            case Rejected(number, why):
                self._tell("user_bus.rejected", zone=self.zone, number=number, why=why)
                if present is self._memory and number == self._wanted:
                    self._rejected[number] = why
            case Standing(why):
                self.standing = why
            case Records():
                self._hang_up()  # we follow nobody

    def _note_position(self, present: Outbox, number: int, position: int) -> None:
        """Remember where the event lies for which `publish` waits."""
        if present is not self._memory:
            return
        while self._puts and self._puts[0][1] <= number:
            first, last = self._puts.popleft()
            if last == number and position and first <= self._wanted <= last:
                self._position = position - (last - self._wanted)

    def _end_stage(self) -> None:
        """Go on to what comes next when all of a file is stored."""
        if not self._stages or len(self._stages[0].outbox):
            return
        stage = self._stages.popleft()
        with suppress(OSError):  # what is sent again is dropped as known
            stage.clear()
        if not self._stages:
            self._tell("user_bus.caught_up", zone=self.zone)
        # Never a second hello for one epoch: two welcomes could not be told apart.
        if self._present.epoch != stage.outbox.epoch:
            self._say_hello()
        else:
            self._end_stage()

    def _hang_up(self) -> None:
        if self._socket is not None:
            self._poll.unregister(self._socket)
            self._socket.close()
            self._socket = None
        self._is_welcome = self._is_full = False
        self._puts.clear()
        self._memory.on_lost()
        for stage in self._stages:
            stage.outbox.on_lost()

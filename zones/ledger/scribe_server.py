"""The scribe's socket: any program of this user writes events, a line each, and is answered.

Owns: its connections, how much one and all of them may write, what is done with a flood. Does not
own: who may write at all (`scribe_door.py`), what a line says (`scribe_line.py`), storing.

Who writes faster than it may is not read for a while: its own socket fills and it waits, nobody
else does. Its lines cost the archive nothing meanwhile. An answer goes out when the event is on
disk; who does not read answers is not read either, and hung up on in the end.
"""

import os
import socket
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from structlog.typing import FilteringBoundLogger

from Kernel.contract.envelope import pack_envelope
from Kernel.contract.errors import CodecError, LedgerError
from zones.ledger.batch import Batch
from zones.ledger.own_events import OwnEvents
from zones.ledger.poller import READ, WRITE, Poller
from zones.ledger.rate_limit import TokenBucket
from zones.ledger.scribe_door import ScribeDoor
from zones.ledger.scribe_line import Line, accepted, parse_line, refused
from zones.ledger.scribe_numbers import ScribeNumbers
from zones.runtime.peers import peer_at

READ_BYTES: Final = 16 * 1024
LINES_MAX: Final = 16
"""Of one program in one turn."""
TURN_LINES_MAX: Final = 64
"""Of all programs in one turn: some 2 ms at most, whatever they write."""
ANSWER_BYTES_MAX: Final = 64 * 1024
"""Answers that wait to be read; then nothing more is read from that program either."""
DEAF_S: Final = 30.0
"""Who has not read its answers for so long is hung up on."""
SILENT_S: Final = 600.0
"""Who has said nothing for so long makes room for others."""
GIVES_WAY_S: Final = 5.0
"""Who has said nothing for so long, and waits for nothing, gives way when there is no room."""
TOLD_S: Final = 60.0
"""A flood is on record once in so long."""


@dataclass(frozen=True, slots=True)
class ScribeLimits:
    """How much programs may write; `config/archive.yaml` explains each."""

    connections_max: int
    rate: float
    burst: float
    total_rate: float
    line_bytes: int


class _Writer:
    """One connection of a program."""

    def __init__(self, sock: socket.socket, bucket: TokenBucket, now_s: float) -> None:
        self.socket = sock
        self.fd = sock.fileno()
        self.bucket = bucket
        self.input = bytearray()
        self.output = bytearray()
        self.wanted = READ
        self.heard_s = now_s
        self.deaf_since_s: float | None = None
        self.held_until_s = 0.0
        self.held = 0
        self.has_ended = False
        self.is_closed = False


class ScribeServer:
    """All connections at the scribe's socket.

    Args:
        listener: a listening STREAM socket, None where there is none.
        numbers: which lines are known.
        own: makes the archive's own events.
        now_s, wall_ns, entropy: monotonic seconds, the hour, 10 random bytes.
        door: says who may write.

    Attributes:
        counts: of what was stored, refused, held, for people.
    """

    def __init__(
        self,
        listener: int | None,
        poller: Poller,
        limits: ScribeLimits,
        numbers: ScribeNumbers,
        own: OwnEvents,
        now_s: Callable[[], float],
        wall_ns: Callable[[], int],
        entropy: Callable[[], bytes],
        log: FilteringBoundLogger,
        door: ScribeDoor,
    ) -> None:
        self._door = door
        self.counts: Counter[str] = Counter()
        self._poller = poller
        self._limits = limits
        self._numbers = numbers
        self._own = own
        self._now_s = now_s
        self._wall_ns = wall_ns
        self._entropy = entropy
        self._log = log
        self._total = TokenBucket(limits.total_rate, limits.total_rate, now_s())
        self._writers: dict[int, _Writer] = {}
        self._ready: dict[int, None] = {}  # in the order of their turns
        self._held: dict[int, float] = {}
        self._told_s = -TOLD_S
        self._swept_s = now_s()
        self._listener: socket.socket | None = None
        if listener is not None:
            self._listener = socket.socket(fileno=os.dup(listener))
            self._listener.setblocking(False)
            poller.add(self._listener.fileno(), READ, self._accept)

    def facts(self) -> dict[str, Any]:
        """Return what status shows."""
        return {"connections": len(self._writers), **dict(self.counts)}

    def collect(self, batch: Batch) -> bool:
        """Put what programs have written, and may, into the batch; True: there may be more."""
        self._numbers.begin_batch()
        for record in self._door.records():
            batch.add(record)
        if not self._writers:
            return False
        now_s = self._now_s()
        self._release(now_s)
        left = TURN_LINES_MAX
        for fd in list(self._ready):
            if left <= 0 or batch.is_full:
                return True
            del self._ready[fd]
            writer = self._writers.get(fd)
            if writer is not None:
                left -= self._serve(writer, batch, min(left, LINES_MAX), now_s)
        self._sweep(now_s)
        return bool(self._ready)

    def close(self) -> None:
        """Hang up on all."""
        for writer in list(self._writers.values()):
            self._drop(writer)
        if self._listener is not None:
            self._poller.drop(self._listener.fileno())
            self._listener.close()
            self._listener = None

    # Connections.

    def _accept(self, _events: int) -> None:
        assert self._listener is not None
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            sock.setblocking(False)
            why = self._door.refusal(sock)
            if why:
                self.counts["unauthorised"] += 1
                _turn_away(sock, refused(why))
                continue
            if len(self._writers) >= self._limits.connections_max and not self._give_way():
                self.counts["turned_away"] += 1
                why = f"cannot take more than {self._limits.connections_max} programs at once"
                _turn_away(sock, refused(why, "try again in a moment", again=True))
                continue
            now_s = self._now_s()
            bucket = TokenBucket(self._limits.rate, self._limits.burst, now_s)
            writer = _Writer(sock, bucket, now_s)
            self._writers[writer.fd] = writer
            self._poller.add(writer.fd, READ, self._on_ready(writer))

    def _give_way(self) -> bool:
        """Hang up on who has been silent for longest; False: nobody has been for long."""
        long_ago_s = self._now_s() - GIVES_WAY_S
        idle = [
            each
            for each in self._writers.values()
            if each.heard_s <= long_ago_s
            and not (each.output or each.fd in self._held or each.fd in self._ready)
        ]
        if not idle:
            return False
        self.counts["gave_way"] += 1
        self._drop(min(idle, key=lambda each: each.heard_s))
        return True

    def _on_ready(self, writer: _Writer) -> Callable[[int], None]:
        def ready(events: int) -> None:
            if events & WRITE:
                self._send(writer)
            if events & READ and writer.fd not in self._held:
                self._ready[writer.fd] = None

        return ready

    def _drop(self, writer: _Writer) -> None:
        writer.is_closed = True
        self._writers.pop(writer.fd, None)
        self._held.pop(writer.fd, None)
        self._poller.drop(writer.fd)
        writer.socket.close()

    def _sweep(self, now_s: float) -> None:
        """Hang up on who does not read its answers, and on who says nothing for long."""
        if now_s < self._swept_s + 1.0:
            return
        self._swept_s = now_s
        for writer in list(self._writers.values()):
            deaf = writer.deaf_since_s is not None and now_s > writer.deaf_since_s + DEAF_S
            if deaf or now_s > writer.heard_s + SILENT_S:
                self.counts["hung_up"] += 1
                self._drop(writer)

    # What comes in.

    def _serve(self, writer: _Writer, batch: Batch, lines_max: int, now_s: float) -> int:
        """Take lines of one program; return how many it had."""
        self._fill(writer, now_s)
        taken = 0
        while taken < lines_max and not writer.is_closed:
            end = writer.input.find(b"\n")
            if end < 0:
                if len(writer.input) > self._limits.line_bytes:
                    self._end(writer)
                break
            if end and not self._may(writer, now_s):
                break
            line = bytes(writer.input[:end])
            del writer.input[: end + 1]
            if line.strip():
                self._take(writer, line, batch)
                taken += 1
        if writer.is_closed:
            return taken
        if b"\n" in writer.input and writer.fd not in self._held:
            self._ready[writer.fd] = None
        elif writer.has_ended and b"\n" not in writer.input:
            batch.then(lambda _first: self._leave(writer))
        self._want(writer)
        return taken

    def _fill(self, writer: _Writer, now_s: float) -> None:
        if len(writer.input) > self._limits.line_bytes or writer.has_ended:
            return
        try:
            data = writer.socket.recv(READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        writer.heard_s = now_s
        writer.input += data
        if not data:
            writer.has_ended = True
            writer.input += b"\n"  # the last line may have none

    def _leave(self, writer: _Writer) -> None:
        """Hang up on one that has ended, once it has what it waits for."""
        if not writer.is_closed and not writer.output:
            self._drop(writer)

    def _may(self, writer: _Writer, now_s: float) -> bool:
        """Take a token of its own and one of all; without, it is held until there is one."""
        if not writer.bucket.take(now_s):
            self._hold(writer, now_s + writer.bucket.wait_s())
            return False
        if not self._total.take(now_s):
            writer.bucket.give_back()
            self._hold(writer, now_s + self._total.wait_s())
            return False
        return True

    def _hold(self, writer: _Writer, until_s: float) -> None:
        self._held[writer.fd] = until_s
        writer.held += 1
        self.counts["held"] += 1

    def _release(self, now_s: float) -> None:
        for fd in [fd for fd, until_s in self._held.items() if until_s <= now_s]:
            del self._held[fd]
            self._ready[fd] = None

    def _take(self, writer: _Writer, text: bytes, batch: Batch) -> None:
        if len(text) > self._limits.line_bytes:
            self._end(writer)
            return
        try:
            line = parse_line(text, self._wall_ns(), self._entropy())
            record = pack_envelope(line.envelope)
            if line.epoch and self._numbers.is_known(line.epoch, line.number):
                self._acknowledge_again(writer, line, batch)
                return
        except CodecError as error:
            why = error.message
            self.counts["refused"] += 1
            batch.then(lambda _first: self._say(writer, refused(why)))
            return
        except LedgerError as error:
            self._say(writer, refused(error.message, error.hint, again=True))
            return
        self._tell_flood(writer, batch)
        place = batch.add(record)
        if line.epoch:
            self._numbers.note(line.epoch, line.number, batch)
        self.counts["stored"] += 1
        batch.then(lambda first: self._say(writer, accepted(line.envelope.id, first + place)))

    def _acknowledge_again(self, writer: _Writer, line: Line, batch: Batch) -> None:
        self.counts["duplicates"] += 1
        answer = accepted(line.envelope.id, None)
        batch.then(lambda _first: self._say(writer, answer))

    def _tell_flood(self, writer: _Writer, batch: Batch) -> None:
        now_s = self._now_s()
        if not writer.held or now_s < self._told_s + TOLD_S:
            return
        self._told_s = now_s
        told = {"sender": _who(writer.socket), "held": writer.held, "rate": self._limits.rate}
        self._log.warning("archive.flood_limited", **told)
        batch.add(self._own.record("archive.flood_limited", told))

    # What goes out.

    def _end(self, writer: _Writer) -> None:
        """Refuse a line that is too long, and hang up: where the next one begins is not known."""
        self.counts["thrown_out"] += 1
        most = self._limits.line_bytes
        self._say(writer, refused(f"cannot read a line of more than {most} bytes"))
        self._drop(writer)

    def _say(self, writer: _Writer, answer: bytes) -> None:
        if writer.is_closed:
            return
        writer.output += answer
        self._send(writer)

    def _send(self, writer: _Writer) -> None:
        try:
            while writer.output:
                count = writer.socket.send(writer.output)
                del writer.output[:count]
        except BlockingIOError:
            pass
        except OSError:
            self._drop(writer)
            return
        if writer.has_ended and not writer.output and b"\n" not in writer.input:
            self._drop(writer)
            return
        self._want(writer)

    def _want(self, writer: _Writer) -> None:
        """Read on unless it is held, has too much unread, or has ended; write while there is."""
        is_deaf = len(writer.output) >= ANSWER_BYTES_MAX
        if is_deaf and writer.deaf_since_s is None:
            writer.deaf_since_s = self._now_s()
        elif not is_deaf:
            writer.deaf_since_s = None
        closed_for_reading = is_deaf or writer.has_ended or writer.fd in self._held
        wanted = (0 if closed_for_reading else READ) | (WRITE if writer.output else 0)
        if wanted != writer.wanted:
            writer.wanted = wanted
            self._poller.change(writer.fd, wanted)


def _turn_away(sock: socket.socket, answer: bytes) -> None:
    with suppress(OSError):  # it has gone by itself
        sock.send(answer)
    sock.close()


def _who(sock: socket.socket) -> str:
    """Return who is at the other end, by what the system says."""
    pid = peer_at(sock).pid
    return f"pid {pid}" if pid else "unknown"

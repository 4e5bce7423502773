"""A small client of the scribe's socket: any program writes events into a home's ledger.

Owns: one event at a time, its answer, the write-ahead file while nobody answers. Does not own: what
a line may say (`zones/ledger/scribe_line.py`), the file's form (`Kernel/contract/ahead.py`).

    with Scribe(Path("~/my-world").expanduser(), agent="ci") as scribe:
        scribe.emit("build.finished", {"ok": True})

An event is durable when `emit` returns: in the ledger, or in a file under HOME/data/ahead that this
client sends first, or the next one, or the archive takes up once nobody holds it. Each line has a
number in the client's life (its epoch), so one that was stored without our hearing of it is not
stored twice. One that has waited and is refused then goes to `scribe.refused` in that folder, with
the reason; whoever sent it on is told.
"""

import json
import os
import secrets
import socket
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

from Kernel.contract.envelope import id_text
from Kernel.contract.errors import CodecError, LedgerError, Refused, what_helps
from Kernel.contract.kinds import check_free_kind
from Kernel.contract.places import SCRIBE_SOCKET
from Kernel.contract.user_bus import SCRIBE, scribe_event_id
from zones.runtime.ahead_file import (
    AheadFile,
    LeftFile,
    keep_refused,
    new_epoch,
    refused_path,
    take_left,
)
from zones.runtime.wall_clock import now_ns

AHEAD: Final = Path("data", "ahead")
TIMEOUT_S: Final = 2.0
LINE_BYTES_MAX: Final = 64 * 1024 - 1
ANSWER_BYTES_MAX: Final = 16 * 1024


class Emitted(NamedTuple):
    """What became of an event.

    Args:
        id: of the event, for good.
        position: in the ledger; None when it waits in the file, or was there before.
        waits: it is in the write-ahead file, durable, and not in the ledger yet.
    """

    id: str
    position: int | None
    waits: bool


class _Away(Exception):
    """Nobody answers, or not in time, or not now."""


@dataclass(slots=True)
class _Waiting:
    """A file and what of it is not stored yet."""

    file: AheadFile | LeftFile
    epoch: bytes
    lines: deque[tuple[int, bytes]]
    last: int


class Scribe:
    """A client; not for two threads at once.

    Args:
        home: of the kernel.
        agent: who writes, for events that do not say so themselves.
        timeout_s: how long `emit` waits for the ledger before the event waits in the file.
        now_s: monotonic seconds.

    Attributes:
        refused: how many events that had waited in a file were refused for good, so far.
        refused_why: the reason of the newest of them.
        refused_path: the file in which they are kept.
    """

    def __init__(
        self,
        home: Path,
        agent: str = "",
        timeout_s: float = TIMEOUT_S,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._home = home
        self._agent = agent
        self._timeout_s = timeout_s
        self._now_s = now_s
        self._folder = home / AHEAD
        self.refused = 0
        self.refused_why = ""
        self.refused_path = refused_path(self._folder, SCRIBE)
        self._begin_epoch()
        self._socket: socket.socket | None = None
        self._input = bytearray()
        self._waiting: deque[_Waiting] = deque()
        self._take_left()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def waiting(self) -> int:
        """Return how many events wait in files."""
        return sum(len(each.lines) for each in self._waiting)

    def emit(self, kind: str, payload: Mapping[str, Any] | None = None, **more: Any) -> Emitted:
        """Write one event; it is durable on return.

        Args:
            kind: words with dots, in a family that molt does not use itself.
            payload: what JSON can say.
            more: agent, role, cause, trace, span, level, tick, time; see
                `zones/ledger/scribe_line.py`.

        Raises:
            CodecError: the event cannot be written as a line, or its kind is none of yours.
            Refused: the archive will never take it.
            LedgerError: neither the archive nor the disk takes it.
        """
        check_free_kind(kind)
        given = {"time": now_ns() / 1e9, "kind": kind, "payload": dict(payload or {}), **more}
        if self._agent:
            given.setdefault("agent", self._agent)
        until_s = self._now_s() + self._timeout_s
        with suppress(_Away):
            self._send_waiting(until_s)
        if self._waiting:
            return self._keep(given)
        self._number += 1
        line = _line(given, self._epoch, self._number)
        try:
            answer = self._ask(line, until_s)
        except _Away:
            return self._keep_line(self._own_file(), self._number, line)
        return Emitted(str(answer["id"]), answer["position"], False)

    def flush(self, timeout_s: float) -> int:
        """Send what waits in files for at most so long; return how much still waits."""
        with suppress(_Away):
            self._send_waiting(self._now_s() + timeout_s)
        return self.waiting

    def close(self) -> None:
        """Hang up; what waits in files is sent by the next client."""
        self._hang_up()
        for each in self._waiting:
            each.file.close()
        self._waiting.clear()

    # What waits.

    def _begin_epoch(self) -> None:
        self._epoch = new_epoch(now_ns(), secrets.token_bytes(2))
        self._number = 0

    def _take_left(self) -> None:
        """Take over what clients before have left and no living one holds."""
        try:
            found = take_left(self._folder, SCRIBE)
        except OSError as error:
            raise self._unkept(error) from error
        for left in found:
            entries = left.ahead.entries
            if entries:
                lines = deque(entries)
                self._waiting.append(_Waiting(left, left.ahead.epoch, lines, entries[-1][0]))
            else:
                left.clear()

    def _own_file(self) -> _Waiting:
        file = AheadFile(self._folder, SCRIBE, self._epoch)
        self._waiting.append(_Waiting(file, self._epoch, deque(), self._number))
        return self._waiting[-1]

    def _keep(self, given: Mapping[str, Any]) -> Emitted:
        """Put an event behind all that waits, with the next number there."""
        waiting = self._waiting[-1]
        number = waiting.last + 1
        return self._keep_line(waiting, number, _line(given, waiting.epoch, number))

    def _keep_line(self, waiting: _Waiting, number: int, line: bytes) -> Emitted:
        try:
            waiting.file.append([(number, line)])
        except OSError as error:
            if not waiting.lines:
                self._waiting.remove(waiting)
            raise self._unkept(error) from error
        waiting.last = number
        if waiting.epoch == self._epoch:
            self._number = number
        waiting.lines.append((number, line))
        return Emitted(id_text(scribe_event_id(waiting.epoch, number)), None, True)

    def _unkept(self, error: OSError) -> LedgerError:
        why = f"cannot keep the event in {self._folder}: {error.strerror or error}"
        return LedgerError(why, what_helps(error, self._folder))

    def _send_waiting(self, until_s: float) -> None:
        while self._waiting:
            waiting = self._waiting[0]
            while waiting.lines:
                number, line = waiting.lines[0]
                try:
                    self._ask(line, until_s)
                except Refused as error:
                    self._keep_refused(waiting.epoch, number, line, error)
                waiting.lines.popleft()
            try:
                waiting.file.clear()
            except OSError:  # it may come back, and be gone on with: its numbers are not ours then
                self._begin_epoch()
            self._waiting.popleft()

    def _keep_refused(self, epoch: bytes, number: int, line: bytes, error: Refused) -> None:
        """Keep what never will be stored: whoever emitted it was told that it waits."""
        try:
            keep_refused(self._folder, SCRIBE, epoch, number, line, error.message)
        except OSError as trouble:  # no room for it there: it stays where it is
            raise _Away from trouble
        self.refused += 1
        self.refused_why = error.message

    # The road.

    def _ask(self, line: bytes, until_s: float) -> dict[str, Any]:
        """Send a line and return the answer to it.

        Raises:
            _Away: there is none in time, or the line may be sent again later.
            Refused: it will never be stored.
        """
        try:
            sock = self._connect(until_s)
            sock.sendall(line + b"\n")
            answer = self._answer(sock, until_s)
        except (OSError, ValueError, KeyError) as error:
            self._hang_up()  # an answer that comes late must not be taken for the next one's
            raise _Away from error
        if answer["ok"]:
            return answer
        if answer.get("again"):
            raise _Away
        raise Refused(str(answer.get("why", "cannot store the event")), str(answer.get("hint", "")))

    def _connect(self, until_s: float) -> socket.socket:
        left_s = until_s - self._now_s()
        if left_s <= 0:
            raise TimeoutError
        if self._socket is None:
            # A Unix path ends at 108 bytes, so the folder goes by descriptor.
            folder = os.open(self._home / SCRIBE_SOCKET.parent, os.O_PATH | os.O_CLOEXEC)
            sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            sock.settimeout(left_s)
            try:
                sock.connect(f"/proc/self/fd/{folder}/{SCRIBE_SOCKET.name}")
            except OSError:
                sock.close()
                raise
            finally:
                os.close(folder)
            self._socket = sock
        self._socket.settimeout(left_s)
        return self._socket

    def _answer(self, sock: socket.socket, until_s: float) -> dict[str, Any]:
        while b"\n" not in self._input:
            left_s = until_s - self._now_s()
            if left_s <= 0 or len(self._input) > ANSWER_BYTES_MAX:
                raise TimeoutError
            sock.settimeout(left_s)
            data = sock.recv(ANSWER_BYTES_MAX)
            if not data:
                raise ConnectionError
            self._input += data
        line, _, rest = bytes(self._input).partition(b"\n")
        self._input = bytearray(rest)
        answer = json.loads(line)
        if not isinstance(answer, dict) or type(answer.get("ok")) is not bool:
            raise ValueError("that is no answer")
        return answer

    def _hang_up(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        self._input.clear()


def _line(given: Mapping[str, Any], epoch: bytes, number: int) -> bytes:
    try:
        text = json.dumps({**given, "epoch": epoch.hex(), "number": number}, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise CodecError(f"cannot write the event {given['kind']!r}: {error}") from error
    line = text.encode()
    if len(line) > LINE_BYTES_MAX:
        raise CodecError(f"cannot write an event of {len(line)} bytes: {LINE_BYTES_MAX} at most")
    return line

"""One console connection without its socket: bytes in, requests out; answers in, bytes out.

Owns: lines, their limits, the order of answers and the form of an answer. Does not own: sockets
(`server.py`) nor what a request may say (`request.py`). Pure.

One JSON line in, one JSON line out, answers in the order of the requests, so that no ids are
needed and `socat` is a client; who wants to ask while a `wait` is open opens a second connection.
When PENDING_MAX requests are unanswered nothing more is read (the sender waits); when a reader
lets OUTPUT_BYTES_MAX pile up, the connection is given up.

The answer to one request may be a stream: lines with "more": true, pushed as they come, and a last
one without it. What follows it on the same connection waits for its end.
"""

import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

from Kernel.console.request import Request, parse_request
from Kernel.contract.errors import MoltError, Refused, UsageError

LINE_BYTES_MAX = 512 * 1024
"""The longest request, without its newline: a file or a pickled call, as base64."""
PENDING_MAX = 8
LINES_PER_TURN_MAX = 32
"""How many lines one `take` reads, so that a flood of them cannot hold the kernel's loop."""
REPLY_BYTES_MAX = 320 * 1024
"""The longest answer: the value of a call, with what it printed."""
OUTPUT_BYTES_MAX = 512 * 1024
STREAM_BYTES_MAX = 32 * 1024
"""A stream takes no more lines while so many bytes wait to be read."""


class Busy(Refused):
    """Nothing is wrong with the request; it may be sent again in a moment."""


@dataclass(slots=True)
class _Slot:
    """The place of one answer in the order of answers; `reply` is None until it is known."""

    number: int
    reply: bytes | None = None


class Conversation:
    """The state of one connection."""

    def __init__(self) -> None:
        self.output = bytearray()
        """Bytes to send; the owner of the socket removes them from the front with `sent`."""
        self.malformed_count = 0
        self.overflowed = False
        """The other side does not read: nothing more will be read, sent or kept."""
        self._input = bytearray()
        self._slots: deque[_Slot] = deque()
        self._numbers = 0
        self._ended = False

    @property
    def room_bytes(self) -> int:
        """How many bytes `receive` takes now."""
        return LINE_BYTES_MAX + 1 - len(self._input)

    @property
    def wants_read(self) -> bool:
        """Whether more bytes from the other side would be of use."""
        return not self._ended and not self._full and not self.overflowed and self.room_bytes > 0

    @property
    def wants_turn(self) -> bool:
        """Whether there are bytes to send, or whole lines that now may be taken."""
        return not self.overflowed and (bool(self.output) or self._has_line)

    @property
    def pending_count(self) -> int:
        """Requests that are not answered yet, or whose answer waits for an earlier one."""
        return len(self._slots)

    @property
    def finished(self) -> bool:
        """Whether the connection is of no more use and may be closed."""
        drained = self._ended and not self._slots and not self.output and not self._has_line
        return self.overflowed or drained

    def receive(self, data: bytes) -> None:
        """Add bytes from the other side, at most `room_bytes`."""
        assert len(data) <= self.room_bytes, "read more than there is room for"
        if not self._ended:
            self._input += data

    def end(self) -> None:
        """Note that the other side sends nothing more; it may still read answers."""
        self._ended = True

    def take(self) -> list[tuple[int, Request]]:
        """Return the requests of whole lines, with their numbers, as far as limits allow.

        A line that is no request is answered here. One that is too long, or cut off by the end
        of the connection, is answered and ends the conversation.
        """
        taken: list[tuple[int, Request]] = []
        for _ in range(LINES_PER_TURN_MAX):
            if not self._has_line:
                break
            end = self._input.index(b"\n")
            line = bytes(self._input[:end])
            del self._input[: end + 1]
            if not line.strip():
                continue
            number = self._open_slot()
            try:
                taken.append((number, parse_request(line)))
            except UsageError as error:
                self._refuse_line(number, error)
        if b"\n" not in self._input and not self._full:
            self._check_rest()
        return taken

    def answer(self, number: int, reply: bytes) -> None:
        """Put one answer in its place; earlier unanswered requests hold it back.

        Args:
            number: from `take`, not answered before.
            reply: from `encode_result` or `encode_error`.
        """
        if self.overflowed:
            return
        slot = next(slot for slot in self._slots if slot.number == number)
        assert slot.reply is None, "a request is answered once"
        slot.reply = reply
        while self._slots and (ready := self._slots[0].reply) is not None:
            self.output += ready
            self._slots.popleft()
        if len(self.output) > OUTPUT_BYTES_MAX:
            self.overflowed = True
            self._input.clear()
            self.output.clear()
            self._slots.clear()

    def takes_more(self, number: int) -> bool:
        """Return whether a line of a stream may be pushed: it is its turn, and there is room."""
        first = bool(self._slots) and self._slots[0].number == number
        return first and len(self.output) < STREAM_BYTES_MAX and not self.overflowed

    def push(self, number: int, line: bytes) -> None:
        """Add one line to a stream; `answer` ends it.

        Args:
            number: from `take`, not answered; `takes_more` has just said yes.
            line: from `encode_more`.
        """
        assert self.takes_more(number), "a stream asks before it pushes"
        self.output += line

    def sent(self, count: int) -> None:
        """Note that the first `count` bytes of `output` are on their way."""
        del self.output[:count]

    @property
    def _full(self) -> bool:
        return len(self._slots) >= PENDING_MAX

    @property
    def _has_line(self) -> bool:
        return not self.overflowed and not self._full and b"\n" in self._input

    def _open_slot(self) -> int:
        self._numbers += 1
        self._slots.append(_Slot(self._numbers))
        return self._numbers

    def _refuse_line(self, number: int, error: MoltError) -> None:
        self.malformed_count += 1
        self.answer(number, encode_error(error))

    def _check_rest(self) -> None:
        """Refuse what is left of the input when it can never become a line."""
        size = len(self._input)
        if size > LINE_BYTES_MAX:
            error = UsageError(f"cannot read request: line above {LINE_BYTES_MAX} bytes")
        elif self._ended and self._input.strip():
            error = UsageError(f"cannot read request: it ends after {size} bytes without a newline")
        else:
            return
        self._input.clear()
        self._ended = True
        self._refuse_line(self._open_slot(), error)


def encode_more(result: Mapping[str, object]) -> bytes:
    """Return the line that carries one part of a stream; more follow."""
    return _encode({"ok": True, "more": True, "result": result})


def encode_result(result: Mapping[str, object]) -> bytes:
    """Return the line that carries a result.

    A result that is no JSON or above REPLY_BYTES_MAX is our bug, but the console must outlive it:
    the asker gets an error that says so.
    """
    return _encode({"ok": True, "result": result})


def _encode(reply: Mapping[str, object]) -> bytes:
    try:
        line = json.dumps(reply, allow_nan=False).encode() + b"\n"
    except (TypeError, ValueError, RecursionError) as error:
        return encode_error(MoltError(f"cannot encode the answer: {error}"))
    if len(line) > REPLY_BYTES_MAX:
        return encode_error(
            MoltError(f"cannot send the answer: {len(line)} bytes, limit {REPLY_BYTES_MAX}")
        )
    return line


def encode_error(error: MoltError) -> bytes:
    """Return the line that carries an error; overlong words are cut."""
    fields: dict[str, object] = {
        "code": error.exit_code,
        "message": error.message[:2000],
        "hint": error.hint[:500],
    }
    if error.details:
        fields["details"] = error.details
    if isinstance(error, Busy):
        fields["again"] = True
    return json.dumps({"ok": False, "error": fields}).encode() + b"\n"

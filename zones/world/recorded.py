"""Recorded inputs: what was done to a world, and at which tick, from a file or from the log.

Owns: the record, its forms on the way in (a document of events, lines of events, lines of an old
journal, plain lines), putting one into an inbox as the kernel does. Does not own: what an input is
(`Kernel/contract/inputs.py`), which events of the log belong to which world (`past.py`).
Reads the file it is given, and touches nothing else.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any, Final, NamedTuple

from Kernel.contract import rings
from Kernel.contract.arena import INBOX_WINDOW, ArenaWords, Header, State
from Kernel.contract.errors import CodecError, ConfigError, RingFull
from Kernel.contract.inputs import Input, parse_input

LINE_BYTES_MAX: Final = 65_536
DOCUMENT_BYTES_MAX: Final = 256 * 1024 * 1024
"""Of a file that is one document: it is parsed as a whole. Lines may go on for longer."""
INPUTS_MAX: Final = 1_000_000
APPLIED: Final = "input.applied"
BEGINNINGS: Final = ("world.restored", "world.migrated")
"""Events a world's new arena begins with: what its old one did after that tick never happened."""
NOT_ITS: Final = frozenset({"cause"})
"""Keys of an input that say where it came from, and decide nothing."""


class Recorded(NamedTuple):
    """An input and the tick at which it was applied."""

    tick: int
    input: Input


def parse_recorded(fields: Mapping[str, Any]) -> Recorded:
    """Return the record in the payload of an `input.applied` event.

    Raises:
        CodecError: it is none.
    """
    given = fields.get("input")
    if not isinstance(given, dict):
        raise CodecError("cannot find an input in it")
    tick = fields.get("tick")
    if not isinstance(tick, int) or isinstance(tick, bool) or tick < 1:
        raise CodecError(f"cannot use tick {tick!r}")
    parsed = parse_input({key: each for key, each in given.items() if key not in NOT_ITS})
    if parsed.at_tick > tick:
        raise CodecError(f"cannot apply at tick {tick} what waits for tick {parsed.at_tick}")
    return Recorded(tick, parsed)


def read_inputs(path: Path) -> list[Recorded]:
    """Return the inputs of a file: what `molt events kind=input.applied --json` prints.

    That is one document with `events`, or with -f a line of JSON for each event. Lines of a journal
    of before and plain lines {tick, input} are taken, too. Events of other kinds are passed over;
    but where one says that the world was restored at a tick, what was read of later ticks is
    dropped: it was undone.

    Raises:
        ConfigError: the file cannot be read or something in it is no such input; names the line.
    """
    found: list[Recorded] = []
    number = 1
    try:
        with path.open("rb") as file:
            for line, fields in _read_events(file):
                number = line
                if len(found) >= INPUTS_MAX:
                    raise CodecError(f"more than {INPUTS_MAX} inputs are beyond the limits")
                _take(found, fields)
    except RecursionError as error:
        raise ConfigError(f"cannot read {path}: line {number}: it is nested too deep") from error
    except (CodecError, ValueError) as error:
        where = f"line {error.line}" if isinstance(error, _BadLine) else f"line {number}"
        raise ConfigError(f"cannot read {path}: {where}: {error}") from error
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from error
    return found


def send(words: ArenaWords, recorded: Recorded, tick: int) -> None:
    """Append one input to the inbox, as the kernel does; changes `words`.

    Args:
        tick: the one that is computed next.

    Raises:
        ConfigError: the inbox has no room for so many at one tick.
    """
    sequence = words.get(Header.INBOX_NEXT)
    cursor = words.state(tick - 1, State.INBOX_OFFSET)
    head = words.get(Header.INBOX_HEAD)
    if sequence >= words.state(tick - 1, State.INBOX_CURSOR) + INBOX_WINDOW:
        raise ConfigError(
            f"cannot apply so many inputs at tick {tick}: one tick takes {INBOX_WINDOW}"
        )
    try:
        head = rings.append(words.inbox(), head, cursor, sequence, recorded.input.encode())
    except RingFull as full:
        raise ConfigError(f"cannot apply so many inputs at tick {tick}: {full.message}") from full
    words.put(Header.INBOX_HEAD, head)
    words.put(Header.INBOX_NEXT, sequence + 1)


class _BadLine(ValueError):
    """A line that cannot be read, by its number."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(why)
        self.line = line


def _read_events(file: IO[bytes]) -> Iterator[tuple[int, Any]]:
    """Yield what may be events, each with the number of the line it begins in.

    A document is told by its first line: it has `events`, or is no whole JSON.
    """
    # One more than a line may have, so that a longer one is seen and not read.
    lines = iter(lambda: file.readline(LINE_BYTES_MAX + 1), b"")
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        if not text:
            continue
        if number == 1 and text.startswith(b"{"):
            document = _read_document(file, text)
            if document is not None:
                yield from ((1, event) for event in document)
                return
            file.seek(len(line))
        if len(line) > LINE_BYTES_MAX:
            raise _BadLine(number, "it is beyond the limits")
        try:
            yield number, json.loads(text.decode("utf-8"))
        except ValueError as error:
            raise _BadLine(number, str(error)) from error


def _read_document(file: IO[bytes], first: bytes) -> Iterable[Any] | None:
    """Return the events of a file that is one document; None: it is lines."""
    try:
        whole = json.loads(first)
    except ValueError:
        # Cut off by the limit of a line, or written over several lines.
        file.seek(0)
        content = file.read(DOCUMENT_BYTES_MAX + 1)
        try:
            whole = json.loads(content)
        except ValueError:
            if len(content) > DOCUMENT_BYTES_MAX:
                raise _BadLine(1, "the document is beyond the limits: use lines (-f)") from None
            return None
    events = whole.get("events") if isinstance(whole, dict) else None
    return events if isinstance(events, list) else None


def _take(found: list[Recorded], event: Any) -> None:
    """Add what an event says to the inputs found so far. Envelopes and journal lines wrap it."""
    if not isinstance(event, dict):
        raise CodecError("cannot find an event in it")
    kind, fields = event.get("kind"), event
    if isinstance(event.get("payload"), dict):
        fields = event["payload"]
        kind = kind or fields.get("kind")
    if kind in BEGINNINGS and type(fields.get("tick")) is int:
        found[:] = [each for each in found if each.tick <= fields["tick"]]
    elif kind in (None, APPLIED):
        found.append(parse_recorded(fields))

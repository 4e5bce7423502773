"""The process that prepares a trait: screens, compiles, compares; and what it prints.

Owns: its start, its limit in time and output, reading its verdict. Does not own: what it does
(`zones/world/prepare.py`), what follows from the verdict (`trait_changes.py`).
What it prints is parsed as hostile: it has had a foreign source in its hands.
"""

import json
import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from Kernel.contract.errors import Refused
from Kernel.contract.trait_sets import is_code_hash
from Kernel.core.parts import Parts
from Kernel.ports.process import Exit

MODULE = "zones.world.prepare"
WORKER_S = 90.0
"""Every step of it has a limit of its own; this one is for what none of them foresaw."""
OUTPUT_BYTES_MAX = 64 * 1024
TEXT_MAX = 400


@dataclass(frozen=True, slots=True)
class TraitVerdict:
    """What the worker says of one source.

    Args:
        rule, line, reason: why it was refused; "" and 0 where it was not.
        name: of the class; version: counted up for each name.
        memory: places of the trait memory it takes.
        file_path: the file for people.
        note: why the tier is not the one it could have, or "".
    """

    accepted: bool
    code_hash: str
    rule: str = ""
    line: int = 0
    reason: str = ""
    name: str = ""
    version: int = 0
    tier: str = ""
    state: str = ""
    memory: int = 0
    moods: tuple[str, ...] = ()
    traits: tuple[str, ...] = ()
    file_path: str = ""
    note: str = ""


class TraitWorker:
    """One such process.

    Args:
        zone: for which world.
        words: what it is told beside the source.

    Raises:
        Refused: the machine has no room for one process more.
    """

    def __init__(self, parts: Parts, zone: str, source: bytes, hashes: Sequence[str]) -> None:
        words = ["--home", parts.home, "--zone", zone]
        words += [word for code_hash in hashes for word in ("--with", code_hash)]
        self._parts = parts
        self._output = bytearray()
        self._exit: Exit | None = None
        self._why = ""
        try:
            handle = parts.processes.start_worker(MODULE, words, source)
        except OSError as error:
            why = error.strerror or str(error)
            raise Refused(f"cannot prepare a trait: {why}", "molt doctor") from error
        self._pid, self._out_fd = handle.pid, handle.out_fd
        self._until_s = parts.clock.now_s() + WORKER_S
        parts.loop.watch(self._out_fd, lambda _events: self._read())

    def look(self, now_s: float) -> None:
        """End it when it takes too long."""
        if self._exit is None and now_s >= self._until_s and not self._why:
            self._end(f"it has not answered in {WORKER_S:g} s")

    def on_exit(self, exit_: Exit) -> bool:
        """Take its end; False if that is of another process."""
        if exit_.pid != self._pid or self._exit is not None:
            return False
        self._exit = exit_
        while self._out_fd >= 0:
            self._read()
        return True

    def verdict(self) -> TraitVerdict | None:
        """Return what it says, None while it is at work.

        Raises:
            Refused: it ended without a verdict.
        """
        if self._exit is None:
            return None
        if not self._why and self._exit.code == 0:
            try:
                return parse_verdict(json.loads(self._output))
            except (ValueError, KeyError, TypeError, RecursionError) as error:
                self._why = f"its verdict cannot be read: {error!r}"[:TEXT_MAX]
        why = self._why or self._last_words() or self._exit.describe()
        raise Refused(
            f"cannot prepare the trait: the process that does it failed: {why}", "molt doctor"
        )

    def _last_words(self) -> str:
        """Return why it gave up, "" where it does not say."""
        try:
            told = json.loads(self._output)
            return _text(told["failed"], TEXT_MAX) if isinstance(told, dict) else ""
        except (ValueError, KeyError, RecursionError):
            return ""

    def close(self) -> None:
        """End it if it is still there, and hear no more of it."""
        if self._exit is None:
            self._end("nobody waits for it any more")

    def _end(self, why: str) -> None:
        self._why = why
        self._parts.processes.send_signal(self._pid, signal.SIGKILL)

    def _read(self) -> None:
        """Take what has been printed; at its end, or once it is dead and silent, close the pipe."""
        try:
            data = os.read(self._out_fd, OUTPUT_BYTES_MAX)
        except BlockingIOError:  # a child of it may hold the other end
            data = b""
            if self._exit is None:
                return
        self._output += data
        if len(self._output) > OUTPUT_BYTES_MAX and not self._why:
            self._end(f"it prints more than {OUTPUT_BYTES_MAX} bytes")
        if not data or self._why:
            self._parts.loop.unwatch(self._out_fd)
            os.close(self._out_fd)
            self._out_fd = -1


def parse_verdict(told: Any) -> TraitVerdict:
    """Return a verdict from plain data.

    Raises:
        KeyError, TypeError, ValueError: it is none.
    """
    known = {field.name for field in fields(TraitVerdict)}
    values = {key: value for key, value in dict(told).items() if key in known}
    for key in ("moods", "traits"):
        values[key] = tuple(_text(each, 64) for each in values.get(key, ()))
    verdict = TraitVerdict(**values)
    if type(verdict.accepted) is not bool or not is_code_hash(verdict.code_hash):
        raise ValueError("it does not say of which source it is")
    for key in ("rule", "reason", "name", "tier", "state", "file_path", "note"):
        _text(getattr(verdict, key), 4096)
    for key in ("line", "version", "memory"):
        number = getattr(verdict, key)
        if type(number) is not int or not 0 <= number < 2**31:
            raise ValueError(f"{key} is {number!r}")
    if verdict.accepted and not (verdict.name and verdict.version and verdict.tier):
        raise ValueError("it accepts a trait without a name, version or tier")
    return verdict


def _text(value: Any, most: int) -> str:
    if not isinstance(value, str) or len(value) > most:
        raise ValueError("a text in it is none")
    return value

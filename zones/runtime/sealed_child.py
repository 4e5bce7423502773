"""A sealed child that computes what its parent asks for: where generated code is to run for a tool.

Owns: the fork, the order in which the child is enclosed, begun and sealed, questions and answers
between the two, its end. Does not own: what it computes; the cage (`cage.py`). What both work on
lies in shared memory; an answer is plain data, bounded, and hostile until its reader has looked at
it. A child that dies, hangs or lies costs the parent an error and nothing else.
"""

import os
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any, Final, NoReturn

from Kernel.contract.codec import pack, unpack
from Kernel.contract.errors import CodecError, MoltError
from Kernel.contract.signal_words import describe_signal
from zones.runtime.cage import Layer, Plan, enclose, seal
from zones.runtime.dropping_stream import drop_what_finds_no_room
from zones.runtime.enclosing import SEALED
from zones.runtime.kinship import die_with, refuse_core_dumps

ANSWER_BYTES_MAX: Final = 16 << 20
ANSWER_S: Final = 60.0
_LENGTH_BYTES: Final = 4

Answer = Callable[[dict[str, Any]], dict[str, Any]]


class ChildFailed(MoltError):
    """The child gave no answer that can be used; it is gone."""


class SealedChild:
    """One child. Use as a context manager.

    Args:
        begin: called in the child while it is enclosed and not yet sealed: starts threads, runs no
            generated code; returns what answers, which is called sealed.
        missing: layers that this machine has not got; never the filter of calls.
        what: what it does, as it follows "cannot".

    Raises:
        ChildFailed: there is no room for a process.
    """

    def __init__(self, begin: Callable[[], Answer], missing: frozenset[Layer], what: str) -> None:
        assert Layer.SECCOMP not in missing, "who asks has seen that it can be sealed"
        self._what = what
        sys.stdout.flush()
        sys.stderr.flush()
        theirs_in, self._to = os.pipe2(os.O_CLOEXEC)
        self._from, theirs_out = os.pipe2(os.O_CLOEXEC)
        parent = os.getpid()
        try:
            self._pid = os.fork()
        except OSError as error:
            for descriptor in (theirs_in, theirs_out, self._to, self._from):
                os.close(descriptor)
            raise ChildFailed(f"cannot {what}: {error.strerror}", "ulimit -u") from error
        if not self._pid:
            _live(begin, missing, theirs_in, theirs_out, parent)
        os.close(theirs_in)
        os.close(theirs_out)

    def __enter__(self) -> "SealedChild":
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def ask(self, question: dict[str, Any], timeout_s: float = ANSWER_S) -> dict[str, Any]:
        """Return the answer to a question; plain data, not looked at.

        Raises:
            ChildFailed: it died, took too long, or said what is no answer.
        """
        until_s = time.monotonic() + timeout_s
        try:
            _write(self._to, pack(question))
        except BrokenPipeError:
            self._fail("")
        length = int.from_bytes(self._read(_LENGTH_BYTES, until_s, timeout_s), "little")
        if length > ANSWER_BYTES_MAX:
            self._fail(f"it answered with {length} bytes, the limit is {ANSWER_BYTES_MAX}")
        try:
            return unpack(self._read(length, until_s, timeout_s), ANSWER_BYTES_MAX)
        except CodecError as error:
            self._fail(error.message)

    def close(self) -> None:
        """End it, if it is there."""
        if not self._pid:
            return
        os.kill(self._pid, signal.SIGKILL)
        self._reap()

    def _read(self, size: int, until_s: float, timeout_s: float) -> bytes:
        data = bytearray()
        poller = select.poll()
        poller.register(self._from, select.POLLIN)
        while len(data) < size:
            left_s = until_s - time.monotonic()
            if left_s <= 0 or not poller.poll(left_s * 1000):
                self._fail(f"its process took longer than {timeout_s:g} s")
            piece = os.read(self._from, size - len(data))
            if not piece:
                self._fail("")
            data += piece
        return bytes(data)

    def _fail(self, why: str) -> NoReturn:
        """End the child, which is of no use any more.

        Args:
            why: "": it ended by itself; then its end says why.
        """
        if why:
            os.kill(self._pid, signal.SIGKILL)
        code = os.waitstatus_to_exitcode(self._reap())
        if not why and code < 0:
            why = f"its process was ended by {describe_signal(-code)}"
        raise ChildFailed(f"cannot {self._what}: {why or f'its process left with {code}'}")

    def _reap(self) -> int:
        _, status = os.waitpid(self._pid, 0)
        self._pid = 0
        os.close(self._to)
        os.close(self._from)
        return status


def _live(
    begin: Callable[[], Answer], missing: frozenset[Layer], source: int, sink: int, parent: int
) -> NoReturn:
    """The child: it never returns, and leaves when its parent asks nothing more."""
    try:
        die_with(parent)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # its parent ends it
        refuse_core_dumps()
        drop_what_finds_no_room()
        kept = frozenset((1, 2, source, sink))
        plan = Plan(SEALED, keep=kept, without=missing)
        enclose(plan)
        answer = begin()
        seal(plan)
        while length := os.read(source, _LENGTH_BYTES):
            question = unpack(_read_all(source, int.from_bytes(length, "little")))
            _write(sink, pack(answer(question), ANSWER_BYTES_MAX))
        os._exit(0)
    except MoltError as error:
        sys.stderr.write(f"{error.message}\n")
    except BaseException:  # the top of a process: say it, then die; the parent tells of it
        traceback.print_exc()
    finally:
        os._exit(1)


def _write(descriptor: int, data: bytes) -> None:
    rest = memoryview(len(data).to_bytes(_LENGTH_BYTES, "little") + data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _read_all(descriptor: int, size: int) -> bytes:
    data = b""
    while len(data) < size and (piece := os.read(descriptor, size - len(data))):
        data += piece
    return data

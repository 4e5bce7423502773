"""What a call cell is told and what it answers: what `molt run` and `zones.client.call` rest on.

Owns: the form of a job and of an answer, and checking them. Does not own: running one
(`zones/runtime/called.py`), whether one may run (`Kernel/core/calls.py`).

A job is one line of JSON and then bytes: a Python file, or a pickled (function, args, kwargs). The
kernel carries these bytes and never looks into them. An answer is one JSON document, written by a
process that has run foreign code, so whatever it says is checked here.

What a file compiles to goes a way of its own: to the cell in a sealed file in memory, from it
through a pipe that it closes before it runs anything (`Kernel/core/call_code.py`).
"""

import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib.util import MAGIC_NUMBER
from typing import Any, Final, NoReturn

from Kernel.contract.errors import CodecError, Refused, WaitTimeout

JOB_BYTES_MAX: Final = 360 * 1024
"""The longest file or pickled call."""
ANSWER_BYTES_MAX: Final = 240 * 1024
"""The longest answer a cell writes: value, what it printed and error, as JSON in ASCII."""
DEPTH_MAX: Final = 64
"""How deep lists and dicts may lie in each other."""
TEXT_MAX: Final = 2000
"""Characters of a message."""
FRAMES_MAX: Final = 24
ARGUMENTS_MAX: Final = 64
ARGUMENT_CHARS_MAX: Final = 4096
COMPILED_BUILD: Final = b"molt compiled 1\0" + MAGIC_NUMBER
"""Stands before compiled code: what has made it. Another Python makes, and takes, other bytes."""
COMPILED_BYTES_MAX: Final = 768 * 1024
"""The most compiled code of one file: it must fit into a pipe that nobody reads meanwhile."""
CODE_FILE: Final = "code"
CODE_PIPE: Final = "compiled"
"""Names of the descriptors by which a cell is given compiled code, and gives some back."""
_LENGTH: Final = struct.Struct("<Q")
_HEADER_BYTES_MAX: Final = 1 << 20


class JobKind(StrEnum):
    """What the bytes of a job are."""

    SOURCE = "source"
    PICKLE = "pickle"


class Outcome(StrEnum):
    """How a call ended."""

    RETURNED = "returned"
    RAISED = "raised"
    HUNG = "hung"
    OUT_OF_MEMORY = "out of memory"
    # From here on it is never the cell itself that says so.
    DIED = "died"
    FLOODED = "flooded"
    NONSENSE = "nonsense"
    GIVEN_UP = "given up"
    STOPPED = "kernel stopped"
    LOST = "kernel lost"  # told by the next one


_OF_THE_CELL: Final = frozenset(
    (Outcome.RETURNED, Outcome.RAISED, Outcome.HUNG, Outcome.OUT_OF_MEMORY)
)


EXIT_CODES: Final = {
    Outcome.RETURNED: 0,
    Outcome.RAISED: 65,  # EX_DATAERR of sysexits.h: what was given is at fault
    Outcome.HUNG: WaitTimeout.exit_code,
}
"""Of `molt run`; every other end is a refusal: by the cage, by a limit, by the kernel."""


def exit_code(outcome: str) -> int:
    """Return the exit code of `molt run` for an outcome as it is told."""
    known = {each.value: code for each, code in EXIT_CODES.items()}
    return known.get(outcome, Refused.exit_code)


@dataclass(frozen=True, slots=True)
class CallJob:
    """What one cell is to do.

    Args:
        name: of the file or function, for people.
        args: words for a file; a pickled call holds its own.
        timeout_s: after this the cell interrupts what it runs, seconds.
        output_bytes: so much of what is printed is kept.
    """

    kind: JobKind
    name: str
    payload: bytes
    args: tuple[str, ...] = ()
    timeout_s: float = 10.0
    output_bytes: int = 64 * 1024


@dataclass(frozen=True, slots=True)
class Told:
    """What a cell has answered.

    Args:
        result: plain data.
        printed: the beginning of what it printed.
        dropped_bytes: so much more it printed.
        error: {"type", "message", "line", "frames": [[file, line, function, text]]}, or None.
    """

    outcome: Outcome
    result: Any
    printed: str
    dropped_bytes: int
    error: dict[str, Any] | None


def pack_job(job: CallJob) -> bytes:
    """Return a job as the bytes a cell reads."""
    head = {
        "kind": job.kind.value,
        "name": job.name,
        "args": list(job.args),
        "timeout_s": job.timeout_s,
        "output_bytes": job.output_bytes,
    }
    return json.dumps(head).encode() + b"\n" + job.payload


def unpack_job(data: bytes) -> CallJob:
    """Return the job in these bytes.

    Raises:
        CodecError: they are none.
    """
    head, found, payload = data.partition(b"\n")
    try:
        if not found or len(head) > _HEADER_BYTES_MAX:
            raise ValueError("it has no first line")
        told = json.loads(head)
        return CallJob(
            JobKind(told["kind"]),
            str(told["name"]),
            payload,
            tuple(str(word) for word in told["args"]),
            float(told["timeout_s"]),
            int(told["output_bytes"]),
        )
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise CodecError(f"cannot read a job: {error!r}"[:TEXT_MAX]) from error


def frame_compiled(code: bytes) -> bytes:
    """Return compiled code as it goes through its pipe: one that is cut short shows it."""
    return _LENGTH.pack(len(code)) + code


def unframe_compiled(data: bytes) -> bytes | None:
    """Return the compiled code of a pipe; None where it is not whole, too much, or none at all."""
    if len(data) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack_from(data)
    code = data[_LENGTH.size :]
    return code if 0 < len(code) == length <= COMPILED_BYTES_MAX else None


def parse_told(answer: Mapping[str, Any]) -> Told:
    """Return what a cell has answered, if it is of the form agreed.

    Args:
        answer: one JSON object, with numbers that are finite.

    Raises:
        CodecError: it is not; too deep, too long, or no text that can be written.
    """
    try:
        outcome = Outcome(answer["outcome"])
        if outcome not in _OF_THE_CELL or set(answer) - _ANSWER_KEYS:
            _no("it says what it cannot know")
        _check_depth(answer["result"])
        printed, dropped = answer["printed"], answer["dropped_bytes"]
        if type(printed) is not str or type(dropped) is not int or not 0 <= dropped < 2**63:
            _no("what it printed is no text")
        error = None if answer["error"] is None else _parse_error(answer["error"])
        if (error is None) != (outcome is Outcome.RETURNED):
            _no("outcome and error are at odds")
        told = Told(outcome, answer["result"], printed, dropped, error)
        # Once more as it goes on from here: other signs may have made it shorter.
        size = len(json.dumps([told.result, printed, error], allow_nan=False))
        json.dumps([told.result, printed, error], ensure_ascii=False).encode()
    except (KeyError, TypeError, ValueError, RecursionError) as error_:
        raise CodecError(f"cannot use an answer: {error_!r}"[:TEXT_MAX]) from error_
    if size > ANSWER_BYTES_MAX:
        raise CodecError(f"cannot use an answer of {size} bytes: {ANSWER_BYTES_MAX} at most")
    return told


_ANSWER_KEYS: Final = frozenset(("outcome", "result", "printed", "dropped_bytes", "error"))


def _parse_error(told: Any) -> dict[str, Any]:
    """Return the error of an answer.

    Raises:
        KeyError, TypeError, ValueError: it is none.
    """
    line, frames = told["line"], told["frames"]
    if type(line) is not int or not 0 <= line < 2**31:
        _no("a line is none")
    if type(frames) is not list or len(frames) > FRAMES_MAX:
        _no("its frames are none")
    return {
        "type": _text(told["type"]),
        "message": _text(told["message"]),
        "line": line,
        "frames": [_parse_frame(frame) for frame in frames],
    }


def _parse_frame(frame: Any) -> list[str | int]:
    file, line, function, text = frame
    if type(line) is not int or not 0 <= line < 2**31:
        _no("a line is none")
    return [_text(file), line, _text(function), _text(text)]


def _text(value: Any) -> str:
    if type(value) is not str or len(value) > TEXT_MAX:
        _no("a text in it is none")
    return str(value)


def _check_depth(value: Any) -> None:
    """Raise ValueError for what lies deeper than it may; never recurses itself."""
    level: Sequence[Any] = [value]
    for _ in range(DEPTH_MAX + 1):
        below: list[Any] = []
        for each in level:
            if type(each) is list:
                below += each
            elif type(each) is dict:
                below += each.values()
        if not below:
            return
        level = below
    _no(f"deeper than {DEPTH_MAX}")


def _no(why: str) -> NoReturn:
    raise ValueError(why)

"""An exception as plain data: type, message, line, and the frames of the foreign program.

Owns: this form and its limits. Does not own: who reads it. The exception is foreign: its methods
may raise, and whatever they return is cut.
"""

import os
import sys
import traceback
from collections.abc import Mapping, Sequence
from types import FrameType, TracebackType
from typing import Any, Final

from Kernel.contract.call_job import FRAMES_MAX, TEXT_MAX

UNREADABLE: Final = "(it cannot say)"
LINE_TEXT_MAX: Final = 200
_RUNNERS: Final = frozenset(("zones.runtime.called", "zones.runtime.compiled_file"))

Frame = list[str | int]


def tell_error(error: BaseException, sources: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Return an exception as plain data.

    Args:
        sources: lines of the program's own files, by the name they were compiled with.
    """
    frames = _frames(error.__traceback__, sources)
    place = _unparsed_place(error, sources)
    line = _own_line(frames, sources) if place is None else place[1]
    if place is not None:
        frames = [*frames, _frame(*place, "<module>", sources)]
    return {
        "type": _type_name(error),
        "message": _message(error),
        "line": line,
        "frames": _fewer(frames),
    }


def _frames(trace: TracebackType | None, sources: Mapping[str, Sequence[str]]) -> list[Frame]:
    """Return the frames of an exception, outermost first, but those of who runs the program."""
    return [
        _frame(str.__str__(frame.f_code.co_filename), line, frame.f_code.co_qualname, sources)
        for frame, line in traceback.walk_tb(trace)
        if not _is_ours(frame)
    ]


def _is_ours(frame: FrameType) -> bool:
    name = frame.f_globals.get("__name__")
    return type(name) is str and name in _RUNNERS  # the program's may be anything


def _frame(file: str, line: int, function: str, sources: Mapping[str, Sequence[str]]) -> Frame:
    lines = sources.get(file, ())
    text = lines[line - 1].strip() if 0 < line <= len(lines) else ""
    return [_clean(file), max(0, line), _clean(function), _clean(text)[:LINE_TEXT_MAX]]


def _unparsed_place(
    error: BaseException, sources: Mapping[str, Sequence[str]]
) -> tuple[str, int] | None:
    """Return where one of the program's files is no Python; None: it is something else."""
    if not isinstance(error, SyntaxError):
        return None
    try:
        file, line = error.filename, error.lineno
    except BaseException:  # as of every foreign class
        return None
    if type(file) is not str or file not in sources:
        return None
    return file, line if type(line) is int and 0 <= line <= len(sources[file]) + 1 else 0


def _own_line(frames: Sequence[Frame], sources: Mapping[str, Sequence[str]]) -> int:
    """Return the innermost line of the program itself, else of whatever was innermost, else 0."""
    own = [frame for frame in frames if _is_own(str(frame[0]), sources)]
    innermost = (own or list(frames) or [["", 0]])[-1]
    return int(innermost[1])


def _is_own(file: str, sources: Mapping[str, Sequence[str]]) -> bool:
    """Tell whether a file is the program's; one that was pickled brings no files along."""
    if sources:
        return file in sources
    return not file.startswith(("<frozen ", sys.prefix + os.sep, sys.base_prefix + os.sep))


def _fewer(frames: list[Frame]) -> list[Frame]:
    """Return the first and the last of too many frames."""
    if len(frames) <= FRAMES_MAX:
        return frames
    half = FRAMES_MAX // 2
    between: Frame = ["", 0, f"({len(frames) - 2 * half + 1} more)", ""]
    return [*frames[:half], between, *frames[1 - half :]]


def _type_name(error: BaseException) -> str:
    kind = type(error)
    try:
        module = kind.__module__
        name = kind.__qualname__
        whole = name if module in ("builtins", "__main__") else f"{module}.{name}"
        return _clean(whole)[:TEXT_MAX]
    except BaseException:  # a foreign class may raise anything when it is asked for its name
        return UNREADABLE


def _message(error: BaseException) -> str:
    try:
        if isinstance(error, SyntaxError):
            return _clean(str(error.msg))[:TEXT_MAX]
        return _clean(str(error))[:TEXT_MAX]
    except BaseException:  # as above
        return UNREADABLE


def _clean(text: str) -> str:
    """Return text that can be written anywhere, without calling a method of a foreign text."""
    return str.encode(str.__str__(text)[:TEXT_MAX], errors="backslashreplace").decode()[:TEXT_MAX]

"""A verdict on bytes of a stranger, given by a disposable child.

Owns: the child, its limits, its deadline, what its end means. Does not own: the verdict's rules
(`reading.py`). Whatever the bytes do to parser, compiler or validator happens to a process that
has no descriptor but one pipe, is sealed, cannot grow or outlive us, and is killed at the deadline;
what comes out of the pipe is read as the work of a stranger, too. The caller forks, so it should
be small: neither numpy nor numba is imported on this path.
"""

import ctypes
import fcntl
import gc
import json
import os
import resource
import select
import signal
import time
from collections.abc import Callable
from typing import Any, Final

from zones.runtime import cage
from zones.runtime.kinship import die_with, refuse_core_dumps
from zones.traits.contract import CARRIED, INTERPRETED, NATIVE, NONE, VERDICT_S, VOLATILE
from zones.traits.native.tiers import tier_of
from zones.traits.reading import check_source
from zones.traits.verdict import REASON_CHARS_MAX, Refusal, Verdict

MEMORY_BYTES: Final = 256 * 1024 * 1024
"""What the child may map on top of what its parent had."""
CPU_S: Final = 2
DESCRIPTORS: Final = 8
"""Four are open; sealing takes one or two for a moment."""
DEADLINE_S: Final = VERDICT_S - 0.5
"""The rest of VERDICT_S is for starting, killing, reaping and telling."""
RESULT_BYTES_MAX: Final = 16 * 1024
_TEXT_MAX: Final = 400
_ITEMS_MAX: Final = 64
_PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")


def screen(data: bytes, seal: Callable[[], None] | None = None) -> Verdict:
    """Return the verdict on a source: accepted, or refused by which rule.

    Args:
        data: any bytes at all.
        seal: called by the child before it looks at them, to close its cage; None: one of all the
            layers that this machine has.

    Raises:
        OSError: no process or descriptor is left for the child.
    """
    seal = seal or _layers_there_are()
    reader, writer = os.pipe()
    parent = os.getpid()
    try:
        child = os.fork()
    except OSError:
        os.close(reader)
        os.close(writer)
        raise
    if child == 0:
        _be_screened(data, writer, parent, seal)
    os.close(writer)
    deadline_s = time.monotonic() + DEADLINE_S
    answer: bytes | None = None
    try:
        answer = _read_answer(reader, deadline_s)
    finally:
        os.close(reader)
        in_time, status = _reap(child, deadline_s if answer is not None else 0.0)
    return _judged(answer if in_time else None, status)


def _layers_there_are() -> Callable[[], None]:
    """Return what encloses and seals a child; descriptors and limits are those of `_shed`."""
    left_out = {cage.Layer.DESCRIPTORS, cage.Layer.RLIMITS} | cage.machine_report().missing
    plan = cage.Plan("sealed", without=frozenset(left_out))

    def close() -> None:
        cage.enclose(plan)
        cage.seal(plan)

    return close


def _reap(child: int, deadline_s: float) -> tuple[bool, int]:
    """Return whether a child ended by itself, and how it ended; kill it at the deadline."""
    handle = os.pidfd_open(child)
    poller = select.poll()
    poller.register(handle, select.POLLIN)
    left_s = max(deadline_s - time.monotonic(), 0.0)
    ended = bool(poller.poll(left_s * 1000))
    os.close(handle)
    if not ended:
        os.kill(child, signal.SIGKILL)
    return ended, os.waitpid(child, 0)[1]


def _read_answer(reader: int, deadline_s: float) -> bytes | None:
    """Return what the child wrote until it closed the pipe; None: not in time, or too much."""
    poller = select.poll()
    poller.register(reader, select.POLLIN)
    parts: list[bytes] = []
    size = 0
    while True:
        left_s = deadline_s - time.monotonic()
        if left_s <= 0 or not poller.poll(left_s * 1000):
            return None
        part = os.read(reader, RESULT_BYTES_MAX)
        if not part:
            return b"".join(parts)
        parts.append(part)
        size += len(part)
        if size > RESULT_BYTES_MAX:
            return None


def _judged(answer: bytes | None, status: int) -> Verdict:
    if answer is None:
        return Verdict(False, "too-long", 0, f"no verdict within {VERDICT_S} s: make it simpler")
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGXCPU:
        return Verdict(False, "too-long", 0, f"no verdict within {CPU_S} s: make it simpler")
    verdict = _parse_answer(answer) if status == 0 else None
    if verdict is None:
        return Verdict(False, "parser", 0, "reading this ends the reader: make it simpler")
    return verdict


def _parse_answer(answer: bytes) -> Verdict | None:
    """Return the verdict that a child gave, or None where it is none."""
    try:
        fields = json.loads(answer)
    except (ValueError, RecursionError):
        return None
    if not isinstance(fields, dict) or fields.keys() != _FORMS.keys():
        return None
    if not all(_FORMS[key](value) for key, value in fields.items()):
        return None
    return Verdict(**{**fields, "moods": tuple(fields["moods"])})


def _is_text(value: object) -> bool:
    return isinstance(value, str) and len(value) <= _TEXT_MAX


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 1_000_000


_FORMS: Final[dict[str, Callable[[Any], bool]]] = {
    "accepted": lambda value: isinstance(value, bool),
    "rule": _is_text,
    "line": _is_count,
    "reason": _is_text,
    "tier": lambda value: value in ("", NATIVE, INTERPRETED),
    "state": lambda value: value in ("", NONE, CARRIED, VOLATILE),
    "why_interpreted": _is_text,
    "why_volatile": _is_text,
    "memory": _is_count,
    "name": _is_text,
    "code_hash": _is_text,
    "moods": lambda value: (
        isinstance(value, list) and len(value) <= _ITEMS_MAX and all(map(_is_text, value))
    ),
}


def _be_screened(data: bytes, writer: int, parent: int, seal: Callable[[], None]) -> Any:
    """Be the child: shed everything, judge, write the verdict, end. Does not return."""
    code = 1
    try:
        _shed(writer, parent)
        seal()
        # What the parent holds is not to be copied page by page because we count references.
        gc.disable()
        fields = judge(data).fields()
        os.write(3, json.dumps(fields).encode())
        code = 0
    except BaseException:
        # Our own fault, or no memory: the parent says "parser", and nobody reads a traceback.
        code = 1
    finally:
        os._exit(code)


def _shed(writer: int, parent: int) -> None:
    """Give up descriptors, room, time, and a life longer than the parent's."""
    die_with(parent)
    refuse_core_dumps()
    nowhere = os.open(os.devnull, os.O_RDWR)
    pipe = fcntl.fcntl(writer, fcntl.F_DUPFD, 4)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    os.dup2(pipe, 3)
    os.closerange(4, 1 << 20)
    mapped = 0
    with open("/proc/self/statm", encoding="ascii") as file:
        mapped = int(file.read().split()[0]) * _PAGE_BYTES
    for limit, value in (
        (resource.RLIMIT_AS, mapped + MEMORY_BYTES),
        (resource.RLIMIT_CPU, CPU_S),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_NOFILE, DESCRIPTORS),
    ):
        resource.setrlimit(limit, (value, value))
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM, signal.SIGXCPU):
        signal.signal(number, signal.SIG_DFL)
    ctypes.CDLL(None).alarm(CPU_S + 1)


def judge(data: bytes) -> Verdict:
    """Return the verdict on a source, in this very process: for who is disposable.

    Args:
        data: any bytes at all.
    """
    try:
        checked = check_source(data)
    except Refusal as refusal:
        return Verdict(False, refusal.rule, refusal.line, refusal.reason[:REASON_CHARS_MAX])
    try:
        tier, why_interpreted = tier_of(checked)
    except RecursionError:
        tier, why_interpreted = INTERPRETED, "parts lie too deep within each other"
    return Verdict(
        accepted=True,
        tier=tier,
        why_interpreted=why_interpreted[:REASON_CHARS_MAX],
        state=checked.state,
        why_volatile=checked.why_volatile[:REASON_CHARS_MAX],
        memory=len(checked.attributes),
        name=checked.name,
        code_hash=checked.code_hash,
        moods=checked.moods,
    )

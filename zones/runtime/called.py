"""One call: a foreign function or file, run once in a sealed process, its value sent as plain data.

Owns: the life of a call cell after its fork: what is loaded beforehand, the seal, running, the
answer. Does not own: the cage (`cage.py`), who may have something run and for how long
(`Kernel/core/calls.py`), the form of job and answer (`Kernel/contract/call_job.py`).

Nothing is unpickled, parsed or run before the process is sealed. What runs then may change anything
in here, the writing of the answer too: the kernel takes all that comes for hostile.
"""

import codecs
import hashlib
import importlib
import json
import linecache
import os
import pickle
import random
import signal
import sys
import time
import types
from collections.abc import Mapping, Sequence
from importlib.machinery import BuiltinImporter, FrozenImporter, ModuleSpec
from typing import Any, Final, NoReturn

import numpy as np

from Kernel.contract.call_job import (
    ANSWER_BYTES_MAX,
    CODE_FILE,
    CODE_PIPE,
    CallJob,
    JobKind,
    Outcome,
    unpack_job,
)
from zones.runtime.cage import CageError, CageLimits, Layer, Plan, enclose, seal
from zones.runtime.compiled_file import CodeRoad
from zones.runtime.enclosing import SEALED
from zones.runtime.kinship import set_process_name
from zones.runtime.plain_data import NotPlain, to_plain
from zones.runtime.printed import Printed
from zones.runtime.told_error import tell_error

MODULES: Final = (
    "abc", "array", "ast", "base64", "binascii", "bisect", "calendar", "cmath", "codecs",
    "collections", "collections.abc", "colorsys", "contextlib", "copy", "csv", "dataclasses",
    "datetime", "decimal", "difflib", "enum", "fractions", "functools", "graphlib", "hashlib",
    "heapq", "html", "inspect", "io", "itertools", "json", "keyword", "math", "numbers", "numpy",
    "numpy.fft", "numpy.linalg", "numpy.random", "operator", "pickle", "pprint", "random", "re",
    "shlex", "statistics", "string", "struct", "textwrap", "time", "traceback", "types", "typing",
    "unicodedata", "urllib.parse", "uuid", "warnings", "weakref", "zlib", "zoneinfo",
)  # fmt: skip
"""What a call may import; whatever else is loaded may change from version to version."""
_UNSEEN: Final = ("cloudpickle", "_strptime", "encodings.idna", "unittest.mock")
"""What those import on first use, when it is too late."""
_CODECS: Final = (
    "ascii", "latin-1", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32",
    "cp1252", "unicode_escape", "raw_unicode_escape", "hex", "base64", "rot13",
)  # fmt: skip
HINT: Final = "molt doctor cage"
LOADED_NAME: Final = "__molt__"
"""The `__name__` of a file that defines `main`: it is called, so nothing else should call it."""
_SPARE_BYTES: Final = 16 * 1024
"""Of an answer, for what stands beside its value."""
_NO_ANSWER: Final = (
    b'{"outcome": "out of memory", "result": null, "printed": "", "dropped_bytes": 0, "error": '
    b'{"type": "MemoryError", "message": "no memory was left to tell more", "line": 0, '
    b'"frames": []}}'
)


class _TooLate(BaseException):
    """The time of the call is over."""


class _Alarm:
    """Interrupts what runs, once, when the time is over; a sealed process can set no alarm.

    Attributes:
        heeded: somebody still runs who may be interrupted.
    """

    def __init__(self, timeout_s: float) -> None:
        self.heeded = True
        signal.signal(signal.SIGALRM, self._ring)
        signal.setitimer(signal.ITIMER_REAL, timeout_s)

    def _ring(self, _number: int, _frame: object) -> None:
        if self.heeded:
            self.heeded = False
            raise _TooLate


def load_modules() -> None:
    """Import all that a call may use: before the fork, so that it costs no call anything."""
    for name in (*MODULES, *_UNSEEN):
        importlib.import_module(name)
    for name in _CODECS:
        codecs.lookup(name)
    time.tzset()  # reads the file of the zone of time


def run_call(
    facts: Mapping[str, Any], descriptors: Mapping[str, int], missing: frozenset[Layer]
) -> NoReturn:
    """Be a call cell.

    Args:
        facts: of the Fork; `limits` as `CageLimits` has them; `uncaged`: run it where no filter of
            calls is to be had, too.
        descriptors: `job` and `result`; `code`: what its file compiles to, as it was kept;
            `compiled`: takes that, to be kept. All others are closed, the locks of the home, too:
            it has no arena that they would guard.
        missing: layers that this machine has not got.

    Raises:
        CageError: the process cannot be sealed, so nothing is run.
    """
    if Layer.SECCOMP in missing and not facts.get("uncaged"):
        raise CageError("cannot run foreign code: the system has no filter of calls", HINT)
    job = unpack_job(_read(descriptors["job"]))
    result_fd = descriptors["result"]
    kept = _read(descriptors[CODE_FILE]) if CODE_FILE in descriptors else b""
    road = CodeRoad(kept, descriptors.get(CODE_PIPE))
    set_process_name("molt call")
    printed = Printed(job.output_bytes)
    _shut_off(printed)
    plan = Plan(
        SEALED,
        limits=CageLimits(**facts["limits"]),
        keep=frozenset((result_fd, *road.fds)),
        without=missing,
    )
    enclose(plan)
    alarm = _Alarm(job.timeout_s)
    seal(plan)
    try:
        answer = _answer(job, printed, alarm, road)
    except (MemoryError, _TooLate):
        answer = _NO_ANSWER
    while answer:
        answer = answer[os.write(result_fd, answer) :]
    os._exit(0)


def _read(fd: int) -> bytes:
    with open(fd, "rb") as file:
        return file.read()


def _shut_off(printed: Printed) -> None:
    """Take the standard streams, the search for modules and chance away from what will run."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nothing, standard)
    os.close(nothing)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - for the whole life
    sys.stdout = sys.stderr = printed.stream
    sys.path = []
    sys.path_hooks = []
    sys.path_importer_cache.clear()
    sys.meta_path = [BuiltinImporter, FrozenImporter, _NothingMore()]


class _NothingMore:
    """The last finder: says why there is no such module."""

    def find_spec(self, name: str, _path: object = None, _target: object = None) -> ModuleSpec:
        raise ModuleNotFoundError(
            f"No module named {name!r}: a sealed zone reads no files, so only what was loaded "
            "beforehand can be imported (molt help run)",
            name=name,
        )


def _answer(job: CallJob, printed: Printed, alarm: _Alarm, road: CodeRoad) -> bytes:
    """Run the job and return what is to be told of it."""
    sources: dict[str, Sequence[str]] = {}
    outcome, result, error = Outcome.RETURNED, None, None
    try:
        result = to_plain(_run(job, sources, road), ANSWER_BYTES_MAX - _SPARE_BYTES)
        _dump(result, ANSWER_BYTES_MAX - _SPARE_BYTES)
        alarm.heeded = False
    except NotPlain as why:
        outcome, result = Outcome.RAISED, None
        message = f"cannot hand back what it returns: {why}"
        error = {"type": "NotPlain", "message": message, "line": 0, "frames": []}
    except _TooLate as late:
        outcome = Outcome.HUNG
        error = tell_error(late, sources)
        error |= {"type": "TimeoutError", "message": f"it has not ended in {job.timeout_s:g} s"}
    except MemoryError as full:
        outcome, error = Outcome.OUT_OF_MEMORY, tell_error(full, sources)
    except SystemExit as left:
        if left.code not in (None, 0):
            outcome, error = Outcome.RAISED, tell_error(left, sources)
    except BaseException as raised:  # the top of a foreign program
        outcome, error = Outcome.RAISED, tell_error(raised, sources)
    alarm.heeded = False
    return _encode(outcome, result, error, printed)


def _run(job: CallJob, sources: dict[str, Sequence[str]], road: CodeRoad) -> Any:
    """Run a job; return its value.

    Args:
        sources: gets the lines of a file, for whoever tells of an error in it.
        road: gives what a file compiles to; it is closed before anything foreign runs.
    """
    digest = hashlib.sha256(repr(job.args).encode() + job.payload).digest()
    random.seed(digest)
    np.random.seed(int.from_bytes(digest[:4], "big"))
    if job.kind is JobKind.PICKLE:
        road.close()
        function, args, kwargs = pickle.loads(job.payload)  # the process is sealed
        return function(*args, **kwargs)
    lines = job.payload.decode(errors="replace").splitlines(keepends=True)
    sources[job.name] = lines
    linecache.cache[job.name] = (len(job.payload), None, lines, job.name)
    file = road.compiled(job.name, job.payload)
    module = types.ModuleType(LOADED_NAME if file.has_main else "__main__")
    module.__dict__["__file__"] = job.name
    sys.modules[module.__name__] = module
    sys.argv = [job.name, *job.args]
    exec(file.code, module.__dict__)
    if file.has_main:
        return module.__dict__["main"](*job.args)
    return module.__dict__.get("result")


def _encode(outcome: Outcome, result: Any, error: dict[str, Any] | None, printed: Printed) -> bytes:
    """Return the answer: with as much of what was printed as there is room for."""
    told = {"outcome": outcome.value, "result": result, "error": error}
    text, dropped = printed.text(), printed.dropped_bytes
    room = ANSWER_BYTES_MAX - _SPARE_BYTES // 2 - len(json.dumps(told))
    while (size := len(json.dumps(text))) > room and text:
        kept = text[: len(text) * max(0, room) // size]
        dropped += len(text[len(kept) :].encode())
        text = kept
    return json.dumps({**told, "printed": text, "dropped_bytes": dropped}).encode()


def _dump(result: Any, bytes_max: int) -> None:
    """See that a value fits.

    Raises:
        NotPlain: it does not.
    """
    size = len(json.dumps(result, allow_nan=False))
    if size > bytes_max:
        raise NotPlain(f"it takes {size} bytes as JSON, and {bytes_max} is the limit")

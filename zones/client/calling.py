"""Have a function run in a sealed process of a running kernel, and get plain data back.

Owns: pickling the function with all of the caller's own code that it needs, what a failure looks
like to a program. Does not own: the process (`zones/runtime/called.py`), limits
(`Kernel/core/calls.py`), the road to the kernel (`console.py`).
"""

import io
import linecache
import sys
import sysconfig
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, Final

from Kernel.contract.call_job import JOB_BYTES_MAX, TEXT_MAX, exit_code
from Kernel.contract.call_words import reason, traceback_text
from Kernel.contract.errors import MoltError, UsageError
from zones.client.console import ask

QUEUE_S: Final = 600.0
"""How long a call may wait for its place, besides the time it may take."""
TIMEOUT_S: Final = 10.0
NAME_MAX: Final = 120
_INSTALLED: Final = frozenset(("site-packages", "dist-packages"))
_NO_FILE: Final = "<dynamic-code>"
"""What cloudpickle puts in the place of a file."""
_REGISTRY: Final = threading.Lock()
"""Which modules cloudpickle takes by value is known to the whole process."""


class CallFailed(MoltError):
    """A call came to no result.

    Attributes:
        outcome: "raised", "hung", "out of memory", "died", ...
        type: of the exception, by name; the class itself is not here.
        traceback: as text, with the lines of files that are on this machine.
        printed: what it had printed.
        details: line: where it happened.
    """

    def __init__(self, name: str, answer: Mapping[str, Any]) -> None:
        error = answer.get("error") or {}
        super().__init__(f"cannot call {name}: {reason(error)}", "molt help run")
        self.outcome = str(answer.get("outcome", ""))
        self.exit_code = exit_code(self.outcome)
        self.type = str(error.get("type", ""))
        self.traceback = traceback_text(error, linecache.getline)
        self.printed = str(answer.get("printed", ""))
        self.details = {"outcome": self.outcome, "line": int(error.get("line", 0))}
        if error.get("frames"):
            self.add_note(self.traceback)


def call_at(
    home: Path,
    function: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
    timeout_s: float | None,
) -> Any:
    """Run `function(*args, **kwargs)` in a sealed process of the kernel of a home.

    What it prints is printed here, when it has ended.

    Args:
        timeout_s: None: as long as usual.

    Raises:
        UsageError: it cannot be pickled, or is too large.
        Refused: the kernel may not or cannot run it now.
        NoKernel: none runs there.
        CallFailed: it raised, took too long, died, or returned what is no plain data.
    """
    name = _name_of(function)
    payload = _pickled(name, (function, args, dict(kwargs)))
    if len(payload) > JOB_BYTES_MAX:
        raise UsageError(
            f"cannot call {name}: with its arguments it takes {len(payload)} bytes, the limit is "
            f"{JOB_BYTES_MAX}",
            "molt help run",
        )
    given: dict[str, object] = {"source": b64encode(payload).decode(), "pickle": True, "name": name}
    given |= {} if timeout_s is None else {"timeout_s": timeout_s}
    answer = ask(home, "run", given, (timeout_s or TIMEOUT_S) + QUEUE_S)
    if answer.get("ok") is not True:
        raise CallFailed(name, answer)
    if answer.get("printed"):
        print(_harmless(str(answer["printed"])), end="")
    return answer.get("result")


def _name_of(function: Callable[..., Any]) -> str:
    name = str(getattr(function, "__qualname__", None) or type(function).__name__)
    short = name.rpartition("<locals>.")[2]
    return "".join(each for each in short if each.isprintable())[:NAME_MAX] or "function"


def _harmless(text: str) -> str:
    """Return text that cannot steer a terminal."""
    return "".join(each for each in text if each.isprintable() or each in "\n\t")


def _pickled(name: str, call: object) -> bytes:
    """Return a call as bytes; its code says which file it is of, so that tracebacks can.

    Raises:
        UsageError: it has no pickle.
    """
    # Only who calls something needs it, and it takes as long to import as the rest of the client.
    import cloudpickle

    reduce_code = cloudpickle.Pickler.dispatch_table[CodeType]

    def with_file(code: CodeType) -> tuple[Any, ...]:
        kind, args = reduce_code(code)
        return kind, tuple(code.co_filename if each == _NO_FILE else each for each in args)

    class Pickler(cloudpickle.Pickler):  # type: ignore[misc]  # it ships no types
        dispatch_table = cloudpickle.Pickler.dispatch_table.new_child({CodeType: with_file})

    data = io.BytesIO()
    try:
        with _by_value(cloudpickle):
            Pickler(data).dump(call)
    except Exception as error:  # pickling runs methods of the caller's objects: anything may come
        why = f"{type(error).__name__}: {error}"[:TEXT_MAX]
        raise UsageError(f"cannot call {name}: it cannot be pickled: {why}") from error
    return data.getvalue()


@contextmanager
def _by_value(cloudpickle: ModuleType) -> Iterator[None]:
    """Have the code of the caller's own modules go along: the other process has none of them."""
    with _REGISTRY:
        known = set(cloudpickle.list_registry_pickle_by_value())
        added = [each for each in _own_modules() if each.__name__ not in known]
        try:
            for module in added:
                cloudpickle.register_pickle_by_value(module)
            yield
        finally:
            for module in added:
                cloudpickle.unregister_pickle_by_value(module)


def _own_modules() -> list[ModuleType]:
    """Return the modules that are neither of Python nor of an installed package."""
    python = (sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib"))
    found = []
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if not isinstance(file, str) or type(module) is not ModuleType:
            continue
        path = Path(file).absolute()
        installed = not _INSTALLED.isdisjoint(path.parts) or any(map(path.is_relative_to, python))
        if not installed and module.__name__ == name != "__main__":
            found.append(module)
    return found

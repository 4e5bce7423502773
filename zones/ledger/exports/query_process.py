"""A query in a process of its own, which can be ended whatever it does.

Owns: the process, its memory, its end at the time limit, the way its words come back. Does not own:
the query (`sql.py`), what is printed (`zones/ledger/commands/sql.py`).

DuckDB hears of an interrupt only between two vectors: `repeat('x', 2000000000)` is one call of a
function and took 25 s and 4 GB past any limit. A process can be killed, and has an address space.
Forked before anything is opened: neither DuckDB's threads nor SQLite's files may cross a fork.
"""

import json
import os
import resource
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, NoReturn

from Kernel.contract.errors import LedgerError, MoltError, Refused
from zones.runtime.kinship import die_with

GRACE_S: Final = 1.0
"""So long after its time a query may end by itself, with its own words."""
MEMORY_BYTES: Final = 1536 * 1024 * 1024
"""What the process may take for a query, besides what it has: DuckDB's own limit and the answer."""
NO_MEMORY: Final = "cannot run the query: it takes more memory than it may have"
_READ_BYTES: Final = 1024 * 1024


class Told:
    """The child's end of the road back.

    Args:
        descriptor: of a pipe.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def say(self, sentence: str) -> None:
        """Have the parent say a sentence."""
        self.send({"say": sentence})

    @contextmanager
    def limited(self) -> Iterator[None]:
        """Have the time and the memory limit hold for what is done in here.

        Raises:
            Refused: there was not enough memory.
        """
        before = resource.getrlimit(resource.RLIMIT_AS)
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        most = pages * resource.getpagesize() + MEMORY_BYTES
        if before[1] != resource.RLIM_INFINITY:
            most = min(most, before[1])
        resource.setrlimit(resource.RLIMIT_AS, (most, before[1]))
        self.send({"begun": True})
        try:
            yield
        except MemoryError as error:
            raise Refused(NO_MEMORY) from error
        finally:
            resource.setrlimit(resource.RLIMIT_AS, before)
            self.send({"begun": False})

    def send(self, fields: dict[str, Any]) -> None:
        """Send a message."""
        text = json.dumps(fields, ensure_ascii=False)
        view = memoryview(text.encode("utf-8", "surrogatepass") + b"\n")
        while view:
            view = view[os.write(self._descriptor, view) :]


def run_apart(
    work: Callable[[Told], dict[str, Any]], time_s: float, say: Callable[[str], None]
) -> dict[str, Any]:
    """Do work in a child and return what it gives: plain data.

    Args:
        time_s: that what it does in `limited` may take.
        say: called with each sentence it says.

    Raises:
        MoltError: what it raises.
        Refused: it took too long, or died of its memory.
    """
    parent = os.getpid()
    ours, theirs = os.pipe2(os.O_CLOEXEC)
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        os.close(ours)
        _be_child(work, Told(theirs), parent)
    os.close(theirs)
    try:
        return _listen(ours, time_s, say)
    finally:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(ours)


def _be_child(work: Callable[[Told], dict[str, Any]], told: Told, parent: int) -> NoReturn:
    try:
        die_with(parent)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        try:
            told.send({"gave": work(told)})
        except MoltError as error:
            told.send({"failed": [error.message, error.hint, error.exit_code]})
    except (KeyboardInterrupt, BrokenPipeError):
        pass
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(0)


def _listen(descriptor: int, time_s: float, say: Callable[[str], None]) -> dict[str, Any]:
    until_s: float | None = None
    data = bytearray()
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    while True:
        wait_ms = None if until_s is None else max(until_s - time.monotonic(), 0.0) * 1000
        if not poll.poll(wait_ms):
            raise too_long(time_s)
        read = os.read(descriptor, _READ_BYTES)
        if not read and until_s is not None:  # what DuckDB cannot catch ends the process
            raise Refused(f"{NO_MEMORY}, or has crashed: its process died", "molt help sql")
        if not read:
            raise LedgerError("cannot run the query: its process has died", "molt help sql")
        data += read
        while b"\n" in read:
            line, _, rest = bytes(data).partition(b"\n")
            data = bytearray(rest)
            read = rest
            message = json.loads(line.decode("utf-8", "surrogatepass"))
            if "gave" in message:
                gave: dict[str, Any] = message["gave"]
                return gave
            if "failed" in message:
                text, hint, code = message["failed"]
                error = MoltError(text, hint)
                error.exit_code = code
                raise error
            if "say" in message:
                say(message["say"])
            else:
                until_s = time.monotonic() + time_s + GRACE_S if message["begun"] else None


def too_long(time_s: float) -> Refused:
    """Return the error of a query that took too long."""
    why = f"cannot finish the query: it took more than {time_s:g} s"
    return Refused(why, "molt sql --time 10m ...")

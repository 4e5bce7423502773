"""The compiled code of one call: given to its cell where it is kept, taken from it to be kept.

Owns: the descriptors this goes through, from the birth of the cell to its end. Does not own: what
is kept (`function_cache.py`), the cell's side (`zones/runtime/compiled_file.py`), the form
(`Kernel/contract/call_job.py`).

A cell compiles in its seal, gives the code away, and closes the pipe before it runs anything: what
is foreign never has it in its hands. If the parser itself were broken into, the bytes could be of
the intruder's choice, and would be found under the key of its own source only. They are never
loaded here.

Of a file shorter than KEPT_FROM_BYTES nothing is kept: it compiles in half a millisecond, a hit is
less than 20 times as fast (`tests.bench functioncache`), and a call takes twenty.
"""

import os
from contextlib import suppress
from typing import Final

from Kernel.contract.call_job import (
    CODE_FILE,
    CODE_PIPE,
    COMPILED_BUILD,
    CallJob,
    JobKind,
    unframe_compiled,
)
from Kernel.core.function_cache import FunctionCache, code_key
from Kernel.ports.cell_files import CODE_PIPE_BYTES, open_code_pipe, read_code, seal_job

KEPT_FROM_BYTES: Final = 4096


class CallCode:
    """That of one call.

    Attributes:
        was_kept: its cell was given code.
    """

    def __init__(self, cache: FunctionCache, job: CallJob) -> None:
        self.was_kept = False
        self._cache = cache
        self._key = b""
        if job.kind is JobKind.SOURCE and len(job.payload) >= KEPT_FROM_BYTES:
            self._key = code_key(COMPILED_BUILD, job.name, job.payload)
        self._given: dict[str, int] = {}
        self._pipe = -1

    def descriptors(self, now_s: float) -> dict[str, int]:
        """Return what its cell is given besides, by name; they stay ours until `born`."""
        if not self._key:
            return {}
        kept = self._cache.get(self._key, now_s)
        with suppress(OSError):  # without, it is compiled once more: nothing fails for it
            if kept is not None:
                self._given = {CODE_FILE: seal_job(kept)}
                self.was_kept = True
            else:
                self._pipe, theirs = open_code_pipe()
                self._given = {CODE_PIPE: theirs}
        return self._given

    def born(self) -> None:
        """The cell has, or soon has, copies of its own."""
        for fd in self._given.values():
            os.close(fd)
        self._given = {}

    def end(self, now_s: float) -> None:
        """Keep what the cell has given, and close everything."""
        self.born()
        if self._pipe < 0:
            return
        code = unframe_compiled(read_code(self._pipe, CODE_PIPE_BYTES))
        if code is not None and code.startswith(COMPILED_BUILD):
            self._cache.put(self._key, code, now_s)
        os.close(self._pipe)
        self._pipe = -1

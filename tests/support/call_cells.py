"""Call cells forked from a real zygote, without a kernel: a job in, how it ended out."""

import json
import os
import select
import time
from pathlib import Path
from typing import Any

import cloudpickle

from Kernel.contract.call_job import (
    CODE_FILE,
    CODE_PIPE,
    CallJob,
    JobKind,
    pack_job,
    unframe_compiled,
)
from Kernel.contract.zygote_protocol import Fork, Forked, Prepared, Progress
from Kernel.ports.cell_files import (
    CODE_PIPE_BYTES,
    open_answer,
    open_code_pipe,
    read_code,
    seal_job,
)
from Kernel.ports.process import Exit
from tests.support.real_processes import RealProcesses

LIMITS = {
    "memory_bytes": 256 << 20,
    "cpu_s": 10,
    "processes": 0,
    "descriptors": 64,
    "file_bytes": 0,
}
TOY = "tests.support.toy"
ANSWER_S = 20.0
SAID_MAX = 1 << 20


class Cells:
    """One zygote, of the toy unless said otherwise, and its call cells.

    Attributes:
        limits: of the next cell.
    """

    def __init__(
        self, folder: Path, service: str = TOY, settings: dict[str, Any] | None = None
    ) -> None:
        self.real = RealProcesses(folder)
        self.zygote, said = self.real.configure(settings, service=service)
        while isinstance(said, Progress):
            said = self.real.hear(self.zygote)
        assert isinstance(said, Prepared), said
        self.limits: dict[str, int] = dict(LIMITS)
        self._serial = 0

    def begin(
        self,
        job: CallJob,
        facts: dict[str, Any] | None = None,
        besides: dict[str, int] | None = None,
    ) -> tuple[int, int]:
        """Fork a cell; return its pid and our end of the pipe of its answer.

        Args:
            besides: descriptors that it is given, too, by name; they are closed here.
        """
        self._serial += 1
        ours, theirs = open_answer()
        given = {"job": seal_job(pack_job(job)), "result": theirs, **(besides or {})}
        fork = Fork(self._serial, "call", [*given], facts or {"limits": self.limits})
        forked = self.real.ask(self.zygote, fork, (*given.values(),))
        for fd in given.values():
            os.close(fd)
        assert isinstance(forked, Forked), forked
        return forked.pid, ours

    def run_compiled(self, job: CallJob, code: bytes = b"") -> tuple[Any, bytes | None]:
        """Run a file that was compiled before, or is to give its code; return answer and code."""
        if code:
            exit_, said = self.run(job, {CODE_FILE: seal_job(code)})
            return (json.loads(said) if exit_.code == 0 else exit_), None
        pipe, theirs = open_code_pipe()
        exit_, said = self.run(job, {CODE_PIPE: theirs})
        given = unframe_compiled(read_code(pipe, CODE_PIPE_BYTES))
        os.close(pipe)
        return (json.loads(said) if exit_.code == 0 else exit_), given

    def run(self, job: CallJob, besides: dict[str, int] | None = None) -> tuple[Exit, bytes]:
        """Run a job; return how its process ended and what it said, cut at SAID_MAX."""
        pid, ours = self.begin(job, besides=besides)
        said = bytearray()
        poller = select.poll()
        poller.register(ours, select.POLLIN)
        until_s = time.monotonic() + ANSWER_S
        while poller.poll(max(0, until_s - time.monotonic()) * 1000) and len(said) < SAID_MAX:
            piece = os.read(ours, 65536)
            if not piece:
                break
            said += piece
        os.close(ours)
        if len(said) >= SAID_MAX or time.monotonic() >= until_s:
            self.real.port.send_signal(pid, 9)
        return self.real.wait_exit(pid), bytes(said)

    def call(self, function: Any, *args: Any, timeout_s: float = 5.0, **kwargs: Any) -> Any:
        """Call a function; return its answer, or how its process ended if there is none."""
        payload = cloudpickle.dumps((function, args, kwargs))
        return self._told(CallJob(JobKind.PICKLE, "f", payload, timeout_s=timeout_s))

    def source(self, text: str | bytes, *args: str, **more: Any) -> Any:
        """Run a file; return as `call`."""
        data = text.encode() if isinstance(text, str) else text
        return self._told(CallJob(JobKind.SOURCE, "their.py", data, args, **more))

    def _told(self, job: CallJob) -> Any:
        exit_, said = self.run(job)
        return json.loads(said) if exit_.code == 0 else exit_

    def close(self) -> None:
        """End the zygote and whoever is left."""
        self.real.close()

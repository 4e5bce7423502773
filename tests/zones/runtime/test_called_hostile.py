"""Calls that mean harm, in real sealed processes: nothing is reached, nobody is left over.

What the kernel makes of such ends is in `tests/kernel/core/test_calls.py`, the whole way through a
running kernel in `tests/e2e/test_calls.py`.
"""

import os
import pickle
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import cloudpickle
import pytest

import tests.zones.runtime.test_called_hostile as this_module
from Kernel.contract.call_job import CallJob, JobKind, parse_told
from Kernel.contract.errors import CodecError
from Kernel.core.cell import parse_answer
from Kernel.ports.process import Exit
from tests.support.call_cells import LIMITS, SAID_MAX, Cells

cloudpickle.register_pickle_by_value(this_module)
pytestmark = pytest.mark.slow

FINDS = """
import os
def result_fd():
    for fd in range(3, 1024):
        try:
            os.write(fd, b"")
            return fd
        except OSError:
            pass
"""
"""The one descriptor that a cell can write to."""


@pytest.fixture(scope="module")
def cells(tmp_path_factory) -> Iterator[Cells]:
    """Give a zygote whose cells run calls; in the end it still does, and nobody else is there."""
    cells = Cells(tmp_path_factory.mktemp("cells"))
    yield cells
    assert cells.call(int, "7")["result"] == 7
    living = [
        int(pid)
        for child in Path("/proc/self/task").glob("*/children")
        for pid in child.read_text().split()
    ]
    assert living == [cells.zygote.pid]
    cells.close()


class Bomb:
    """Runs a command as soon as somebody unpickles it."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (self.command,)


@pytest.mark.parametrize(
    "text",
    [
        "import os\nos.fork()",
        "import os\nos.execv('/bin/sh', ['sh', '-c', 'touch {mark}'])",
        "import os\nos.posix_spawn('/bin/touch', ['touch', '{mark}'], {})",
        "import os\nos.system('touch {mark}')",
        "import subprocess\nsubprocess.run(['touch', '{mark}'])",
        "import socket\nsocket.socket()",
        "import socket\nsocket.socketpair()",
        "import socket\nsocket.socket(socket.AF_UNIX).connect('{mark}')",
        "import threading\nthreading.Thread(target=print).start()",
        "import os\nos.kill(os.getppid(), 9)",
        "import os\nos.kill(os.getpid(), 9)",
        "import os\nos.killpg(0, 9)",
        "import signal\nsignal.alarm(1)",
        "import os\nos.unlink('{mark}')",
        "import os\nos.rename('/etc/passwd', '{mark}')",
        "import os\nos.memfd_create('x')",
        "import os\nos.pipe()",
        "import os\nos.dup2(1, 5)",
        "import os\nos.setuid(0)",
        "import os\nos.chroot('/')",
        "import os\nos.pidfd_open(os.getppid())",
        "import mmap\nmmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_EXEC)",
        "import ctypes\nctypes.CDLL(None).ptrace(16, {parent}, 0, 0)",
        "import ctypes\nctypes.CDLL(None).process_vm_readv({parent}, 0, 0, 0, 0, 0)",
        "import ctypes\nctypes.CDLL(None).prctl(22, 0, 0, 0, 0)",
        "import ctypes\nctypes.CDLL(None).shmget(1, 4096, 0o1600)",
        "import resource, os\nresource.prlimit({parent}, resource.RLIMIT_CPU, (1, 1))",
    ],
)
def test_what_asks_the_system_for_more_than_it_may_dies_of_it(cells, tmp_path, text):
    """By SIGSYS, at once, and nothing has happened."""
    mark = tmp_path / "mark"
    end = cells.source(text.replace("{mark}", str(mark)).replace("{parent}", str(os.getpid())))
    assert isinstance(end, Exit) and end.signal == signal.SIGSYS
    assert not mark.exists()


@pytest.mark.parametrize(
    "path", ["{mark}", "/proc/{parent}/mem", "/proc/self/mem", "/dev/shm", "/etc/passwd", "."]
)
@pytest.mark.parametrize("how", ["open({0!r}, 'rb')", "open({0!r}, 'wb')", "os.stat({0!r})"])
def test_no_file_can_be_asked_for(cells, tmp_path, path, how):
    """Neither read, nor written, nor looked at: the answer is no, so that who asks can go on."""
    mark = tmp_path / "mark"
    target = path.replace("{mark}", str(mark)).replace("{parent}", str(os.getpid()))
    told = cells.source(f"import os\n{how.format(target)}")
    assert (told["outcome"], told["error"]["type"]) == ("raised", "PermissionError")
    assert not mark.exists()


def test_no_descriptor_is_open_but_the_way_back(cells):
    """What the zygote and the kernel have open is closed; the standard ones lead nowhere."""
    ours, theirs = socket.socketpair()  # one more, to be inherited by a careless fork
    told = cells.source(
        "import errno, os\nopen_ones = []\nfor fd in range(1024):\n    try:\n"
        "        os.lseek(fd, 0, os.SEEK_CUR)\n        open_ones.append(fd)\n"
        "    except OSError as error:\n"
        "        if error.errno != errno.EBADF: open_ones.append(fd)\n"
        "os.write(1, b'x' * 10000)\nos.write(2, b'y' * 10000)\n"
        "result = [len(open_ones), open_ones[:3]]"
    )
    ours.close()
    theirs.close()
    assert told["result"] == [4, [0, 1, 2]]
    assert told["printed"] == ""
    assert cells.real.stderr(cells.zygote) == ""


def test_a_pickle_that_runs_commands_runs_none(cells, tmp_path):
    """It is unpickled where it can do no harm."""
    mark = tmp_path / "mark"
    payload = pickle.dumps((Bomb(f"touch {mark}"), (), {}))
    exit_, said = cells.run(CallJob(JobKind.PICKLE, "f", payload))
    assert (exit_.signal, said) == (signal.SIGSYS, b"")
    assert not mark.exists()


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\x80",
        b"nonsense",
        b"]" * 300_000 + b"a" * 299_999 + b".",  # lists in each other, as deep as it is long
        b"I1\n.",
        pickle.dumps((1, 2)),
        pickle.dumps((len, 3, 4)),
        b"\x80\x04\x8e" + (1 << 50).to_bytes(8, "little"),  # bytes that are not there
        b"cos\n_exit\n(I0\ntR.",
    ],
)
def test_whatever_is_unpickled_ends_soundly(cells, payload):
    """An exception, an exit or a signal: never a sound answer that is none."""
    exit_, said = cells.run(CallJob(JobKind.PICKLE, "f", payload))
    if exit_.code == 0 and said:
        assert parse_told(parse_answer(said)).error is not None


@pytest.mark.parametrize(
    "words",
    [
        b"",
        b"nonsense",
        b"[1]",
        b'{"outcome": "returned"}',
        b'{"outcome": "returned", "result": NaN, "printed": "", "dropped_bytes": 0, "error": null}',
        b'{"outcome": "died", "result": 1, "printed": "", "dropped_bytes": 0, "error": null}',
        b"[" * 100_000,
        b'{"outcome": "returned", "result": ' + b"9" * 5000 + b', "printed": "", '
        b'"dropped_bytes": 0, "error": null}',
    ],
)
def test_who_writes_the_answer_itself_is_not_believed(cells, words):
    """The bytes of a hostile process are parsed as such."""
    text = f"{FINDS}\nos.write(result_fd(), {words!r})\nos._exit(0)"
    exit_, said = cells.run(CallJob(JobKind.SOURCE, "their.py", text.encode()))
    assert (exit_.code, said) == (0, words)
    with pytest.raises(CodecError):
        parse_told(parse_answer(said))


def test_who_replaces_what_writes_the_answer_harms_itself_alone(cells):
    """Patched json, os, printing: all within its own process."""
    text = (
        "import json, os, sys\nreal = os.write\njson.dumps = lambda *a, **k: '{\"x\": 1}'\n"
        "os.write = lambda fd, data: real(fd, data[:7])\nsys.stdout = 3\nresult = 1"
    )
    _, said = cells.run(CallJob(JobKind.SOURCE, "their.py", text.encode()))
    with pytest.raises(CodecError):
        parse_told(parse_answer(said))


def test_who_floods_the_way_back_is_cut(cells):
    """It can write as much as it likes; nobody reads it."""
    text = f"{FINDS}\nfd = result_fd()\nwhile True: os.write(fd, b'x' * 65536)"
    _, said = cells.run(CallJob(JobKind.SOURCE, "their.py", text.encode(), timeout_s=20.0))
    assert SAID_MAX <= len(said) < 2 * SAID_MAX and set(said) == {ord("x")}


def test_who_catches_everything_runs_out_of_processor_time(cells):
    """The last resort of the system itself; a kernel's own limit comes before."""
    cells.limits = LIMITS | {"cpu_s": 1}
    try:
        text = "while True:\n try:\n  while True:\n   pass\n except BaseException:\n  pass"
        end = cells.source(text, timeout_s=0.1)
    finally:
        cells.limits = dict(LIMITS)
    assert isinstance(end, Exit) and end.signal in (signal.SIGXCPU, signal.SIGKILL)


@pytest.mark.parametrize(
    "text",
    [
        "x = bytes(1 << 40)",
        "import numpy\nx = numpy.ones(1 << 34)",
        "x = 'x' * (1 << 33)",
        "x = [0]\nwhile True: x += x",
        "x = 10 ** (10 ** 8)",
        "x = list(range(10 ** 10))",
    ],
)
def test_a_memory_bomb_goes_off_within_its_limit(cells, text):
    """Told as what it is, or the time is over first."""
    told = cells.source(text, timeout_s=2.0)
    assert told["outcome"] in ("out of memory", "hung")
    parse_told(told)


def test_printing_without_end_is_bounded(cells):
    """In memory and in time; how much is left out is told."""
    told = cells.source("while True: print('x' * 1000)", timeout_s=0.5)
    assert told["outcome"] == "hung"
    assert len(told["printed"]) == 64 * 1024 and told["dropped_bytes"] > 10_000
    parse_told(told)


@pytest.mark.parametrize(
    "text",
    [
        "class E(Exception):\n    def __str__(self): raise SystemExit\nraise E",
        "class E(BaseException):\n    __module__ = property(lambda s: 1/0)\nraise E",
        "class M(type):\n    def __getattribute__(c, n): raise KeyboardInterrupt\n"
        "class E(Exception, metaclass=M): pass\nraise E",
        "class D(dict):\n    def items(self): raise SystemExit(9)\nresult = {1: D()}",
        "class L(list):\n    __class__ = int\nresult = [L([L, 2])]",
        "result = []\nresult.append(result)",
        "result = type('X' * 10**6, (), {})()",
        "raise Exception('x' * 10**7)",
        "raise ExceptionGroup('g', [ValueError(n) for n in range(1000)])",
        "import sys\nsys.exit('x' * 10**7)",
        "import sys\nsys.setrecursionlimit(10**9)\nsys.stdout = None\nresult = lambda: 0",
    ],
)
def test_hostile_values_and_exceptions_are_told_soundly(cells, text):
    """Whatever their methods do."""
    told = cells.source(text)
    assert parse_told(told).error is not None


def test_who_answers_and_stays_has_not_ended(cells):
    """What it says after its own answer makes that nonsense."""
    text = f"{FINDS}\nimport time\nos.write(result_fd(), b'{{}}')\ntime.sleep(60)"
    told = cells.run(CallJob(JobKind.SOURCE, "their.py", text.encode(), timeout_s=0.3))
    assert told[0].code == 0 and told[1].startswith(b"{}{")

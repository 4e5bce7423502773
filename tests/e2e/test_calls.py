"""`molt run` and `zones.client.call` through a real kernel: values, failures, and harm contained.

What a cell does for itself is in `tests/zones/runtime/test_called.py` and `test_called_hostile.py`.
"""

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import psutil
import pytest

from tests.chaos.harness import KernelRun
from tests.structure.sources import ROOT
from tests.support.homes import temporary_home
from tests.support.wait import wait_until
from zones.client import CallFailed, call, open_home

pytestmark = pytest.mark.slow
CATCHES_ALL = "while True:\n try:\n  while True:\n   pass\n except BaseException:\n  pass\n"
FLOODS = """
import os
for fd in range(3, 64):
    try:
        while True: os.write(fd, b'x' * 65536)
    except OSError: pass
"""
LIES = """
import os
for fd in range(3, 64):
    try: os.write(fd, b'{"outcome": "returned", "result": NaN}')
    except OSError: pass
os._exit(0)
"""


@pytest.fixture(scope="module")
def kernel() -> Iterator[KernelRun]:
    """Give a running kernel; in the end its world has ticked on and nobody is left of a call."""
    with temporary_home() as home, KernelRun(home) as kernel:
        before = kernel.ask("status")
        yield kernel
        after = kernel.ask("status")
        for key in ("pid", "restarts", "epoch"):
            assert [zone[key] for zone in after["zones"]] == [zone[key] for zone in before["zones"]]
        assert after["world"]["tick"] > before["world"]["tick"]
        assert call_processes(kernel) == []


def call_processes(kernel: KernelRun) -> list[int]:
    """Return the processes that are, or were, a call."""
    children = psutil.Process(kernel.process.pid).children(recursive=True)
    return [child.pid for child in children if child.name() == "molt call"]


def molt(kernel: KernelRun, text: str, *words: str) -> tuple[int, dict[str, Any]]:
    """Run a text by `molt run - --json`; return exit code and document."""
    done = run(kernel, text, *words, "--json")
    return done.returncode, json.loads(done.stdout)


def run(kernel: KernelRun, text: str, *words: str) -> "subprocess.CompletedProcess[str]":
    """Run a text by `molt run -`."""
    line = [sys.executable, "-m", "Kernel.console.cli", "--home", str(kernel.home), "run", "-"]
    return subprocess.run(
        [*line, *words], cwd=ROOT, capture_output=True, text=True, timeout=120, input=text,
        check=False,
    )  # fmt: skip


def newest(kernel: KernelRun, kind: str) -> dict[str, Any]:
    """Return the newest event of a kind, with the kinds of what led to it."""
    done = subprocess.run(
        [sys.executable, "-m", "Kernel.console.cli", "--home", str(kernel.home), "--json",
         "kernel-events", "--last", "200"],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    events = json.loads(done.stdout)["events"]
    by_id = {event["id"]: event for event in events}
    found = [event for event in events if event["kind"] == kind][-1]
    chain, event = [], found
    while event is not None:
        chain.append(event["kind"])
        event = by_id.get(event["cause"])
    return found | {"chain": chain}


def test_a_file_is_run(kernel, tmp_path):
    """Its value, what it printed, its name; for people the same in words."""
    file = tmp_path / "model.py"
    file.write_text("def main(a, b='2'):\n    print('adding')\n    return int(a) + int(b)\n")
    code, told = molt(kernel, "print('hi')\nresult = {'a': [1, None]}")
    assert (code, told["ok"], told["outcome"], told["error"]) == (0, True, "returned", None)
    assert (told["file"], told["result"]) == ("stdin", {"a": [1, None]})
    assert (told["printed"], told["seconds"] > 0) == ("hi\n", True)
    line = [sys.executable, "-m", "Kernel.console.cli", "--home", str(kernel.home)]
    shown = subprocess.run(
        [*line, "run", str(file), "40", "--timeout", "20s"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert (shown.stdout, shown.stderr) == ("adding\n42\n", "")


def test_a_file_that_is_run_again_is_not_compiled_again(kernel):
    """The same answer, with the lines of an error, from code that the kernel has kept."""
    text = f"# {'x' * 5000}\ndef main(n):\n    return 6 / int(n)\n"
    before = kernel.ask("status")["kernel"]["function_cache"]
    first = molt(kernel, text, "0")
    assert newest(kernel, "call.begun")["payload"]["kept"] is False
    again = molt(kernel, text, "0")
    assert newest(kernel, "call.begun")["payload"]["kept"] is True
    assert first[0] == again[0] == 65
    assert first[1]["error"] == again[1]["error"] and again[1]["error"]["line"] == 3
    assert molt(kernel, text, "3")[1]["result"] == 2.0
    after = kernel.ask("status")["kernel"]["function_cache"]
    assert after["entries"] == before["entries"] + 1 and after["hits"] == before["hits"] + 2
    assert after["damaged"] == 0


def test_what_it_raises_is_shown(kernel):
    """Traceback on stderr with lines of the file, 65; JSON has type, message, line."""
    text = "print('so far')\ndef f():\n    return {}['x']\nf()\n"
    done = run(kernel, text, "--name", "their.py")
    assert (done.returncode, done.stdout) == (65, "so far\n")
    lines = done.stderr.splitlines()
    assert lines[1:6] == [
        '  File "their.py", line 4, in <module>', "    f()", '  File "their.py", line 3, in f',
        "    return {}['x']", "KeyError: 'x'",
    ]  # fmt: skip
    code, told = molt(kernel, text)
    assert code == 65 and told["error"]["line"] == 3 and told["error"]["type"] == "KeyError"


@pytest.mark.parametrize(
    ("text", "code", "outcome", "why"),
    [
        ("while True: pass", 124, "hung", "it has not ended in 1 s"),
        (CATCHES_ALL, 124, "hung", "it has not ended in 2 s"),
        ("import os\nos.fork()", 5, "died", "something this process may not do"),
        ("import os\nos.kill(os.getppid(), 9)", 5, "died", "something this process may not do"),
        ("open('/proc/{kernel}/mem', 'r+b')", 65, "raised", "not permitted"),
        ("open('{home}/run/console.sock')", 65, "raised", "not permitted"),
        ("import ctypes\nctypes.string_at(0)", 5, "died", "SIGSEGV"),
        ("x = []\nwhile True: x.append(bytes(10**7))", 5, "out of memory", ""),
        (FLOODS, 5, "flooded", "more than"),
        (LIES, 5, "nonsense", "no number"),
        ("import os\nos._exit(0)", 5, "nonsense", "cannot use an answer"),
        ("result = 'x' * 10**9", 5, "out of memory", ""),
        ("result = 'x' * 10**8", 65, "raised", "takes more than"),
        ("while True: print('x' * 999)", 124, "hung", ""),
    ],
)
def test_every_end_is_told_and_recorded_with_its_cause(kernel, text, code, outcome, why):
    """Answer, exit code, event; the event's cause leads back to who asked."""
    text = text.replace("{kernel}", str(kernel.process.pid)).replace("{home}", str(kernel.home))
    left, told = molt(kernel, text, "--timeout", "1s")
    assert (left, told["outcome"], told["ok"]) == (code, outcome, False)
    assert why in told["error"]["message"]
    ended = newest(kernel, "call.ended")
    assert ended["payload"]["outcome"] == outcome and why in ended["payload"]["why"]
    assert ended["chain"] == ["call.ended", "call.begun", "command.taken"]


def test_a_function_is_called(kernel, monkeypatch, capsys):
    """By the kernel of MOLT_HOME, or of a home; what it prints is printed here."""
    monkeypatch.setenv("MOLT_HOME", str(kernel.home))

    def count(words, **more):
        print("counting")
        return {word: len(word) for word in words} | more

    assert call(count, ["a", "bc"], extra=1.5) == {"a": 1, "bc": 2, "extra": 1.5}
    assert capsys.readouterr().out == "counting\n"
    assert open_home(kernel.home).call(lambda: list(range(20_000))) == list(range(20_000))
    with pytest.raises(CallFailed, match=r"cannot call <lambda>: NotPlain: .* of type set"):
        call(lambda: {1})
    with pytest.raises(CallFailed, match="ZeroDivisionError") as failed:
        call(lambda: 1 // 0)
    assert "call(lambda: 1 // 0)" in failed.value.traceback
    with pytest.raises(CallFailed, match=r"not ended in 0\.5 s"):
        call(time.sleep, 60, timeout_s=0.5)


def test_refusals_are_told_and_recorded(kernel, tmp_path):
    """Too long, for too long: before anything is forked."""
    code, told = molt(kernel, "1", "--timeout", "300s")
    assert code == 5 and "the limit is 60 s" in told["error"]["message"]
    refused = newest(kernel, "call.refused")
    assert refused["chain"] == ["call.refused", "command.taken"]
    assert "the limit is 60 s" in refused["payload"]["why"]
    code, told = molt(kernel, "#" * 300_000)
    assert code == 5 and "the limit is 262144" in told["error"]["message"]


def test_more_than_may_run_wait_and_those_beyond_are_refused(kernel, monkeypatch):
    """Two at once, sixteen wait; each that was taken ends soundly."""
    monkeypatch.setenv("MOLT_HOME", str(kernel.home))
    ends: list[object] = []

    def one(number: int) -> None:
        try:
            ends.append(call(time.sleep, 0.5) is None and number)
        except Exception as error:  # what it is is looked at below
            ends.append(error)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    refused = [end for end in ends if isinstance(end, Exception)]
    assert len(ends) == 24 and 1 <= len(refused) <= 6
    assert all("cannot run: 2 calls run and 16 wait" in str(end) for end in refused)


def test_who_asks_no_more_leaves_nobody_behind(kernel):
    """Who ends `molt run` ends its process, and that is told as given up."""
    line = [sys.executable, "-m", "Kernel.console.cli", "--home", str(kernel.home), "run", "-"]
    asker = subprocess.Popen([*line, "--timeout", "60s"], cwd=ROOT, stdin=subprocess.PIPE)
    assert asker.stdin is not None
    asker.stdin.write(b"while True: pass")
    asker.stdin.close()
    wait_until("its process", lambda: call_processes(kernel))
    asker.terminate()  # an ignored SIGINT is inherited, from a shell's background too
    assert asker.wait(30) == -signal.SIGTERM
    wait_until("its end", lambda: not call_processes(kernel))
    assert newest(kernel, "call.ended")["payload"]["outcome"] == "given up"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_the_end_of_the_kernel_ends_calls(number):
    """Who waits is told; an orderly stop tells it as an event; no process stays."""
    with temporary_home() as home, KernelRun(home) as kernel:
        line = [sys.executable, "-m", "Kernel.console.cli", "--home", str(home), "run", "-"]
        asker = subprocess.Popen(
            [*line, "--timeout", "60s"], cwd=ROOT, stdin=subprocess.PIPE, stderr=subprocess.PIPE
        )
        assert asker.stdin is not None and asker.stderr is not None
        asker.stdin.write(b"while True: pass")
        asker.stdin.close()
        [pid] = wait_until("its process", lambda: call_processes(kernel))
        kernel.process.send_signal(number)
        assert kernel.process.wait(30) == (0 if number == signal.SIGTERM else -number)
        assert asker.wait(30) in (5, 69)
        asker.stderr.close()
        if number == signal.SIGTERM:
            assert '"outcome": "kernel stopped"' in kernel.log()
        wait_until("the end of its process", lambda: not psutil.pid_exists(pid))

"""Trials of a real kernel, whose processes die at awkward moments: the world and others go on."""

import json
import os
import signal
import socket
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from Kernel.contract.arena import Header
from tests.chaos.harness import KernelRun, is_running, send_signal, wait_until
from tests.structure.sources import ROOT
from tests.support.homes import temporary_home
from tests.support.ledger_events import ledger_events
from tools.chaos.target import descendants

SOURCE = b64encode((ROOT / "tests/corpus/honest/bounce_off_walls.py").read_bytes()).decode()
SETTINGS = ("world.entities=60", "world.max_entities=100")
LONG = {"source": SOURCE, "ticks": 100_000, "seeds": 4}
SHORT = {"source": SOURCE, "ticks": 20, "seeds": 1}
SLEEPER = {
    "name": "sleeper.py", "timeout_s": 30.0,
    "source": b64encode(b"while True: pass").decode(),
}  # fmt: skip
END_S = 60.0

pytestmark = [pytest.mark.slow, pytest.mark.chaos]


class Asker:
    """Somebody at the console who waits for an answer."""

    def __init__(self, kernel: KernelRun, command: str, **args: Any) -> None:
        self.peer = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.peer.settimeout(END_S)
        self.peer.connect(str(kernel.home / "run" / "console.sock"))
        self.peer.sendall(json.dumps({"command": command, "args": args}).encode() + b"\n")

    def answer(self) -> dict[str, Any]:
        """Return the whole reply."""
        with self.peer.makefile("rb") as lines:
            reply: dict[str, Any] = json.loads(lines.readline())
        self.peer.close()
        return reply


@pytest.fixture(scope="module")
def kernel() -> Iterator[KernelRun]:
    """Give a kernel for those tests that leave it running."""
    with temporary_home() as home, KernelRun(home, *SETTINGS) as kernel:
        yield kernel


def trials(kernel: KernelRun) -> list[dict[str, Any]]:
    """Return those that run and wait."""
    found: list[dict[str, Any]] = kernel.ask("ps")["trials"]
    return found


def running(kernel: KernelRun, count: int = 1) -> list[int]:
    """Wait until so many trials have runs of their own, and return their pids."""

    def there() -> list[int]:
        return [each["pid"] for each in trials(kernel) if each["pid"]]

    wait_until(lambda: len(there()) >= count, f"{count} trials run", END_S)
    wait_until(lambda: all(map(descendants, there())), "each has forked", END_S)
    return there()


def wait_none(kernel: KernelRun, pids: list[int]) -> None:
    """Wait until no trial is known to the kernel and none of these processes is left."""
    wait_until(lambda: not trials(kernel), "no trial is left", END_S)
    wait_until(lambda: not any(map(is_running, pids)), "no process is left")


def test_killed_from_outside(kernel: KernelRun) -> None:
    """The verdict says so and blames nobody; what it had forked ends with it."""
    asker = Asker(kernel, "try", **LONG)
    (pid,) = running(kernel)
    family = [pid, *descendants(pid)]
    send_signal(pid, signal.SIGKILL)
    result = asker.answer()["result"]
    assert (result["accepted"], result["rule"]) == (False, "killed")
    assert "says nothing about the source" in result["reason"]
    wait_none(kernel, family)
    assert kernel.ask("try", **SHORT)["accepted"]


def test_the_world_dies_meanwhile(kernel: KernelRun) -> None:
    """Its heir goes on, the trial is unharmed: it has a copy."""
    epoch = kernel.word(Header.EPOCH)
    asker = Asker(kernel, "try", source=SOURCE, ticks=2000, seeds=2)
    (pid,) = running(kernel)
    send_signal(kernel.word(Header.OWNER), signal.SIGKILL)
    wait_until(lambda: kernel.word(Header.EPOCH) > epoch, "the heir has taken over")
    assert is_running(pid) or not trials(kernel)
    assert asker.answer()["result"]["accepted"]


def test_the_zygote_dies_while_it_is_asked(kernel: KernelRun) -> None:
    """Refused with the reason, nobody is left over, and the next zygote is asked for the next."""
    zygote = kernel.zone("stable")["zygote_pid"]
    send_signal(zygote, signal.SIGSTOP)
    asker = Asker(kernel, "try", **SHORT)
    wait_until(lambda: [each["state"] for each in trials(kernel)] == ["running"], "it is asked for")
    send_signal(zygote, signal.SIGKILL)
    reply = asker.answer()
    assert not reply["ok"] and "the zygote has ended" in reply["error"]["message"], reply
    assert kernel.ask("try", **SHORT)["accepted"]


def test_asked_faster_than_they_run(kernel: KernelRun) -> None:
    """Two run, sixteen wait, others are refused with the numbers; who leaves ends its own."""
    tick = kernel.word(Header.COMMIT)
    askers = [Asker(kernel, "try", **LONG) for _ in range(20)]
    pids = running(kernel, 2)
    family = [each for pid in pids for each in (pid, *descendants(pid))]
    counts = [each["state"] for each in trials(kernel)]
    assert (counts.count("running"), counts.count("queued")) == (2, 16)
    refused = [each.answer() for each in askers[18:]]
    for reply in refused:
        told = reply["error"]["message"]
        assert told.startswith("cannot try: ") and told.endswith("the limit is 16"), reply
    for each in askers[:18]:
        each.peer.close()
    wait_none(kernel, family)
    assert kernel.word(Header.COMMIT) > tick


def test_a_stop_ends_them(home: Path) -> None:
    """The kernel leaves in order; the end of each is in the ledger with its cause."""
    with KernelRun(home, *SETTINGS) as kernel:
        askers = [Asker(kernel, "try", **LONG) for _ in range(3)]
        pids = running(kernel, 2)
        family = [each for pid in pids for each in (pid, *descendants(pid))]
        assert kernel.stop() == 0
        assert not any(map(is_running, family))
    for each in askers:
        assert not each.answer()["ok"]
    ended = ledger_events(home, "trial.ended")
    assert [each["payload"]["how"] for each in ended] == ["stopped"] * 3
    assert all("being stopped" in each["payload"]["reason"] for each in ended)
    kinds = {event["id"]: event["kind"] for event in ledger_events(home)}
    assert {kinds[each["cause"]] for each in ended} == {"trial.begun", "command.taken"}


def test_a_killed_kernel_leaves_nobody(home: Path) -> None:
    """Trials, calls and what they forked die with it; the next kernel tells the end of each."""
    with KernelRun(home, *SETTINGS) as kernel:
        askers = [Asker(kernel, "try", **LONG) for _ in range(3)]
        askers.append(Asker(kernel, "run", **SLEEPER))
        pids = running(kernel, 2)
        begun = lambda: ledger_events(home, "call.begun")  # noqa: E731
        wait_until(lambda: bool(begun()), "the call has begun", END_S)
        family = [each for pid in pids for each in (pid, *descendants(pid))]
        os.kill(kernel.process.pid, signal.SIGKILL)
        kernel.process.wait(10)
        wait_until(lambda: not any(map(is_running, family)), "no process is left")
        for each in askers:
            each.peer.close()
    with KernelRun(home, *SETTINGS) as kernel:
        assert kernel.ask("try", **SHORT)["accepted"]
        assert kernel.stop() == 0
    check_lost(home)
    with KernelRun(home, *SETTINGS) as kernel:
        assert kernel.stop() == 0
    check_lost(home)  # it is told once


def check_lost(home: Path) -> None:
    """Hold the ledger to one end for each trial and call, and to the causes of those lost."""
    events = {event["id"]: event for event in ledger_events(home)}
    ended = [each for each in events.values() if each["kind"] in ("trial.ended", "call.ended")]
    lost = [each for each in ended if "begun" in each["payload"]]
    assert {events[each["cause"]]["kind"] for each in lost} == {"kernel.lost"}
    told = [events[each["payload"]["begun"]]["kind"] for each in lost]
    assert sorted(told) == ["call.begun", "command.taken", "trial.begun", "trial.begun"]
    assert all("the kernel ended" in json.dumps(each["payload"]) for each in lost)
    begun = [
        each["id"] for each in events.values() if each["kind"] in ("trial.begun", "call.begun")
    ]
    over = [each["payload"].get("begun") or each["cause"] for each in ended]
    assert set(begun) <= set(over) and len(over) == len(set(over))

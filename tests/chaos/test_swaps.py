"""Who is killed around the fork of a zygote, and what the world notices: nothing."""

import contextlib
import os
import random
import signal
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from Kernel.contract.arena import Header
from tests.chaos.harness import KernelRun, is_running, send_signal, wait_until
from tests.structure.sources import ROOT

SOURCE = (ROOT / "tests" / "corpus" / "honest" / "bounce_off_walls.py").read_text()
SETTINGS = ("kernel.zones.stable.free_failures=1000", "kernel.zones.stable.failures_max=1000")
LOOK_S = 0.0005

pytestmark = [pytest.mark.slow, pytest.mark.chaos]


@pytest.fixture
def kernel(home: Path) -> Iterator[KernelRun]:
    """Give a kernel whose world ticks."""
    with KernelRun(home, *SETTINGS) as kernel:
        yield kernel


class Adding(threading.Thread):
    """Somebody who adds a trait and waits for the answer; each number is a version of its own."""

    def __init__(self, kernel: KernelRun, number: int) -> None:
        super().__init__()
        self.answer: dict[str, Any] = {}
        self._kernel = kernel
        self._source = b64encode(f"{SOURCE}\n# {number}\n".encode()).decode()
        self.start()

    def run(self) -> None:
        try:
            self.answer = self._kernel.ask_raw("trait add", source=self._source, no_trial=True)
        except (OSError, ValueError):
            self.answer = {"ok": False, "error": "the kernel is gone"}


def zygotes(kernel: KernelRun) -> set[int]:
    """Return the zygotes of the world, by their names."""
    return {pid for pid in kernel.family() if name_of(pid) == "molt z stable"}


def name_of(pid: int) -> str:
    """Return the name of a process, "" for one that is gone."""
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def begun(kernel: KernelRun) -> int:
    """Return how many generations were begun after the first."""
    return (kernel.home / "kernel.log").read_text(errors="replace").count('"generation.begun"')


def newborn(kernel: KernelRun, known: set[int], adding: Adding) -> int:
    """Wait for a zygote that was not there; 0: the trait has come in before it was seen.

    By its session: what else is forked from a zygote has, at first, its name.
    """
    while adding.is_alive():
        for pid in zygotes(kernel) - known:
            with contextlib.suppress(ProcessLookupError):
                if os.getsid(pid) == pid:
                    return pid
        time.sleep(LOOK_S)
    return 0


def kill_one(kernel: KernelRun, whom: str, adding: Adding, chance: random.Random) -> bool:
    """End the donor somewhere in the fork, or the newborn at once; False: it was too quick."""
    known, count = zygotes(kernel), begun(kernel)
    donor = kernel.zone("stable")["zygote_pid"]
    if whom == "newborn":
        victim = newborn(kernel, known, adding)
    else:
        while adding.is_alive() and begun(kernel) == count:
            time.sleep(LOOK_S)
        time.sleep(chance.random() * 0.04)
        victim = donor
    return bool(victim) and adding.is_alive() and send_signal(victim, signal.SIGKILL)


def test_a_donor_and_a_newborn_that_are_killed_cost_nothing(kernel: KernelRun, rounds: int) -> None:
    """SIGKILL to either around a fork: the trait comes in all the same, and the world ticks on."""
    chance, hit = random.Random(8), {"donor": 0, "newborn": 0}
    for number in range(4 * rounds):
        whom = ("donor", "newborn")[number % 2]
        wait_until(lambda: kernel.zone("stable").get("heir_pid"), "an heir stands by")
        tick, epoch = kernel.word(Header.COMMIT), kernel.word(Header.EPOCH)
        adding = Adding(kernel, number)
        hit[whom] += kill_one(kernel, whom, adding, chance)
        adding.join()
        assert adding.answer.get("ok"), f"{whom}: {adding.answer}\n{kernel.log()}"
        assert kernel.word(Header.COMMIT) > tick
        assert kernel.word(Header.EPOCH) == epoch + 1, "who ticks was never hurt"
    assert all(hit.values()), hit


def test_a_kernel_that_is_killed_takes_forked_zygotes_with_it(kernel: KernelRun) -> None:
    """One that is born, one that is being born: nobody of the family outlives the kernel."""
    first = Adding(kernel, 1)
    first.join()
    assert first.answer.get("ok"), kernel.log()
    known = zygotes(kernel)
    family = set(kernel.family())
    adding = Adding(kernel, 2)
    born = newborn(kernel, known, adding)
    family |= set(kernel.family()) | ({born} if born else set())
    kernel.process.kill()
    kernel.process.wait()
    wait_until(lambda: not any(map(is_running, family)), "nobody is left")
    adding.join()
    tick = kernel.word(Header.COMMIT)
    with KernelRun(kernel.home, *SETTINGS) as again:
        assert again.word(Header.COMMIT) >= tick
        assert again.ask("trait list")["traits"][0]["name"] == "BounceOffWalls"

"""A running kernel as a bench sees it: started as a user would, watched through its arena.

Owns: starting and stopping `manifest.py` on a home of its own, the read-only view of the arena.
Does not own: what is measured.
"""

import contextlib
import json
import math
import mmap
import os
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from Kernel.contract.arena import TICK_TIMES, ArenaWords, Header, State, check_arena
from tests.bench.figures import median
from tests.bench.processes import descendants, end_all
from tests.bench.report import ROOT, CannotMeasure
from tests.support.leash import die_with_us
from tests.support.quiet import without_agents
from tests.support.wait import has_said_something

BOOT_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 30.0
ASK_TIMEOUT_S = 10.0
LINE_BYTES_MAX = 1 << 20
ZONE = "stable"
DEFAULT_POPULATION = 500
DEFAULT_SIDE = 2000.0


class ArenaView:
    """The words of a live arena, mapped read-only.

    Args:
        path: the arena file.
    """

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            self._map = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
        self._memory = memoryview(self._map)
        self.words = ArenaWords(self._memory)
        self.get = self.words.get
        check_arena(self.words, str(path))

    def next_due_ns(self) -> int:
        """Return the CLOCK_MONOTONIC ns at which the tick after the committed one is due."""
        ahead = self.get(Header.COMMIT) + 1 - self.get(Header.ANCHOR_TICK)
        return self.get(Header.ANCHOR_NS) + ahead * self.get(Header.PERIOD_NS)

    def wait_until(self, condition: Callable[[], bool], timeout_s: float, what: str) -> None:
        """Sleep until the condition holds, looking every half millisecond.

        Raises:
            CannotMeasure: it does not hold after `timeout_s`.
        """
        deadline = time.monotonic() + timeout_s
        while not condition():
            if time.monotonic() > deadline:
                raise CannotMeasure(f"cannot measure: {what} did not happen in {timeout_s} s")
            time.sleep(0.0005)

    def wait_for_heir(self, timeout_s: float) -> int:
        """Wait until an heir may write next, and return its pid."""
        self.wait_until(
            lambda: self.get(Header.PERMISSION) not in {0, self.get(Header.OWNER)},
            timeout_s,
            "a new heir of the world",
        )
        return self.get(Header.PERMISSION)

    def wait_for_ticks(self, count: int, timeout_s: float) -> None:
        """Wait until `count` more ticks are committed."""
        goal = self.get(Header.COMMIT) + count
        self.wait_until(lambda: self.get(Header.COMMIT) >= goal, timeout_s, f"tick {goal}")

    def recent_tick_ns(self, count: int) -> float:
        """Return the median duration of the last `count` ticks, whole microseconds, in ns."""
        newest = self.get(Header.COMMIT)
        raw = self.words.get_bytes(Header.TICK_TIMES, TICK_TIMES * 4)
        times_us = struct.unpack(f"<{TICK_TIMES}I", raw)
        return median([times_us[(newest - back) % TICK_TIMES] for back in range(count)]) * 1e3

    def population(self) -> int:
        """Return how many Molbots live in the committed tick."""
        return self.words.state(self.get(Header.COMMIT), State.POPULATION)

    def close(self) -> None:
        """Let go of the mapping."""
        self.words.release()
        self._memory.release()
        self._map.close()


class LiveKernel:
    """One kernel that has said it is ready.

    Args:
        process: the running `manifest.py`.
        started_ns: CLOCK_MONOTONIC ns just before it was started.
        ready: the line it printed when ready.
        arena: the world's arena.
    """

    def __init__(
        self, process: subprocess.Popen[bytes], started_ns: int, ready: dict[str, Any]
    ) -> None:
        self.process = process
        self.started_ns = started_ns
        self.ready = ready
        self.arena = ArenaView(Path(self.zone()["arena"]))

    def ask(
        self, command: str, patience_s: float = ASK_TIMEOUT_S, **arguments: object
    ) -> dict[str, Any]:
        """Send one console request and return its result."""
        return ask(self.ready["socket"], command, arguments, patience_s)

    def processes(self) -> Iterator[tuple[str, int]]:
        """Yield name and pid of the kernel and of each process of each zone."""
        yield "kernel", self.process.pid
        for zone in self.ask("status")["zones"]:
            for role, key in (("", "pid"), (" heir", "heir_pid"), (" zygote", "zygote_pid")):
                if zone.get(key):
                    yield f"{zone['name']}{role}", int(zone[key])

    def zone(self) -> dict[str, Any]:
        """Return the world's zone as `status` describes it."""
        zones = {zone["name"]: zone for zone in self.ask("status")["zones"]}
        if ZONE not in zones:
            raise CannotMeasure(f"cannot measure: there is no zone '{ZONE}' among {sorted(zones)}")
        found: dict[str, Any] = zones[ZONE]
        return found


def ask(
    path: str, command: str, arguments: dict[str, object], patience_s: float = ASK_TIMEOUT_S
) -> dict[str, Any]:
    """Send one line to a console socket, return the result of the answer.

    Raises:
        CannotMeasure: no answer, or an error.
    """
    request = json.dumps({"command": command, "args": arguments}).encode() + b"\n"
    reply = b""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as peer:
            peer.settimeout(patience_s)
            peer.connect(path)
            peer.sendall(request)
            while not reply.endswith(b"\n") and len(reply) < LINE_BYTES_MAX:
                part = peer.recv(65536)
                if not part:
                    break
                reply += part
        answer: dict[str, Any] = json.loads(reply)
    except (OSError, ValueError) as error:
        raise CannotMeasure(f"cannot ask the kernel for '{command}': {error}") from error
    if not answer.get("ok"):
        raise CannotMeasure(f"cannot ask the kernel for '{command}': {answer.get('error')}")
    result: dict[str, Any] = answer["result"]
    return result


def read_ready_line(process: subprocess.Popen[bytes], log: Path) -> dict[str, Any]:
    """Wait for the one line a kernel prints when ready.

    Raises:
        CannotMeasure: it left, or said nothing in `BOOT_TIMEOUT_S`; with the end of its log.
    """
    assert process.stdout is not None
    deadline = time.monotonic() + BOOT_TIMEOUT_S
    line = b""
    while not line.endswith(b"\n"):
        left_s = max(deadline - time.monotonic(), 0.0)
        came = has_said_something(process.stdout.fileno(), left_s)
        part = os.read(process.stdout.fileno(), 65536) if came else b""
        if not part:
            said = log.read_text(encoding="utf-8", errors="replace")[-2000:]
            raise CannotMeasure(
                f"cannot start the kernel: not ready, code {process.poll()}\n{said}"
            )
        line += part
    ready: dict[str, Any] = json.loads(line)
    return ready


def founding(population: int) -> list[str]:
    """Return the settings of a world of `population`, as crowded as the default one.

    Places for Molbots and food grow with the population, both sides with its square root.
    """
    side = round(DEFAULT_SIDE * math.sqrt(population / DEFAULT_POPULATION), 3)
    values = {
        "max_entities": population,
        "entities": population,
        "resources": population,
        "world_width": side,
        "world_height": side,
    }
    return [f"world.{key}={value}" for key, value in values.items()]


@contextlib.contextmanager
def live_kernel(home: Path, *settings: str, scenario: str = "") -> Iterator[LiveKernel]:
    """Run a kernel on `home` for as long as the block lasts.

    Args:
        settings: `FILE.KEY=VALUE`, as for `--set`.
        scenario: of config/scenarios, "" for none.

    Raises:
        CannotMeasure: it does not become ready.
    """
    command = [
        sys.executable,
        str(ROOT / "manifest.py"),
        "--home",
        str(home),
        "--json",
        "--no-open",
    ]
    for setting in (*without_agents(home), *settings):
        command += ["--set", setting]
    if scenario:
        command += ["--scenario", scenario]
    log = home / "bench-stderr.log"
    with log.open("ab") as errors:
        started_ns = time.monotonic_ns()
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=errors, cwd=ROOT, preexec_fn=die_with_us()
        )
    kernel = None
    try:
        kernel = LiveKernel(process, started_ns, read_ready_line(process, log))
        yield kernel
    finally:
        if kernel is not None:
            kernel.arena.close()
        stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    """Stop a kernel in order; after `STOP_TIMEOUT_S` kill it and what is below it."""
    assert process.stdout is not None
    below = descendants(process.pid)
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    process.stdout.close()
    end_all(below)

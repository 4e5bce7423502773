"""A world of no entities that ticks, dies and is taken over: what the kill harness is tested on.

Run as `python -m tests.bench.stand_in_world FILE`. The owner forks one heir, which waits for the
owner's death by pidfd and goes on from the committed tick. It ends when `DRAIN_AT` is reached or
after `LIFETIME_S`, so that a failing test leaves nothing behind.
"""

import mmap
import os
import select
import sys
import time
from pathlib import Path

from Kernel.contract.arena import TICK_TIMES, ArenaWords, Header, State, new_header, plan_buffers

PERIOD_NS = 8_000_000
TICK_NS = 2_000_000
LIFETIME_S = 30.0


def make_arena(path: Path) -> None:
    """Write an arena file without columns, at tick 0."""
    buffers = plan_buffers(schema_bytes=2, columns_bytes=0)
    path.write_bytes(bytes(buffers.file_bytes))
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as memory:
        words = ArenaWords(memoryview(memory))
        new_header(words, buffers)
        words.put(Header.PERIOD_NS, PERIOD_NS)
        words.release()


def run(path: Path) -> None:
    """Own the arena; each owner goes on in the heir it has forked."""
    with path.open("r+b") as file:
        words = ArenaWords(memoryview(mmap.mmap(file.fileno(), 0)))
    end_ns = time.monotonic_ns() + int(LIFETIME_S * 1e9)
    words.put(Header.ANCHOR_NS, time.monotonic_ns())
    words.put(Header.ANCHOR_TICK, 0)
    while True:
        take_over(words)
        owner = os.getpid()
        heir = os.fork()
        if heir:
            words.put(Header.PERMISSION, heir)
            tick_until_drained(words, end_ns)
            os._exit(0)
        wait_for_death(owner)
        if is_drained(words, end_ns):
            os._exit(0)


def take_over(words: ArenaWords) -> None:
    """Stamp the words of a takeover."""
    words.put(Header.TAKEN_OVER_TICK, words.get(Header.COMMIT))
    words.put(Header.FIRST_COMMIT_NS, 0)
    words.put(Header.OWNER, os.getpid())
    words.put(Header.FLIGHT, 1)
    words.put(Header.TAKEN_OVER_NS, time.monotonic_ns())
    words.put(Header.EPOCH, words.get(Header.EPOCH) + 1)


def tick_until_drained(words: ArenaWords, end_ns: int) -> None:
    """Spend `TICK_NS` inside each tick and wait for the next one's time."""
    first = True
    while not is_drained(words, end_ns):
        tick = words.get(Header.COMMIT) + 1
        due_ns = words.get(Header.ANCHOR_NS) + tick * PERIOD_NS
        while time.monotonic_ns() < due_ns:
            time.sleep(0.0002)
        words.put(Header.FLIGHT, 1)
        started_ns = time.monotonic_ns()
        while time.monotonic_ns() < started_ns + TICK_NS:
            time.sleep(0.0002)
        words.put_state(tick, State.TICK, tick)
        took_ns = time.monotonic_ns() - started_ns
        words.put(Header.TICK_NS, took_ns)
        place = Header.TICK_TIMES + tick % TICK_TIMES * 4
        words.put_bytes(place, (took_ns // 1000).to_bytes(4, "little"))
        words.put(Header.COMMIT_NS, time.monotonic_ns())
        words.put(Header.COMMIT, tick)
        if first:
            words.put(Header.FIRST_COMMIT_NS, time.monotonic_ns())
        first = False
        words.put(Header.FLIGHT, 0)


def is_drained(words: ArenaWords, end_ns: int) -> bool:
    """Tell whether the world was asked to leave, or has lived long enough."""
    return words.get(Header.COMMIT) >= words.get(Header.DRAIN_AT) or time.monotonic_ns() > end_ns


def wait_for_death(pid: int) -> None:
    """Wait until the process is gone; it may be gone already."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    select.select([descriptor], [], [], LIFETIME_S)
    os.close(descriptor)


if __name__ == "__main__":
    run(Path(sys.argv[1]))

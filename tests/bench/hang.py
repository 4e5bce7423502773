"""Stop the process that computes the world, and take back a generation: how long until served.

Owns: when to stop, and what to read from the arena afterwards. Times are stamped by the heir on
the clock the signal is stamped with. A hang is noticed by the kernel's watchdog at its deadline,
counted from the last commit; going back is asked for on the console, with the heir of the
generation before ready, and with only its zygote warm.
"""

import os
import signal
import time

from Kernel.contract.arena import Header
from tests.bench.figures import NS_PER_MS, median, percentile
from tests.bench.live_kernel import LiveKernel, live_kernel
from tests.bench.processes import descendants
from tests.bench.report import CannotMeasure, Report, Row, at_most
from tests.support.homes import temporary_home

DEADLINES_MS = (50, 250)
STOPS = 40
STOPS_QUICK = 6
GOING_BACK = 10
GOING_BACK_QUICK = 3
EVENT_TIMEOUT_S = 30.0
RENEWAL_S = 120.0
SETTLE_TICKS = 10
NO_BUDGET = (
    "kernel.zones.stable.free_failures=1000",
    "kernel.zones.stable.failures_max=1000",
)
"""A bench hurts more often than a budget allows."""
SERVED_MS = 65.0
HEIR_MS = 5.0
ZYGOTE_MS = 15.0


def measure(peers: bool, quick: bool) -> Report:
    """Stop worlds at each deadline, then go back. The peers notice no hang, or only after 1 s."""
    del peers
    rows: list[Row] = []
    served: dict[int, list[float]] = {}
    for deadline_ms in DEADLINES_MS:
        served[deadline_ms] = stop_worlds(deadline_ms, STOPS_QUICK if quick else STOPS)
        rows.append(summarise(f"SIGSTOP at {deadline_ms} ms", served[deadline_ms]))
    count = GOING_BACK_QUICK if quick else GOING_BACK
    with_heir = go_back_often(count, kill_heir=False)
    from_zygote = go_back_often(count, kill_heir=True)
    rows += [
        summarise("go back, heir ready", with_heir),
        summarise("go back from the zygote", from_zygote),
    ]
    goals = [
        at_most("SIGSTOP to served at 50 ms, median", median(served[50]), SERVED_MS, "ms"),
        at_most("go back while the heir stands ready, median", median(with_heir), HEIR_MS, "ms"),
        at_most("go back from the zygote, median", median(from_zygote), ZYGOTE_MS, "ms"),
    ]
    return Report("hang", rows, goals)


def summarise(what: str, times_ms: list[float]) -> Row:
    """Return the row of one kind of recovery."""
    return {
        "what": what,
        "times": len(times_ms),
        "median_ms": median(times_ms),
        "p99_ms": percentile(times_ms, 0.99),
        "max_ms": max(times_ms),
    }


def stop_worlds(deadline_ms: int, count: int) -> list[float]:
    """Return ms from SIGSTOP of the owner to its heir's first commit, `count` times."""
    deadline = f"kernel.zones.stable.deadline_ms={deadline_ms}"
    with temporary_home() as home, live_kernel(home, deadline, *NO_BUDGET) as kernel:
        return [stop_once(kernel) for _ in range(count)]


def stop_once(kernel: LiveKernel) -> float:
    """Stop the owner at some instant and wait for the next one's first commit."""
    arena = kernel.arena
    arena.wait_for_heir(EVENT_TIMEOUT_S)
    arena.wait_for_ticks(SETTLE_TICKS, EVENT_TIMEOUT_S)
    owner, epoch = arena.get(Header.OWNER), arena.get(Header.EPOCH)
    began_ns = time.monotonic_ns()
    os.kill(owner, signal.SIGSTOP)
    arena.wait_until(
        lambda: arena.get(Header.EPOCH) > epoch and arena.get(Header.FIRST_COMMIT_NS) > began_ns,
        EVENT_TIMEOUT_S,
        "a takeover from a stopped owner",
    )
    return (arena.get(Header.FIRST_COMMIT_NS) - began_ns) / NS_PER_MS


def go_back_often(count: int, *, kill_heir: bool) -> list[float]:
    """Return ms from the command to the former generation's holding the right to write."""
    with temporary_home() as home, live_kernel(home, *NO_BUDGET) as kernel:
        return [go_back_once(kernel, kill_heir=kill_heir) for _ in range(count)]


def go_back_once(kernel: LiveKernel, *, kill_heir: bool) -> float:
    """Renew the generation, let it settle, and take it back."""
    arena = kernel.arena
    kernel.ask("wait", RENEWAL_S, **{"for": "zone.stable=ready", "timeout_s": EVENT_TIMEOUT_S})
    arena.wait_for_heir(EVENT_TIMEOUT_S)
    former_heir = arena.get(Header.PERMISSION)
    kernel.ask("soft-restart", RENEWAL_S, zone="stable", fresh=True)
    arena.wait_for_heir(EVENT_TIMEOUT_S)
    arena.wait_for_ticks(SETTLE_TICKS, EVENT_TIMEOUT_S)
    if former_heir not in {each.pid for each in descendants(kernel.process.pid)}:
        raise CannotMeasure(f"cannot measure: heir {former_heir} of the generation before is gone")
    if kill_heir:
        os.kill(former_heir, signal.SIGKILL)
    story = kernel.ask("go-back", zone="stable")
    return float(story["noticed_ms"])

"""A module version given to a running kernel and taken back: what ticks notice, what it takes.

Owns: the rounds, the ticks missed meanwhile beside a control, the time from the wish to go back
until the heir of the version before holds the right to write. Does not own: the dry run, which is
left out: it costs the kernel nothing. The version is this checkout's own: nothing is compiled.
`load`: of the machine, which says whether others were at work. `--quick`: one round, a small world.
"""

import os
import threading
import time
from pathlib import Path

from fallback.slot_files import source_files
from Kernel.contract.arena import Header
from Kernel.core import passive_update as up
from Kernel.core.bundle import Bundle, open_bundle, pack_bundle
from Kernel.core.passive_update import ModuleVersion
from Kernel.ports.signatures import SigningKey
from Kernel.ports.update_files import HomeUpdates
from tests.bench.figures import NS_PER_MS, median, percentile
from tests.bench.live_kernel import LiveKernel, founding, live_kernel
from tests.bench.report import ROOT, CannotMeasure, Goal, Report, Row, at_most
from tests.bench.trial_live import SETTLE_S, SETTLE_TICKS, watch
from tests.support.homes import temporary_home

SMALL, LARGE = 500, 50_000
ROUNDS, ROUNDS_QUICK = 9, 1
CONTROL_S, CONTROL_QUICK_S = 30.0, 2.0
MOST_S = 600.0
HEIR_S = 60.0
CALM_TICKS = 100
ROLLBACK_MEDIAN_MS = 5.0
GUARD = "kernel.update.guard_ticks=1000000"
"""Longer than a round: each is taken back by hand."""


def measure(peers: bool, quick: bool) -> Report:
    """Give a version to all zones and take it back, again and again; no peer has any."""
    del peers
    rows: list[Row] = []
    goals: list[Goal] = []
    for entities in (SMALL,) if quick else (SMALL, LARGE):
        with temporary_home() as home, live_kernel(home, GUARD, *founding(entities)) as kernel:
            kernel.arena.wait_for_ticks(SETTLE_TICKS, SETTLE_S)
            found = _rounds(kernel, home, entities, quick)
            rows += found
            missed, took = found[-1]["missed_ticks"], found[-1]["rollback_ms_p50"]
            goals.append(at_most(f"missed ticks at {entities}", float(str(missed)), 0, "ticks"))
            goals.append(
                at_most(f"rollback at {entities}", float(str(took)), ROLLBACK_MEDIAN_MS, "ms")
            )
    return Report("update", rows, goals)


def _rounds(kernel: LiveKernel, home: Path, entities: int, quick: bool) -> list[Row]:
    seconds = CONTROL_QUICK_S if quick else CONTROL_S
    alone = watch(
        kernel, entities, "control", lambda began_s: time.monotonic() - began_s >= seconds
    )
    version, files = _bundle(), HomeUpdates(home)
    given: list[float] = []
    back: list[float] = []
    errors: list[str] = []

    def act() -> None:
        try:
            for _ in range(ROUNDS_QUICK if quick else ROUNDS):
                _stage(files, version)
                began_s = time.monotonic()
                kernel.ask("update commit", MOST_S)
                given.append(time.monotonic() - began_s)
                kernel.arena.wait_for_heir(HEIR_S)
                kernel.arena.wait_for_ticks(CALM_TICKS, HEIR_S)
                back.append(_go_back(kernel))
                kernel.arena.wait_for_heir(HEIR_S)
                kernel.arena.wait_for_ticks(CALM_TICKS, HEIR_S)
        except CannotMeasure as error:
            errors.append(str(error))

    thread = threading.Thread(target=act)
    thread.start()
    what = f"{ROUNDS_QUICK if quick else ROUNDS} versions in and back"
    row = watch(kernel, entities, what, lambda _began_s: not thread.is_alive(), MOST_S * ROUNDS)
    thread.join()
    if errors:
        raise CannotMeasure(errors[0])
    return [
        dict(alone),
        dict(row)
        | {
            "load": round(os.getloadavg()[0], 1),
            "commit_s_p50": round(median(given), 2),
            "rollback_ms_p50": round(median(back), 2),
            "rollback_ms_p99": round(percentile(back, 0.99), 2),
        },
    ]


def _go_back(kernel: LiveKernel) -> float:
    """Take the version back; return ms until the heir of the one before has taken over."""
    arena, epoch = kernel.arena, kernel.arena.get(Header.EPOCH)
    asked_ns = time.monotonic_ns()
    kernel.ask("update rollback", MOST_S)
    arena.wait_until(lambda: arena.get(Header.EPOCH) > epoch, HEIR_S, "a takeover")
    return (arena.get(Header.TAKEN_OVER_NS) - asked_ns) / NS_PER_MS


def _bundle() -> Bundle:
    """Return this checkout as a version that has come in."""
    key = SigningKey.generate()
    files = {path: (ROOT / path).read_bytes() for path in source_files(ROOT)}
    data = pack_bundle(files, "bench", 1, False, key.public.id, key.sign)
    return open_bundle(data, lambda *_words: True)


def _stage(files: HomeUpdates, bundle: Bundle) -> None:
    """Bring it up to proved, without its dry run."""
    told = bundle.manifest
    what = ModuleVersion(
        told.id, told.version, told.counter, told.contract, told.changes_behaviour, bundle.sha256
    )
    files.change(lambda updates: up.take(updates, what))
    files.unpack(bundle)
    files.change(up.note_verified)
    files.change(lambda updates: up.note_probed(updates, "left out"))

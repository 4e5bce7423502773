"""A coverage-guided fuzzer of gate, validator and interpreted loader.

Owns: the pool of sources, which grows by those that reach new lines of `zones/traits`, and what is
a finding. Does not own: the changes (`mutating.py`). A batch of sources runs in a throw-away
child, which tells its parent the numbers of those to keep; the parent makes them again.
"""

import json
import os
import random
import sys
import time
import types
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import zones.traits
from tests.fuzz.isolation import Note, give_up_everything, isolate
from tests.fuzz.mutating import mutate_text, mutate_tree
from tests.fuzz.oracle import objections
from tests.zones.traits.both_tiers import stage
from zones.traits.contract import VERDICT_S
from zones.traits.interpreted import CannotLoad, InterpretedTrait
from zones.traits.reading import check_source
from zones.traits.verdict import Checked, Refusal

BATCH = 150
BATCH_PROCESSOR_S = 120
BATCH_WALL_S = 300.0
WATCHED = os.path.dirname(zones.traits.__file__)
FUEL_MAX = 500
CARRIERS = 4
TREE_SHARE = 0.3
FORBIDDEN_EVENTS = ("open", "import", "os.", "socket.", "subprocess.", "ctypes.", "sys._getframe",
                    "gc.", "shutil.", "code.__new__", "function.__new__")  # fmt: skip
Line = tuple[str, int]


@dataclass
class Pool:
    """Sources to change, and the lines they have reached.

    Args:
        lines: of the files in `zones/traits`.
    """

    sources: list[bytes]
    lines: set[Line] = field(default_factory=set)
    refused: int = 0
    accepted: int = 0
    executions: int = 0


@dataclass(frozen=True, slots=True)
class Found:
    """Something wrong, with the source that shows it."""

    how: str
    detail: str
    source: bytes


def change(pool: Sequence[bytes], seed: int) -> bytes:
    """Return the source that a seed makes of a pool."""
    dice = random.Random(seed)
    data = dice.choice(pool[-40:] if dice.random() < 0.3 else pool)
    if dice.random() < TREE_SHARE:
        try:
            return mutate_tree(data.decode(), dice).encode()
        except (SyntaxError, ValueError, UnicodeError, RecursionError, TypeError):
            pass
    return mutate_text(data, dice.choice(pool), dice)


def run_batch(pool: Pool, first_seed: int) -> list[Found]:
    """Run one batch of changed sources; the pool learns from it; return what is wrong."""
    sources = [change(pool.sources, first_seed + number) for number in range(BATCH)]
    ended = isolate(lambda note: _run(sources, pool.lines, note), BATCH_PROCESSOR_S, BATCH_WALL_S)
    if ended.how != "done":
        at = int(ended.text.partition(":")[0]) if ended.text[:1].isdigit() else 0
        return [Found(ended.how, ended.text, sources[at])]
    said = json.loads(ended.text)
    pool.executions += len(sources)
    pool.refused += said["refused"]
    pool.accepted += said["accepted"]
    for number, lines in said["new"]:
        pool.sources.append(sources[number])
        pool.lines.update((name, line) for name, line in lines)
    return [Found(how, detail, sources[number]) for number, how, detail in said["found"]]


def _run(sources: list[bytes], known: set[Line], note: Note) -> None:
    events: list[str] = []
    running = [False]

    def listen(event: str, _: object) -> None:
        if running[0] and event.startswith(FORBIDDEN_EVENTS):
            events.append(event)

    assert unicodedata  # which the parser wants for names that are not ASCII
    give_up_everything()
    sys.addaudithook(listen)
    counts = {"refused": 0, "accepted": 0}
    found: list[tuple[int, str, str]] = []
    new: list[tuple[int, list[Line]]] = []
    seen = set(known)
    for number, data in enumerate(sources):
        note.write(f"{number}: checked")
        lines: set[Line] = set()
        started_s = time.process_time()
        checked = traced(lambda data=data: _check(data), lines)
        # Tracing costs much: what is slow under it is timed again without.
        if time.process_time() - started_s > VERDICT_S:
            started_s = time.process_time()
            _check(data)
            if time.process_time() - started_s > VERDICT_S:
                found.append((number, "slow", f"{time.process_time() - started_s:.1f} s"))
        counts["refused" if checked is None else "accepted"] += 1
        if checked is not None:
            note.write(f"{number}: run")
            found += [(number, "objection", reason) for reason in objections(checked.tree)]
            running[0] = True
            traced(lambda checked=checked: _execute(checked), lines)
            running[0] = False
            found += [(number, "event", event) for event in events]
            events.clear()
        if lines - seen:
            new.append((number, sorted(lines - seen)))
            seen |= lines
    note.write(json.dumps({**counts, "found": found, "new": new}))


def _check(data: bytes) -> Checked | None:
    try:
        return check_source(data)
    except Refusal:
        return None


def _execute(checked: Checked) -> None:
    try:
        trait = InterpretedTrait(checked)
    except CannotLoad:
        return
    trait.run(stage(checked, 0, FUEL_MAX), CARRIERS)


def traced(work: Callable[[], Any], lines: set[Line]) -> Any:
    """Return what work returns; the lines of `zones/traits` that it reaches are added."""

    def enter(frame: types.FrameType, event: str, _: object) -> Any:
        name = frame.f_code.co_filename
        if not name.startswith(WATCHED):
            return None
        short = name[len(WATCHED) + 1 :]

        def step(inside: types.FrameType, event: str, _: object) -> Any:
            if event == "line":
                lines.add((short, inside.f_lineno))
            return step

        lines.add((short, frame.f_lineno))
        return step

    sys.settrace(enter)
    try:
        return work()
    finally:
        sys.settrace(None)

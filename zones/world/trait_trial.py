"""`python -m zones.world.trait_trial`: compile a trait of the store, try it on the world.

Owns: which children do that, with which limits; comparing the tiers; the tier that follows. Does
not own: the order of preparing (`prepare.py`), compiling (`zones/traits/native`), ticks.

A copy of the world's committed tick, read only, is forked with each child: one compiles and never
runs the trait, one ticks the copy with the machine code, one with the interpreter standing in for
it. The trait is carried by a sample of those who live. Both must come to the same world hash at
every tick, which holds fields, intents, carried state, faults and fuel. One that differs, or
crashes as machine code, stays interpreted, and the verdict says so; one that crashes the
interpreter is refused. Faults are no reason to refuse, but they are told: a field that is misspelt
keeps the rules and fails in every call.
"""

import argparse
import json
import mmap
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np

from Kernel.contract.arena import ArenaWords, Header, State, check_arena
from Kernel.contract.arena_lookup import find_arena, map_arena
from Kernel.contract.errors import ArenaError, MoltError, SnapshotError
from Kernel.contract.inputs import ADD_TRAIT, NEWBORNS, REFUSALS, Input, TraitFacts
from zones.runtime.apart import ApartFailed, Limits, load_and_run_apart, run_apart
from zones.runtime.arena_image import copy_committed, write_into
from zones.runtime.trait_store import TraitStore
from zones.traits.contract import INTERPRETED, NATIVE, OK, STATUS_NAMES
from zones.traits.reading import check_source
from zones.traits.scene import Scene
from zones.traits.verdict import Checked
from zones.world import founding, recorded
from zones.world.columns import ALIVE, schema_hash
from zones.world.engine import Engine
from zones.world.registry import ACTIVE, read_entries
from zones.world.settings import parse_settings
from zones.world.trait_inputs import plan_trait
from zones.world.trait_library import LoadedTrait, TraitLibrary
from zones.world.trait_loading import compile_apart, interpreted_trait, native_trait
from zones.world.warm_up import prepare

SAMPLE_MAX: Final = 200
TICKS: Final = 3
"""Of the trial, after the tick at which the trait comes in."""
NO_ID: Final = bytes(16)
NO_ROOM: Final = b"no room: "
TRYING: Final = Limits(20.0, 20, 2 << 30)


def main(arguments: Sequence[str]) -> int:
    """Compile and try one trait, print what came of it and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m zones.world.trait_trial")
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--zone", required=True)
    parser.add_argument("--hash", required=True)
    parser.add_argument("--tier", choices=(NATIVE, INTERPRETED), required=True)
    options = parser.parse_args(arguments)
    source, folder = TraitStore(options.home).source(options.hash)
    prepare(1)
    words = copy_of_world(options.home, options.zone)
    print(json.dumps(try_trait(words, source, folder, options.tier)))
    return 0


def copy_of_world(home: Path, zone: str) -> ArenaWords:
    """Return the committed tick of a zone's world in private memory; a small world without one."""
    try:
        words, _ = map_arena(find_arena(home, zone))
        if words.get_bytes(Header.SCHEMA_HASH, 32) != schema_hash():
            raise ArenaError("cannot try a trait on it: its columns are of another version")
        image = copy_committed(words)
    except (ArenaError, SnapshotError):
        settings = parse_settings({"entities": 200, "max_entities": 256, "resources": 400})
        copy = _private(founding.plan(settings).file_bytes)
        founding.found(copy, settings)
        return copy
    copy = _private(image.buffers().file_bytes)
    write_into(copy, image, NO_ID, 0)
    check_arena(copy, f"the copy of tick {image.tick}")
    return copy


def _private(size_bytes: int) -> ArenaWords:
    """Return memory that is this process's own: what a child writes there is the child's alone."""
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
    return ArenaWords(memoryview(mmap.mmap(-1, size_bytes, flags=flags)))


def try_trait(words: ArenaWords, source: bytes, folder: Path, tier: str) -> dict[str, Any]:
    """Return what came of a trait: {"tier", "note", "faults"}, or {"refused"}.

    Args:
        words: a copy of a world; not changed, since children work on copies of it.
        folder: where machine code is made and found.
        tier: that it could have.
    """
    note = ""
    if tier == NATIVE:
        try:
            compile_apart(source, folder)
        except ApartFailed as error:
            tier, note = INTERPRETED, f"no machine code: making it {error.why}"
    try:
        plain = run_apart(partial(_interpret, words, source), TRYING)
    except ApartFailed as error:
        return {"refused": f"tried on a copy of the world, it {error.why}"}
    if plain.startswith(NO_ROOM):
        return {"refused": plain.removeprefix(NO_ROOM).decode(), "rule": "room"}
    lived = json.loads(plain)
    if tier == NATIVE:
        try:
            load = partial(_load_native, words, source, folder)
            made = json.loads(load_and_run_apart(load, TRYING))
        except ApartFailed as error:
            tier, note = INTERPRETED, f"tried on a copy, its machine code {error.why}"
        else:
            if made["hashes"] != lived["hashes"]:
                tier, note = INTERPRETED, _difference(lived["hashes"], made["hashes"])
    return {"tier": tier, "note": note, "faults": faults_of(lived["statuses"])}


def faults_of(statuses: Mapping[str, int]) -> str:
    """Return in words how many calls of a trial had a fault and which most had, "" for none.

    Args:
        statuses: calls by their status, whose number is text as all keys in JSON are.
    """
    counts = Counter({int(status): int(many) for status, many in statuses.items()})
    calls = counts.total()
    del counts[OK]
    if not counts:
        return ""
    most = max(counts, key=lambda status: (counts[status], status))
    name = STATUS_NAMES.get(most, f"status {most}")
    return f"tried on a copy, {counts.total()} of {calls} calls had a fault: {name}"


def _load_native(words: ArenaWords, source: bytes, folder: Path) -> Callable[[], bytes]:
    """In a child that is not sealed yet: load machine code, which takes its file, and no more."""
    checked = check_source(source)
    return partial(_live, words, checked, native_trait(checked, folder))


def _interpret(words: ArenaWords, source: bytes) -> bytes:
    """In a sealed child: run the body of the module, and `_live`."""
    checked = check_source(source)
    return _live(words, checked, interpreted_trait(checked))


def _live(words: ArenaWords, checked: Checked, trait: LoadedTrait) -> bytes:
    """In a sealed child: tick the copy with the trait in a sample of its Molbots."""
    trait, statuses = _watched(trait)
    # The interpreter stands in for the machine code, so that all else is the same.
    engine = Engine(words, 1, lambda: words.state(_tick(words), State.OUTBOX_HEAD),
                    library=TraitLibrary([(NATIVE, trait)]))  # fmt: skip
    no_room = _bring_in(words, engine, checked)
    if no_room:
        return NO_ROOM + no_room.encode()
    hashes = []
    for _ in range(TICKS):
        engine.tick()
        hashes.append(engine.publish_hash().hex())
    return json.dumps({"hashes": hashes, "statuses": statuses}).encode()


def _watched(trait: LoadedTrait) -> tuple[LoadedTrait, Counter[int]]:
    """Return a trait that counts how its calls end, and the counts."""
    statuses: Counter[int] = Counter()

    def run(scene: Scene, count: int, parts: int) -> None:
        trait.run(scene, count, parts)
        statuses.update(scene.arrays["status"][:count].tolist())

    return replace(trait, run=run), statuses


def _bring_in(words: ArenaWords, engine: Engine, checked: Checked) -> str:
    """Tick once with the input that brings the trait in, and give it to a sample.

    Returns:
        Why the world refuses it, "" where it does not.

    Raises:
        MoltError: it is not in afterwards.
    """
    memory = len(checked.attributes)
    facts = TraitFacts(
        checked.name, 1, checked.code_hash, NATIVE, checked.state, memory, checked.moods, NEWBORNS
    )
    committed = engine.world.committed
    refused = plan_trait(facts, committed, engine.world.extent.memory_slots).refused
    if refused:
        return REFUSALS[refused]
    tick = _tick(words) + 1
    recorded.send(words, recorded.Recorded(tick, Input(ADD_TRAIT, trait=facts)), tick)
    engine.tick()
    committed = engine.world.committed
    entry = next(
        (
            each
            for each in read_entries(committed)
            if each.hash == checked.code_hash and each.status == ACTIVE
        ),
        None,
    )
    if entry is None:
        raise MoltError("cannot try the trait: the world did not take it up")
    living = np.flatnonzero(committed.state == ALIVE)
    sample = living[:: max(1, len(living) // SAMPLE_MAX)][:SAMPLE_MAX]
    for buffer in engine.world.buffers:
        buffer.trait_bits[sample] |= np.uint64(entry.bit)
    return ""


def _tick(words: ArenaWords) -> int:
    return words.get(Header.COMMIT)


def _difference(plain: Sequence[str], made: Sequence[str]) -> str:
    pairs = zip(plain, made, strict=False)
    first = next((number for number, (a, b) in enumerate(pairs, start=1) if a != b), 0)
    return f"machine code and interpreter differ in tick {first} of the trial"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

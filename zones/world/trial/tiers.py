"""Which tier a candidate has: compiled in one child, compared in two others.

Owns: what these children do, with which limits, the tier that follows. Does not own: the compiler
(`zones/traits/native`), the child (`zones/runtime/apart.py`), its cage (`walls.py`).

The child that compiles runs nothing of the trait, and hands the object code back in memory that is
shared with it. Of the others one ticks the copy with the machine code, one with the interpreter
standing in for it; the trait is carried by a sample of those who live. Both must come to the same
world hash at every tick, which holds fields, intents, carried state, faults and fuel. One that
differs, or crashes as machine code, stays interpreted, and the note says so; one that crashes the
interpreter is refused. Faults are no reason to refuse here.
"""

import hashlib
import json
import mmap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Final

import numpy as np

from Kernel.contract.arena import State
from Kernel.contract.errors import MoltError
from Kernel.contract.inputs import NEWBORNS, TraitFacts
from zones.runtime.apart import ApartFailed, Limits, run_apart
from zones.runtime.arena_image import ArenaImage
from zones.traits.contract import INTERPRETED, NATIVE
from zones.traits.first_faults import FirstFault
from zones.traits.interpreted import CannotLoad
from zones.traits.native.compiling import Compiled, compile_checked
from zones.traits.reading import check_source
from zones.world.columns import ALIVE
from zones.world.engine import Engine
from zones.world.registry import ACTIVE, read_entries
from zones.world.trait_library import TraitLibrary
from zones.world.trait_loading import LoadedTraits
from zones.world.trial.copying import found_copy
from zones.world.trial.living import Candidate, Tried, send_candidate
from zones.world.trial.reading import parse_first_faults

SAMPLE_MAX: Final = 200
TICKS: Final = 3
"""Of a comparison, after the tick at which the trait comes in."""
COMPILING: Final = Limits(30.0, 30, 2 << 30)
COMPARING: Final = Limits(20.0, 20, 2 << 30)
COMPILED_BYTES_MAX: Final = 32 * 1024 * 1024
"""Text and object code: the largest of sources makes a tenth of it."""
_UNLOADED: Final = "unloaded"


@dataclass(frozen=True, slots=True)
class Tiered:
    """What came of it.

    Args:
        compiled: None: it is interpreted.
        note: why the tier is not the one it could have, "".
        stage, refused: why it cannot run at all, "".
        first_faults: by status, where the first call that failed so did in the interpreter.
    """

    tier: str
    compiled: Compiled | None = None
    note: str = ""
    stage: str = ""
    refused: str = ""
    first_faults: Mapping[int, FirstFault] = field(default_factory=dict)


def compile_apart(source: bytes, seal: Callable[[], None]) -> tuple[Compiled | None, str]:
    """Return what a child has compiled of a source, or why there is nothing.

    Args:
        seal: called by the child before it looks at the source.
    """
    room = mmap.mmap(-1, COMPILED_BYTES_MAX)
    try:
        told = json.loads(run_apart(partial(_compile, source, room, seal), COMPILING, None))
        name, sizes = str(told["name"]), (int(told["text"]), int(told["code"]))
        if min(sizes) < 0 or sum(sizes) > len(room):
            raise ValueError("sizes that cannot be")
        text, code = room[: sizes[0]].decode(), room[sizes[0] : sum(sizes)]
        if hashlib.sha256(code).hexdigest() != told["sha256"]:
            raise ValueError("another code than it has told of")
    except ApartFailed as error:
        return None, f"no machine code: making it {error.why}"
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
        return None, f"no machine code: the compiler returned {error}"[:200]
    return Compiled(name, text, code), ""


def compare(
    image: ArenaImage,
    source: bytes,
    facts: TraitFacts,
    compiled: Compiled | None,
    loaded: LoadedTraits,
    seal: Callable[[], None],
) -> Tiered:
    """Return the tier in which a trait is to run, after both have lived through some ticks.

    Args:
        facts: of the trait; its tier does not matter.
        seal: called by the children before anything of the trait runs.
    """
    plain = Candidate(replace(facts, tier=NATIVE, carriers=NEWBORNS), source)
    try:
        lived = json.loads(run_apart(partial(_live, image, plain, loaded, seal), COMPARING, None))
    except ApartFailed as error:
        why = f"tried on a copy of the world, it {error.why}"
        return Tiered(INTERPRETED, stage="execution", refused=why)
    if _UNLOADED in lived:
        return Tiered(INTERPRETED, stage="import", refused=str(lived[_UNLOADED]))
    try:
        first = parse_first_faults(lived.pop("first_faults"))
    except (KeyError, TypeError, ValueError):  # a liar; what it says beside is compared
        first = {}
    if compiled is None:
        return Tiered(INTERPRETED, first_faults=first)
    native = replace(plain, code=compiled.code)
    try:
        made = json.loads(run_apart(partial(_live, image, native, loaded, seal), COMPARING, None))
    except ApartFailed as error:
        return Tiered(INTERPRETED, note=f"tried on a copy, its machine code {error.why}")
    made.pop("first_faults", None)  # machine code does not know them
    if made != lived:
        note = _difference(lived["hashes"], made["hashes"])
        return Tiered(INTERPRETED, note=note, first_faults=first)
    return Tiered(NATIVE, compiled, first_faults=first)


def _compile(source: bytes, room: mmap.mmap, seal: Callable[[], None]) -> bytes:
    """In a child: make the machine code of a trait, and run nothing of it."""
    seal()
    compiled = compile_checked(check_source(source))
    text = compiled.text.encode()
    if len(text) + len(compiled.code) > len(room):
        raise MoltError(f"it is larger than {len(room)} bytes")
    room[: len(text)] = text
    room[len(text) : len(text) + len(compiled.code)] = compiled.code
    told = {"name": compiled.name, "text": len(text), "code": len(compiled.code)}
    told["sha256"] = hashlib.sha256(compiled.code).hexdigest()
    return json.dumps(told).encode()


def _live(
    image: ArenaImage, candidate: Candidate, loaded: LoadedTraits, seal: Callable[[], None]
) -> bytes:
    """In a child: tick a copy with the trait in a sample of its Molbots; return what came."""
    words = found_copy(memoryview(mmap.mmap(-1, image.buffers().file_bytes)), image)
    tried = Tried(candidate)
    seal()
    try:
        # The interpreter stands in for the machine code, so that all else is the same.
        library = TraitLibrary([tried.load()]).joined(loaded.library())
    except CannotLoad as error:
        return json.dumps({_UNLOADED: error.message}).encode()
    engine = Engine(words, 1, lambda: words.state(image.tick, State.OUTBOX_HEAD), library=library)
    send_candidate(words, tried.facts)
    engine.tick()
    _give_to_sample(engine, candidate.facts.hash)
    hashes = []
    for _ in range(TICKS):
        engine.tick()
        hashes.append(engine.publish_hash().hex())
    report = tried.report()
    told: dict[str, Any] = {"hashes": hashes}
    told |= {name: report[name] for name in ("statuses", "first_faults")}
    return json.dumps(told).encode()


def _give_to_sample(engine: Engine, code_hash: str) -> None:
    """Let a sample of those who live carry a trait that has come in.

    Raises:
        MoltError: it has not.
    """
    committed = engine.world.committed
    entries = read_entries(committed)
    entry = next((e for e in entries if e.hash == code_hash and e.status == ACTIVE), None)
    if entry is None:
        raise MoltError("cannot try the trait: the world did not take it up")
    living = np.flatnonzero(committed.state == ALIVE)
    sample = living[:: max(1, len(living) // SAMPLE_MAX)][:SAMPLE_MAX]
    for buffer in engine.world.buffers:
        buffer.trait_bits[sample] |= np.uint64(entry.bit)


def _difference(plain: Sequence[str], made: Sequence[str]) -> str:
    pairs = zip(plain, made, strict=False)
    first = next((number for number, (a, b) in enumerate(pairs, start=1) if a != b), 0)
    return f"machine code and interpreter differ in tick {first} of the trial"

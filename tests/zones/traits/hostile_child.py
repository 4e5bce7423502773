"""Runs hostile sources in the interpreted tier, each in a child that is thrown away.

Owns: the child's limits, what is told of it. `python -m tests.zones.traits.hostile_child ENTITIES
TICKS PATH...` prints one line of JSON for each source: {name, end, statuses, digest, cpu_s}.
`end` is "refused",
"not loaded", "ran", or what killed the child. A child has no descriptor but the pipe it answers on.
"""

import hashlib
import json
import os
import resource
import select
import signal
import sys
import time
from pathlib import Path

from tests.zones.traits.both_tiers import follow
from tests.zones.traits.scenes import make_scene
from zones.traits.interpreted import CannotLoad, InterpretedTrait
from zones.traits.linked import link
from zones.traits.reading import check_source
from zones.traits.tree_tools import RefusedTree
from zones.traits.verdict import Refusal

CPU_S = 5
WALL_S = 20.0
MEMORY_BYTES = 2 << 30
FUEL = 50_000
BESIDES = ("scratch",)
HARMLESS = b"""
class Harmless(Trait):
    async def execute(self, entity):
        entity.vx = entity.vx * 0.5
"""


def attempt(source: bytes, entities: int, ticks: int) -> dict[str, object]:
    """Return how a source ends."""
    try:
        checked = check_source(source)
    except Refusal as refusal:
        return {"end": "refused", "rule": refusal.rule}
    try:
        trait = InterpretedTrait(checked)
    except (CannotLoad, RefusedTree) as error:
        return {"end": "not loaded", "why": str(error)}
    scene = make_scene(entities=entities, fuel_max=FUEL)
    statuses = []
    digest = hashlib.sha256()
    for tick in range(ticks):
        trait.run(scene, entities)
        statuses += scene.arrays["status"][:entities].tolist()
        for name, array in sorted(scene.arrays.items()):
            if name not in BESIDES:
                digest.update(array.tobytes())
        follow(scene, 101 + tick)
    return {"end": "ran", "statuses": statuses, "digest": digest.hexdigest()}


def child(source: bytes, entities: int, ticks: int, answer: int) -> None:
    """Run in the forked process; never returns."""
    os.dup2(answer, 3)
    os.closerange(4, 4096)
    for descriptor in (0, 1, 2):
        os.close(descriptor)
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    begun = time.process_time()
    try:
        told = attempt(source, entities, ticks)
    except BaseException as error:
        told = {"end": f"escaped: {type(error).__name__}: {error}"[:300]}
    told["cpu_s"] = round(time.process_time() - begun, 3)
    os.write(3, json.dumps(told).encode())
    os._exit(0)


def judge(path: Path, entities: int, ticks: int) -> dict[str, object]:
    """Return what becomes of one source."""
    source = path.read_bytes()
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(read)
        child(source, entities, ticks, write)
    os.close(write)
    with os.fdopen(read, "rb") as answer:
        poller = select.poll()
        poller.register(answer, select.POLLIN)
        if not poller.poll(WALL_S * 1000):
            os.kill(pid, signal.SIGKILL)
        told = answer.read()
    _, ended = os.waitpid(pid, 0)
    name = {"name": path.stem}
    if not told:
        code = os.waitstatus_to_exitcode(ended)
        return {**name, "end": signal.Signals(-code).name if code < 0 else f"exit {code}"}
    return {**name, **json.loads(told)}


def main() -> None:
    """Judge the files that are named. What is imported late is imported before."""
    link()
    attempt(HARMLESS, 1, 1)
    entities, ticks = map(int, sys.argv[1:3])
    for path in sys.argv[3:]:
        print(json.dumps(judge(Path(path), entities, ticks)), flush=True)


if __name__ == "__main__":
    main()

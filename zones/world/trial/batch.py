"""Many sources tried against the same controls: what a search asks for, answered in one process.

Owns: the lanes, what of a trial is left out. Does not own: the steps (`coordinator.py`), a run
(`pairs.py`). Nothing of a batch is kept or comes into a world: what a search finds goes through a
trial of its own. So the tiers are not compared, there is no larger world, and a control is lived
once for each seed instead of once for each source.

A lane is a process like the coordinator, forked from it: it takes one source after the other
through children of its own. What it says is therefore no stranger's.
"""

import json
import os
from collections.abc import Callable, Sequence
from typing import Any, Final

from Kernel.contract.errors import MoltError
from zones.runtime.kinship import die_with
from zones.world.trial.copying import with_seed
from zones.world.trial.job import Job
from zones.world.trial.judging import Outcome, Undecided
from zones.world.trial.living import Life
from zones.world.trial.pairs import AT_ONCE, Context, live_orders, order_of
from zones.world.trial.runs import How

READ_BYTES: Final = 65_536
FAILED: Final = 70

TryOne = Callable[[Job, bytes, Context, Sequence[Outcome], int], dict[str, Any]]


def try_batch(job: Job, data: bytes, context: Context, try_one: TryOne) -> dict[str, Any]:
    """Return the documents about all sources of a batch, in their order.

    Args:
        data: the sources one behind the other, as long as `job.lengths` says.
        try_one: returns the document about one source beside controls that have been lived.

    Raises:
        MoltError: nothing can be said of any.
    """
    sources = _split(job, data)
    controls = live_controls(job, context)
    lanes = min(AT_ONCE, len(os.sched_getaffinity(0)), len(sources))

    def work(lane: int) -> list[dict[str, Any]]:
        at_once = 1 if lanes > 1 else AT_ONCE  # one source alone has its runs beside each other
        return [try_one(job, each, context, controls, at_once) for each in sources[lane::lanes]]

    told: list[dict[str, Any]] = [{}] * len(sources)
    others = [(lane, *_fork(work, lane)) for lane in range(1, lanes)]
    try:
        told[0::lanes] = work(0)
    finally:
        heard = [(lane, _hear(reader, child)) for lane, reader, child in others]
    for lane, answer in heard:
        told[lane::lanes] = _parse(answer, len(sources[lane::lanes]))
    return {"kind": job.kind, "verdicts": told}


def live_controls(job: Job, context: Context) -> list[Outcome]:
    """Return what came of the world by itself, for each seed.

    Raises:
        Undecided: one has not come to a good end.
    """
    images = [with_seed(context.image, seed) for seed in range(job.seeds)]
    orders = [order_of(Life(image, job.ticks, context.loaded), context) for image in images]
    controls = live_orders(orders, context.until_s)
    for control in controls:
        if control.how is not How.DONE or control.left is None:
            raise Undecided(f"cannot judge any of them: the control {control.why}")
    return controls


def _split(job: Job, data: bytes) -> list[bytes]:
    if sum(job.lengths) != len(data):
        raise MoltError("cannot try a batch: its sources are not as long as it says")
    sources, first = [], 0
    for length in job.lengths:
        sources.append(data[first : first + length])
        first += length
    return sources


def _fork(work: Callable[[int], list[dict[str, Any]]], lane: int) -> tuple[int, int]:
    """Have a lane worked in a child; return where it is heard, and its pid."""
    reader, writer = os.pipe2(os.O_CLOEXEC)
    parent = os.getpid()
    child = os.fork()
    if child:
        os.close(writer)
        return reader, child
    code = FAILED
    try:
        die_with(parent)
        os.close(reader)
        try:
            told: Any = work(lane)
        except (MoltError, OSError) as error:
            told = {"failed": str(error)}
        data = memoryview(json.dumps(told).encode())
        while data:
            data = data[os.write(writer, data) :]
        code = 0
    finally:
        os._exit(code)


def _hear(reader: int, child: int) -> bytes:
    data = bytearray()
    while piece := os.read(reader, READ_BYTES):
        data += piece
    os.close(reader)
    os.waitpid(child, 0)
    return bytes(data)


def _parse(data: bytes, many: int) -> list[dict[str, Any]]:
    try:
        told = json.loads(data)
    except ValueError as error:
        raise MoltError("cannot try a batch: one of its processes was ended") from error
    if isinstance(told, dict):
        raise MoltError(str(told["failed"]))
    assert len(told) == many, "one document for each"
    return list(told)

"""What a trial is asked to do, as plain data that is checked once.

Owns: the fields of a job, their bounds, what an answer is called. Does not own: doing it
(`coordinator.py`), who may ask for how much (the kernel: `Kernel/core`).

A Fork of the role `trial` carries the job as `facts["trial"]`, the bytes of the source in the
descriptor `job`, and in `result` the pipe for one line of JSON: the result, or {"failed": why}.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from Kernel.contract.errors import MoltError
from Kernel.contract.inputs import ALL, NEWBORNS
from Kernel.contract.trait_sets import is_code_hash

TICKS: Final = 1000
TICKS_MAX: Final = 100_000
SEEDS_MAX: Final = 64
"""Pairs of one trial: as many as `effect.py` knows quantiles for, and one more."""
SCALE_MAX: Final = 16
HASHES_MAX: Final = 256
ZONE_CHARS_MAX: Final = 64


class BadJob(MoltError):
    """A job that cannot be done, whatever its source is."""


@dataclass(frozen=True, slots=True)
class Job:
    """What is asked for.

    Args:
        zone: whose world is copied; of a home without one a small world is founded.
        add: store an accepted source, show it to people, let the zone's next generation load it.
        trial: run it beside a control; without it the source is screened, compiled and compared.
        ticks: of each run.
        seeds: pairs of runs; the first has the seed of the world itself.
        scale: one pair more is run with this many times the population; 1: none.
        carriers: who is given the trait, "all" or "newborns".
        hashes: what the zone's next generation loads besides.
        unchecked: the source is neither screened nor guarded. For proving the cage.
    """

    zone: str
    home: Path
    add: bool = False
    trial: bool = True
    ticks: int = TICKS
    seeds: int = 1
    scale: int = 1
    carriers: str = ALL
    hashes: tuple[str, ...] = ()
    unchecked: bool = False


def parse_job(told: Mapping[str, Any]) -> Job:
    """Return a job from plain data; keys it does not know are left alone.

    Raises:
        BadJob: a value is none that a job can have.
    """
    known = {name: told[name] for name in Job.__slots__ if name in told}
    known["hashes"] = tuple(known.get("hashes", ()))
    known["home"] = Path(str(known.get("home", "")))
    known.setdefault("zone", "")
    job = Job(**known)
    for name in ("add", "trial", "unchecked"):
        if type(getattr(job, name)) is not bool:
            raise BadJob(f"cannot try a trait: {name} is {getattr(job, name)!r:.80}")
    for name, most in (("ticks", TICKS_MAX), ("seeds", SEEDS_MAX), ("scale", SCALE_MAX)):
        value = getattr(job, name)
        if type(value) is not int or not 1 <= value <= most:
            raise BadJob(f"cannot try a trait: {name} is {value!r:.80}, it may be 1 to {most}")
    if type(job.zone) is not str or not 0 < len(job.zone) <= ZONE_CHARS_MAX:
        raise BadJob(f"cannot try a trait: no zone has the name {job.zone!r:.80}")
    if not job.home.is_absolute():
        raise BadJob(f"cannot try a trait: {str(job.home)!r:.80} is no home")
    if job.carriers not in (ALL, NEWBORNS):
        raise BadJob(f"cannot try a trait: nobody is called {job.carriers!r:.80}")
    if len(job.hashes) > HASHES_MAX or not all(map(is_code_hash, job.hashes)):
        raise BadJob("cannot try a trait: the hashes beside it are none")
    if job.unchecked and job.add:
        raise BadJob("cannot add a trait that nobody has checked", "molt try FILE")
    return job

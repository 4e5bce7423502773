"""What a trial is asked to do, as plain data that is checked once.

Owns: the fields of a job, their bounds, what an answer is called. Does not own: doing it
(`coordinator.py`), who may ask for how much (the kernel: `Kernel/core`).

A Fork of the role `trial` carries the job as `facts["trial"]`, the bytes of the source in the
descriptor `job`, and in `result` the pipe for one line of JSON: the result, or {"failed": why}.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from Kernel.contract.errors import MoltError
from Kernel.contract.inputs import ALL, NEWBORNS, TRAIT_NAME_BYTES, VALUE_MAX
from Kernel.contract.trait_sets import is_code_hash
from Kernel.contract.trial_forecast import SIDES, WINDOWS_MAX

TICKS: Final = 1000
TICKS_MAX: Final = 100_000
SEEDS_MAX: Final = 64
"""Pairs of one trial: as many as `effect.py` knows quantiles for, and one more."""
SCALE_MAX: Final = 16
HASHES_MAX: Final = 256
ZONE_CHARS_MAX: Final = 64
METRIC_CHARS_MAX: Final = 64
PARAMS_MAX: Final = 64
BATCH_MAX: Final = 16
SECONDS_MAX: Final = 3600.0
SOURCE: Final = "source"
PARAMS: Final = "params"
WITHOUT: Final = "without"
BATCH: Final = "batch"
"""Kinds of what is tried."""


class BadJob(MoltError):
    """A job that cannot be done, whatever its source is."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """How what is tried will do, as it is asked for.

    Args:
        metric, better: what is promised, and which side of it.
        window_ticks: of one window.
        seconds: its runs may take.
    """

    metric: str
    better: str
    window_ticks: int
    seconds: float


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
        params: values by name that the candidate's world is run by, instead of a source.
        without: name of an active trait that the control is without, instead of a source.
        forecast: None: none is wanted.
        controls: pairs that have a control, from the first on; 0: all.
        scale_ticks: of a run with a multiple of the population, and then as many times it as there
            is room for; 0: `ticks`.
        lengths: of the sources of a batch, which are tried beside the same controls; (): it is one.
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
    params: Mapping[str, float] = field(default_factory=dict)
    without: str = ""
    forecast: Forecast | None = None
    controls: int = 0
    scale_ticks: int = 0
    lengths: tuple[int, ...] = ()

    @property
    def kind(self) -> str:
        """What is tried: SOURCE, PARAMS, WITHOUT or BATCH."""
        if self.lengths:
            return BATCH
        return WITHOUT if self.without else PARAMS if self.params else SOURCE


def parse_job(told: Mapping[str, Any]) -> Job:
    """Return a job from plain data; keys it does not know are left alone.

    Raises:
        BadJob: a value is none that a job can have.
    """
    known = {name: told[name] for name in Job.__slots__ if name in told}
    known["hashes"] = tuple(known.get("hashes", ()))
    known["lengths"] = tuple(known.get("lengths", ()))
    known["home"] = Path(str(known.get("home", "")))
    known.setdefault("zone", "")
    known["forecast"] = _forecast(known.get("forecast"))
    job = Job(**known)
    for name in ("add", "trial", "unchecked"):
        if type(getattr(job, name)) is not bool:
            raise BadJob(f"cannot try a trait: {name} is {getattr(job, name)!r:.80}")
    for name, least, most in (
        ("ticks", 1, TICKS_MAX),
        ("seeds", 1, SEEDS_MAX),
        ("scale", 1, SCALE_MAX),
        ("controls", 0, SEEDS_MAX),
        ("scale_ticks", 0, TICKS_MAX),
    ):
        value = getattr(job, name)
        if type(value) is not int or not least <= value <= most:
            raise BadJob(
                f"cannot try a trait: {name} is {value!r:.80}, it may be {least} to {most}"
            )
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
    _check_change(job)
    return job


def _check_change(job: Job) -> None:
    if type(job.without) is not str or len(job.without.encode()) > TRAIT_NAME_BYTES:
        raise BadJob(f"cannot try without {job.without!r:.80}: it is no name of a trait")
    if type(job.params) is not dict or len(job.params) > PARAMS_MAX:
        raise BadJob("cannot try params: they are values by name")
    for name, value in job.params.items():
        if type(name) is not str or type(value) is not float or not abs(value) <= VALUE_MAX:
            raise BadJob(f"cannot try params: {name!r:.80} is {value!r:.80}")
    if len(job.lengths) > BATCH_MAX or not all(type(each) is int for each in job.lengths):
        raise BadJob(f"cannot try a batch: it has at most {BATCH_MAX} sources")
    if bool(job.params) + bool(job.without) + bool(job.lengths) + job.add + job.unchecked > 1:
        raise BadJob("cannot try a change and a source in one")
    if job.lengths and (job.forecast is not None or job.scale > 1):
        raise BadJob("cannot forecast a batch, nor try it on a larger world")
    if job.kind != SOURCE and not job.trial:
        raise BadJob("cannot try a change without a trial")


def _forecast(told: Any) -> Forecast | None:
    if told is None:
        return None
    asked = Forecast(**told)
    if type(asked.metric) is not str or len(asked.metric) > METRIC_CHARS_MAX:
        raise BadJob("cannot forecast what has no name")
    if asked.better not in SIDES:
        raise BadJob(f"cannot forecast: better is {asked.better!r:.80}")
    if type(asked.window_ticks) is not int or not 1 <= asked.window_ticks <= TICKS_MAX:
        raise BadJob(f"cannot forecast windows of {asked.window_ticks!r:.80} ticks")
    if type(asked.seconds) not in (int, float) or not 0 < asked.seconds <= SECONDS_MAX:
        raise BadJob(f"cannot forecast in {asked.seconds!r:.80} s")
    return asked


def windows_of(job: Job) -> int:
    """Return the ticks of a window of a job's runs, 0: none are counted."""
    if job.forecast is None:
        return 0
    return max(job.forecast.window_ticks, -(-job.ticks // WINDOWS_MAX))

"""Try a trait on copies of a running world, from Python: what `molt try` does.

Owns: the question, and the verdict as an object. Does not own: the road to the kernel
(`console.py`), the trial (`zones/world/trial`), what its figures mean (`docs/traits.md`).
"""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final

from Kernel.contract.errors import UsageError
from Kernel.contract.trial_effect import Effect
from zones.client.console import ask

TIMEOUT_S: Final = 900.0
"""Others may wait before it, and a large world takes its time."""


@dataclass(frozen=True, slots=True)
class TrialResult:
    """A verdict; true where the trait is accepted.

    Args:
        rule, line, reason: why it was refused; "" and 0 where it was not.
        stage: the station at which it was refused: validation, import, execution or trial.
        hash: the sha256 of the source, hex.
        said: the beginning of what it printed, or died with.
        ticks, seeds, population: of the runs.
        faults: calls by how they failed; of `calls`.
        first_faults: line and name of the first of each of these, as far as it is known.
        fuel, tick_us, scale, seconds: plain figures, see docs/traits.md.
        invariants: checks of the world that its runs broke.
        effect: by metric.
        unchanged: its runs have left the very same bodies and food as their controls.
        file: the path that was tried, "" for a source.
        fields: the whole answer, as `molt try --json` prints it.
    """

    accepted: bool
    hash: str
    rule: str = ""
    line: int = 0
    reason: str = ""
    stage: str = ""
    name: str = ""
    tier: str = ""
    state: str = ""
    note: str = ""
    said: str = ""
    ticks: int = 0
    seeds: int = 0
    population: int = 0
    calls: int = 0
    faults: Mapping[str, int] = field(default_factory=dict)
    first_faults: Mapping[str, Any] = field(default_factory=dict)
    fuel: Mapping[str, Any] = field(default_factory=dict)
    tick_us: Mapping[str, Any] = field(default_factory=dict)
    scale: Mapping[str, Any] = field(default_factory=dict)
    seconds: Mapping[str, Any] = field(default_factory=dict)
    invariants: tuple[str, ...] = ()
    effect: Mapping[str, Effect] = field(default_factory=dict)
    unchanged: bool = False
    file: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def __bool__(self) -> bool:
        return self.accepted


def try_trait(
    home: Path,
    trait: str | bytes | Path,
    *,
    ticks: int | None = None,
    seeds: int | None = None,
    scale: int | None = None,
    timeout_s: float = TIMEOUT_S,
) -> TrialResult:
    """Have the kernel of a home try a trait and return its verdict.

    Args:
        trait: a path, or a source: bytes, or a text of more than one line.
        ticks: of each run; None: 1000.
        seeds: pairs of runs; None: 4 up to 5000 Molbots, 1 above.
        scale: one pair more has so many times the population; None: none.
        timeout_s: for all of it. The kernel gives up a trial that nobody waits for.

    Raises:
        NoKernel: no kernel runs, or the verdict did not come in time.
        Refused: it cannot be tried now: too large, too many wait.
        UsageError: the file cannot be read, or a number is out of its bounds.
    """
    source, file = _read(trait)
    args: dict[str, object] = {"source": b64encode(source).decode()}
    given = {"ticks": ticks, "seeds": seeds, "scale": scale}
    args |= {name: value for name, value in given.items() if value is not None}
    return parse_result(ask(home, "try", args, timeout_s), file)


def parse_result(told: Mapping[str, Any], file: str = "") -> TrialResult:
    """Return the kernel's answer as a verdict; what it does not know stays in `fields`."""
    known = {each.name for each in fields(TrialResult)} - {"file", "fields"}
    values = {name: value for name, value in told.items() if name in known}
    values["invariants"] = tuple(told.get("invariants", ()))
    figures = {each.name for each in fields(Effect)}
    rows = [{name: each[name] for name in figures & each.keys()} for each in told.get("effect", ())]
    effects = [Effect(**row) for row in rows]
    values["effect"] = {each.metric: each for each in effects}
    return TrialResult(**values, file=file, fields={"file": file} | dict(told))


def _read(trait: str | bytes | Path) -> tuple[bytes, str]:
    """Return a source and the path it was read from."""
    if isinstance(trait, bytes):
        return trait, ""
    if isinstance(trait, str) and "\n" in trait:
        return trait.encode(), ""
    try:
        return Path(trait).read_bytes(), str(trait)
    except OSError as error:
        raise UsageError(f"cannot try {trait}: {error.strerror or error}") from error

"""What a trial says of a source or change, read as hostile: each field has its type and bounds.

Owns: the verdict, reading one, and what stands for it where the trial has come to no good end.
Does not own: who reaches it (`zones/world/trial`), what follows (`trials.py`, `trait_addition.py`).
Pure.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final

from Kernel.contract.errors import CodecError
from Kernel.contract.trait_sets import is_code_hash
from Kernel.contract.trial_effect import Effect
from Kernel.contract.trial_forecast import SIDES, WINDOWS_MAX, Band, Forecast
from Kernel.core.cell import CellEnd, How

KINDS: Final = ("source", "params", "without")
STAGES: Final = ("", "validation", "import", "execution", "trial")
TIERS: Final = ("", "native", "interpreted")
TEXT_MAX: Final = 4096
NAME_MAX: Final = 64
METRICS_MAX: Final = 64
LIST_MAX: Final = 64
COUNT_MAX: Final = 2**53
NUMBER_MAX: Final = 1e15
DEPTH_MAX: Final = 3
VERDICT_BYTES_MAX: Final = 48 * 1024
"""As JSON: it fits into an answer of the console, and into an event."""
NOTHING_KNOWN: Final = "this says nothing about the source"
_RULES: Final = {
    How.DIED: "died",
    How.KILLED: "killed",
    How.LATE: "hung",
    How.FLOODED: "flooded",
}
"""The rule that stands for an end of the trial itself."""


@dataclass(frozen=True, slots=True)
class TrialVerdict:
    """What is said of one source or change.

    Args:
        kind: what was tried, one of KINDS; then code_hash names the values of parameters, or is
            that of the trait that the controls were without.
        rule, line, reason: why it was refused; "" and 0 where it was not.
        name: of the class; version: counted up for each name, 0 where nothing is stored.
        memory: places of the trait memory it takes.
        file_path: the file for people.
        note: why the tier is not the one it could have, or "".
        said: the beginning of what the candidate printed, or died with.
        stage: how far a refused one came, one of STAGES.
        faults: calls by how they failed; of `calls`.
        first_faults: line and name of the first of each of these, as far as it is known.
        fuel, tick_us, scale, seconds: plain figures, see docs/traits.md.
        invariants: the checks of the world that its runs broke.
        unchanged: its runs have left the very same bodies and food as their controls.
        forecast: None: none was asked for, or no run came to its end.
        verdicts: on each source of a batch; not among its fields, see `batch_verdict.py`.
    """

    accepted: bool
    code_hash: str
    rule: str = ""
    line: int = 0
    reason: str = ""
    name: str = ""
    version: int = 0
    tier: str = ""
    state: str = ""
    memory: int = 0
    moods: tuple[str, ...] = ()
    file_path: str = ""
    note: str = ""
    said: str = ""
    stage: str = ""
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
    effect: tuple[Effect, ...] = ()
    unchanged: bool = False
    kind: str = "source"
    forecast: Forecast | None = None
    verdicts: tuple["TrialVerdict", ...] = ()

    def fields(self) -> dict[str, Any]:
        """Return plain data, as programs read it."""
        names = [each.name for each in fields(self) if each.name != "verdicts"]
        plain = {name: getattr(self, name) for name in names}
        lists = {key: list(getattr(self, key)) for key in ("moods", "invariants")}
        foretold = self.forecast.fields() if self.forecast is not None else None
        effects = [each.fields() for each in self.effect]
        return plain | lists | {"effect": effects, "forecast": foretold}


_TEXTS: Final = (
    "rule", "reason", "name", "tier", "state", "file_path", "note", "said", "stage",
    "kind",
)  # fmt: skip
_COUNTS: Final = (
    "line", "version", "memory", "ticks", "seeds", "population", "calls",
)  # fmt: skip
_LISTS: Final = ("moods", "invariants")
_FIGURES: Final = ("first_faults", "fuel", "tick_us", "scale", "seconds")


def parse_verdict(told: Mapping[str, Any], *, stored: bool) -> TrialVerdict:
    """Return a verdict from plain data; keys it does not know are left alone.

    Args:
        stored: an accepted one was to be stored, and so has a version.

    Raises:
        CodecError: it is none.
    """
    try:
        return _parse(told, stored)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CodecError(f"cannot use a verdict: {error!r}"[:400]) from error


def _parse(told: Mapping[str, Any], stored: bool) -> TrialVerdict:
    values: dict[str, Any] = {"accepted": told["accepted"], "code_hash": told["code_hash"]}
    if type(values["accepted"]) is not bool or not is_code_hash(values["code_hash"]):
        raise ValueError("it does not say of which source it is")
    values |= {key: _text(told.get(key, ""), TEXT_MAX) for key in _TEXTS}
    values["kind"] = values["kind"] or KINDS[0]
    values |= {key: _count(told.get(key, 0)) for key in _COUNTS}
    values |= {key: _texts(told.get(key, [])) for key in _LISTS}
    values |= {key: _figures(told.get(key, {})) for key in _FIGURES}
    faults = _figures(told.get("faults", {}))
    values["faults"] = {key: _count(value) for key, value in faults.items()}
    effects = told.get("effect", [])
    if type(effects) is not list or len(effects) > METRICS_MAX:
        raise ValueError("its effects are none")
    values["effect"] = tuple(_effect(each) for each in effects)
    values["unchanged"] = told.get("unchanged", False)
    if type(values["unchanged"]) is not bool:
        raise ValueError("it does not say whether anything has changed")
    values["forecast"] = _forecast(told.get("forecast"))
    verdict = TrialVerdict(**values)
    _check_whole(verdict, stored)
    size = len(json.dumps(verdict.fields()))
    if size > VERDICT_BYTES_MAX:
        raise ValueError(f"it takes {size} bytes, at most {VERDICT_BYTES_MAX}")
    return verdict


def _check_whole(verdict: TrialVerdict, stored: bool) -> None:
    """Raise ValueError where one field contradicts another."""
    if verdict.kind not in KINDS:
        raise ValueError(f"it names the kind {verdict.kind!r}")
    if verdict.stage not in STAGES or verdict.tier not in TIERS:
        raise ValueError(f"it names the stage {verdict.stage!r}, the tier {verdict.tier!r}")
    named = verdict.name and verdict.tier
    if verdict.accepted and not named and verdict.kind != "params":
        raise ValueError("it accepts a trait without a name or tier")
    if verdict.accepted and ((stored and not verdict.version) or verdict.rule):
        raise ValueError("it accepts a trait and says otherwise")
    if not verdict.accepted and not (verdict.rule and verdict.reason):
        raise ValueError("it refuses a trait and does not say why")
    if sum(verdict.faults.values()) > verdict.calls:
        raise ValueError("it tells of more faults than calls")


def failed_verdict(code_hash: str, end: CellEnd) -> TrialVerdict:
    """Return the verdict where the trial itself has ended otherwise than with one.

    No generated code runs in the process that ends so: it looks after those that do.
    """
    assert end.how in _RULES, "nobody ends otherwise who was to reach a verdict"
    reason, rule = f"the trial came to no verdict: {end.why}", _RULES[end.how]
    if end.out_of_memory:  # of its own group, with all that it has forked: that is the candidate
        rule = "memory"
    elif end.how in (How.KILLED, How.LATE):  # what it looks after has shorter limits of its own
        reason += f"; {NOTHING_KNOWN}"
    return TrialVerdict(False, code_hash, rule, reason=reason, stage="trial")


def lied_verdict(code_hash: str, error: CodecError) -> TrialVerdict:
    """Return the verdict where what the trial said is none."""
    reason = f"the trial's own verdict cannot be used: {error.message}"
    return TrialVerdict(False, code_hash, "lied", reason=reason, stage="trial")


def _effect(told: Mapping[str, Any]) -> Effect:
    low, high = told.get("low"), told.get("high")
    mean, pairs = _number(told["mean"]), _count(told["pairs"])
    bounds = [None if each is None else _number(each) for each in (low, high)]
    if (bounds[0] is None) != (bounds[1] is None):
        raise ValueError("an interval has one end")
    if bounds[0] is not None and bounds[1] is not None and not bounds[0] <= mean <= bounds[1]:
        raise ValueError("an interval is without its mean")
    control = _number(told.get("control", 0.0))
    return Effect(_text(told["metric"], NAME_MAX), mean, bounds[0], bounds[1], pairs, control)


def _forecast(told: Any) -> Forecast | None:
    if told is None:
        return None
    windows = told["windows"]
    if type(windows) is not list or len(windows) > WINDOWS_MAX or told["better"] not in SIDES:
        raise ValueError("its forecast is none")
    bands = [Band(*(_number(each[key]) for key in ("low", "high", "mean"))) for each in windows]
    if not all(each.low <= each.mean <= each.high for each in bands):
        raise ValueError("a band is without its mean")
    ticks, seeds = _count(told["window_ticks"]), _count(told["seeds"])
    if not ticks or (bands and seeds < 2):
        raise ValueError("its forecast is of nothing")
    metric, degraded = _text(told["metric"], NAME_MAX), _text(told["degraded"], TEXT_MAX)
    return Forecast(metric, str(told["better"]), ticks, tuple(bands), seeds, degraded)


def _text(value: Any, most: int) -> str:
    if type(value) is not str or len(value) > most:
        raise ValueError("a text in it is none")
    value.encode()  # half a surrogate is no text that can be stored
    return str(value)


def _texts(value: Any) -> tuple[str, ...]:
    if type(value) is not list or len(value) > LIST_MAX:
        raise ValueError("a list in it is none")
    return tuple(_text(each, TEXT_MAX) for each in value)


def _count(value: Any) -> int:
    if type(value) is not int or not 0 <= value <= COUNT_MAX:
        raise ValueError("a count in it is none")
    return value


def _number(value: Any) -> float:
    if type(value) not in (int, float) or not abs(value) <= NUMBER_MAX:  # nor is NaN
        raise ValueError("a number in it is none")
    return float(value)


def _figures(value: Any, depth: int = DEPTH_MAX) -> dict[str, Any]:
    """Return a map of names to numbers, texts, or maps of these."""
    if type(value) is not dict or len(value) > LIST_MAX:
        raise ValueError("a map in it is none")
    return {_text(key, NAME_MAX): _figure(each, depth) for key, each in value.items()}


def _figure(value: Any, depth: int) -> Any:
    if value is None or type(value) is bool:
        return value
    if type(value) is str:
        return _text(value, TEXT_MAX)
    if type(value) is dict and depth > 1:
        return _figures(value, depth - 1)
    _number(value)
    return value

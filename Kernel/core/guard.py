"""Decide what becomes of a mutation in its guard period: it goes on, is kept, or is taken back.

Owns: the rules, what is remembered from look to look. Does not own: reading a world, inputs and
events (`trait_guard.py`), the forecast (`zones/world/trial`), deaths and hangs (`blame.py`).
Pure. A period is counted in ticks, so a pause does not end it.

*missed*: ticks are missed, and what the trait does explains it. Three things must agree: the share
of late ticks of a span; the trait's fuel, which is the same on a busy machine, together with what a
tick took before it came; and the median tick now. A machine that is busy makes ticks late and long
and leaves the fuel as it was, so it alone convicts nobody.
*faults*: half of the calls of a span fail; or it is off in half of all who live.
*invariant*: a check of the world has failed since it came.
*metric*: what was promised is outside of the 99 % band for some windows running, on either side:
better than foretold is no harm by itself, but then what was proven is not what runs. Without a
forecast: the world, which kept itself up, has halved in one of as many windows, and stays down.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from Kernel.contract.trial_forecast import Band, Forecast
from Kernel.contract.window_metrics import WINDOW_TICKS, Counters, window_value

SPAN_TICKS: Final = 100
"""Late ticks and faults are judged over so many."""
MISSED_MIN: Final = 5
CALLS_MIN: Final = 50
LATE_TICKS: Final = 15
"""A window whose end is seen later than so is not judged: its counts are of another window."""
FULL: Final = 0.75
"""Of a period: a tick that needs more has no room left for what any machine does besides."""
AGE_WINDOWS_MAX: Final = 4
"""A forecast of a world that has ticked on for more windows since says nothing of this one."""
GROWN_MAX: Final = 2.0
FALL_MIN: Final = 2.0
"""Times as many as are left lived at the beginning of a window in which a world fell."""
MORE: Final = "more"
MISSED, FAULTS, INVARIANT, METRIC = "missed", "faults", "invariant", "metric"
MEASURED: Final = "measured"
"""No rule of the period: an effect that was measured afterwards speaks against it."""
_OF_ALL: Final = frozenset(
    ("population", "mean_population", "births", "deaths", "starved", "aged", "collided")
)
"""Metrics that grow with the number of those who live."""


@dataclass(frozen=True, slots=True)
class GuardRules:
    """What the operator has set.

    Args:
        ticks: of a guard period.
        windows_out: so many windows running outside of the band take a mutation back.
        forecast_seeds, forecast_s: seeds of a forecast, and seconds that it may take.
        missed_percent: of the ticks of a span that are late.
        fuel_percent: of a tick's period; a trait that needs less explains no late tick.
        faults_percent: of the calls of a span that fail.
    """

    ticks: int = 2000
    windows_out: int = 3
    forecast_seeds: int = 8
    forecast_s: float = 60.0
    missed_percent: float = 10.0
    fuel_percent: float = 25.0
    faults_percent: float = 50.0


def unforetold(why: str, metric: str = "") -> Forecast:
    """Return what stands for a forecast where there is none.

    Args:
        metric: that was promised, "": nothing was.
    """
    return Forecast(metric, MORE, WINDOW_TICKS, (), 0, why)


@dataclass(frozen=True, slots=True)
class Applied:
    """A mutation that has come in.

    Args:
        told: id of the event mutation.applied.
        age_ticks: since its trial began.
        foretold: how many lived then.
        params: of a change of parameters, the values before by name; values: those it has set.
    """

    mutation_id: str
    trait_name: str
    version: int
    code_hash: str
    tick: int
    told: bytes
    forecast: Forecast
    age_ticks: int = 0
    foretold: int = 0
    params: Mapping[str, float] = field(default_factory=dict)
    values: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sent:
    """A mutation whose input is on its way.

    Args:
        applied: as it would be told of had it come in with the tick at which it was sent.
    """

    applied: Applied
    tried: bool = True


@dataclass(frozen=True, slots=True)
class Look:
    """A world, and one trait of it, after a tick.

    Args:
        missed, checks_failed: counted since the world was founded.
        calls, faults, fuel: of the trait, counted since it came; fuel in steps of its own tier.
        steps_per_ms: of its tier.
        tick_ms, period_ms: the median of the last ticks, and how long one may take.
        faults_max: in one Molbot, which switch a trait off there.
        is_newest: no mutation under guard came in after it.
    """

    tick: int
    missed: int
    checks_failed: int
    counters: Counters
    calls: int = 0
    faults: int = 0
    fuel: int = 0
    steps_per_ms: float = 1.0
    tick_ms: float = 0.0
    period_ms: float = 1.0
    faults_max: int = 10
    is_newest: bool = True


@dataclass(frozen=True, slots=True)
class Watch:
    """What is remembered of one guard period.

    Args:
        begun: the tick at which the mutation was applied; until: the period's last.
        rest_ms: what a tick took before.
        span: at its begin, None: it begins with the next look.
        window, opened: its number, and the counters at its begin; None: none is open.
        out: windows outside of the band, running.
        calls_best: the most calls of a span, for each who lived and each tick.
        checks_failed: of the world when it was looked at first, -1 before.
        kept_up: whether the world kept itself up when it was looked at first: more were born than
            starved, or than were put in; None before.
        fell_from: how many lived before it fell, 0: it has not.
    """

    begun: int
    until: int
    forecast: Forecast
    rest_ms: float = 0.0
    span: Look | None = None
    window: int = 0
    opened: Counters | None = None
    out: int = 0
    calls_best: float = 0.0
    checks_failed: int = -1
    kept_up: bool | None = None
    fell_from: int = 0


@dataclass(frozen=True, slots=True)
class GoOn:
    """Nothing speaks against it so far."""


@dataclass(frozen=True, slots=True)
class Keep:
    """Its guard period is over."""


@dataclass(frozen=True, slots=True)
class Trip:
    """It is to be taken back.

    Args:
        measured: figures by name.
    """

    rule: str
    reason: str
    measured: Mapping[str, Any] = field(default_factory=dict)


Ruling = GoOn | Keep | Trip


def decide_guard(watch: Watch, look: Look, rules: GuardRules) -> tuple[Watch, Ruling]:
    """Return what is remembered now, and what follows.

    The newest mutation alone answers for what is the whole world's (checks, the metric): what one
    before it was to do was foretold of a world without the newest. Is that taken back, the one
    before is held to its forecast again, in windows that begin anew.
    """
    watch, trip = _judge_world(watch, look)
    if trip is None:
        watch, trip = _judge_span(watch, look, rules)
    if trip is None:
        watch, trip = _judge_window(watch, look, rules)
    if trip is not None:
        return watch, trip
    return watch, Keep() if look.tick >= watch.until else GoOn()


def renew(watch: Watch) -> Watch:
    """Return a watch whose span and windows begin anew: the world has become another."""
    return replace(watch, span=None, opened=None, out=0, checks_failed=-1)


def fuel_ms(watch: Watch, look: Look) -> float:
    """Return what a tick of the running span spends on the trait by its fuel, milliseconds."""
    if watch.span is None or look.tick <= watch.span.tick:
        return 0.0
    steps = max(0, look.fuel - watch.span.fuel) / (look.tick - watch.span.tick)
    return steps / max(look.steps_per_ms, 1e-9)


def _judge_world(watch: Watch, look: Look) -> tuple[Watch, Trip | None]:
    failed = look.checks_failed - watch.checks_failed
    if watch.checks_failed < 0 or failed < 0 or not look.is_newest:
        return replace(watch, checks_failed=look.checks_failed), None
    if not failed:
        return watch, None
    why = f"{failed} checks of the world have failed since it came in"
    return watch, Trip(INVARIANT, why, {"checks_failed": failed})


def _judge_span(watch: Watch, look: Look, rules: GuardRules) -> tuple[Watch, Trip | None]:
    span = watch.span
    if span is None or look.tick < span.tick or look.missed < span.missed:
        return replace(watch, span=look), None
    if look.calls < span.calls:  # another slot's counts, or a world that was brought back
        return replace(watch, span=look), None
    if look.tick - span.tick < SPAN_TICKS:
        return watch, None
    trip = _missed(watch, span, look, rules) or _faults(watch, span, look, rules)
    best = max(watch.calls_best, _calls_each(span, look))
    return replace(watch, span=look, calls_best=best), trip


def _missed(watch: Watch, span: Look, look: Look, rules: GuardRules) -> Trip | None:
    ticks, missed = look.tick - span.tick, look.missed - span.missed
    needs_ms, room_ms = fuel_ms(watch, look), FULL * look.period_ms
    late = missed >= max(MISSED_MIN, ticks * rules.missed_percent / 100)
    explained = (
        needs_ms >= look.period_ms * rules.fuel_percent / 100
        and watch.rest_ms <= room_ms < watch.rest_ms + needs_ms
        and look.tick_ms >= room_ms
    )
    if not late or not explained:
        return None
    why = (
        f"{missed} of {ticks} ticks were missed; by its fuel it takes {needs_ms:.1f} ms of the "
        f"{look.period_ms:.1f} ms of a tick, the world {watch.rest_ms:.1f} ms without it"
    )
    measured = {
        "missed": missed, "ticks": ticks, "fuel_ms": round(needs_ms, 3),
        "rest_ms": round(watch.rest_ms, 3), "tick_ms": round(look.tick_ms, 3),
        "period_ms": round(look.period_ms, 3),
    }  # fmt: skip
    return Trip(MISSED, why, measured)


def _faults(watch: Watch, span: Look, look: Look, rules: GuardRules) -> Trip | None:
    calls, faults = look.calls - span.calls, look.faults - span.faults
    if calls >= CALLS_MIN and faults >= calls * rules.faults_percent / 100:
        why = f"{faults} of {calls} calls had a fault"
        return Trip(FAULTS, why, {"faults": faults, "calls": calls})
    # A Molbot in which it is off has had so many faults: their number says in how many it can be.
    population, each = look.counters.population, _calls_each(span, look)
    off = look.faults / max(look.faults_max, 1)
    if off >= population / 2 > 0 and each < watch.calls_best / 2:
        why = (
            f"{look.faults} faults have switched it off in half of {population} Molbots: calls "
            f"fell from {watch.calls_best:.2f} to {each:.2f} for each and tick"
        )
        measured = {"faults": look.faults, "calls_each": round(each, 4), "population": population}
        return Trip(FAULTS, why, measured)
    return None


def _calls_each(span: Look, look: Look) -> float:
    ticks = max(look.tick - span.tick, 1)
    return (look.calls - span.calls) / ticks / max(look.counters.population, 1)


def _judge_window(watch: Watch, look: Look, rules: GuardRules) -> tuple[Watch, Trip | None]:
    forecast, found = watch.forecast, look.counters
    if watch.kept_up is None:
        watch = replace(watch, kept_up=found.births > max(found.starved, found.seeded))
    if not forecast.windows and (not watch.kept_up or forecast.better != MORE):
        return watch, None
    if not look.is_newest:
        return replace(watch, opened=None, out=0), None
    number, late = divmod(max(look.tick - watch.begun, 0), forecast.window_ticks)
    opens = look.counters if late <= LATE_TICKS else None
    if watch.opened is None:
        return replace(watch, window=number, opened=opens), None
    if number == watch.window:
        return watch, None
    done = watch
    watch = replace(watch, window=number, opened=opens)
    if number != done.window + 1 or opens is None:
        return watch, None
    assert done.opened is not None, "it was open"
    if not forecast.windows:
        return _judge_fall(watch, done.opened, found, rules)
    if done.window >= len(forecast.windows):
        return watch, None
    band = forecast.windows[done.window]
    value = window_value(forecast.metric, done.opened, look.counters)
    if band.holds(value):
        return replace(watch, out=0), None
    watch = replace(watch, out=done.out + 1)
    if watch.out < rules.windows_out:
        return watch, None
    why = (
        f"{forecast.metric} was outside of its forecast in {watch.out} windows running: "
        f"{value:.6g}, foretold {band.low:.6g} to {band.high:.6g}"
    )
    measured = {
        "metric": forecast.metric, "value": value, "low": band.low, "high": band.high,
        "mean": band.mean, "windows": watch.out,
    }  # fmt: skip
    return watch, Trip(METRIC, why, measured)


def _judge_fall(
    watch: Watch, opened: Counters, found: Counters, rules: GuardRules
) -> tuple[Watch, Trip | None]:
    """Judge a window that nothing was foretold of: did the world fall, and does it stay down?

    It has to fall in one window: a winter that is too hard for a world comes slowly.
    """
    born, starved = found.births - opened.births, found.starved - opened.starved
    if not watch.out and starved > born:
        watch = replace(watch, fell_from=opened.population)
    is_down = bool(watch.fell_from) and found.population * FALL_MIN <= watch.fell_from
    watch = replace(watch, out=watch.out + 1) if is_down else replace(watch, out=0, fell_from=0)
    if watch.out < rules.windows_out:
        return watch, None
    why = (
        f"the world kept itself up; then more starved than were born, and {watch.out} windows "
        f"running {found.population} or so live of {watch.fell_from}"
    )
    measured = {
        "before": watch.fell_from, "population": found.population, "windows": watch.out,
    }  # fmt: skip
    return watch, Trip(METRIC, why, measured)


def fit_forecast(forecast: Forecast, age_ticks: int, foretold: int, found: int) -> Forecast:
    """Return a forecast as it holds for the world that a mutation came into.

    It was made of the world as it was when the trial began; that has ticked on since. So a band is
    that of its window and of those by which the world is older, and reaches from what was foretold
    to the same for as many as live now.

    Args:
        age_ticks: since the trial began.
        foretold, found: the population then, and when the mutation came in.
    """
    if not forecast.windows:
        return forecast
    older = -(-max(age_ticks, 0) // forecast.window_ticks)
    grown = found / foretold if foretold else 1.0
    if older > AGE_WINDOWS_MAX:
        why = f"the forecast is of a world {age_ticks} ticks before"
        return replace(forecast, windows=(), degraded=_both(forecast.degraded, why))
    if not 1 / GROWN_MAX <= grown <= GROWN_MAX:
        why = f"the forecast is of {foretold} Molbots, {found} live now"
        return replace(forecast, windows=(), degraded=_both(forecast.degraded, why))
    scales = (1.0, grown) if forecast.metric in _OF_ALL else (1.0,)
    bands = []
    for number, band in enumerate(forecast.windows):
        near = forecast.windows[number : number + older + 1]
        ends = [end * scale for each in near for end in (each.low, each.high) for scale in scales]
        bands.append(Band(min(ends), max(ends), band.mean))
    return replace(forecast, windows=tuple(bands))


def _both(first: str, second: str) -> str:
    return f"{first}; {second}" if first else second

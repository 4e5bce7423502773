"""The rules of a guard period: who is convicted, and who never is."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from Kernel.contract.trial_forecast import Band, Forecast
from Kernel.contract.window_metrics import Counters
from Kernel.core.guard import (
    AGE_WINDOWS_MAX,
    FAULTS,
    INVARIANT,
    METRIC,
    MISSED,
    SPAN_TICKS,
    GoOn,
    GuardRules,
    Keep,
    Look,
    Trip,
    Watch,
    decide_guard,
    fit_forecast,
    renew,
    unforetold,
)

RULES = GuardRules()
PERIOD_MS = 1000 / 60
STEPS_PER_MS = 5000.0
BEGUN = 1000


def counters(population: int = 500, **more: float) -> Counters:
    """Return what a world of so many says."""
    plain = {"births": 0, "starved": 0, "aged": 0, "collided": 0, "seeded": 0, "lineages": 3}
    return Counters(population=population, energy=100.0, **(plain | more))


def look(tick: int = BEGUN, **more) -> Look:
    """Return a look at a world where nothing is wrong."""
    plain = {
        "tick": tick, "missed": 0, "checks_failed": 0, "counters": counters(),
        "steps_per_ms": STEPS_PER_MS, "tick_ms": 3.0, "period_ms": PERIOD_MS,
    }  # fmt: skip
    return Look(**(plain | more))


def watch(**more) -> Watch:
    """Return the watch over a mutation that has just come in."""
    return Watch(
        BEGUN, BEGUN + RULES.ticks, **({"rest_ms": 2.0, "forecast": unforetold("")} | more)
    )


def run(watched: Watch, looks) -> tuple[Watch, GoOn | Keep | Trip]:
    """Look again and again, until something follows."""
    ruling: GoOn | Keep | Trip = GoOn()
    for each in looks:
        watched, ruling = decide_guard(watched, each, RULES)
        if not isinstance(ruling, GoOn):
            break
    return watched, ruling


def heavy(fuel_ms: float, missed: float, tick_ms: float, spans: int = 3, step: int = 6):
    """Return looks at a trait that costs so much, and misses such a share of the ticks."""
    for tick in range(0, spans * SPAN_TICKS + 1, step):
        yield look(
            BEGUN + tick,
            missed=int(missed * tick),
            fuel=int(fuel_ms * STEPS_PER_MS * tick),
            tick_ms=tick_ms,
        )


class TestPeriod:
    def test_it_is_kept_when_its_ticks_are_over(self):
        """Not before, and not by time: a world that stands still stays under guard."""
        one, ruling = run(watch(), [look()] * 50)
        assert isinstance(ruling, GoOn)
        assert isinstance(decide_guard(one, look(BEGUN + RULES.ticks - 1), RULES)[1], GoOn)
        assert isinstance(decide_guard(one, look(BEGUN + RULES.ticks), RULES)[1], Keep)


class TestMissed:
    def test_a_heavy_trait_is_convicted(self):
        """Its fuel fills the tick, ticks are missed, and without it there was room."""
        _, ruling = run(watch(), heavy(14.0, 0.3, 18.0))
        assert isinstance(ruling, Trip) and ruling.rule == MISSED
        assert ruling.measured["missed"] >= 28 and ruling.measured["fuel_ms"] == pytest.approx(14)

    @given(
        missed=st.floats(0, 1),
        tick_ms=st.floats(0.1, 500),
        fuel_ms=st.floats(0, PERIOD_MS * 0.25 - 0.01),
        rest_ms=st.floats(0, 500),
    )
    def test_a_busy_machine_alone_convicts_nobody(self, missed, tick_ms, fuel_ms, rest_ms):
        """However late and long ticks are: a trait that takes a part of them is innocent."""
        _, ruling = run(watch(rest_ms=rest_ms), heavy(fuel_ms, missed, tick_ms))
        assert isinstance(ruling, GoOn)

    @given(missed=st.floats(0, 1), fuel_ms=st.floats(0, 14), rest_ms=st.floats(0, 2))
    def test_a_heavy_trait_in_ticks_that_fit_is_innocent(self, missed, fuel_ms, rest_ms):
        """Most ticks have room to spare: what makes some late is another."""
        _, ruling = run(watch(rest_ms=rest_ms), heavy(fuel_ms, missed, 9.0))
        assert isinstance(ruling, GoOn)

    @given(
        missed=st.floats(0.12, 1), fuel_ms=st.floats(12.6, 200), rest_ms=st.floats(0, 12.4),
        tick_ms=st.floats(13, 500), step=st.integers(1, 40),
    )  # fmt: skip
    def test_a_planted_one_is_always_convicted(self, missed, fuel_ms, rest_ms, tick_ms, step):
        """Whatever else the machine does, and however seldom the kernel looks."""
        looks = heavy(fuel_ms, missed, tick_ms, step=step)
        _, ruling = run(watch(rest_ms=rest_ms), looks)
        assert isinstance(ruling, Trip) and ruling.rule == MISSED

    def test_a_world_that_had_no_room_before_convicts_nobody(self):
        """It would miss them without the trait, too."""
        assert isinstance(run(watch(rest_ms=15.0), heavy(14.0, 1.0, 40.0))[1], GoOn)


class TestFaults:
    def test_half_of_the_calls(self):
        """Over a span, and of enough calls."""
        looks = [look(BEGUN + 10 * n, calls=40 * n, faults=20 * n) for n in range(12)]
        _, ruling = run(watch(), looks)
        assert isinstance(ruling, Trip) and ruling.rule == FAULTS
        few = [look(BEGUN + 10 * n, calls=n, faults=n) for n in range(60)]
        assert isinstance(run(watch(), few)[1], GoOn)

    def test_off_in_half_of_those_who_live(self):
        """Few calls fail, but each Molbot has had its fill of faults."""
        looks = [look(BEGUN), look(BEGUN + 100, calls=50_000, faults=2000)]
        looks += [look(BEGUN + 200, calls=98_000, faults=4900)]
        one, ruling = run(watch(), looks)
        assert isinstance(ruling, GoOn)
        _, ruling = decide_guard(one, look(BEGUN + 300, calls=98_100, faults=4905), RULES)
        assert isinstance(ruling, Trip) and "switched it off" in ruling.reason

    def test_fewer_calls_without_faults_are_no_fault(self):
        """Traits take turns where there is too much to do."""
        looks = [look(BEGUN), look(BEGUN + 100, calls=50_000), look(BEGUN + 200, calls=50_500)]
        assert isinstance(run(watch(), looks)[1], GoOn)


class TestInvariant:
    def test_a_check_that_fails(self):
        """Those that had failed before are not its own; the newest answers for the world."""
        looks = [look(checks_failed=4), look(BEGUN + 1, checks_failed=4)]
        one, ruling = run(watch(), looks)
        assert isinstance(ruling, GoOn)
        _, ruling = decide_guard(one, look(BEGUN + 2, checks_failed=5), RULES)
        assert isinstance(ruling, Trip) and ruling.rule == INVARIANT
        _, ruling = decide_guard(one, look(BEGUN + 2, checks_failed=5, is_newest=False), RULES)
        assert isinstance(ruling, GoOn)


BANDS = tuple(Band(400.0, 600.0, 500.0) for _ in range(6))
FORECAST = Forecast("population", "more", 300, BANDS, 8)


def windows(*populations: int, late: int = 0, **more):
    """Return looks at the ends of windows."""
    yield look(counters=counters(500))
    for number, population in enumerate(populations, 1):
        yield look(BEGUN + 300 * number + late, counters=counters(population), **more)


class TestMetric:
    @pytest.mark.parametrize("value", [399, 601])
    def test_three_windows_running(self, value):
        """Outside on either side; one inside begins the count anew."""
        _, ruling = run(watch(forecast=FORECAST), windows(value, value, value))
        assert isinstance(ruling, Trip) and ruling.rule == METRIC
        assert ruling.measured["value"] == value and ruling.measured["windows"] == 3
        other = windows(value, value, 500, value, value)
        assert isinstance(run(watch(forecast=FORECAST), other)[1], GoOn)

    def test_a_window_seen_late_is_not_judged(self):
        """Its counts would be of another one."""
        assert isinstance(run(watch(forecast=FORECAST), windows(1, 1, 1, 1, late=20))[1], GoOn)

    def test_one_that_is_not_the_newest_is_held_to_nothing(self):
        """And begins anew when it is the newest again."""
        one, ruling = run(watch(forecast=FORECAST), windows(1, 1, 1, 1, is_newest=False))
        assert isinstance(ruling, GoOn)
        rest = [look(BEGUN + 300 * n, counters=counters(1)) for n in (4, 5)]
        one, ruling = run(renew(one), rest)
        assert isinstance(ruling, GoOn) and one.out == 1

    @pytest.mark.parametrize(
        ("before", "falls"),
        [
            ({"births": 90, "starved": 20}, True),
            ({"births": 20, "starved": 90}, False),
            ({"births": 20, "seeded": 30}, False),
        ],
    )
    def test_a_world_that_kept_itself_up(self, before, falls):
        """Without a forecast: it halves in a window and stays down; no winter proves that."""

        def falling(*populations):
            found = dict(before)
            for number, population in enumerate(populations):
                found["starved"] = found.get("starved", 0) + 40 * bool(number)
                yield look(BEGUN + 300 * number, counters=counters(population, **found))

        _, ruling = run(watch(), falling(100, 110, 30, 20, 21))
        assert isinstance(ruling, Trip) is falls
        if isinstance(ruling, Trip):
            assert ruling.rule == METRIC
            assert ruling.measured == {"before": 110, "population": 21, "windows": 3}
        assert isinstance(run(watch(), falling(100, 45, 45, 80, 75, 70))[1], GoOn), "it came up"
        assert isinstance(run(watch(), falling(100, 70, 45, 30, 20, 20, 20))[1], GoOn), "a winter"
        less = watch(forecast=Forecast("population", "less", 300, (), 0, "too old"))
        assert isinstance(run(less, falling(100, 110, 30, 20, 21))[1], GoOn), "as promised"

    @given(st.lists(st.integers(400, 600), max_size=6))
    def test_inside_is_never_convicted(self, populations):
        """However it moves within the band."""
        assert isinstance(run(watch(forecast=FORECAST), windows(*populations))[1], GoOn)


class TestFit:
    def test_a_fresh_forecast_holds_as_it_is(self):
        """Nothing has changed since."""
        assert fit_forecast(FORECAST, 0, 500, 500) == FORECAST

    def test_a_band_covers_what_the_world_is_older_by(self):
        """The windows after it, and the same for as many as live now."""
        bands = (Band(10, 20, 15), Band(30, 40, 35), Band(50, 60, 55))
        made = fit_forecast(replace(FORECAST, windows=bands), 250, 100, 90)
        assert [(each.low, each.high) for each in made.windows] == [(9, 40), (27, 60), (45, 60)]
        of_each = replace(FORECAST, windows=bands, metric="mean_energy")
        assert fit_forecast(of_each, 0, 100, 90).windows == bands

    def test_what_it_says_nothing_of_is_told(self):
        """Too old, or of a world that is another by now."""
        old = fit_forecast(FORECAST, 300 * AGE_WINDOWS_MAX + 1, 500, 500)
        assert not old.windows and "ticks before" in old.degraded
        other = fit_forecast(FORECAST, 0, 500, 240)
        assert not other.windows and "240 live now" in other.degraded

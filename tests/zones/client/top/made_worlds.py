"""Sights of worlds that never were: clustered lineages, patchy food, any size."""

from dataclasses import replace

import numpy as np

from zones.client.top.braille import Food
from zones.client.top.crowd import rank_crowd
from zones.client.top.kernel_report import KernelReport, parse_status
from zones.client.top.series import Sample, Series, Totals
from zones.client.top.view import Picture, Pulse, Sight, build_picture

COLOURS = (0x6FD3B8, 0x74A8E8, 0xD87FB0, 0xE0B45C, 0xA98BE0, 0xE0886A, 0x86C96B, 0x5EC4D8)
PHASES = (
    ("inbox", 0.041),
    ("food", 0.09),
    ("senses", 0.61),
    ("motion", 0.38),
    ("contacts", 0.27),
    ("life", 0.15),
    ("books", 0.035),
)


def made_sight(
    population: int = 300,
    lineages: int = 7,
    *,
    tick: int = 184_320,
    light: float = 0.9,
    holding: bool = False,
    aspect: float = 1.0,
    seed: int = 1,
) -> Sight:
    rng = np.random.default_rng(seed)
    width = 2000.0 * max(population / 300, 1) ** 0.5
    height = width * aspect
    homes = rng.random((max(lineages, 1), 2))
    parts = np.sort(rng.dirichlet(np.full(max(lineages, 1), 0.8)))[::-1]
    lineage = rng.choice(max(lineages, 1), population, p=parts)
    place = homes[lineage] + rng.normal(size=(population, 2)) * 0.13
    place = np.abs(1 - np.abs(1 - place) % 2) % 1
    colours = np.array(COLOURS, np.uint32)[lineage % len(COLOURS)]
    energy = rng.beta(2, 2, population).astype(np.float32)
    times = rng.gamma(6, 130, 256).astype(np.uint32) + 900
    return Sight(
        tick=tick,
        seed=7,
        capacity=max(500, population),
        width=width,
        height=height,
        holding=holding,
        scalars={
            "births": 8400.0,
            "death_starvation": 5100.0,
            "death_age": 1900.0,
            "death_collision": 1200.0,
            "seeded": 41.0,
            "temperature": 21.4,
            "light": light,
        },
        parameters={"resource_max": 20.0},
        mean_energy=54.2 if population else 0.0,
        crowd=rank_crowd(
            tuple((place * (width, height)).astype(np.float32).T),
            tuple(rng.normal(size=(2, population)).astype(np.float32)),
            energy,
            lineage.astype(np.uint32) + 12,
            colours,
        ),
        food=made_food(rng, max(population, 500), width, height),
        pulse=Pulse(
            times, (0, 41_000, 90_000, 610_000, 380_000, 270_000, 150_000, 35_000), 3, 16.0, 4
        ),
    )


def made_food(rng: np.random.Generator, count: int, width: float, height: float) -> Food:
    """Half of the places anywhere, half around eight spots."""
    spots = rng.random((8, 2))[rng.integers(0, 8, count // 2)]
    near = np.clip(spots + rng.normal(size=spots.shape) * 0.08, 0, 1)
    places = np.concatenate([rng.random((count // 2, 2)), near]) * (width, height)
    x, y = places.astype(np.float32).T
    return Food(x, y, (rng.random(len(x)) * 14).astype(np.float32), 20.0, width * height)


def made_status(**world: object) -> dict[str, object]:
    zone = {"restarts": 0, "memory_mb": 148.2, "cpu_percent": 13.0, "why": "", "heir_pid": None}
    return {
        "kernel": {"pid": 4121, "state": "running", "uptime_s": 8040.0},
        "zones": [
            {
                **zone,
                "name": "stable",
                "state": "ready",
                "pid": 4130,
                "heir_pid": 4140,
                "doing": "tick 184320",
            },
            {
                **zone,
                "name": "archive",
                "state": "degraded",
                "pid": 4128,
                "restarts": 2,
                "memory_mb": 43.0,
                "cpu_percent": 4.0,
                "doing": "reading stable",
            },
        ],
        "world": {
            "tick": 184_320,
            "paused": False,
            "ticks_per_s": 60.1,
            "phases": [{"name": name, "ms": ms} for name, ms in PHASES],
        }
        | world,
        "degraded": [
            {
                "what": "archive",
                "why": "no room for a snapshot: 12 MB free of 64",
                "hint": "molt ps",
            }
        ],
    }


def made_report(**world: object) -> KernelReport:
    return parse_status(made_status(**world))


def made_past(sight: Sight, count: int = 200) -> Series:
    past = Series()
    for index in range(count):
        age = count - 1 - index
        waves = 1 + 0.3 * np.sin(index / 17) + 0.1 * np.sin(index / 3.1)
        totals = Totals(8400 - 3 * age, 5100 - 2 * age, 1900 - age // 2, 1200 - age // 4, 41)
        past.add(
            Sample(
                sight.tick - 60 * age,
                int(sight.population * waves) if age else sight.population,
                54.2 + 9 * float(np.cos(index / 17)) if age else sight.mean_energy,
                totals,
            )
        )
    return past


def made_picture(sight: Sight | None = None, report: KernelReport | None = None) -> Picture:
    sight = sight or made_sight()
    return build_picture(sight, report, made_past(sight), 60.0)


def later(sight: Sight, ticks: int) -> Sight:
    """The same world some ticks on, everybody a little further."""
    crowd = sight.crowd
    moved = (crowd.x + np.float32(ticks)) % np.float32(sight.width)
    return replace(sight, tick=sight.tick + ticks, crowd=replace(crowd, x=moved))

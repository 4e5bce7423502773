"""Laws of motion, each alone and against theory: wandering, drag, slopes, collisions, a gas."""

import numpy as np
import pytest

from tests.zones.world.stage import now, put, stage
from tests.zones.world.worlds import make_engine, run
from zones.world.moving import SPEED_LIMIT
from zones.world.senses import WANDER_SHIFT

MIDDLE = 10_000.0
WIDE = {"world_width": 2 * MIDDLE, "world_height": 2 * MIDDLE, "ground_cell": 1000.0}
BODIES = {"friction": 1.0, "body_radius": 4.0, "collision_bounce": 1.0}


def expected_spread(ticks: int, friction: float, reach: float) -> float:
    """Return the mean squared displacement in both directions together.

    A heading drawn anew every 2**WANDER_SHIFT ticks pulls the velocity to itself by 1 - friction a
    tick. What it gives in tick t has moved its Molbot by 1 - friction^(T-t+1) at tick T, so the
    place is a sum over headings of that weight, and their variances add. The variance of a
    component, even from -reach to reach, is reach^2 / 3.
    """
    weight: dict[int, float] = {}
    for tick in range(1, ticks + 1):
        heading = tick >> WANDER_SHIFT
        weight[heading] = weight.get(heading, 0.0) + 1.0 - friction ** (ticks - tick + 1)
    return 2.0 * sum(value * value for value in weight.values()) * reach * reach / 3.0


@pytest.mark.slow
@pytest.mark.parametrize(("friction", "speed_max"), [(0.0, 2.0), (0.85, 2.0), (0.98, 0.5)])
def test_wandering_is_a_random_walk(friction: float, speed_max: float) -> None:
    """Who senses nothing spreads as theory says from heading time, drag and speed, within 6 %."""
    many = 6000
    words = stage(many, friction=friction, speed_max=speed_max, **WIDE)
    put(words, x=MIDDLE, y=MIDDLE, vx=0.0, vy=0.0)
    before = 0
    for ticks in (64, 256, 640):
        run(words, ticks - before)
        before = ticks
        apart = np.stack((now(words).x, now(words).y)).astype(np.float64) - MIDDLE
        spread = expected_spread(ticks, friction, 0.7 * speed_max)
        assert np.mean(np.sum(apart**2, axis=0)) == pytest.approx(spread, rel=0.06)
        # No drift: the mean of n places has a variance n times smaller (5 sigma).
        assert np.abs(apart.mean(axis=1)).max() < 5.0 * np.sqrt(spread / 2.0 / many)


@pytest.mark.parametrize("friction", [0.0, 0.5, 0.9, 1.0])
def test_friction_is_the_share_kept(friction: float) -> None:
    """Without a wish to go anywhere, a velocity shrinks to its share `friction` in each tick."""
    words = stage(3, friction=friction, **WIDE)
    put(words, x=MIDDLE, y=MIDDLE, vx=[3.0, -1.0, 0.0], vy=[0.0, 2.0, -4.0])
    run(words, 5)
    assert now(words).vx == pytest.approx(np.array([3.0, -1.0, 0.0]) * friction**5, rel=1e-5)
    assert now(words).vy == pytest.approx(np.array([0.0, 2.0, -4.0]) * friction**5, rel=1e-5)
    moved = 3.0 * sum(friction**tick for tick in range(1, 6))
    assert now(words).x[0] - MIDDLE == pytest.approx(moved, abs=0.01)


@pytest.mark.parametrize("friction", [0.0, 0.5, 0.85, 0.95])
@pytest.mark.parametrize("gravity", [0.2, 0.98])
def test_terminal_drift_on_a_slope(friction: float, gravity: float) -> None:
    """On an even slope all drift downhill at gravity x slope / (1 - friction), and get so there."""
    slope_x, slope_y = 0.1, -0.04
    words = stage(4, friction=friction, gravity=gravity, **WIDE)
    cell = 1000.0
    cols = int(2 * MIDDLE / cell) + 1
    col, row = np.arange(cols * cols) % cols, np.arange(cols * cols) // cols
    put(words, ground_height=1500.0 + cell * (slope_x * col + slope_y * row))
    put(words, x=MIDDLE, y=MIDDLE, vx=0.0, vy=0.0)
    run(words, 1)
    assert now(words).vx == pytest.approx(-gravity * slope_x, rel=1e-3)
    run(words, 249)
    assert now(words).vx == pytest.approx(-gravity * slope_x / (1.0 - friction), rel=1e-3)
    assert now(words).vy == pytest.approx(-gravity * slope_y / (1.0 - friction), rel=1e-3)


def test_nobody_is_driven_beyond_the_limit() -> None:
    """However steep the land and strong the pull, no speed is above SPEED_LIMIT."""
    words = stage(2, friction=1.0, gravity=20.0, **WIDE)
    put(words, ground_height=np.arange(441) % 21 * 1000.0, x=MIDDLE, y=MIDDLE)
    run(words, 10)
    assert now(words).vx == pytest.approx(-SPEED_LIMIT)


def meet(speed: float, radii: tuple[float, float], **rules: float) -> tuple[np.ndarray, ...]:
    """Let two run at each other head-on for a tick; return their velocities and what it cost."""
    words = stage(2, **{**BODIES, "collision_damage": 2.0, **rules}, **WIDE)
    put(words, radius=radii, x=[MIDDLE, MIDDLE + 6.0], y=MIDDLE, energy=50.0)
    put(words, vx=[speed / 2, -speed / 2], vy=[0.3, 0.3])
    run(words, 1)
    return now(words).vx.copy(), now(words).vy.copy(), 50.0 - now(words).energy


@pytest.mark.parametrize("bounce", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("radii", [(4.0, 4.0), (3.0, 6.0)])
def test_two_bodies(bounce: float, radii: tuple[float, float]) -> None:
    """Momentum stays, the closing speed comes back by the bounce, and nothing happens sideways."""
    vx, vy, _ = meet(2.0, radii, collision_bounce=bounce)
    mass = np.array(radii) ** 2
    assert np.sum(mass * vx) == pytest.approx(np.sum(mass * [1.0, -1.0]), abs=1e-4)
    assert vx[1] - vx[0] == pytest.approx(2.0 * bounce, abs=1e-5)
    assert vy == pytest.approx(0.3)


def test_bodies_are_pushed_apart() -> None:
    """Two at rest part by the share collision_push of what they overlap, and no momentum comes."""
    vx, _, hurt = meet(0.0, (3.0, 6.0), collision_push=0.2)
    assert vx[1] - vx[0] == pytest.approx(0.2 * (9.0 - 6.0), rel=1e-5)
    assert 9.0 * vx[0] + 36.0 * vx[1] == pytest.approx(0.0, abs=1e-4)
    assert np.all(hurt == 0)


@pytest.mark.parametrize("radii", [(4.0, 4.0), (3.0, 6.0)])
def test_damage_grows_by_the_square(radii: tuple[float, float]) -> None:
    """What a collision costs both is collision_damage x closing speed^2; the lighter pays more."""
    for speed in (0.5, 1.0, 2.0, 4.0):
        _, _, hurt = meet(speed, radii)
        assert hurt.sum() == pytest.approx(2.0 * speed**2, rel=1e-4)
        assert hurt[0] * radii[0] ** 2 == pytest.approx(hurt[1] * radii[1] ** 2, rel=1e-4)
    _, _, parting = meet(-2.0, radii)
    assert np.all(parting == 0)


def test_many_bodies_keep_their_momentum() -> None:
    """In a crowd of bodies of all sizes the sum of momenta stays, while most velocities change."""
    many = 600
    words = stage(
        many, **{**BODIES, "collision_push": 0.3, "world_width": 900, "world_height": 900}
    )
    generator = np.random.default_rng(3)
    put(words, x=generator.uniform(300, 500, many), y=generator.uniform(300, 500, many))
    put(words, vx=generator.normal(0, 1, many), vy=generator.normal(0, 1, many))
    put(words, radius=generator.uniform(2, 4, many))
    engine = make_engine(words)
    for _ in range(20):
        old = now(words)
        mass = old.radius.astype(np.float64) ** 2
        engine.tick()
        for before, after in ((old.vx, now(words).vx), (old.vy, now(words).vy)):
            assert np.count_nonzero(before != after) > many // 3
            assert np.sum(mass * after) == pytest.approx(np.sum(mass * before), abs=0.02)


@pytest.mark.slow
@pytest.mark.parametrize(("radius", "share"), [(4.0, 0.015), (2.0, 0.01), (4.0, 0.05)])
def test_mean_free_path(radius: float, share: float) -> None:
    """Between collisions a body of a gas goes as far as kinetic theory says, within 6 %.

    In two dimensions a body of radius r sweeps a strip 4r wide and meets others at sqrt(2) times
    its own mean speed: 1 / (4 sqrt(2) r n) between collisions, n bodies on a unit of area (Chapman
    and Cowling, The Mathematical Theory of Non-uniform Gases, 5.21, for two dimensions). Bodies
    that fill a `share` of the area meet (1 - 7/16 share) / (1 - share)^2 times as often
    (D. Henderson, "A simple equation of state for hard discs", Mol. Phys. 30, 1975).
    """
    many, ticks, warm = 1200, 1800, 100
    side = radius * np.sqrt(np.pi * many / share)
    words = stage(
        many, **{**BODIES, "body_radius": radius, "world_width": side, "world_height": side}
    )
    generator = np.random.default_rng(11)
    speed = 0.08 * radius
    put(words, vx=generator.normal(0, speed, many), vy=generator.normal(0, speed, many))
    engine = make_engine(words)
    path, collisions = 0.0, 0
    for tick in range(ticks):
        old = now(words)
        engine.tick()
        new = now(words)
        if tick >= warm:
            path += float(np.sum(np.hypot(new.vx, new.vy)))
            # Without drag a velocity changes by bodies and walls alone; walls only turn its sign.
            hit = (np.abs(new.vx) != np.abs(old.vx)) | (np.abs(new.vy) != np.abs(old.vy))
            collisions += int(np.count_nonzero(hit))
    crowding = (1.0 - 7.0 / 16.0 * share) / (1.0 - share) ** 2
    free = 1.0 / (4.0 * np.sqrt(2.0) * radius * many / side**2 * crowding)
    assert collisions > 3000
    assert path / collisions == pytest.approx(free, rel=0.06)

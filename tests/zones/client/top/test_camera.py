"""Where one looks: the shape of the world is kept, its walls are never passed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zones.client.top.camera import ZOOM_MAX, Camera

sides = st.floats(10.0, 1e6)
cells = st.integers(1, 300)
moves = st.lists(st.tuples(st.integers(-1, 1), st.integers(-1, 1), st.sampled_from((0.5, 1, 2))))


@given(sides, sides, cells, cells)
def test_whole_world_fits(width: float, height: float, cols: int, rows: int) -> None:
    """From afar the window holds the whole world in no more cells than there are."""
    window = Camera().window(width, height, cols, rows)
    assert 1 <= window.cols <= cols
    assert 1 <= window.rows <= rows
    assert window.width >= width * (1 - 1e-6)
    assert window.height >= height * (1 - 1e-6)
    assert max(window.left, window.top) <= 1e-9 * max(width, height)
    # Not a cell more than it takes, so that nothing beyond the walls is drawn.
    assert window.width - width < 2 * window.dot * (1 + 1e-6)
    assert window.height - height < 4 * window.dot * (1 + 1e-6)


@pytest.mark.slow
@given(sides, sides, cells, cells, moves)
def test_window_stays_inside(
    width: float, height: float, cols: int, rows: int, steps: list[tuple[int, int, float]]
) -> None:
    """Wherever keys lead, the window begins inside the world and sees no more than a cell past."""
    camera = Camera()
    for right, down, factor in steps:
        camera = camera.zoomed(factor).panned(right, down)
    assert 1 <= camera.zoom <= ZOOM_MAX
    window = camera.window(width, height, cols, rows)
    assert window.left >= 0
    assert window.top >= 0
    assert window.left + window.width <= width + 2 * window.dot * (1 + 1e-6)
    assert window.top + window.height <= height + 4 * window.dot * (1 + 1e-6)


def test_zoom_halves_a_dot() -> None:
    """Twice as near means that a dot is half as long, in both directions."""
    far, near = (Camera(zoom).window(1000, 1000, 80, 40) for zoom in (1.0, 2.0))
    assert near.dot == far.dot / 2


def test_step_back_from_a_wall_is_seen() -> None:
    """One who pushed against a wall comes away from it with one step."""
    camera = Camera(4.0)
    for _ in range(20):
        camera = camera.panned(1, 0)
    at_wall = camera.window(1000, 1000, 80, 40)
    assert camera.panned(-1, 0).window(1000, 1000, 80, 40).left < at_wall.left

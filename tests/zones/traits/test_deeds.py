"""Stores, moves and meals of traits, held against plain Python."""

import math
import struct
from typing import Any

import numpy as np

from tests.zones.traits import deed_model
from tests.zones.traits.scenes import Stage, make_scene
from zones.runtime.numba_setup import serial_kernel
from zones.traits import contract, deeds, linked
from zones.traits.table import INDEX

ROUNDS = 4000
ODD = (0.0, -0.0, 1e-50, -1e-50, 50.0, -50.0, 50.000001, 3e38, 1e300, -1e300, math.inf, -math.inf,
       math.nan, 400.0, 1e-45)  # fmt: skip


@serial_kernel
def store_all(numbers: Any, found: Any) -> None:
    """Store each row (value, now, low, high); found has four columns."""
    for k in range(len(numbers)):
        value, now, low, high = numbers[k, 0], numbers[k, 1], numbers[k, 2], numbers[k, 3]
        found[k, 0], found[k, 1] = deeds.store_between(value, now, low, high)
        found[k, 2], found[k, 3] = deeds.store_energy(value, now, high)


@serial_kernel
def move_all(numbers: Any, found: Any) -> None:
    """Move each row by the arguments of `deeds.move`; found has six columns."""
    for k in range(len(numbers)):
        (
            found[k, 0], found[k, 1], found[k, 2], found[k, 3], found[k, 4], found[k, 5],
        ) = deeds.move(
            numbers[k, 0], numbers[k, 1], numbers[k, 2], numbers[k, 3], numbers[k, 4],
            numbers[k, 5], numbers[k, 6], numbers[k, 7], numbers[k, 8], numbers[k, 9],
            numbers[k, 10],
        )  # fmt: skip


@serial_kernel
def eat_all(table: Any, amounts: Any, numbers: Any, reach: Any, bite: Any, found: Any) -> None:
    """Eat twice by each row (amount, x, y, radius, energy, max_energy)."""
    for k in range(len(numbers)):
        amount, x, y, radius = numbers[k, 0], numbers[k, 1], numbers[k, 2], numbers[k, 3]
        energy, most = numbers[k, 4], numbers[k, 5]
        place, wanted = -1, 0.0
        for turn in range(2):
            eaten, place, wanted, status = deeds.eat(
                table, amounts, place, wanted, amount, x, y, radius, energy, most, reach, bite
            )
            found[k, 4 * turn] = eaten
            found[k, 4 * turn + 1] = place
            found[k, 4 * turn + 2] = wanted
            found[k, 4 * turn + 3] = status


def any_numbers(rng: np.random.Generator, shape: tuple[int, ...], spread: float) -> np.ndarray:
    """Return numbers of all sorts, float32 and beyond, with one in eight odd."""
    numbers = rng.normal(0, spread, shape) * 10.0 ** rng.integers(-3, 3, shape)
    return np.where(rng.random(shape) < 0.125, rng.choice(ODD, shape), numbers)


def assert_same(found: np.ndarray, wanted: list[tuple[float, ...]]) -> None:
    """Compare bit for bit, of NaN only that they are."""
    for row, (ours, theirs) in enumerate(zip(found.tolist(), wanted, strict=True)):
        plain = [struct.pack("<d", x) if x == x else b"nan" for x in ours]
        assert plain == [struct.pack("<d", float(x)) if x == x else b"nan" for x in theirs], (
            row, ours, theirs,
        )  # fmt: skip


def test_stores_are_clipped_and_rounded() -> None:
    """What a field holds after a store, and whether it was clipped, is as the contract says."""
    rng = np.random.default_rng(5)
    numbers = any_numbers(rng, (ROUNDS, 4), 40.0)
    numbers[:, 1] = rng.uniform(-50, 50, ROUNDS).astype(np.float32)
    numbers[:, 2:] = np.sort(rng.uniform(-60, 60, (ROUNDS, 2)).astype(np.float32), axis=1)
    numbers[:, 3] = np.abs(numbers[:, 3])
    found = np.zeros((ROUNDS, 4))
    store_all(numbers, found)
    wanted = [
        (*deed_model.store_between(v, now, low, high), *deed_model.store_energy(v, now, high))
        for v, now, low, high in numbers.tolist()
    ]
    assert_same(found, wanted)


def test_moves_are_bounded_and_paid() -> None:
    """A move ends where, and costs what, the contract says, to the last bit."""
    rng = np.random.default_rng(6)
    numbers = any_numbers(rng, (ROUNDS, 11), 3.0)
    numbers[:, :4] = rng.uniform(0, 100, (ROUNDS, 4)).astype(np.float32)
    numbers[:, 4] = rng.choice([0.0, 1.0, 4.0, 5.0], ROUNDS) * rng.random(ROUNDS)
    numbers[:, 7:9] = 100.0
    numbers[:, 9] = rng.choice([0.0, 4.0, 2500.0], ROUNDS)
    numbers[:, 10] = rng.choice([0.0, 0.013, 10.0], ROUNDS)
    found = np.zeros((ROUNDS, 6))
    move_all(numbers, found)
    assert_same(found, [deed_model.move(*row) for row in numbers.tolist()])
    assert {*found[:, 5]} == {0, contract.CLIPPED_NAN}


def eat_everywhere(stage: Stage, numbers: np.ndarray) -> np.ndarray:
    """Return what `eat_all` finds on a scene."""
    linked.link()
    found = np.zeros((len(numbers), 8))
    amounts = int(stage.table[INDEX["food_amount"]])
    reach, bite = stage.real("eat_reach"), stage.real("eat_bite")
    eat_all(stage.table.ctypes.data, amounts, numbers, reach, bite, found)
    return found


def test_meals_are_offered_as_far_as_there_is_food_and_room() -> None:
    """What eat returns, from where, and what is wanted then, is as the contract says."""
    stage = make_scene(places=300, width=100.0, height=100.0)
    rng = np.random.default_rng(7)
    rows = 400
    numbers = np.zeros((rows, 6))
    numbers[:, 0] = any_numbers(rng, (rows,), 4.0)
    numbers[:, 1:3] = rng.uniform(0, 100, (rows, 2)).astype(np.float32)
    numbers[:, 3] = rng.uniform(0, 4, rows).astype(np.float32)
    numbers[:, 4] = rng.uniform(0, 100, rows).astype(np.float32)
    numbers[:, 5] = 100.0
    wanted = []
    for amount, x, y, radius, energy, most in numbers.tolist():
        body = (amount, x, y, radius, energy, most)
        first = deed_model.eat(stage, -1, 0.0, *body)
        wanted.append((*first, *deed_model.eat(stage, first[1], first[2], *body)))
    assert_same(eat_everywhere(stage, numbers), wanted)

"""The eyes of `molt top`: a home's arena, its ledger and its kernel, read and never written.

Owns: which columns and words are read, and what they become. Does not own: copying a whole tick
(`zones/client/home.py`), what is made of it (`view.py`).
"""

from math import isfinite
from pathlib import Path
from typing import Final

import numpy as np

from Kernel.contract.arena import NEVER, PHASES_MAX, TICK_TIMES, ArenaWords, Header, State
from Kernel.contract.errors import MoltError
from zones.client.console import ask
from zones.client.frame import Frame
from zones.client.home import open_home
from zones.client.schema import Array, Schema
from zones.client.top.braille import Food
from zones.client.top.crowd import F32, Crowd, rank_crowd
from zones.client.top.kernel_report import KernelReport, parse_status
from zones.client.top.needs import COLUMNS, check_schema
from zones.client.top.series import Series, series_of
from zones.client.top.view import Pulse, Sight

PATIENCE_S: Final = 2.0
HISTORY_EVENTS: Final = 400
"""Telemetry comes every 300 ticks: half an hour at 60 ticks a second."""


class HomeEyes:
    """Reads the world of one home.

    Args:
        path: the home; None: MOLT_HOME, else the checkout.

    Raises:
        NoArena: no world is there.
        ArenaError: its arena cannot be read.
    """

    def __init__(self, path: Path | None) -> None:
        self._home = open_home(path)
        self._checked: Schema | None = None

    def look(self) -> Sight:
        """Return the newest committed tick, see `watch.Eyes`."""
        schema = self._home.schema
        if schema is not self._checked:
            check_schema(schema)
            self._checked = schema
        frame = self._home.read(COLUMNS)
        return sight_of(frame, self._home.words)

    def tick(self) -> int:
        """Return the newest committed tick's number, see `watch.Eyes`."""
        return self._home.words.get(Header.COMMIT)

    def ask(self) -> KernelReport | None:
        """Return what the kernel says, None when none answers as agreed within PATIENCE_S."""
        try:
            return parse_status(ask(self._home.path, "status", timeout_s=PATIENCE_S))
        except MoltError:
            return None

    def remember(self) -> Series:
        """Return the recorded past; one that cannot be read says why in its `trouble`."""
        try:
            return series_of(self._home.history("telemetry", HISTORY_EVENTS))
        except MoltError as error:
            # The living world is worth seeing even where its ledger is damaged.
            return Series(trouble=error.message)


def sight_of(frame: Frame, words: ArenaWords) -> Sight:
    """Return what is seen of a frame and of the header of its arena."""
    hold_after = words.state(frame.tick, State.HOLD_AFTER)
    energy = frame.molbots.energy
    return Sight(
        tick=frame.tick,
        seed=words.get(Header.SEED),
        capacity=frame.schema.capacity,
        width=frame.schema.width,
        height=frame.schema.height,
        holding=hold_after != NEVER and frame.tick >= hold_after,
        scalars=frame.scalars,
        parameters=frame.parameters,
        mean_energy=_mean(energy),
        crowd=_crowd(frame),
        food=_food(frame),
        pulse=read_pulse(words),
    )


def _mean(energy: Array) -> float:
    with np.errstate(all="ignore"):  # a damaged world's is shown as no number
        return float(energy.mean(dtype=np.float64)) if len(energy) else 0.0


def read_pulse(words: ArenaWords) -> Pulse:
    """Return how a world keeps its time; the words are read while it may be writing them."""
    times = words.get_bytes(Header.TICK_TIMES, TICK_TIMES * 4)
    tick_times_us = np.frombuffer(times, "<u4")
    phases = words.get_bytes(Header.PHASE_NS, PHASES_MAX * 4)
    return Pulse(
        tick_times_us=tick_times_us[tick_times_us > 0],
        phase_ns=tuple(np.frombuffer(phases, "<u4").tolist()),
        missed_ticks=words.get(Header.MISSED_TICKS),
        period_ms=words.get(Header.PERIOD_NS) / 1e6,
        epoch=words.get(Header.EPOCH),
    )


def _crowd(frame: Frame) -> Crowd:
    molbots = frame.molbots
    return rank_crowd(
        (molbots.x, molbots.y),
        (molbots.vx, molbots.vy),
        _energy_share(molbots.energy, molbots.max_energy),
        molbots.lineage,
        molbots.colour & np.uint32(0xFFFFFF),
    )


def _energy_share(energy: Array, energy_max: Array) -> F32:
    """Return energy over the most it can be, 0 to 1; what is no number counts as nothing."""
    with np.errstate(all="ignore"):
        share = energy / np.maximum(energy_max, 1e-9)
    found: F32 = np.clip(np.nan_to_num(share), 0, 1).astype(np.float32)
    return found


def _food(frame: Frame) -> Food:
    """Return the food; a world that does not say how much a place holds is as full as its best.

    A damaged world may hold anything: what is no number counts as nothing, so that it is seen.
    """
    resources = frame.resources
    amount = np.nan_to_num(resources.amount, posinf=0.0, neginf=0.0)
    told = frame.parameters.get("resource_max", 0.0)
    amount_max = told if isfinite(told) and told > 0 else float(amount.max(initial=0.0))
    return Food(
        x=resources.x,
        y=resources.y,
        amount=amount,
        amount_max=amount_max if amount_max > 0 else 1.0,
        area=frame.schema.width * frame.schema.height,
    )

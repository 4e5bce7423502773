"""A home whose arena holds a sight: the form of a real world's, and ticks a test commits."""

import json
import mmap
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from Kernel.contract.arena import (
    HEADER_BYTES,
    NEVER,
    STATE_BYTES,
    ArenaWords,
    Header,
    State,
    check_arena,
    new_header,
    plan_buffers,
)
from Kernel.contract.places import arena_name, arena_places
from zones.client.top.crowd import RANKS
from zones.client.top.view import Sight

ENTITY = ("x", "y", "vx", "vy", "energy", "max_energy", "lineage", "colour", "state")
RESOURCE = ("resource_x", "resource_y", "resource_amount")
OTHER_LINEAGE = 99_999
"""Of all that are too small for a rank in the sight."""
TYPES = {"lineage": "<u4", "colour": "<u4", "state": "|u1"}
SCALARS = (
    ("tick", "<i8", State.TICK),
    ("population", "<i8", State.POPULATION),
    ("births", "<i8", State.BIRTHS),
    ("death_starvation", "<i8", State.DEATH_STARVATION),
    ("death_age", "<i8", State.DEATH_AGE),
    ("death_collision", "<i8", State.DEATH_COLLISION),
    ("seeded", "<i8", State.SEEDED),
    ("temperature", "<f8", State.OWN),
    ("light", "<f8", State.OWN + 8),
)
PARAMETERS = ("resource_max",)


class DrawnArena:
    """The arena of `home`, made anew; every tick holds the Molbots of the sight."""

    def __init__(
        self, home: Path, sight: Sight, change: Callable[[dict], object] | None = None
    ) -> None:
        """Make it; `change` alters what it says of itself, not what lies in it."""
        self.sight = sight
        told = self._schema()
        if change is not None:
            change(told)
        text = json.dumps(told).encode()
        schema = self._schema()
        self.offsets = {each["name"]: each["offset"] for each in schema["columns"]}
        end = max(each["offset"] + each["count"] * 4 for each in schema["columns"])
        buffers = plan_buffers(len(text), end - STATE_BYTES)
        folder = arena_places(home, os.getuid())[1]
        folder.mkdir(parents=True, exist_ok=True)
        draft = folder / "draft"
        with draft.open("wb+") as file:
            file.truncate(buffers.file_bytes)
            self.words = ArenaWords(memoryview(mmap.mmap(file.fileno(), buffers.file_bytes)))
        words = self.words
        words.put_bytes(HEADER_BYTES, text)
        words.put_bytes(Header.ARENA_ID, os.urandom(16))
        words.put(Header.SEED, sight.seed)
        words.put(Header.CAPACITY, sight.capacity)
        words.put(Header.PERIOD_NS, round(sight.pulse.period_ms * 1e6))
        words.put(Header.MISSED_TICKS, sight.pulse.missed_ticks)
        words.put_bytes(Header.TICK_TIMES, sight.pulse.tick_times_us.astype("<u4").tobytes())
        words.put_bytes(Header.PHASE_NS, np.array(sight.pulse.phase_ns, "<u4").tobytes())
        new_header(words, buffers)
        self.commit(sight.tick)
        check_arena(words, "the drawn arena")
        draft.rename(folder / arena_name("stable"))

    def commit(self, tick: int, *, hold: bool = False, living: int | None = None) -> None:
        """Write and commit `tick`, with only the first `living` Molbots alive."""
        words, crowd, food = self.words, self.sight.crowd, self.sight.food
        start = words.buffer_offset(tick)
        count = self.sight.population
        lineage = np.full(RANKS, OTHER_LINEAGE, "<u4")
        lineage[: len(crowd.largest)] = [each.lineage for each in crowd.largest]
        values = {
            "x": crowd.x,
            "y": crowd.y,
            "vx": crowd.vx,
            "vy": crowd.vy,
            "energy": crowd.energy_share * 100,
            "max_energy": np.full(count, 100.0),
            "lineage": lineage[crowd.rank],
            "colour": crowd.colour,
            "state": np.arange(count) < (count if living is None else living),
            "resource_x": food.x,
            "resource_y": food.y,
            "resource_amount": food.amount,
        }
        for name, column in values.items():
            data = np.asarray(column).astype(TYPES.get(name, "<f4")).tobytes()
            words.put_bytes(start + self.offsets[name], data)
        for name, kind, offset in SCALARS:
            value = tick if name == "tick" else self.sight.scalars.get(name, count)
            words.put_bytes(start + offset, np.array([value], kind).tobytes())
        words.put_bytes(start + State.PARAMETERS, np.array([food.amount_max], "<f8").tobytes())
        words.put_state(tick, State.HOLD_AFTER, tick if hold else NEVER)
        words.put(Header.COMMIT, tick)

    def _schema(self) -> dict:
        place, columns = STATE_BYTES, []
        for names, rows, count in (
            (ENTITY, "entity", self.sight.capacity),
            (RESOURCE, "resource", len(self.sight.food.x)),
        ):
            for name in names:
                kind = TYPES.get(name, "<f4")
                columns.append(
                    {"name": name, "type": kind, "rows": rows, "count": count, "width": 1}
                    | {"hot": True, "offset": place}
                )
                place += (count * 4 + 63) // 64 * 64
        return {
            "capacity": self.sight.capacity,
            "resources": len(self.sight.food.x),
            "width": self.sight.width,
            "height": self.sight.height,
            "ground": {"cols": 1, "rows": 1, "cell": self.sight.width},
            "columns": columns,
            "parameters": list(PARAMETERS),
            "scalars": [{"name": name, "type": kind, "offset": at} for name, kind, at in SCALARS],
            "genes": ["speed"],
        }

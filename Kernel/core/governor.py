"""Hold the whole machine: who gives way when worlds suffer, and who runs on which cores.

Owns: looking at the machine, its standing and the events that tell of it, pressing zones that
yield, fewer temporary processes, what the archive takes of a throttled zone, placing processes.
Does not own: what is too much (`overload.py`), when a step follows (`steps.py`), one zone
(`zone_governor.py`), which cores (`placement.py`).
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from Kernel.config import KernelConfig
from Kernel.contract.arena import Header
from Kernel.contract.errors import Refused
from Kernel.core.arena_keeper import ArenaKeeper
from Kernel.core.budgets import pool_fields
from Kernel.core.bus_keeper import BusKeeper
from Kernel.core.keeper import Keeper
from Kernel.core.meter_pace import next_reading_s
from Kernel.core.overload import (
    STEPS,
    Mark,
    WorldLoad,
    add_mark,
    cells_at_once,
    find_strains,
    load_between,
)
from Kernel.core.parts import Parts
from Kernel.core.placement import cores_for
from Kernel.core.steps import Standing, Step, Strain, advance
from Kernel.core.supervisor import Kind
from Kernel.ports.machine_load import MachineLoad
from Kernel.ports.pressure import Pressure

HOLD: Final = "hold"
"""The request by which the broker is told how many events a second it takes of whom."""
HOLD_S: Final = 5.0
NOTHING_STRAINS: Final = Strain("calm", 0.0, 0.0, "nothing strains the machine")


class Governor:
    """Of one kernel.

    Args:
        config: gives the configuration as it is now.

    Attributes:
        step: against the machine as a whole.
    """

    def __init__(
        self,
        parts: Parts,
        config: Callable[[], KernelConfig],
        arenas: Mapping[str, ArenaKeeper],
        services: Mapping[str, BusKeeper],
    ) -> None:
        self.step = Step.NONE
        self._parts = parts
        self._config = config
        self._arenas = arenas
        self._services = services
        self._standing = Standing()
        self._worst = NOTHING_STRAINS
        self._told = b""
        self._load = MachineLoad()
        self._marks: dict[str, tuple[Mark, ...]] = {}
        self._due_s = 0.0
        self._began_s = parts.clock.now_s()
        self._spent_s = 0.0
        self._held: tuple[int, dict[str, int]] = (0, {})
        self._asked = 0
        self._placed: dict[int, tuple[tuple[int, ...], str]] = {}

    def look(self) -> None:
        """Read the machine's meters when it is time, and see to what follows."""
        now_s = self._parts.clock.now_s()
        if now_s < self._due_s:
            return
        loads, began_ns = self._parts.loads, self._parts.loads.spent_ns()
        rules = self._config().governor
        self._load = self._parts.machine.read()
        strains = find_strains(self._load, self._look_at_worlds(now_s), rules, self._parts.home)
        self._standing = advance(self._standing, strains, STEPS, rules.pace, now_s)
        self._take(strains)
        self._press()
        self._hold_events()
        self._place()
        spent_s = (loads.spent_ns() - began_ns) / 1e9
        self._spent_s += spent_s
        near = 1.0 if strains else 0.0
        self._due_s = next_reading_s(near, spent_s, rules.cost_percent, now_s)

    # How worlds fare.

    def _look_at_worlds(self, now_s: float) -> dict[str, WorldLoad]:
        found = {name: self._look_at(arena, now_s) for name, arena in self._arenas.items()}
        return {name: each for name, each in found.items() if each is not None}

    def _look_at(self, world: ArenaKeeper, now_s: float) -> WorldLoad | None:
        """Return how a world has fared of late; None for one nobody serves."""
        name, active = world.config.name, world.active
        if world.arena is None or active is None:
            self._marks.pop(name, None)
            return None
        depth = world.depth()
        outbox = depth.waiting / depth.limit if depth.limit else 0.0
        load = self._parts.loads.load(active.pid)
        if load is None:
            return WorldLoad(outbox=outbox)
        missed = world.arena.words.get(Header.MISSED_TICKS)
        mark = Mark(active.pid, now_s, load.waited_ns, missed, world.tick())
        self._marks[name] = add_mark(self._marks.get(name, ()), mark)
        return load_between(self._marks[name], outbox)

    # The machine's step.

    def _take(self, strains: list[Strain]) -> None:
        worst = max(strains, key=lambda each: (each.over, each.top), default=NOTHING_STRAINS)
        step = self._standing.step
        if strains:
            self._worst = worst
        if step is self.step:
            return
        tell = self._parts.log.warning if step > self.step else self._parts.log.info
        self._told = tell(
            "governor.stepped", step=step.word, before=self.step.word, what=worst.what,
            value=round(float(worst.value), 1), limit=float(worst.limit), why=worst.why,
            cause=self._told if step < self.step else b"",
        )  # fmt: skip
        self.step = step

    def _press(self) -> None:
        for keeper in self._keepers():
            step = self.step if keeper.config.yields and self.step > Step.WARN else Step.NONE
            keeper.limits.governor.press(step, self._told)

    def cells_at_once(self, at_once: int) -> int:
        """Return how many temporary processes may run beside each other at present."""
        return cells_at_once(at_once, self.step)

    def trials_at_once(self, at_once: int) -> int:
        """Return the same of trials: one by one, too, while a zone that asks for them is held."""
        held = any(
            each.config.may and each.limits.governor.step >= Step.THROTTLE
            for each in self._services.values()
        )
        return cells_at_once(at_once, max(self.step, Step.THROTTLE if held else Step.NONE))

    def _hold_events(self) -> None:
        """Tell the broker what it takes of whom, whenever that, or the broker, has changed."""
        broker = next((each for each in self._services.values() if each.config.broker), None)
        if broker is None or broker.active is None:
            return
        broker.take_reply(self._asked)  # that it has heard is enough: nothing can be refused
        most = self._config().governor.throttle_events_per_s
        wanted = {
            name: most
            for name, each in self._services.items()
            if each is not broker and each.limits.governor.step >= Step.THROTTLE
        }
        before = self._held if self._held[0] == broker.active.pid else (broker.active.pid, {})
        self._held = before
        if wanted == before[1]:
            return
        try:
            self._asked = broker.request(HOLD, {"zones": wanted}, HOLD_S)
        except Refused:  # it is just leaving, or takes nothing: with the next look, then
            return
        self._held = broker.active.pid, wanted

    # Cores.

    def _place(self) -> None:
        """Have each process run where its zone may; whom it forks later comes along.

        While no world ticks there is nobody to leave a core to, and a boot is quicker on all. One
        that did not get its cores is asked for again with every look: a cpuset may change.
        """
        if not any(arena.active is not None for arena in self._arenas.values()):
            return
        cores, placed = self._parts.pool.cores, {}
        for keeper in self._keepers():
            wanted = self._cores_of(keeper, cores)
            for pid in keeper.pids():
                had, why = self._placed.get(pid, (cores, ""))
                if why or had != wanted:
                    why = self._parts.cores.place(pid, wanted)
                placed[pid] = wanted, why
            faults = [(pid, placed[pid][1]) for pid in keeper.pids() if placed[pid][1]]
            if faults:
                pid, why = faults[0]
                keeper.note("cores", why, f"grep Cpus_allowed_list /proc/{pid}/status")
            else:
                keeper.unnote("cores")
        self._placed = placed

    def _cores_of(self, keeper: Keeper, cores: tuple[int, ...]) -> tuple[int, ...]:
        if not self._config().governor.place_cores:
            return cores
        return cores_for(keeper.config.policy.kind is Kind.ARENA, cores)

    # What is told.

    def notes(self) -> list[dict[str, str]]:
        """Return what strains the machine, with what is done about it and what helps."""
        if self.step is Step.NONE:
            return []
        done = {
            Step.WARN: "",
            Step.THROTTLE: "; trials run one by one, zones that yield are throttled",
            Step.PAUSE: "; no trial begins, zones that yield are paused",
        }
        worst = self._worst
        return [{"what": "machine", "why": worst.why + done[self.step], "hint": worst.hint}]

    def pool_fields(self) -> dict[str, Any]:
        """Return what there is for all zones together, and what of it is given away."""
        budgets = (each.limits.budget() for each in self._keepers())
        return pool_fields(self._parts.pool, budgets, self._config().governor.memory_percent)

    def fields(self) -> dict[str, Any]:
        """Return how the machine is and what reading it has cost, for `status`."""
        now_s = self._parts.clock.now_s()
        spent_s = self._spent_s + sum(each.limits.spent_s for each in self._keepers())
        lived_s = max(now_s - self._began_s, 1e-9)
        load = self._load
        return {
            "step": self.step.word,
            "pressure": {
                "cpu": _pressure_fields(load.cpu),
                "memory": _pressure_fields(load.memory),
                "io": _pressure_fields(load.io),
            },
            "memory_free_mb": _megabytes(load.memory_free_bytes),
            "disk_free_mb": _megabytes(load.disk_free_bytes),
            "pool": self.pool_fields(),
            "cost_percent": round(100 * spent_s / lived_s, 4),
        }

    def _keepers(self) -> list[Keeper]:
        return [*self._arenas.values(), *self._services.values()]


def _pressure_fields(pressure: Pressure | None) -> dict[str, float] | None:
    return None if pressure is None else {"some": pressure.some, "full": pressure.full}


def _megabytes(size: int | None) -> int | None:
    return None if size is None else size >> 20

"""The limits of one zone while it runs: measured, told of, and held where Linux does not.

Owns: readings, notes of what is near its limit, ending who is beyond one, the event that says so.
Does not own: the verdict (`resource_governor.py`), how often it is read (`meter_pace.py`), steps
against who takes too much for long (`zone_governor.py`), what a process is given to be held by
(`enclosure.py`), what a death leads to (`line.py`, `inquest.py`).
"""

from typing import Any, Final, NamedTuple, Protocol

from Kernel.core.budgets import budget_of
from Kernel.core.enclosure import Enclosure, Shortage
from Kernel.core.limits import MEGABYTE, Limits, limit_fields
from Kernel.core.meter_pace import next_reading_s
from Kernel.core.resource_governor import (
    MEMORY,
    Act,
    Judgement,
    Reading,
    Sample,
    cpu_percent,
    judge,
    shares,
    written_mb_per_s,
)
from Kernel.core.zone_governor import GovernedZone, ZoneGovernor
from Kernel.core.zone_strains import nearness
from Kernel.ports.process import Exit

CALM_S: Final = 10.0
"""What was near its limit is told of for so long after it was seen last."""
HINT: Final = "molt doctor cage"


class LimitedZone(GovernedZone, Protocol):
    """What the limits ask of their zone."""

    def flooded_s(self) -> float | None:
        """Return when a line of its stderr was left out last, None for never."""


class Explained(NamedTuple):
    """Why Linux has ended a process.

    Args:
        why: "" for a death that limits have nothing to do with.
        told: the event that tells.
        excused: it is no fault of its zone: the whole machine was out of memory.
    """

    why: str = ""
    told: bytes = b""
    excused: bool = False


class ZoneLimits:
    """The limits of one zone.

    Attributes:
        spent_s: processor time that reading has taken so far.
    """

    def __init__(self, zone: LimitedZone) -> None:
        config, parts = zone.config, zone.parts
        self._zone = zone
        budget = self.budget()
        self.enclosure = Enclosure(parts.cgroups, config.name, config.cage.value, budget)
        self.governor = ZoneGovernor(zone, self.enclosure)
        self.spent_s = 0.0
        self._config = config
        self._reading = Reading(0.0)
        self._before = Reading(0.0)
        self._due_s = 0.0
        self._noted_s: dict[str, float] = {}
        self._strangers = 0

    def fork_facts(self) -> dict[str, Any]:
        """Return what a process of the zone is told of its enclosure."""
        return {**self.enclosure.facts(), "uncaged": self._zone.config.uncaged}

    def budget(self) -> Limits:
        """Return what the zone may take: its limits, within what there is."""
        config = self._zone.config
        return budget_of(config.limits, self._zone.parts.pool, config.governor.memory_percent)

    def look(self, now_s: float) -> None:
        """Measure and judge: some times a second near a limit, else more seldom."""
        if now_s < self._due_s and self._zone.config is self._config:
            return
        self._config = self._zone.config  # other limits hold as soon as they are read
        loads, began_ns = self._zone.parts.loads, self._zone.parts.loads.spent_ns()
        budget = self.budget()
        self.enclosure.change(self.governor.held_to(budget))
        self._note_problem()
        self._before, self._reading = self._reading, self._read(now_s)
        found = judge(budget, self._before, self._reading)
        for each in found:
            if each.act is Act.KILL:
                self._end(each)
            else:
                self._warn(each, now_s)
        self.governor.look(found, self._before, self._reading, budget, now_s)
        self._tell_strangers()
        self._tell_flood(now_s)
        self._forget(now_s)
        spent_s = (loads.spent_ns() - began_ns) / 1e9
        self.spent_s += spent_s
        near = nearness(
            shares(budget, self._before, self._reading), self._reading.group.memory_pressure
        )
        self._due_s = next_reading_s(near, spent_s, self._zone.config.governor.cost_percent, now_s)

    def _tell_flood(self, now_s: float) -> None:
        """Show as degraded who logs more than it may; how many lines, the log tells each second."""
        flooded_s = self._zone.flooded_s()
        if flooded_s is not None and now_s - flooded_s <= CALM_S:
            most = self._zone.config.log_lines_per_s
            why = f"it logs more than {most} lines a second: the rest is counted and dropped"
            self._noted_s["log"] = flooded_s
            self._zone.note("log", why, f"molt logs {self._zone.config.name}")

    def _tell_strangers(self) -> None:
        """Tell of deaths that no process of ours has died: of what they have forked.

        Only what is still open a look later: a death may be seen in the count before it is reaped.
        """
        before = self._strangers
        self._strangers = self.enclosure.unaccounted(self._reading.group)
        for _ in range(min(before, self._strangers)):
            self._strangers -= 1
            self._tell_out_of_memory(0, self.enclosure.take_shortage())

    def _read(self, now_s: float) -> Reading:
        members, loads = self.enclosure.members(), self._zone.parts.loads
        taken = ((pid, loads.taken(pid)) for pid in self._zone.forked_pids())
        samples = tuple(Sample(pid, it, pid in members) for pid, it in taken if it is not None)
        return Reading(now_s, samples, self.enclosure.usage())

    def _note_problem(self) -> None:
        if self.enclosure.problem:
            self._zone.note("control group", self.enclosure.problem, HINT)
        else:
            self._zone.unnote("control group")

    def _warn(self, found: Judgement, now_s: float) -> None:
        self._noted_s[found.what] = now_s
        self._zone.note(found.what, found.why, HINT)

    def _forget(self, now_s: float) -> None:
        for what, seen_s in list(self._noted_s.items()):
            if now_s - seen_s > CALM_S:
                del self._noted_s[what]
                self._zone.unnote(what)

    def _end(self, found: Judgement) -> None:
        told = self._tell(found.pid, found.what, found.value, found.limit, "kernel", found.why)
        self._zone.kill(found.pid, found.why, told)

    def explain(self, exit_: Exit) -> Explained:
        """Return why Linux has ended a process, and the event that tells."""
        of = self.enclosure.shortage(exit_)
        if of is Shortage.NONE:
            return Explained()
        why, told = self._tell_out_of_memory(exit_.pid, of)
        return Explained(why, told, excused=of is Shortage.OF_MACHINE)

    def _tell_out_of_memory(self, pid: int, of: Shortage) -> tuple[str, bytes]:
        """Tell of a death; whose memory was short decides who may be blamed for it."""
        most_mb = self.enclosure.limits.memory_mb
        if of is Shortage.OF_MACHINE:
            why = "out of memory: the machine had none left, its zone took less than it may"
            return why, self._tell(pid, MEMORY, 0.0, most_mb, of.value, why)
        why = f"out of memory: its zone may take {most_mb} MB"
        return why, self._tell(pid, MEMORY, most_mb, most_mb, of.value, why)

    def _tell(self, pid: int, what: str, value: float, limit: float, by: str, why: str) -> bytes:
        return self._zone.parts.log.warning(
            "zone.limit_reached",
            zone=self._zone.config.name,
            pid=pid,
            what=what,
            value=round(float(value), 1),
            limit=float(limit),
            by=by,
            why=why,
        )

    def fields(self) -> dict[str, Any]:
        """Return what the zone takes and may take, for `status` and `doctor cage`."""
        return {
            "cage": self._zone.config.cage.value,
            "limits": limit_fields(self.enclosure.limits),
            "step": self.governor.step.word,
            "used": _used_fields(self._before, self._reading),
            "grouped": sum(each.grouped for each in self._reading.samples),
            "processes": len(self._reading.samples),
        }


def _used_fields(before: Reading, now: Reading) -> dict[str, Any]:
    group, taken = now.group, [each.taken for each in now.samples]
    memory = group.memory_bytes
    if memory is None:
        memory = max((each.memory_bytes for each in taken), default=0)
    tasks = group.tasks if group.tasks is not None else sum(each.threads for each in taken)
    return {
        "memory_mb": round(memory / MEGABYTE, 1),
        "cpu_percent": round(cpu_percent(before, now), 1),
        "processes": tasks,
        "descriptors": max((each.descriptors for each in taken), default=0),
        "disk_mb_per_s": round(written_mb_per_s(before, now), 1),
    }

"""Carry out the steps against one zone that takes too much: throttled, paused, replaced, ended.

Owns: the standing of the zone, the events and the note that tell of each step, who is stopped, a
replacement that is under way. Does not own: what strains (`zone_strains.py`), when a step follows
(`steps.py`), when a process grows too much (`growth.py`), how one zone hands over
(`arena_keeper.py`, `bus_keeper.py`), the machine as a whole (`governor.py`).

A step holds for the zone, not for a process: who takes the place of one that was paused is paused
as soon as it serves. Only a replacement is over once it has happened.
"""

import signal
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from Kernel.config import ZoneConfig
from Kernel.core import supervisor as sup
from Kernel.core.berth import Berth
from Kernel.core.enclosure import Enclosure
from Kernel.core.growth import Points, note, why_replaced
from Kernel.core.ladder import Ladder
from Kernel.core.limits import MEGABYTE, Limits
from Kernel.core.parts import Parts
from Kernel.core.resource_governor import Judgement, Reading, written_mb_per_s
from Kernel.core.steps import CALM_FACTOR_MAX, Standing, Step, Strain, advance
from Kernel.core.zone_strains import GROWTH, Depth, Written, find_strains, growth_strain

LEAVE_S: Final = 10.0
"""How long one that is to be replaced may take to hand over, before it is ended."""
RENEWAL_S: Final = 300.0
"""And a generation that is started anew for it: it may have to be compiled first."""
REPLACED_EVERY_S: Final = 60.0
"""At most, and more seldom each time it has not helped for long."""
NOTE: Final = "governor"
MACHINE: Final = Strain("machine", 0.0, 0.0, "the machine is overloaded", hint="molt status")
CALM: Final = Strain("calm", 0.0, 0.0, "it takes what it may")
REPLACED: Final = Strain("replaced", 0.0, 0.0, "another process serves now")


class GovernedZone(Protocol):
    """What the steps ask of their zone."""

    config: ZoneConfig
    parts: Parts

    @property
    def active(self) -> sup.Process | None:
        """The process that serves, whichever generation it is of."""

    @property
    def ladder(self) -> Ladder:
        """Which of its generations serves, and which are kept or made ready."""

    def depth(self) -> Depth:
        """Return how much of what it has said waits to be stored."""

    def can_be_followed(self) -> bool:
        """Tell whether somebody could take the place of who serves at once."""

    def replace_active(self, why: str, cause: bytes) -> None:
        """Have who serves leave in order, and the next one take its place."""

    def begin_afresh(self, cause: bytes) -> None:
        """Begin a generation by exec, which takes over when it is warm."""

    def forked_pids(self) -> list[int]:
        """Return its processes but the zygotes, which run no generated code."""

    def berth_of(self, pid: int) -> Berth | None:
        """Return what is held for a process, or None."""

    def kill(self, pid: int, why: str, cause: bytes = b"") -> None:
        """End a process at once and remember why, for the verdict on its death."""

    def note(self, what: str, why: str, hint: str) -> None:
        """Show something that does not work as it should, until it is forgotten by `unnote`."""

    def unnote(self, what: str) -> None:
        """Forget what was noted about `what`."""


@dataclass(frozen=True, slots=True)
class _Replacement:
    """One under way: whose place is to be taken, and until when."""

    pid: int
    until_s: float
    fresh: bool


class ZoneGovernor:
    """The steps against one zone.

    Attributes:
        step: that is taken at present.
    """

    def __init__(self, zone: GovernedZone, enclosure: Enclosure) -> None:
        self.step = Step.NONE
        self._zone = zone
        self._enclosure = enclosure
        self._standing = Standing()
        self._pressed = Step.NONE
        self._told = self._pressed_by = b""
        self._worst = CALM
        self._points = Points()
        self._stopped: set[int] = set()
        self._closed = False
        self._replacement: _Replacement | None = None
        self._replaced_s: float | None = None
        self._in_vain = 0
        """How often the next process was as large from its beginning: a fresh one, then none."""

    def look(
        self,
        judgements: Sequence[Judgement],
        before: Reading,
        reading: Reading,
        budget: Limits,
        now_s: float,
    ) -> None:
        """Take what was found, and the step that follows."""
        active = self._zone.active
        pid = active.pid if active is not None else 0
        self._see_replaced(pid, now_s)
        strains = find_strains(
            judgements,
            pid,
            cpu_held=reading.group.throttled_s is not None,
            step=self.step,
            depth=self._zone.depth(),
            written=Written(written_mb_per_s(before, reading), self._zone.config.disk_mb_per_s),
        )
        strains += self._see_growth(pid, reading, budget, now_s)
        if self._replacement is None:
            rules, allowed = self._zone.config.governor, self._zone.config.steps
            self._standing = advance(self._standing, strains, allowed, rules.pace, now_s)
        self._take(max(self._standing.step, self._pressed), strains)
        self._carry_out(pid, now_s)

    def press(self, step: Step, by: bytes) -> None:
        """Have the zone give way to others: at least to this step, as far as it may be taken.

        Args:
            by: id of the event that tells of the machine.
        """
        allowed = (each for each in self._zone.config.steps if each <= step)
        self._pressed, self._pressed_by = max(allowed, default=Step.NONE), by

    def held_to(self, budget: Limits) -> Limits:
        """Return what its group is to hold at present."""
        if not Step.THROTTLE <= self.step <= Step.PAUSE:
            return budget
        most = self._zone.config.governor.throttle_percent
        return replace(budget, cpu_percent=min(budget.cpu_percent or most, most))

    @property
    def is_stopped(self) -> bool:
        """Whether who serves stands still because we have stopped it."""
        active = self._zone.active
        return active is not None and active.pid in self._stopped

    def close(self) -> None:
        """Let everybody run, and stop nobody any more: the kernel is being stopped."""
        self._closed = True
        self.let_go()

    def let_go(self) -> None:
        """Let everybody run who was stopped: they are to leave, or are not judged any more."""
        there = {*self._zone.forked_pids(), *self._enclosure.members()}
        for pid in self._stopped & there:
            self._zone.parts.processes.send_signal(pid, signal.SIGCONT)
        self._stopped.clear()

    # What is told.

    def _take(self, step: Step, strains: Sequence[Strain]) -> None:
        worst = max(strains, key=lambda each: (each.at_once, each.over, each.top), default=CALM)
        pressed = self._pressed > self._standing.step
        if pressed:
            worst = MACHINE
        if step is not self.step:
            self._tell(step, worst, self._pressed_by if pressed else self._told)
        elif step is not Step.NONE and not pressed and worst is not CALM:
            self._worst = worst  # the kill that may follow names the newest reason

    def _tell(self, step: Step, strain: Strain, cause: bytes) -> None:
        zone, log = self._zone.config.name, self._zone.parts.log
        tell = log.warning if step > self.step else log.info
        self._told = tell(
            "governor.stepped", zone=zone, step=step.word, before=self.step.word, what=strain.what,
            value=round(float(strain.value), 1), limit=float(strain.limit), why=strain.why,
            cause=cause,
        )  # fmt: skip
        if step > self.step:
            self._worst = strain
        self.step = step
        if step >= Step.THROTTLE:
            self._zone.note(NOTE, f"it is {step.done}: {self._worst.why}", self._worst.hint)
        else:
            self._zone.unnote(NOTE)  # near a limit: told by who judges limits

    # What is done.

    def _carry_out(self, pid: int, now_s: float) -> None:
        if self.step is Step.PAUSE:
            self._stop(pid)
        elif self._stopped:
            self.let_go()
        if self.step is Step.RESTART and pid:
            self._replace(pid, now_s)

    def _stop(self, pid: int) -> None:
        """Stop who serves with all that it has forked; who only gets ready does get ready."""
        berth = self._zone.berth_of(pid)
        if berth is None or berth.excused or self._closed:
            return
        others = {each for each in self._zone.forked_pids() if each != pid}
        for each in ({pid} | self._enclosure.members()) - others - self._stopped:
            self._zone.parts.processes.send_signal(each, signal.SIGSTOP)
            self._stopped.add(each)

    def _replace(self, pid: int, now_s: float) -> None:
        if self._replacement is None:
            self._begin_replacing(pid, now_s)
        elif now_s >= self._replacement.until_s:
            self._give_up_replacing(pid, now_s)

    def _begin_replacing(self, pid: int, now_s: float) -> None:
        zone, fresh = self._zone, self._in_vain == 1
        factor = min(2**self._standing.relapses, CALM_FACTOR_MAX)
        early = self._replaced_s is not None and now_s < self._replaced_s + (
            factor * REPLACED_EVERY_S
        )
        busy = bool(zone.ladder.incoming) or self._closed
        if early or busy or not (fresh or zone.can_be_followed()):
            return  # asked again with the next look
        self._replaced_s = now_s
        self._replacement = _Replacement(pid, now_s + (RENEWAL_S if fresh else LEAVE_S), fresh)
        if fresh:
            zone.begin_afresh(self._told)
        else:
            zone.replace_active(self._worst.why, self._told)

    def _give_up_replacing(self, pid: int, now_s: float) -> None:
        """End who does not hand over; where no other generation came there is nobody to blame."""
        assert self._replacement is not None, "asked only while one is under way"
        fresh, self._replacement = self._replacement.fresh, None
        if fresh or Step.KILL not in self._zone.config.steps:
            self._in_vain = 2
            self._settle(now_s)
            return
        self._tell(Step.KILL, self._worst, self._told)
        self._zone.kill(pid, f"{self._worst.why}; it has not left in {LEAVE_S:g} s", self._told)
        self._settle(now_s)

    def _see_replaced(self, pid: int, now_s: float) -> None:
        """Another process serves: what the one before has taken is given back."""
        if self._replacement is None or pid in (0, self._replacement.pid):
            return
        self._replacement = None
        self._settle(now_s)

    def _settle(self, now_s: float) -> None:
        """Begin anew; whoever strains again soon is where he was."""
        self._standing = replace(
            self._standing, step=Step.NONE, since_s=now_s, calm_from_s=now_s, eased_s=now_s
        )
        self._tell(Step.NONE, REPLACED, self._told)

    def _see_growth(self, pid: int, reading: Reading, budget: Limits, now_s: float) -> list[Strain]:
        taken = next((each.taken for each in reading.samples if each.pid == pid), None)
        if taken is None:
            return []
        rules = self._zone.config.governor.growth
        was = self._points.pid
        self._points = note(self._points, pid, taken.own_bytes, now_s, rules.window_s)
        why = why_replaced(self._points, budget.memory_mb * MEGABYTE, rules)
        if was not in (0, pid) and self._worst.what == GROWTH:
            self._in_vain = self._in_vain + 1 if why else 0
        if not why:
            return []
        own_mb, most_mb = taken.own_bytes / MEGABYTE, rules.share * budget.memory_mb
        return [growth_strain(why, own_mb, most_mb, replacing_helps=self._in_vain < 2)]

"""A campaign: rounds of faults, each waited out, each looked at afterwards.

Owns: the order of things, chance, time. Does not own: faults (`fault.py` and its neighbours), what
must hold (`checkup.py`), the report (`report.py`). Everything comes from one seed but time.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field
from random import Random
from typing import Final

from Kernel.contract.arena import Header
from Kernel.contract.errors import MoltError
from tools.chaos.checkup import Checkup, Costs, Held
from tools.chaos.fault import SHOWN_S, Fault, Injury, Misses
from tools.chaos.log_follower import LogFollower
from tools.chaos.sender import Sender
from tools.chaos.target import NotInTime, Target, wait_until

PAUSE_S: Final = (0.5, 3.0)
AFTER_S: Final = 1.0
"""How long after all serve again a missed tick still counts for the fault."""
WELL_S: Final = 90.0
"""Until when nothing may be degraded any more: the governor takes a step back after half a minute,
the archive tries a full disk again after 30 s at the latest."""
SEVERAL: Final = 0.2
"""Share of the rounds in which several faults come at once, two or three."""
TOGETHER: Final = "several at once"
BREACHES_MAX: Final = 20


@dataclass(slots=True)
class Round:
    """What one round was.

    Args:
        faults: their names; several at once are one round.
        told: what exactly was done.
        held: how the world was afterwards.
        breaches: what did not hold afterwards.
    """

    at_s: float
    tick: int
    faults: list[str]
    told: list[str]
    recovered_s: float = 0.0
    missed: int = 0
    held: Held | None = None
    breaches: list[str] = field(default_factory=list)


class Campaign:
    """Rounds of faults against one kernel.

    Args:
        target: its kernel serves.
        faults: what may happen.
        seed: decides what happens, and in which order.
        say: told of each round.
        hold: has the world stand still for a moment, and returns how it was; None: it is let alone.
        put_off: while somebody is hurt or healed, whoever wants to end the campaign waits in it.
    """

    def __init__(
        self,
        target: Target,
        faults: Sequence[Fault],
        seed: int,
        say: Callable[[Round], None],
        hold: Callable[[], Held] | None = None,
        put_off: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        self.target = target
        self._faults = list(faults)
        self._chance = Random(seed)
        self._say = say
        self._hold = hold
        self._put_off = put_off
        self._began_s = time.monotonic()
        self.rounds: list[Round] = []
        self.costs: dict[str, Costs] = {}
        target.wait_all_serve()
        self.sender = Sender(target.home)
        liars = frozenset(each.liar for each in faults)
        self.log = LogFollower(target.home, self.sender, liars)
        self.checkup = Checkup(target, self.log)
        self.checkup.look(0.0)
        self._usual = {each["what"] for each in target.degraded()}

    def run(self, length_s: float) -> None:
        """Go on for so long, or until something does not hold for BREACHES_MAX rounds.

        Raises:
            NotInTime: somebody did not come back.
        """
        while self.elapsed_s() < length_s:
            self.round()
            if sum(bool(each.breaches) for each in self.rounds) >= BREACHES_MAX:
                return

    def round(self) -> Round:
        """Wait a while, let something happen, wait until all is well, and look."""
        time.sleep(self._chance.uniform(*PAUSE_S))
        chosen = self._choose()
        before = self.target.word(Header.MISSED_TICKS)
        now = Round(round(self.elapsed_s(), 1), self.target.word(Header.COMMIT), [], [])
        injuries: list[tuple[Fault, Injury]] = []
        began_s = time.monotonic()
        try:
            for fault in chosen:
                # What cannot be asked for beside another one is left out.
                with self._put_off(), suppress(MoltError):
                    if (injury := fault.begin(self.target, self._chance)) is not None:
                        injuries.append((fault, injury))
            now.breaches += self._wait_out(injuries)
            if any(injury.lasts_s for _, injury in injuries):
                began_s = time.monotonic()
        finally:
            with self._put_off():
                for _, injury in reversed(injuries):
                    if injury.heal is not None:
                        injury.heal()
        now.faults = [fault.name for fault, _ in injuries]
        now.told = [injury.told for _, injury in injuries]
        now.breaches += [breach for _, injury in injuries for breach in injury.breaches]
        self.rounds.append(now)
        try:
            self.target.wait_all_serve([each for _, injury in injuries for each in injury.gone])
        except NotInTime as late:
            now.breaches.append(str(late))
            self._say(now)
            raise
        now.recovered_s = round(time.monotonic() - began_s, 3)
        time.sleep(AFTER_S)
        now.missed = max(self.target.word(Header.MISSED_TICKS) - before, 0)
        now.breaches += [*self.checkup.look(self.elapsed_s()), *self._wait_well()]
        self._count(now, [fault for fault, _ in injuries])
        if self._hold is not None:
            now.held = self._hold()
        self._say(now)
        return now

    def elapsed_s(self) -> float:
        """Return the seconds since the campaign began."""
        return time.monotonic() - self._began_s

    def close(self) -> None:
        """Send no more."""
        self.sender.close()

    def _choose(self) -> list[Fault]:
        chance = self._chance
        several = chance.random() < SEVERAL
        (first,) = chance.choices(self._faults, [each.weight for each in self._faults])
        if first.alone or not several:
            return [first]
        others = [each for each in self._faults if not each.alone and each is not first]
        count = min(chance.randint(1, 2), len(others))
        return [first, *chance.sample(others, count)]

    def _wait_out(self, injuries: Sequence[tuple[Fault, Injury]]) -> list[str]:
        """Let faults last, and return what the kernel did not say of one.

        Of several it need not: who can open no file cannot show what else is wrong with it.
        """
        until_s = time.monotonic() + max((each.lasts_s for _, each in injuries), default=0.0)
        unsaid = []
        for fault, injury in injuries:
            if injury.shown is not None and len(injuries) == 1:
                try:
                    wait_until(injury.shown, f"the kernel tells of {fault.name}", SHOWN_S)
                except NotInTime as late:
                    unsaid.append(str(late))
        time.sleep(max(until_s - time.monotonic(), 0.0))
        return unsaid

    def _wait_well(self) -> list[str]:
        """Wait until nothing is said to be degraded that was not before; return what still is."""

        def amiss() -> list[str]:
            told = self.target.degraded()
            return [
                f"{one['what']}: {one['why']}" for one in told if one["what"] not in self._usual
            ]

        try:
            wait_until(lambda: not amiss(), "nothing is degraded that was not before", WELL_S)
        except NotInTime as late:
            return [f"{late}: {'; '.join(amiss())}"]
        return []

    def _count(self, now: Round, faults: Sequence[Fault]) -> None:
        if not faults:
            return
        name = faults[0].name if len(faults) == 1 else TOGETHER
        misses = faults[0].misses if len(faults) == 1 else Misses.MANY
        cost = self.costs.setdefault(name, Costs(misses))
        cost.missed.append(now.missed)
        cost.recovered_s.append(now.recovered_s)

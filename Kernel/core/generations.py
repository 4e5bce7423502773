"""The generations of one zone: begun, promoted and let go as the ladder says.

Owns: which generations there are, what a new one is made of, carrying the ladder's moves out,
looking for what the ladder asks about (the slot, a changed checkout), renewal and going back by
command. Does not own: which one is to serve (`ladder.py`), one generation (`line.py`), how the
writer changes (`arena_keeper.py`, `bus_keeper.py`), when another module version is to be the one
(`module_update.py`).
"""

import signal
from typing import Protocol

from Kernel.contract.errors import MoltError, Refused
from Kernel.core import ladder as rungs
from Kernel.core import supervisor as sup
from Kernel.core.ladder import Ladder, Rules, Rung
from Kernel.core.line import Line, ZoneSide
from Kernel.core.zygote_start import Donor
from Kernel.memory.budgets import made_of, recall_budget, remember_budget
from Kernel.ports.versions import CHECKOUT, Source

FINGERPRINT_S = 2.0
"""How often the files of the checkout are looked at while something else serves."""
ROLL_BACK = "molt update rollback"
LEAVE_S = 5.0
"""How long a bus process of a generation that was replaced may take to leave. An arena process that
does not is hung, or still needed because nobody is ready to follow it."""


class ClimbingZone(ZoneSide, Protocol):
    """What the generations ask of their zone, besides what each of them does."""

    rules: Rules
    stopping: bool
    holds_former: bool

    def is_ready(self, line: Line) -> bool:
        """Tell whether a generation could serve at once."""

    def hand_over(self, line: Line, before: Line | None) -> None:
        """Let `line` serve from now on in place of another generation."""

    def note(self, what: str, why: str, hint: str) -> None:
        """Show something that does not work as it should, until it is forgotten by `unnote`."""

    def unnote(self, what: str) -> None:
        """Forget what was noted about `what`."""


class Generations:
    """Those of one zone.

    Attributes:
        ladder: where the zone stands.
        lines: the generations there are, by number.
        served: whether any has ever served.
        promoted: id of the event of the last promotion, b"" before there is one.
        given_up: id of the event that tells of having given up.
        main: what a new generation is made of, while nothing is wrong with it.
        held: why no generation may be begun just now but by who holds it, and why the one before
            stays warm; "" where nobody does.
    """

    def __init__(self, zone: ClimbingZone) -> None:
        self.ladder = Ladder()
        self.lines: dict[int, Line] = {}
        self.served = False
        self.promoted = self.given_up = b""
        self.held = ""
        self._zone = zone
        self._parts = zone.parts
        self._restarts_before = 0
        self._fingerprint = ""
        self._codes: dict[int, str] = {}
        """What stands for the code and settings of each generation of the checkout."""
        self._fingerprint_s = 0.0
        self._changed = False
        self._slot: Source | None = None
        self._slot_checked = 0
        found = self._parts.versions.main()
        self.main = found.source
        if found.why:
            zone.note("module version", found.why, found.hint)

    @property
    def restarts(self) -> int:
        """Processes that took the place of one that had served, since boot."""
        return self._restarts_before + sum(line.state.restarts for line in self.lines.values())

    def look(self, now_s: float) -> None:
        """One round: climb, and let every generation decide and act."""
        if not self._zone.stopping:
            self._climb(now_s)
        for line in list(self.lines.values()):
            line.look(now_s)
            if line.retired_s is not None:
                self._see_off(line, now_s)
        self._remember(now_s)

    def _climb(self, now_s: float) -> None:
        seen = {number: self._rung(line) for number, line in self.lines.items()}
        gave_up = self.ladder.gave_up
        self.ladder, moves = rungs.climb(
            self.ladder,
            seen,
            self._zone.rules,
            now_s,
            has_slot=self._has_slot(seen),
            changed=self._has_changed(seen, now_s),
            held=self._zone.holds_former or bool(self.held),
        )
        for move in moves:
            self._move(move, now_s)
        if self.ladder.gave_up and not gave_up:
            why, blame = self.ladder.gave_up, self._blame(self.ladder.current)
            self.given_up = self._parts.log.error(
                "zone.given_up", zone=self._zone.config.name, why=why, cause=blame
            )

    def _blame(self, number: int) -> bytes:
        """Return the id of the last event that spoke against a generation."""
        line = self.lines.get(number)
        return line.blame if line is not None else b""

    def _rung(self, line: Line) -> Rung:
        return Rung(
            slot=not line.source.main,
            prepared=line.prepared,
            ready=self._zone.is_ready(line),
            serving=line.state.active is not None,
            spent=line.spent(),
        )

    def _has_slot(self, seen: dict[int, Rung]) -> bool:
        """Look for the slot when somebody must be replaced, once: verifying it reads every file."""
        current = seen.get(self.ladder.current)
        needed = self.ladder.count > 0 and (current is None or bool(current.spent))
        if not needed or self.ladder.incoming or self.ladder.slot_spent:
            return False
        if self._slot_checked == self.ladder.count:
            return self._slot is not None
        self._slot_checked = self.ladder.count
        try:
            self._slot = self._parts.versions.fallback()
        except MoltError as error:
            self._slot = None
            self._zone.note("slot fallback", error.message, error.hint)
        return self._slot is not None

    def _has_changed(self, seen: dict[int, Rung], now_s: float) -> bool:
        """Tell whether the checkout has changed, while that is a reason to try it again."""
        current = seen.get(self.ladder.current)
        waits = bool(self.ladder.gave_up) or (current is not None and current.slot)
        if not waits or self.ladder.incoming:
            return False
        if now_s - self._fingerprint_s >= FINGERPRINT_S:
            self._fingerprint_s = now_s
            self._changed = self._parts.versions.fingerprint() != self._fingerprint
        return self._changed

    def _move(self, move: rungs.Move, now_s: float, cause: bytes = b"") -> None:
        """Carry a move of the ladder out.

        Args:
            cause: id of the event that asked for it; b"": the ladder found it by itself.
        """
        match move:
            case rungs.Begin(number, slot):
                self._begin(number, slot, cause or self._blame(self.ladder.current))
            case rungs.Promote(number, before):
                line = self.lines[number]
                if before:
                    why = self.lines[before].spent() if before in self.lines else ""
                    tell = self._parts.log.warning if why else self._parts.log.info
                    self.promoted = tell(
                        "generation.promoted", zone=self._zone.config.name, source=line.source.name,
                        generation=line.facts.get("generation", ""), why=why,
                        cause=cause or (self._blame(before) if why else line.begun),
                    )  # fmt: skip
                self._note_source(line)
                self._zone.hand_over(line, self.lines.get(before))
            case rungs.Retire(number, why):
                line = self.lines[number]
                self._parts.log.info(
                    "generation.retired", zone=self._zone.config.name, source=line.source.name,
                    generation=line.facts.get("generation", ""), why=why,
                    cause=cause or line.blame or self.promoted,
                )  # fmt: skip
                line.retire(now_s)

    def _begin(self, number: int, slot: bool, cause: bytes) -> None:
        source = self.main
        if slot:
            assert self._slot is not None, "the ladder begins a slot only where there is one"
            source = self._slot
        else:
            self._fingerprint = self._parts.versions.fingerprint()
            self._codes[number] = made_of(self._fingerprint, self._zone.config.settings)
            self._changed = False
        line = Line(number, source, self._zone, self.served)
        self.lines[number] = line
        if self._zone.stopping:
            line.learn(sup.StopAsked())
        if number == 1:
            self._resume_budget(line)
        if number > 1:
            line.begun = self._parts.log.info(
                "generation.begun", zone=self._zone.config.name, source=source.name, cause=cause
            )

    def _resume_budget(self, line: Line) -> None:
        """Let the first generation of a boot go on with the budget it had under the kernel before.

        Later ones begin anew: they are begun because something has changed, or by command.
        """
        zone, now_s = self._zone.config, self._parts.clock.now_s()
        code = self._codes[line.number]
        spent = recall_budget(self._parts.memory, zone.name, code, zone.policy, now_s)
        if spent is None:
            return
        line.state = sup.resume(line.state, spent)
        line.blame = self._parts.log.warning(
            "zone.budget_resumed", zone=zone.name,
            failures=max(spent.failures, spent.zygote_failures),
            failures_max=zone.policy.failures_max, why=spent.why,
        )  # fmt: skip

    def _remember(self, now_s: float) -> None:
        """Keep what each generation of the checkout has used up, for the next kernel."""
        if self._zone.stopping:
            return
        for number, code in self._codes.items():
            remember_budget(self._parts.memory, code, self.lines[number].state, now_s)

    def donors_for(self, line: Line) -> list[Donor]:
        """Return the generations of which a zygote could be forked for one: of the same source.

        The slot `fallback` is taken when something is wrong: it is started by exec.
        """
        if not line.source.main:
            return []
        others = (each for each in self.lines.values() if each is not line)
        return [each for each in others if each.source == line.source and each.can_give]

    def _note_source(self, line: Line) -> None:
        """Say so while something else serves than is to."""
        if line.source.main:
            if line.source == self.main:
                self._zone.unnote("code")
            return
        self._zone.note(
            "code",
            f"{line.source.name} serves, since {_the(self.main)} cannot: {self.ladder.broken}",
            "mend it: it is taken up by itself" if self.main == CHECKOUT else ROLL_BACK,
        )

    def _see_off(self, line: Line, now_s: float) -> None:
        """End what is left of a generation that was let go, and forget it when it is gone."""
        assert line.retired_s is not None, "asked only of one that was let go"
        line.clear_out()
        if now_s - line.retired_s > LEAVE_S and self._zone.config.policy.kind is sup.Kind.BUS:
            for pid in line.pids():
                self._parts.processes.send_signal(pid, signal.SIGKILL)
        if line.is_gone:
            self._restarts_before += line.state.restarts
            self.served |= line.state.served
            del self.lines[line.number]
            self._codes.pop(line.number, None)

    # What the console asks for.

    def renew(
        self, cause: bytes = b"", *, fresh: bool = False, source: Source | None = None
    ) -> int:
        """Begin a generation of the main source as it is now, and return its number.

        Args:
            cause: id of the event that asked for it.
            fresh: its zygote is started by exec, whoever could fork it.
            source: of a module version that is to take the main one's place; who gives it may do so
                while generations are held.

        Raises:
            Refused: one is being made ready already, or generations are held.
        """
        if self.held and source is None:
            raise Refused(
                f"cannot renew {self._zone.config.name}: {self.held}", "molt update status"
            )
        if self.ladder.incoming:
            raise Refused(
                f"cannot renew {self._zone.config.name}: a generation is being made ready",
                "molt ps",
            )
        self.main = source or self.main
        self.ladder, moves = rungs.renew(self.ladder)
        now_s = self._parts.clock.now_s()
        for move in moves:
            self._move(move, now_s, cause)
        self.lines[self.ladder.incoming].fresh = fresh
        return self.ladder.incoming

    def abandon(self, why: str, cause: bytes = b"") -> None:
        """Let the generation go that is being made ready.

        Args:
            cause: id of the event that led to it.
        """
        self.ladder, moves = rungs.abandon(self.ladder, why)
        for move in moves:
            self._move(move, self._parts.clock.now_s(), cause)

    def warm_former(self) -> int:
        """Return the number of the generation before, which could serve again.

        Raises:
            Refused: there is none that is warm.
        """
        number = self.ladder.former
        if not number or number not in self.lines:
            raise Refused(
                f"cannot go back in {self._zone.config.name}: no generation before is warm",
                "molt ps",
            )
        return number

    def go_back(self, cause: bytes = b"") -> int:
        """Let the generation before serve again, at once, and return its number.

        Args:
            cause: id of the event that asked for it.

        Raises:
            Refused: there is none that is warm.
        """
        number = self.warm_former()
        now_s = self._parts.clock.now_s()
        seen = {each: self._rung(line) for each, line in self.lines.items()}
        self.ladder, moves = rungs.promote(self.ladder, seen, self._zone.rules, now_s, number)
        for move in moves:
            self._move(move, now_s, cause)
        self._end_untrusted(number)
        return number

    def _end_untrusted(self, number: int) -> None:
        """End the active process of any other generation: its code is not asked for anything."""
        for line in self.lines.values():
            active = line.state.active
            if line.number != number and active is not None:
                berth = line.berth_of(active.pid)
                if berth is not None:
                    berth.excused, berth.cause = True, self.promoted
                self._parts.processes.send_signal(active.pid, signal.SIGKILL)


def _the(source: Source) -> str:
    """Return what a source is called within a sentence."""
    return "the checkout" if source == CHECKOUT else source.name

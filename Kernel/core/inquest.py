"""An inquest into each death that may be the fault of code: what was running, what follows.

Owns: finding evidence in the words of an arena, the suspect (kept there, so that it outlives this
kernel, and remembered, so that it outlives the arena), putting a trait that is convicted into
quarantine. Does not own: when evidence is proof (`blame.py`), what becomes of a generation that is
condemned (`supervisor.py`, `ladder.py`).
"""

from collections.abc import Callable
from typing import Any

from Kernel.contract.arena import ArenaWords, Header
from Kernel.contract.errors import Refused
from Kernel.contract.inputs import QUARANTINE, Input
from Kernel.contract.trait_registry import TraitRow
from Kernel.core import supervisor as sup
from Kernel.core.berth import Berth
from Kernel.core.blame import Evidence, Suspect, Verdict, is_disproved, weigh
from Kernel.core.events import EventLog
from Kernel.core.inbox_writer import InboxWriter
from Kernel.core.line import Line
from Kernel.core.succession import is_evidence
from Kernel.memory.context_memory import ContextMemory
from Kernel.memory.suspects import recall_suspect, remember_suspect
from Kernel.ports.clock import Clock
from Kernel.ports.process import Exit


def find_evidence(words: ArenaWords, berth: Berth, exit_: Exit) -> Evidence | None:
    """Return what a death says about the code that was running, None when it says nothing."""
    hung = bool(berth.killed_as)
    if not is_evidence(code=exit_.code, signal_number=exit_.signal, hung=hung):
        return None
    if words.get(Header.FOUND_OWNER) == exit_.pid:  # somebody has taken over since
        tick, flight = words.get(Header.TAKEN_OVER_TICK), words.get(Header.FOUND_FLIGHT)
    elif words.get(Header.OWNER) == exit_.pid:
        tick, flight = words.get(Header.COMMIT), words.get(Header.FLIGHT)
    else:
        return None  # it has never run a tick
    return Evidence(tick, flight, berth.killed_as or exit_.describe())


def quarantine_facts(row: TraitRow) -> dict[str, Any]:
    """Return which version goes into quarantine, as its event tells it."""
    return {"name": row.name, "version": row.version, "code_hash": row.hash}


def place_of(flight: int, phases: tuple[str, ...]) -> str:
    """Return what a flight word names, for people.

    Args:
        phases: names by flight number.
    """
    if not flight:
        return "between two ticks"
    found = Evidence(0, flight, "")
    phase = phases[found.phase] if found.phase < len(phases) else f"{found.phase}"
    return f"phase {phase}" + (f", trait slot {found.slot}" if found.slot else "")


class Inquest:
    """The inquests of one zone, and its suspect.

    Args:
        note: shows what, why and a hint, as long as it is not forgotten.
        memory: keeps the suspect for a world that loses its arena.
        clock: of all that is remembered.
        trait: returns what a trait slot of the world holds now, None for nothing.
        on_quarantined: is told of what goes into quarantine, why, and the id of the event.
    """

    def __init__(
        self,
        zone: str,
        log: EventLog,
        note: Callable[[str, str, str], None],
        memory: ContextMemory,
        clock: Clock,
        trait: Callable[[int], TraitRow | None] = lambda _slot: None,
        on_quarantined: Callable[[TraitRow, str, bytes], None] = lambda _row, _why, _told: None,
    ) -> None:
        self._zone = zone
        self._log = log
        self._note = note
        self._memory = memory
        self._clock = clock
        self._trait = trait
        self._on_quarantined = on_quarantined
        self._stood: tuple[int, str, int] | None = None
        self._suspect = Suspect()
        self._line = 0

    def resume(self, words: ArenaWords) -> None:
        """Take up the suspect that an arena names: an earlier kernel may have found it."""
        self._suspect = Suspect(
            words.get(Header.SUSPECT_TICK),
            words.get(Header.SUSPECT_FLIGHT),
            words.get(Header.SUSPECT_TIMES),
        )

    def hold(
        self,
        words: ArenaWords,
        line: Line,
        berth: Berth,
        exit_: Exit,
        phases: tuple[str, ...],
        death: bytes,
        inbox: InboxWriter | None,
    ) -> None:
        """Weigh a death, and see to what follows. Changes the words.

        Args:
            line: the generation of the process that has died.
            phases: names by flight number.
            death: id of the event of the death.
            inbox: of the arena.
        """
        evidence = find_evidence(words, berth, exit_)
        if evidence is None:
            return
        verdict, why, told = self._take(words, line, evidence, phases, death)
        if verdict is Verdict.TRAIT:
            assert inbox is not None, "an arena comes with its inbox"
            self._quarantine(evidence.slot, why, told, inbox)
        elif verdict is Verdict.GENERATION:
            line.blame = told
            line.learn(sup.Condemned(why))

    def _take(
        self,
        words: ArenaWords,
        line: Line,
        evidence: Evidence,
        phases: tuple[str, ...],
        death: bytes,
    ) -> tuple[Verdict, str, bytes]:
        """Return the verdict, its reason, and the id of the event that tells of the evidence."""
        verdict = self._weigh(evidence)
        self._line = line.number
        # The budget has counted this death: one alone means that health has forgotten the others.
        line.faults = line.faults + 1 if line.state.patience.failures > 1 else 1
        words.put(Header.SUSPECT_TICK, self._suspect.tick)
        words.put(Header.SUSPECT_FLIGHT, self._suspect.flight)
        words.put(Header.SUSPECT_TIMES, self._suspect.times)
        place, times = place_of(evidence.flight, phases), self._suspect.times
        told = self._log.warning(
            "zone.evidence", zone=self._zone, tick=evidence.tick + 1, place=place,
            how=evidence.how, times=times, verdict=verdict.value, cause=death,
        )  # fmt: skip
        why = f"tick {evidence.tick + 1} failed {times} times in {place}: {evidence.how}"
        return verdict, why, told

    def _weigh(self, evidence: Evidence) -> Verdict:
        """Take one more piece of evidence into the suspect, and remember that."""
        row, now_s = self._trait(evidence.slot) if evidence.slot else None, self._clock.now_s()
        if row is not None and not self._suspect.times:  # a new arena: what was known before it?
            known = recall_suspect(self._memory, self._zone, row.hash, now_s)
            self._suspect = known or self._suspect
        self._suspect, verdict = weigh(self._suspect, evidence, self._stands_still(evidence.slot))
        if self._suspect.flight == evidence.flight:  # it names code
            code_hash = row.hash if row is not None else ""
            remember_suspect(self._memory, self._zone, self._suspect, code_hash, now_s)
        return verdict

    def _stands_still(self, slot: int) -> bool:
        """Tell whether the trait in a slot has made no call since it was asked for last."""
        row = self._trait(slot) if slot else None
        before, self._stood = self._stood, (slot, row.hash, row.calls) if row is not None else None
        return row is not None and before == self._stood

    def _quarantine(self, slot: int, why: str, evidence: bytes, inbox: InboxWriter) -> None:
        if any(each.kind == QUARANTINE and each.slot == slot for each in inbox.waiting()):
            return  # an heir has failed once more before it could take up the first
        event_id = self._log.reserve()  # the world tells that it has applied this event's input
        try:
            inbox.post(Input(QUARANTINE, slot=slot, cause=event_id))
        except Refused as error:
            self._note(f"trait slot {slot}", f"{error.message}; {why}", "molt status")
            return
        row = self._trait(slot)
        about = {} if row is None else quarantine_facts(row)
        self._log.error(
            "trait.quarantined", zone=self._zone, slot=slot, why=why, **about, cause=evidence,
            event_id=event_id,
        )  # fmt: skip
        if row is not None:
            self._on_quarantined(row, why, event_id)

    def counterproof(self, current: Line, tick: int) -> str:
        """Return why a generation is convicted by another's having computed `tick`, or ""."""
        guilty = current.number == self._line
        if not guilty or not is_disproved(self._suspect, tick, current.faults):
            return ""
        return f"tick {tick + 1} failed under it, and not under the one before"

"""Bringing a world that was restored from a snapshot up to where the log knows it was.

Owns: how far and for how long ticks are computed again, what is told anew, and the mark by which
an attempt that died is known. Does not own: what the log says (`past.py`), the ticks
(`replaying.py`), which snapshot (`founder.py`). A declared file that touches the system: it reads
the ledger and keeps the mark.

What the replayed ticks told is in the log already, under the id of the arena before; so the outbox
is emptied. Only what that arena had told last and nobody had stored yet stays in it.
"""

import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from Kernel.contract.arena import ArenaWords, Header, State
from Kernel.contract.codec import pack
from Kernel.contract.errors import LedgerError, MoltError, NoLedger, RingFull
from zones.runtime.arena_image import ArenaImage, tell_event
from zones.runtime.ledger_file import LedgerReader
from zones.world.past import RESTORED, Past, Start, newest_tick, no_past, read_past, start_of
from zones.world.replaying import Told
from zones.world.sealed_replaying import SealedCode, open_replaying

REPLAY_S_MAX: Final = 120.0
"""Then the world goes on from as far as it got: the kernel ends a founder after 180 s."""
REPORT_S: Final = 2.0
ATTEMPTS_MAX: Final = 2
"""A replay that so many founders have died of is left out."""
NO_LOG: Final = "there is no log"


@dataclass(frozen=True, slots=True)
class CaughtUp:
    """What came of it.

    Args:
        from_tick: of the snapshot.
        tick: how far the world is now.
        known: how far the log says it was; `why` says why `tick` is less, if it is.
        inputs: how many were applied again.
        seconds: reading the log included.
        differs: ticks whose telemetry came out another than it was told, of `compared`.
        first: number of the first event its new outbox will tell.
        suspended: traits that were not suspended then, and why.
    """

    from_tick: int
    tick: int
    known: int
    from_arena: str
    why: str = ""
    inputs: int = 0
    seconds: float = 0.0
    compared: int = 0
    differs: tuple[int, ...] = ()
    migrated: tuple[int, ...] = ()
    first: int = 0
    suspended: tuple[str, ...] = ()

    @property
    def ticks(self) -> int:
        """Return how many ticks were computed again."""
        return self.tick - self.from_tick

    def sentence(self) -> str:
        """Return what was done, in words."""
        done = f"the world was restored from the snapshot of tick {self.from_tick}"
        if not self.ticks:
            return done
        return (
            f"{done}, {self.inputs} input{'' if self.inputs == 1 else 's'} and {self.ticks} "
            f"tick{'' if self.ticks == 1 else 's'} replayed to tick {self.tick} "
            f"in {self.seconds:.1f} s"
        )

    def doubts(self) -> str:
        """Return why it may not be the world it was, "" when there is no sign of that."""
        said = []
        if self.differs:
            said.append(
                f"the telemetry of {len(self.differs)} of {self.compared} replayed periods came "
                f"out another than it was told, first at tick {self.differs[0]}: "
                "another build or machine has computed them"
            )
        if self.migrated:
            said.append(f"its columns or its size were changed at tick {self.migrated[0]}")
        said += self.suspended
        return "; ".join(said)

    def event(self) -> dict[str, Any]:
        """Return the `world.restored` event: the first one that is told in the new arena."""
        return {
            "kind": RESTORED,
            "tick": self.tick,
            "from_arena": self.from_arena,
            "from_tick": self.from_tick,
            "first": self.first,
            "inputs": self.inputs,
            "known_tick": self.known,
            "why": self.why,
        }


class CatchUp:
    """Catches up drafts of one zone.

    Args:
        ledger: the folder of the log.
        mark: the file that tells of an attempt.
        threads: of the engine.
        ticks_max: no more than these are computed again.
        say: takes a line of progress.
        clock_s: any clock that runs forward.
        code: of traits; None: there is none.
    """

    def __init__(
        self,
        zone: str,
        ledger: Path,
        mark: Path,
        threads: int,
        ticks_max: int,
        say: Callable[[str], None],
        clock_s: Callable[[], float] = time.monotonic,
        code: SealedCode | None = None,
    ) -> None:
        self._zone = zone
        self._ledger = ledger
        self._mark = mark
        self._threads = threads
        self._ticks_max = ticks_max
        self._say = say
        self._clock_s = clock_s
        self._code = code

    def newest(self) -> int:
        """Return the newest tick that the log tells of in this zone, 0 where it tells of none."""
        try:
            reader = LedgerReader(self._ledger)
        except LedgerError:
            return 0
        try:
            return newest_tick(reader.read_back(), self._zone)
        except LedgerError:
            return 0
        finally:
            reader.close()

    def run(self, words: ArenaWords, image: ArenaImage) -> CaughtUp:
        """Run a draft of a snapshot's world forward; changes `words`.

        Args:
            words: as `write_into` leaves it; in memory that a child shares, if there is code.
            image: the snapshot as it was read, before it was brought to this build's columns.

        Raises:
            MoltError: the ticks cannot be computed; what `words` holds is of no use then.
        """
        began_s = self._clock_s()
        past = recall(self._ledger, start_of(image), self._zone)
        target, why = self._plan(past)
        first = words.state(image.tick, State.OUTBOX_NEXT)
        if target == image.tick:
            return CaughtUp(image.tick, image.tick, past.known, past.arena, why, first=first)
        self._note_attempt()
        try:
            with open_replaying(
                words, self._threads, past.inputs_until(target), past.telemetry, self._code
            ) as replayer:
                reached = replayer.run_to(target, self._watch(image.tick, target, began_s))
        except MoltError:
            self._forget_attempts()  # nobody died of it
            raise
        self._forget_attempts()
        if reached < target:
            why = f"cannot replay {past.tick - reached} ticks more: {REPLAY_S_MAX:g} s are over"
        complete = reached == past.tick
        first = _empty_outbox(words, replayer.last[past.told :] if complete else [])
        return CaughtUp(
            from_tick=image.tick,
            tick=reached,
            known=past.known,
            from_arena=_arena_at(past, reached),
            why=why,
            inputs=replayer.applied,
            seconds=self._clock_s() - began_s,
            compared=replayer.compared,
            differs=tuple(replayer.differs),
            migrated=tuple(tick for tick in past.migrated if tick < reached),
            first=first,
            suspended=tuple(replayer.suspended),
        )

    def _plan(self, past: Past) -> tuple[int, str]:
        """Return up to which tick to go, and why no farther."""
        begin = past.start.tick
        if past.tick > begin and self._attempts() >= ATTEMPTS_MAX:
            self._forget_attempts()
            return begin, f"cannot replay {past.tick - begin} ticks: {ATTEMPTS_MAX} attempts died"
        if past.tick - begin > self._ticks_max:
            return begin + self._ticks_max, (
                f"cannot replay {past.tick - begin} ticks: replay_ticks_max is {self._ticks_max}"
            )
        return past.tick, past.why

    def _watch(self, begin: int, target: int, began_s: float) -> Callable[[int], bool]:
        told_s = began_s

        def go_on(tick: int) -> bool:
            nonlocal told_s
            now_s = self._clock_s()
            if now_s - told_s >= REPORT_S:
                told_s = now_s
                self._say(f"replaying: tick {tick}, {tick - begin} of {target - begin} ticks")
            return now_s - began_s < REPLAY_S_MAX

        return go_on

    def _attempts(self) -> int:
        try:
            return int(self._mark.read_bytes()[:4] or b"0")
        except (OSError, ValueError):
            return 0

    def _note_attempt(self) -> None:
        # Without room for it one attempt more may be made.
        count = self._attempts() + 1
        with contextlib.suppress(OSError):
            self._mark.write_bytes(b"%d" % count)

    def _forget_attempts(self) -> None:
        with contextlib.suppress(OSError):
            self._mark.unlink(missing_ok=True)


def recall(ledger: Path, start: Start, zone: str) -> Past:
    """Return what the log of a home tells of a world after a tick; why it does not, if so."""
    try:
        reader = LedgerReader(ledger)
    except NoLedger:
        return no_past(start, NO_LOG)
    except LedgerError as error:
        return no_past(start, error.message)
    damage: list[str] = []
    try:
        rows = reader.read_back(past=lambda found: damage.append(found.message))
        past = read_past(rows, start, zone)
    finally:
        reader.close()
    # Damage among the events of others does no harm: the numbers say that none is missing.
    if past.why and damage:
        past = replace(past, why=f"{past.why}: {damage[0]}")
    return past


def founding_event(caught: CaughtUp, words: ArenaWords) -> None:
    """Tell of a restoring in the arena that it founds; changes `words`."""
    with contextlib.suppress(RingFull):  # the outbox is all but empty
        tell_event(words, pack(caught.event()))


def _arena_at(past: Past, tick: int) -> str:
    """Return the arena in which a tick was computed."""
    for stretch in past.stretches:
        if tick <= stretch.last:
            return stretch.arena
    return past.arena


def _empty_outbox(words: ArenaWords, left: Sequence[Told]) -> int:
    """Take all but the newest events out of the outbox; return the number of the first one left.

    Args:
        left: what the newest tick has told last, and nobody has stored.
    """
    tick = words.get(Header.COMMIT)
    behind = words.state(tick, State.OUTBOX_NEXT)
    first = left[0].sequence if left else behind
    words.outbox()[:] = bytes(len(words.outbox()))
    for each in (tick, tick + 1):
        words.put_state(each, State.OUTBOX_HEAD, 0)
        words.put_state(each, State.OUTBOX_NEXT, first)
    for told in left:
        tell_event(words, pack(told.event))
    assert words.state(tick, State.OUTBOX_NEXT) == behind, "the numbers go on"
    return first

"""The guard over mutations that have come into one world, until each is kept or taken back.

Owns: which are under guard, reading what the rules ask for, the events and notes of it. Does not
own: the rules (`guard.py`), the form of a note (`guard_notes.py`), bringing a mutation in
(`trait_addition.py`, `param_change.py`), the inputs that take one back (`taking_back.py`), crash
and hang (`inquest.py`), which end here all the same.

Nothing of it waits for the archive: what is taken back is an input for safety, and the rules read
the arena. A period outlives the kernel: the next one takes it up by its note.

Longer than usual: judging and the notes change the same list.
"""

from dataclasses import replace
from typing import Any, Final, NamedTuple

from Kernel.contract.arena import Header, State
from Kernel.contract.errors import CodecError, Refused
from Kernel.contract.trait_registry import ACTIVE, QUARANTINED, STANDBY, TraitRow
from Kernel.contract.window_metrics import Counters, read_counters
from Kernel.core.arena_keeper import ArenaKeeper
from Kernel.core.coming_mutations import ComingMutations
from Kernel.core.guard import (
    MEASURED,
    MISSED,
    Applied,
    GoOn,
    GuardRules,
    Keep,
    Look,
    Trip,
    Watch,
    decide_guard,
    fit_forecast,
    fuel_ms,
    renew,
    unforetold,
)
from Kernel.core.guard_notes import NONE, Guarded, pack_guarded, parse_guarded
from Kernel.core.quarantine_notes import QuarantineNotes
from Kernel.core.taking_back import TakingBack
from Kernel.core.trait_addition import mutation_id_of

LOOK_TICKS: Final = 6
"""The registry is read so often; and exactly when a window or a period ends."""
GUARDED_MAX: Final = 64
READS_MAX: Final = 3
FUEL_PER_MS, NATIVE_GAIN, FAULTS_MAX = "fuel_per_ms", "fuel_native_gain", "trait_faults_max"
NO_FORECAST: Final = "there is no forecast of it"


class _Seen(NamedTuple):
    """A world, and its registry, after one tick."""

    tick: int
    checks_failed: int
    counters: Counters
    rows: list[TraitRow]


class TraitGuard:
    """Those of one world.

    Attributes:
        rules: as they are now.
    """

    def __init__(self, world: ArenaKeeper, rules: GuardRules) -> None:
        self.rules = rules
        self._world = world
        self._log = world.parts.log
        self._notes = world.parts.guard_notes
        self._guarded: list[Guarded] = []
        self._leaving = TakingBack(world)
        self._whys = QuarantineNotes(world.config.name, world.parts.memory, world.parts.clock)
        self._has_resumed = False
        self._looked_at = -1
        self._coming = ComingMutations(world)
        world.traits.on_applied = self.begin
        world.traits.on_quarantined = self.quarantined

    # What others ask for.

    def take_back(self, mutation_id: str, reason: str, cause: bytes) -> None:
        """Take back a trait that was found to do the opposite of what it is kept for.

        Args:
            mutation_id: of one that the world runs, under guard or after it.

        Raises:
            Refused: the world runs none of that name.
        """
        if any(each.mutation_id == mutation_id for each in self._leaving.mutations):
            return
        known = next((each for each in self._guarded if each.mutation_id == mutation_id), None)
        if known is None:
            known = self._kept_before(mutation_id, cause)
        self._trip(replace(known, told=cause or known.told), Trip(MEASURED, reason))
        self._renew_others()

    def _kept_before(self, mutation_id: str, cause: bytes) -> Guarded:
        """Return a trait that is guarded no more as one that is."""
        for row in self._world.traits.rows():
            if row.status == ACTIVE and mutation_id_of(row.hash) == mutation_id:
                tick = self._world.tick()
                watch = Watch(tick, tick, unforetold(NO_FORECAST))
                back = self.before(row)
                return Guarded(mutation_id, row.name, row.version, row.hash, back, watch, cause)
        why = f"cannot take {mutation_id} back: no trait that the world runs is of that name"
        raise Refused(why, "molt trait list")

    def begin(self, applied: Applied) -> None:
        """Put a mutation that has come in under guard."""
        row = self._world.traits.of_hash(applied.code_hash)
        population = self._world.state_value(State.POPULATION)
        forecast = fit_forecast(applied.forecast, applied.age_ticks, applied.foretold, population)
        if not forecast.windows and not forecast.degraded:
            forecast = replace(forecast, degraded=NO_FORECAST)
        times_us = self._world.tick_times_us()
        rest_ms = times_us[len(times_us) // 2] / 1000 if times_us else 0.0
        ticks = self.rules.ticks
        back = ", ".join(f"{name}={value:g}" for name, value in sorted(applied.params.items()))
        told = self._log.info(
            "guard.begun", mutation_id=applied.mutation_id, trait_name=applied.trait_name,
            version=applied.version, tick=applied.tick, ticks=ticks, metric=forecast.metric,
            forecast=forecast.fields()["windows"], degraded=forecast.degraded, cause=applied.told,
        )  # fmt: skip
        guarded = Guarded(
            applied.mutation_id,
            applied.trait_name,
            applied.version,
            applied.code_hash,
            back or self.before(row),
            Watch(applied.tick, applied.tick + ticks, forecast, rest_ms),
            told,
            dict(applied.params),
            values=dict(applied.values),
        )
        others = [each for each in self._guarded if each.code_hash != applied.code_hash]
        self._guarded = [*others, guarded][-GUARDED_MAX:]
        self._keep_note(guarded)
        self._coming.end(applied.code_hash)
        self._looked_at = -1
        self._hold_former()

    def quarantined(self, row: TraitRow, why: str, told: bytes) -> None:
        """Tell that a mutation has failed: a verdict has put it into quarantine."""
        mine = next((each for each in self._guarded if each.code_hash == row.hash), None)
        mutation_id = mine.mutation_id if mine is not None else f"mut_{row.hash[:12]}"
        back = mine.rollback_to if mine is not None else self.before(row)
        self._keep_why(row.hash, why, mutation_id)
        self._log.warning(
            "mutation.failed", mutation_id=mutation_id, error=why, stage="execution",
            rollback_to=back, trait_name=row.name, version=row.version,
            tick=self._world.tick(), cause=told,
        )  # fmt: skip
        if mine is not None:
            self._forget(mine)
            self._renew_others()

    def fields(self) -> list[dict[str, Any]]:
        """Return what is under guard, the oldest first, as programs read it."""
        tick = self._world.tick()
        return [
            each.about()
            | {
                "ticks_left": max(0, each.watch.until - tick),
                "metric": each.watch.forecast.metric,
                "degraded": self._degraded(each),
                "promised": bool(each.watch.forecast.metric),
                "leaving": each.tripped,
            }
            for each in [*self._guarded, *self._leaving.mutations]
        ]

    def _degraded(self, guarded: Guarded) -> str:
        """Return why the metric of one is not held to its forecast, "" where it is."""
        newest = self._guarded[-1] if self._guarded else guarded
        if guarded.watch.forecast.degraded or newest is guarded or guarded.tripped:
            return guarded.watch.forecast.degraded
        return f"{newest.mutation_id} came in after it: its forecast does not know of that"

    def quarantine(self) -> list[dict[str, Any]]:
        """Return what is in quarantine, as programs read it."""
        return [
            {
                "name": row.name,
                "version": row.version,
                "hash": row.hash,
                "slot": row.slot,
                "applied_at_tick": row.since_tick,
                "calls": row.calls,
                "faults": row.faults,
                **self._whys.of(row.hash),
            }
            for row in self._world.traits.counted_rows()
            if row.status == QUARANTINED
        ]

    def next_look_s(self, now_s: float) -> float | None:
        """Return when the next window or period ends, monotonic seconds, None where none does."""
        world = self._world
        if world.arena is None or not self._guarded or world.is_holding():
            return None
        ticks = self._next_end(world.tick()) - world.tick()
        return now_s + ticks * world.arena.words.get(Header.PERIOD_NS) / 1e9

    def look(self) -> None:
        """One round."""
        world = self._world
        if world.arena is None or world.inbox is None:
            return
        if not self._has_resumed:
            self._has_resumed = True
            self._resume()
        for applied in self._coming.look():
            self.begin(applied)
        for each in self._leaving.look():
            self._left(each)
        tick = world.tick()
        if not self._guarded or 0 <= self._looked_at <= tick < self._due():
            return
        seen = self._read()
        if seen is not None:
            self._looked_at = seen.tick
            self._judge_all(seen)

    def _read(self) -> _Seen | None:
        """Return one committed tick, None where the world overtakes: it is read again soon.

        What is read lies in the buffer that the tick after the next one is written into.
        """
        world = self._world
        for _ in range(READS_MAX):
            tick = world.tick()
            counters = read_counters(world.state_value)
            failed, rows = world.state_value(State.CHECKS_FAILED), world.traits.counted_rows()
            if world.tick() == tick:
                return _Seen(tick, failed, counters, rows)
        return None

    def _due(self) -> int:
        return min(self._looked_at + LOOK_TICKS, self._next_end(self._looked_at))

    def _next_end(self, tick: int) -> int:
        """Return the first tick after one at which a window or a period ends."""
        ends = []
        for each in self._guarded:
            window = each.watch.forecast.window_ticks
            passed = max(0, tick - each.watch.begun) // window + 1
            ends.append(min(each.watch.begun + passed * window, max(each.watch.until, tick + 1)))
        return min(ends)

    # Judging.

    def _judge_all(self, seen: _Seen) -> None:
        found = {row.hash: row for row in seen.rows}
        trips: list[tuple[Guarded, Trip, float]] = []
        for guarded in list(self._guarded):
            row = found.get(guarded.code_hash)
            if guarded.params and self._is_changed(guarded):
                continue
            if not guarded.params and self._has_gone(guarded, row, found):
                continue
            if row is not None and row.status != ACTIVE:
                continue  # suspended: it does nothing until somebody has its code
            look = self._look_of(seen, row, is_newest=guarded is self._guarded[-1])
            cost_ms = fuel_ms(guarded.watch, look)
            watch, ruling = decide_guard(guarded.watch, look, self.rules)
            changed = replace(guarded, watch=watch)
            self._guarded = [
                changed if each.code_hash == changed.code_hash else each for each in self._guarded
            ]
            if isinstance(ruling, Keep):
                self._kept(changed, look)
            elif not isinstance(ruling, GoOn):
                trips.append((changed, ruling, cost_ms))
            elif watch.window != guarded.watch.window:
                self._keep_note(changed)
        # Of several that late ticks speak against, the one that costs most has to go first.
        missed = [each for each in trips if each[1].rule == MISSED]
        spared = sorted(missed, key=lambda each: each[2])[:-1]
        for each in trips:
            if each not in spared:
                self._trip(each[0], each[1])
        if trips:
            self._renew_others()

    def _has_gone(self, guarded: Guarded, row: TraitRow | None, found: dict[str, TraitRow]) -> bool:
        """End the guard over what the world runs no more; tell whether that is so."""
        if row is not None and row.status == QUARANTINED:  # told by a kernel that has died
            self.quarantined(row, "it is in quarantine", guarded.told)
            return True
        if row is not None and row.status != STANDBY:
            return False
        own = (each for each in found.values() if each.name == guarded.trait_name)
        newer = next((each for each in own if each is not row and each.status == ACTIVE), None)
        took = row is not None and newer is not None
        why = f"version {newer.version} took its place" if took and newer else "it was removed"
        self._end(guarded, why)
        return True

    def _is_changed(self, guarded: Guarded) -> bool:
        """End the guard over values that somebody has changed; tell whether that is so.

        To go back to those before would undo what was done since, by hand or by a later mutation.
        """
        world = self._world
        for name, value in guarded.values.items():
            parameter = world.parameters.get(name)
            if parameter is None or world.arena is None:
                continue
            now = world.arena.words.parameter(world.tick(), parameter.index)
            if now != value:
                self._end(guarded, f"{name} was set to {now:g} since")
                return True
        return False

    def _end(self, guarded: Guarded, why: str) -> None:
        self._log.info(
            "guard.ended", **guarded.about(), tick=self._world.tick(), why=why, cause=guarded.told
        )
        self._forget(guarded)

    def _look_of(self, seen: _Seen, row: TraitRow | None, *, is_newest: bool) -> Look:
        world = self._world
        assert world.arena is not None, "it was looked for"
        words, times_us = world.arena.words, world.tick_times_us()
        gain = self._parameter(NATIVE_GAIN, 1.0) if row is None or row.tier == "native" else 1.0
        return Look(
            tick=seen.tick,
            missed=words.get(Header.MISSED_TICKS),
            checks_failed=seen.checks_failed,
            counters=seen.counters,
            calls=row.calls if row is not None else 0,
            faults=row.faults if row is not None else 0,
            fuel=row.fuel if row is not None else 0,
            steps_per_ms=self._parameter(FUEL_PER_MS, 1.0) * gain,
            tick_ms=times_us[len(times_us) // 2] / 1000 if times_us else 0.0,
            period_ms=words.get(Header.PERIOD_NS) / 1e6,
            faults_max=max(1, int(self._parameter(FAULTS_MAX, 10.0))),
            is_newest=is_newest,
        )

    def _parameter(self, name: str, default: float) -> float:
        world, parameter = self._world, self._world.parameters.get(name)
        if parameter is None or world.arena is None:
            return default
        value = world.arena.words.parameter(world.tick(), parameter.index)
        return value if 0 < value < 1e15 else default

    def _kept(self, guarded: Guarded, look: Look) -> None:
        ticks = look.tick - guarded.watch.begun
        self._log.info(
            "mutation.kept", **guarded.about(), tick=look.tick, ticks=ticks, cause=guarded.told
        )
        self._forget(guarded)

    # Taking back.

    def _trip(self, guarded: Guarded, trip: Trip) -> None:
        event_id = self._log.reserve()  # the world tells that it has applied this event's inputs
        leaving = replace(guarded, told=event_id, tripped=trip.reason)
        self._guarded = [each for each in self._guarded if each.code_hash != guarded.code_hash]
        self._leaving.begin(leaving)
        self._log.warning(
            "guard.tripped", **guarded.about(), tick=self._world.tick(), rule=trip.rule,
            reason=trip.reason, measured=dict(trip.measured), cause=guarded.told,
            event_id=event_id,
        )  # fmt: skip
        self._keep_note(leaving)

    def _left(self, guarded: Guarded) -> None:
        """Forget one that the world runs no more."""
        if not guarded.params:
            self._keep_why(guarded.code_hash, guarded.tripped, guarded.mutation_id)
        self._notes.forget(self._name(guarded))
        self._hold_former()

    # Notes, and what a kernel before has left.

    def _resume(self) -> None:
        prefix = f"{self._world.config.name}."
        for name, data in self._notes.left().items():
            if not name.startswith(prefix):
                continue
            if self._whys.owns(name):
                self._whys.take(name, data, self._notes)
                continue
            if self._coming.owns(name):
                self._coming.take(name, data)
                continue
            try:
                guarded = parse_guarded(data)
            except CodecError:
                self._notes.forget(name)
                continue
            if guarded.tripped:
                self._leaving.resume(guarded)
                continue
            told = self._log.info(
                "guard.resumed", **guarded.about(), tick=self._world.tick(),
                ticks_left=max(0, guarded.watch.until - self._world.tick()), cause=guarded.told,
            )  # fmt: skip
            self._guarded.append(replace(guarded, told=told))
        for each in (*self._guarded, *self._leaving.mutations):
            self._coming.end(each.code_hash)  # killed between the two notes: it is told already
        self._guarded.sort(key=lambda each: each.watch.begun)
        self._hold_former()

    def _keep_note(self, guarded: Guarded) -> None:
        try:
            self._notes.keep(self._name(guarded), pack_guarded(guarded))
        except OSError as error:
            why = f"cannot note that {guarded.trait_name} is under guard: {error.strerror}"
            self._world.note("guard", why, "molt doctor")
        else:
            self._world.unnote("guard")

    def _keep_why(self, code_hash: str, why: str, mutation_id: str) -> None:
        known = [row.hash for row in self._world.traits.rows()]
        self._whys.keep(code_hash, why, mutation_id, self._world.tick(), known)

    def _name(self, guarded: Guarded) -> str:
        return f"{self._world.config.name}.{guarded.code_hash}"

    def before(self, row: TraitRow | None) -> str:
        """Return what the carriers of a version go back to."""
        if row is None:
            return NONE
        rows = self._world.traits.rows()
        before = next((each for each in rows if row.before and each.slot == row.before), None)
        if before is None and row.status == QUARANTINED:
            # The registry names it no more once carriers have gone back: it is the one that runs.
            older = (each for each in rows if each.name == row.name and each.version < row.version)
            before = next((each for each in older if each.status == ACTIVE), None)
        if before is None or before.status not in (STANDBY, ACTIVE):
            return NONE
        return f"{before.name}_v{before.version}"

    def _forget(self, guarded: Guarded) -> None:
        self._guarded = [each for each in self._guarded if each.code_hash != guarded.code_hash]
        self._notes.forget(self._name(guarded))
        self._hold_former()

    def _renew_others(self) -> None:
        self._guarded = [replace(each, watch=renew(each.watch)) for each in self._guarded]

    def _hold_former(self) -> None:
        self._world.holds_former = bool(self._guarded or self._leaving.mutations)

"""One trait on its way into a world: prepared by a worker, loaded by a generation, brought in.

Owns: the order of these, what is told of each, taking it back when one of them fails. Does not own:
preparing (`trait_worker.py`), generations (`generations.py`), the set (`world_traits.py`), which
additions there are (`trait_changes.py`).

Whatever fails before the input is applied costs the world nothing: who serves goes on.
"""

import hashlib
from dataclasses import dataclass

from Kernel.contract.errors import MoltError, Refused
from Kernel.contract.inputs import ADD_TRAIT, Input, TraitFacts
from Kernel.core.arena_keeper import ArenaKeeper
from Kernel.core.parts import Parts
from Kernel.core.posted_trait import Posted, Result, Stage
from Kernel.core.trait_worker import TraitVerdict, TraitWorker
from Kernel.ports.process import Exit

NO_ROOM_HINT = "molt trait list, then: molt trait remove NAME"
RENEWAL_S = 300.0
"""How long a generation may take to be made ready and to take over."""


class TraitRefused(Refused):
    """A source breaks a rule; or cannot be taken up by this world."""

    def __init__(self, verdict: TraitVerdict) -> None:
        place = f"line {verdict.line}: " if verdict.line else ""
        super().__init__(
            f"cannot add the trait: {place}{verdict.reason} (rule {verdict.rule})",
            NO_ROOM_HINT if verdict.rule == "room" else "molt help trait add",
        )
        self.details = {"rule": verdict.rule, "line": verdict.line, "reason": verdict.reason}


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody asked for.

    Args:
        at_tick: 0: the next tick.
        carriers: "all" or "newborns".
        cause: id of the event that it was asked for.
    """

    source: bytes
    at_tick: int = 0
    carriers: str = "all"
    cause: bytes = b""

    @property
    def code_hash(self) -> str:
        """The sha256 of the source, hex."""
        return hashlib.sha256(self.source).hexdigest()


class TraitAddition:
    """One trait on its way in."""

    def __init__(self, parts: Parts, world: ArenaKeeper, wish: Wish) -> None:
        self.stage = Stage.PREPARING
        self._parts = parts
        self._world = world
        self._wish = wish
        self._worker = TraitWorker(parts, world.config.name, wish.source, world.traits.hashes)
        self._verdict: TraitVerdict | None = None
        self._told = wish.cause
        self._number = 0
        self._until_s = 0.0
        self._posted: Posted | None = None
        self._applied: int | None = None
        self._error: MoltError | None = None

    @property
    def code_hash(self) -> str:
        """The sha256 of its source, hex."""
        return self._wish.code_hash

    def waiting(self) -> Result | None:
        """Return what waits for its tick, None while it is not sent or when it is over."""
        if self.stage is not Stage.POSTED or self._posted is None or self._verdict is None:
            return None
        what = {"act": "add", "name": self._verdict.name, "version": self._verdict.version}
        return what | {"at_tick": self._posted.due_tick()}

    def on_exit(self, exit_: Exit) -> bool:
        """Take the end of a process; False if it is not the worker's."""
        return self._worker.on_exit(exit_)

    def result(self) -> Result | None:
        """Return the answer to who asked, None while it is not known.

        Raises:
            MoltError: it came to nothing.
        """
        if self._error is not None:
            raise self._error
        if self._posted is None or self._verdict is None:
            return None
        verdict = self._verdict
        answer = {
            "name": verdict.name,
            "version": verdict.version,
            "tier": verdict.tier,
            "state": verdict.state,
            "hash": verdict.code_hash,
            "file": verdict.file_path,
            "why": verdict.note,
        }
        if self._applied is not None:
            return answer | {"applied_at_tick": self._applied}
        pending = self._posted.pending()
        return None if pending is None else answer | pending

    def look(self, now_s: float) -> None:
        """Go on as far as it goes now."""
        try:
            self._step(now_s)
        except MoltError as error:
            self._fail(error)

    def give_up(self, why: str) -> None:
        """End it: the kernel is being stopped."""
        if self.stage is not Stage.OVER:
            self._worker.close()
            self._fail(Refused(f"cannot add the trait: {why}"))

    def _step(self, now_s: float) -> None:
        match self.stage:
            case Stage.PREPARING:
                self._worker.look(now_s)
                verdict = self._worker.verdict()
                if verdict is not None:
                    self._take(verdict, now_s)
            case Stage.WAITING:
                self._begin_generation(now_s)
            case Stage.RENEWING:
                self._wait_generation(now_s)
            case Stage.POSTED:
                assert self._posted is not None, "posted before it waits"
                applied = self._posted.applied_at()
                if applied is not None:
                    self._finish(applied)

    def _take(self, verdict: TraitVerdict, now_s: float) -> None:
        """Go on with what the worker says; it has put an accepted trait where zygotes find it.

        Raises:
            TraitRefused, Refused: not with this one.
        """
        zone, log = self._world.config.name, self._parts.log
        if verdict.code_hash != self._wish.code_hash:
            raise Refused("cannot prepare the trait: the verdict is about another source")
        if not verdict.accepted:
            log.warning(
                "trait.refused", zone=zone, name=verdict.name, code_hash=verdict.code_hash,
                rule=verdict.rule, line=verdict.line, reason=verdict.reason, cause=self._told,
            )  # fmt: skip
            raise TraitRefused(verdict)
        self._verdict = verdict
        self._told = log.info(
            "trait.validated", zone=zone, name=verdict.name, version=verdict.version,
            code_hash=verdict.code_hash, tier=verdict.tier, state=verdict.state,
            memory=verdict.memory, why=verdict.note, cause=self._told,
        )  # fmt: skip
        self._told = log.info(
            "mutation.ready", mutation_id=self._mutation_id, plan_id="",
            file_path=verdict.file_path, trait_name=verdict.name, version=verdict.version,
            code_hash=verdict.code_hash, cause=self._told,
        )  # fmt: skip
        self._world.traits.take(verdict.code_hash)
        self._world.traits.check_room_for(verdict.name)
        self.stage, self._until_s = Stage.WAITING, now_s + RENEWAL_S

    def _begin_generation(self, now_s: float) -> None:
        """Have the code loaded, unless who serves has it: it was removed a moment ago."""
        world, ladder = self._world, self._world.ladder
        self._check_time(now_s)
        if world.active is None or ladder.incoming:
            return
        if world.traits.loaded().get(self._wish.code_hash) == "":
            self._post()
            return
        self._number = world.generations.renew(self._told)
        self.stage, self._until_s = Stage.RENEWING, now_s + RENEWAL_S

    def _wait_generation(self, now_s: float) -> None:
        world = self._world
        line = world.lines.get(self._number)
        if line is None or line.retired_s is not None:
            why = world.ladder.broken or "the generation that was to load it was replaced"
            raise Refused(f"cannot load the trait: {why}; the world goes on without it", "molt ps")
        self._check_time(now_s)
        if world.ladder.current != self._number or line.state.active is None:
            return
        why = world.traits.loaded().get(self._wish.code_hash, "the generation has not loaded it")
        if why:
            raise Refused(f"cannot load the trait: {why}; the world goes on without it")
        self._told = world.generations.promoted or self._told
        self._post()

    def _check_time(self, now_s: float) -> None:
        if now_s >= self._until_s:
            raise Refused(
                f"cannot load the trait: no generation took over in {RENEWAL_S:g} s", "molt ps"
            )

    def _post(self) -> None:
        verdict, world, inbox = self._verdict, self._world, self._world.inbox
        assert verdict is not None, "it was prepared"
        if inbox is None:
            return  # the world is moving: in the next round, or not in time
        trait = TraitFacts(
            verdict.name, verdict.version, verdict.code_hash, verdict.tier, verdict.state,
            verdict.memory, verdict.moods, self._wish.carriers,
        )  # fmt: skip
        given = Input(ADD_TRAIT, at_tick=self._wish.at_tick, trait=trait, cause=self._told)
        self._posted = Posted(world, inbox, inbox.post(given))
        self.stage = Stage.POSTED

    def _finish(self, tick: int) -> None:
        assert self._verdict is not None, "it was prepared"
        self._applied, self.stage = tick, Stage.OVER
        self._parts.log.info(
            "mutation.applied", mutation_id=self._mutation_id, trait_name=self._verdict.name,
            version=self._verdict.version, registry_version=self._world.traits.version(),
            cause=self._told,
        )  # fmt: skip

    def _fail(self, error: MoltError) -> None:
        """Keep why it came to nothing; what was to be loaded is not, next time."""
        if self._verdict is not None:
            self._parts.log.warning(
                "mutation.failed", mutation_id=self._mutation_id, error=error.message,
                stage="import" if self._posted is None else "execution", rollback_to="",
                cause=self._told,
            )  # fmt: skip
            self._world.traits.drop(self._wish.code_hash)
        self._error, self.stage = error, Stage.OVER

    @property
    def _mutation_id(self) -> str:
        return f"mut_{self._wish.code_hash[:12]}"

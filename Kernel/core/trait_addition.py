"""One trait on its way into a world: tried, loaded by a generation, brought in.

Owns: the order of these, what is told of each, taking it back when one of them fails. Does not own:
the trial, which checks and compiles it, too (`trials.py`), generations (`generations.py`), the set
(`world_traits.py`), which additions there are (`trait_changes.py`).

Whatever fails before the input is applied costs the world nothing: who serves goes on.
Longer than usual: each step is short, and what is told of one is needed by the next.
"""

from dataclasses import dataclass, replace

from Kernel.contract.errors import MoltError, Refused
from Kernel.contract.inputs import ADD_TRAIT, Input, TraitFacts
from Kernel.contract.trait_registry import ACTIVE, QUARANTINED
from Kernel.core.arena_keeper import ArenaKeeper
from Kernel.core.guard import Applied, Sent, unforetold
from Kernel.core.parts import Parts
from Kernel.core.posted_trait import Posted, Result, Stage
from Kernel.core.trial import TrialWish
from Kernel.core.trial_verdict import TrialVerdict
from Kernel.core.trials import Trial, Trials

NO_ROOM_HINT = "molt trait list, then: molt trait remove NAME"
KILLED = "killed"
"""The rule of a trial that somebody outside has ended, or the machine for its memory."""
KILLED_MAX = 2
"""So often it is tried again; then it may be the source that the machine has no memory for."""
VALIDATION = "validation"
"""The stage of a refusal that names none."""
RENEWAL_S = 300.0
"""How long a generation may take to be made ready and to take over."""
GATHER_S = 20.0
"""How long one that is tried waits for others that are not, so that one generation loads them."""


class TraitRefused(Refused):
    """A source breaks a rule; or cannot be taken up by this world."""

    def __init__(self, verdict: TrialVerdict) -> None:
        place = f"line {verdict.line}: " if verdict.line else ""
        hints = {
            "room": NO_ROOM_HINT,
            KILLED: "molt doctor",
            QUARANTINED: f"molt release {verdict.name}",
        }
        tried = "molt try FILE" if verdict.stage == "trial" else "molt help trait add"
        super().__init__(
            f"cannot add the trait: {place}{verdict.reason} (rule {verdict.rule})",
            hints.get(verdict.rule, tried),
        )
        self.details = {
            "rule": verdict.rule,
            "line": verdict.line,
            "reason": verdict.reason,
            "stage": verdict.stage or VALIDATION,
        }


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody asked for.

    Args:
        tried: the source, who carries it, and the trial it goes through.
        at_tick: 0: the next tick.
        mutation_id: as who asked calls it; "": by the hash.
        plan_id: of the plan that led to it, "" for none.
    """

    tried: TrialWish
    at_tick: int = 0
    mutation_id: str = ""
    plan_id: str = ""

    @property
    def code_hash(self) -> str:
        """The sha256 of the source, hex."""
        return self.tried.code_hash

    @property
    def known_as(self) -> str:
        """The id of the mutation it is."""
        return self.mutation_id or mutation_id_of(self.code_hash)

    def is_same(self, other: "Wish") -> bool:
        """Return whether two wishes are one, whoever asked and whatever led to it."""
        mine, its = (replace(wish.tried, by="", cause=b"") for wish in (self, other))
        return replace(self, tried=mine) == replace(other, tried=its)


def mutation_id_of(code_hash: str) -> str:
    """Return the id that a mutation has by its hash."""
    return f"mut_{code_hash[:12]}"


def _told_of_trial(verdict: TrialVerdict) -> Result:
    """Return the figures of a trial that who adds a trait is told."""
    told = verdict.fields()
    keys = (
        "ticks", "seeds", "population", "calls", "faults", "first_faults", "effect", "unchanged",
    )  # fmt: skip
    return {key: told[key] for key in keys}


class TraitAddition:
    """One trait on its way in."""

    def __init__(self, parts: Parts, world: ArenaKeeper, wish: Wish, trials: Trials) -> None:
        self.stage = Stage.QUEUED
        self._parts = parts
        self.world = world
        self._wish = wish
        self._trials = trials
        self._trial: Trial | None = None
        self._verdict: TrialVerdict | None = None
        self._told = wish.tried.cause
        self._number = 0
        self._more_come = False
        self._ready_s = 0.0
        self._until_s = 0.0
        self._posted: Posted | None = None
        self._is_sent = False
        self._killed = 0
        self._applied: int | None = None
        self._there: Result | None = None
        self._error: MoltError | None = None
        self._failed_in = ""

    @property
    def code_hash(self) -> str:
        """The sha256 of its source, hex."""
        return self._wish.code_hash

    def is_same(self, wish: Wish) -> bool:
        """Return whether it is what somebody wishes, too."""
        return self._wish.is_same(wish)

    def is_there(self) -> bool:
        """Return whether the world has this very code, active; then there is nothing to do."""
        row = self.world.traits.of_hash(self.code_hash)
        if row is None or row.status != ACTIVE:
            return False
        self._there, self.stage = row.fields() | {"already": True}, Stage.OVER
        return True

    def begin(self) -> None:
        """It is its turn: the traits of the zone's next generation are those of now, and it.

        Raises:
            Refused: it cannot be tried.
        """
        row = self.world.traits.of_hash(self.code_hash)
        if row is not None and row.status == QUARANTINED:
            why = "this very code is in quarantine"
            verdict = TrialVerdict(
                False, self.code_hash, QUARANTINED, reason=why, name=row.name, version=row.version,
                stage=VALIDATION,
            )  # fmt: skip
            self._error, self.stage = self._refuse(verdict), Stage.OVER
            return
        self._trial = self._trials.ask(self.world, self._wish.tried)
        self.stage = Stage.PREPARING

    def waiting(self) -> Result | None:
        """Return what waits for its tick, None while it is not sent or when it is over."""
        if self.stage is not Stage.POSTED or self._posted is None or self._verdict is None:
            return None
        what = {"act": "add", "name": self._verdict.name, "version": self._verdict.version}
        return what | {"at_tick": self._posted.due_tick()}

    def result(self) -> Result | None:
        """Return the answer to who asked, None while it is not known.

        Raises:
            MoltError: it came to nothing.
        """
        if self._error is not None:
            raise self._error
        if self._there is not None:
            return self._there
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
            "tried": self._wish.tried.trial,
            **(_told_of_trial(verdict) if self._wish.tried.trial else {}),
        }
        if self._applied is not None:
            return answer | {"applied_at_tick": self._applied}
        pending = self._posted.pending()
        return None if pending is None else answer | pending

    def outcome(self) -> Result | None:
        """Return the answer to an agent: a refusal of the mutation is one, and is no error.

        Raises:
            MoltError: it could not be judged or brought in now; it may be asked for again.
        """
        about: Result = {"mutation_id": self._wish.known_as}
        try:
            told = self.result()
        except TraitRefused as refused:
            return about | {"accepted": False, **refused.details}
        except MoltError as error:
            if not self._failed_in:
                raise
            why = {"rule": "", "line": 0, "reason": error.message}
            return about | {"accepted": False, "stage": self._failed_in, **why}
        if told is None or told.get("applied_at_tick") is None:
            return None
        return about | {"accepted": True} | told

    def look(self, now_s: float, *, more_come: bool = False) -> None:
        """Go on as far as it goes now.

        Args:
            more_come: others are being tried: one generation could load them, too.
        """
        self._more_come = more_come
        try:
            self._step(now_s)
        except MoltError as error:
            self.fail(error)

    def give_up(self, why: str) -> None:
        """End it: the kernel is being stopped.

        That says nothing of a mutation: whoever asks by its id asks the next kernel again.
        """
        if self.stage is Stage.OVER:
            return
        if self._trial is not None:
            self._trial.give_up(why)
        error = Refused(f"cannot add the trait: {why}")
        if self._wish.mutation_id:
            self.world.traits.drop(self._wish.code_hash)
            self._error, self.stage = error, Stage.OVER
        else:
            self.fail(error)

    def _step(self, now_s: float) -> None:
        match self.stage:
            case Stage.PREPARING:
                assert self._trial is not None, "it was begun"
                verdict = self._trial.verdict()
                if verdict is not None:
                    self._told = self._trial.told
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

    def _take(self, verdict: TrialVerdict, now_s: float) -> None:
        """Go on with what the trial says; it has put an accepted trait where zygotes find it.

        Raises:
            TraitRefused, Refused: not with this one.
        """
        zone, log = self.world.config.name, self._parts.log
        if (verdict.accepted or verdict.rule == ACTIVE) and self.is_there():
            return  # somebody else's came in meanwhile
        if verdict.rule == KILLED and self._killed < KILLED_MAX:  # that is not the source's doing
            self._killed += 1
            self._trial = self._trials.ask(self.world, self._wish.tried)
            return
        if not verdict.accepted:
            raise self._refuse(verdict)
        self._verdict = verdict
        self._told = log.info(
            "trait.validated", zone=zone, name=verdict.name, version=verdict.version,
            code_hash=verdict.code_hash, tier=verdict.tier, state=verdict.state,
            memory=verdict.memory, why=verdict.note, tried=self._wish.tried.trial, cause=self._told,
        )  # fmt: skip
        self._told = log.info(
            "mutation.ready", mutation_id=self._wish.known_as, plan_id=self._wish.plan_id,
            file_path=verdict.file_path, trait_name=verdict.name, version=verdict.version,
            code_hash=verdict.code_hash, tried=self._wish.tried.trial, cause=self._told,
        )  # fmt: skip
        self.world.traits.take(verdict.code_hash)
        self.world.traits.check_room_for(verdict.name)
        self.stage, self._until_s, self._ready_s = Stage.WAITING, now_s + RENEWAL_S, now_s

    def _refuse(self, verdict: TrialVerdict) -> TraitRefused:
        """Tell of a source that is not taken, and return the error."""
        self._told = self._parts.log.warning(
            "trait.refused", zone=self.world.config.name, name=verdict.name,
            code_hash=verdict.code_hash, rule=verdict.rule, line=verdict.line,
            reason=verdict.reason, cause=self._told,
        )  # fmt: skip
        refused = TraitRefused(verdict)
        self._tell_failed(verdict.stage or VALIDATION, verdict.reason, verdict)
        return refused

    def _begin_generation(self, now_s: float) -> None:
        """Have the code loaded, unless who serves has it: it was removed a moment ago.

        One generation loads all that were tried when it was begun.
        """
        world, ladder = self.world, self.world.ladder
        self._check_time(now_s)
        incoming = world.lines.get(ladder.incoming)
        if incoming is not None and self.code_hash in incoming.traits:
            self._number, self.stage = incoming.number, Stage.RENEWING
            return
        if world.active is None or ladder.incoming or world.generations.held:
            return
        if world.traits.loaded().get(self._wish.code_hash) == "":
            self._post()
            return
        if self._more_come and now_s < self._ready_s + GATHER_S:
            return
        self._number = world.generations.renew(self._told)
        self.stage, self._until_s = Stage.RENEWING, now_s + RENEWAL_S

    def _wait_generation(self, now_s: float) -> None:
        world = self.world
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
        verdict, world, inbox = self._verdict, self.world, self.world.inbox
        assert verdict is not None, "it was prepared"
        if inbox is None or world.traits.is_left(self.code_hash):
            return  # the world is moving, or a kernel before sent it: in the next round
        if self.is_there():
            return
        trait = TraitFacts(
            verdict.name, verdict.version, verdict.code_hash, verdict.tier, verdict.state,
            verdict.memory, verdict.moods, self._wish.tried.carriers,
        )  # fmt: skip
        given = Input(ADD_TRAIT, at_tick=self._wish.at_tick, trait=trait, cause=self._told)
        self._is_sent = True
        world.traits.on_sent(Sent(self._as_applied(world.tick()), self._wish.tried.trial))
        self._posted = Posted(world, inbox, inbox.post(given))
        self.stage = Stage.POSTED

    def _as_applied(self, tick: int) -> Applied:
        """Return what is told of it had it come in at a tick."""
        verdict, trial, wanted = self._verdict, self._trial, self._wish.tried.forecast
        assert verdict is not None and trial is not None, "it was tried"
        none = unforetold(
            "" if self._wish.tried.trial else "it came in without a trial",
            wanted.metric if wanted else "",
        )
        return Applied(
            self._wish.known_as,
            verdict.name,
            verdict.version,
            verdict.code_hash,
            tick,
            self._told,
            verdict.forecast or none,
            tick - trial.tick,
            trial.population,
        )

    def _finish(self, tick: int) -> None:
        assert self._verdict is not None, "it was prepared"
        self._applied, self.stage = tick, Stage.OVER
        told = self._parts.log.info(
            "mutation.applied", mutation_id=self._wish.known_as, trait_name=self._verdict.name,
            version=self._verdict.version, registry_version=self.world.traits.version(),
            tried=self._wish.tried.trial, tick=tick, cause=self._told,
        )  # fmt: skip
        self.world.traits.on_applied(replace(self._as_applied(tick), told=told))

    def fail(self, error: MoltError) -> None:
        """Keep why it came to nothing; what was to be loaded is not, next time."""
        is_lost = self._posted is not None and self._posted.is_lost
        if self._is_sent:
            self.world.traits.on_unsent(self._wish.code_hash, is_lost=is_lost)
        if self._posted is not None and not is_lost and self.is_there():
            return  # refused, because somebody else's came in before it
        if self._verdict is not None and not is_lost:
            stage = "import" if self._posted is None else "execution"
            self._tell_failed(stage, error.message, self._verdict)
            self.world.traits.drop(self._wish.code_hash)
        self._error, self.stage = error, Stage.OVER

    def _tell_failed(self, stage: str, why: str, verdict: TrialVerdict) -> None:
        """Tell that the mutation has come to nothing; none of it was ever applied."""
        self._failed_in = stage
        self._told = self._parts.log.warning(
            "mutation.failed", mutation_id=self._wish.known_as, error=why, stage=stage,
            rollback_to="", trait_name=verdict.name, version=verdict.version, rule=verdict.rule,
            line=verdict.line, cause=self._told,
        )  # fmt: skip

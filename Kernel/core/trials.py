"""Trials of candidates: asked for, waited for, told of; whatever became of each is an event.

Owns: who may ask, the road from a wish to a verdict, the events. Does not own: limits on a wish
(`trial.py`), turns and processes (`cells.py`), what a verdict may hold (`trial_verdict.py`),
bringing a trait in (`trait_addition.py`).
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from Kernel.config import KernelConfig
from Kernel.contract.arena import Header, State
from Kernel.contract.errors import CodecError, MoltError, Refused
from Kernel.contract.trait_registry import ACTIVE
from Kernel.core.arena_keeper import ArenaKeeper
from Kernel.core.batch_verdict import parse_batch
from Kernel.core.cell import CellEnd, CellOrder, How, parse_answer
from Kernel.core.cell_queue import QueueLimits, Words
from Kernel.core.cells import Cells, Stay
from Kernel.core.parts import Parts
from Kernel.core.trial import TrialWish, check_size, job_of, scale_for
from Kernel.core.trial_verdict import TrialVerdict, failed_verdict, lied_verdict, parse_verdict
from Kernel.ports.memory import free_memory_bytes

ROLE = "trial"
WORDS = Words("try", "trial", "trials", "molt ps")
WHY_MAX = 400
ASKER_GONE = "who asked has gone"


class Trial:
    """One trial, until whoever asked has its verdict.

    Attributes:
        told: id of the newest event about it.
        population, tick: of the world that it is made of.
    """

    def __init__(self, trials: "Trials", world: ArenaKeeper, wish: TrialWish, stay: Stay) -> None:
        self.wish = wish
        self.world = world
        self.told = wish.cause
        self.population = world.state_value(State.POPULATION)
        self.tick = world.tick()
        self.scale = wish.scale
        self.began_s: float | None = None
        self._trials = trials
        self._stay = stay
        self._verdict: TrialVerdict | None = None
        self._error: MoltError | None = None

    @property
    def is_over(self) -> bool:
        """Whether there is a verdict, or there will be none."""
        return self._verdict is not None or self._error is not None

    @property
    def state(self) -> str:
        """How far it is, for people and programs."""
        if self.is_over:
            return "over"
        return "running" if self._stay.runs else "queued"

    @property
    def before(self) -> int:
        """How many wait longer than it does."""
        return self._trials.before(self._stay)

    def verdict(self) -> TrialVerdict | None:
        """Return what is said of the source, None while it is not known.

        Raises:
            MoltError: nothing will be.
        """
        if self._error is not None:
            raise self._error
        return self._verdict

    def give_up(self, why: str = ASKER_GONE) -> None:
        """End it: nobody waits for its verdict."""
        self._trials.give_up(self, why)

    def settle(self, verdict: TrialVerdict | None, error: MoltError | None) -> None:
        """Keep what became of it."""
        self._verdict, self._error = verdict, error


class Trials:
    """All trials of one kernel.

    Args:
        config: gives the configuration as it is now.
        free_bytes: tells the memory the machine has left.
        at_once: returns how many may run beside each other, of those the configuration allows.
    """

    def __init__(
        self,
        parts: Parts,
        config: Callable[[], KernelConfig],
        free_bytes: Callable[[], int | None] = free_memory_bytes,
        at_once: Callable[[int], int] = lambda most: most,
    ) -> None:
        self._parts = parts
        self._config = config
        self._free_bytes = free_bytes
        self._at_once = at_once
        self.cells = Cells(parts, ROLE, WORDS, self._queue_limits)
        self._under_way: dict[int, tuple[Trial, Stay]] = {}

    def ask(self, world: ArenaKeeper, wish: TrialWish) -> Trial:
        """Begin a trial, or let it wait for its turn.

        Raises:
            Refused: it is larger than may be, too many wait, or the kernel is being stopped. That
                is an event, too.
        """
        try:
            wish = self._complete(world, wish)
            self._check(world, wish)
            trial: Trial
            stay = self.cells.ask(
                world, lambda: self._order(trial), lambda: self._tell_begun(trial, stay)
            )
        except Refused as error:
            self._parts.log.warning(
                "trial.refused", zone=world.config.name, code_hash=wish.code_hash, by=wish.by,
                why=error.message, **_what(wish), cause=wish.cause,
            )  # fmt: skip
            raise
        trial = Trial(self, world, wish, stay)
        if not wish.trial:
            trial.told = self._parts.log.warning(
                "trial.skipped", zone=world.config.name, code_hash=wish.code_hash, by=wish.by,
                why="it was asked for without one", cause=wish.cause,
            )  # fmt: skip
        self._under_way[stay.number] = trial, stay
        self._note(trial, stay)
        return trial

    def give_up(self, trial: Trial, why: str) -> None:
        """End one that nobody waits for."""
        for each, stay in self._under_way.values():
            if each is trial:
                self.cells.give_up(stay, why)

    def before(self, stay: Stay) -> int:
        """Return how many wait longer."""
        return self.cells.before(stay)

    def close(self) -> None:
        """End all: the kernel is being stopped."""
        self.cells.close()
        self._settle_all()

    def look(self) -> None:
        """One round."""
        self.cells.look()
        self._settle_all()

    def fields(self) -> list[dict[str, Any]]:
        """Return those that run and wait, as programs read it, in their order."""
        now_s = self._parts.clock.now_s()
        return [
            {
                "state": trial.state,
                "before": trial.before,
                "pid": stay.pid or None,
                "zone": trial.world.config.name,
                "by": trial.wish.by,
                "hash": trial.wish.code_hash,
                "add": trial.wish.add,
                "ticks": trial.wish.ticks,
                "seeds": trial.wish.seeds_for(trial.population),
                "seconds": round(now_s - (trial.began_s or stay.asked_s), 1),
            }
            for trial, stay in self._under_way.values()
        ]

    # From a wish to a process.

    def _queue_limits(self) -> QueueLimits:
        limits = self._config().trial
        return QueueLimits(self._at_once(limits.at_once), limits.queued)

    def _complete(self, world: ArenaKeeper, wish: TrialWish) -> TrialWish:
        """Find the trait that a control is to be without.

        Raises:
            Refused: the world has none of that name, or it does not run.
        """
        if not wish.without:
            return wish
        row = world.traits.named(wish.without)
        if row.status != ACTIVE:
            raise Refused(
                f"cannot try without '{row.name}': it is {row.status}, not active",
                "molt trait list",
            )
        return replace(wish, without=row.name, without_hash=row.hash)

    def _check(self, world: ArenaKeeper, wish: TrialWish) -> None:
        config = self._config()
        if wish.unchecked and not config.unchecked_trials:
            raise Refused(
                "cannot try without checking: it is for tests of the cage, and this kernel was not "
                "started for any",
                "python manifest.py --set kernel.unchecked_trials=true",
            )
        if world.arena is None:
            raise Refused(f"cannot try: zone {world.config.name} is {world.state_word()}")
        world_bytes = len(world.arena.words.memory)
        check_size(wish, config.trial, world_bytes, self._free_bytes())

    def _order(self, trial: Trial) -> CellOrder:
        """Make what its process is given.

        Raises:
            Refused: the world is moving.
        """
        world, wish = trial.world, trial.wish
        if world.arena is None:
            raise Refused(f"cannot try: zone {world.config.name} is moving")
        trial.population, trial.tick = world.state_value(State.POPULATION), world.tick()
        config = self._config()
        words = world.arena.words
        scale = scale_for(
            wish, config.trial, trial.population, words.get(Header.CAPACITY), len(words.memory),
            self._free_bytes(),
        )  # fmt: skip
        trial.scale = scale[0]
        job = job_of(
            wish, world.config.name, self._parts.home, trial.population, world.traits.hashes, scale
        )
        return CellOrder(
            ROLE,
            wish.job,
            config.trial.wall_s,
            {ROLE: job, "wall_s": config.trial.wall_s, "uncaged": config.uncaged},
            {"arena": world.arena.read_only_fd},
            config.trial.each,
        )

    def _tell_begun(self, trial: Trial, stay: Stay) -> None:
        trial.began_s = self._parts.clock.now_s()
        if not trial.wish.trial:
            return
        wish = trial.wish
        trial.told = self._parts.log.info(
            "trial.begun", zone=trial.world.config.name, code_hash=wish.code_hash, by=wish.by,
            ticks=wish.ticks, seeds=wish.seeds_for(trial.population), scale=trial.scale,
            population=trial.population, waited_s=round(trial.began_s - stay.asked_s, 3),
            add=wish.add, unchecked=wish.unchecked, **_what(wish), cause=trial.told,
        )  # fmt: skip
        self._note(trial, stay)

    def _note(self, trial: Trial, stay: Stay) -> None:
        about = {"zone": trial.world.config.name, "code_hash": trial.wish.code_hash}
        self.cells.note(stay, trial.told, about)

    # From its end to a verdict.

    def _settle_all(self) -> None:
        for number, (trial, stay) in list(self._under_way.items()):
            if stay.end is not None:
                del self._under_way[number]
                self._settle(trial, stay, stay.end)

    def _settle(self, trial: Trial, stay: Stay, end: CellEnd) -> None:
        verdict, error = None, None
        match end.how:
            case How.ANSWERED:
                verdict, error = _read(trial.wish, end)
            case How.DIED | How.KILLED | How.LATE | How.FLOODED:
                # What it says before it fails is the machine's trouble, not the source's.
                error = _told_failure(end)
                verdict = failed_verdict(trial.wish.code_hash, end) if error is None else None
            case How.UNBORN:
                error = Refused(f"cannot try: {_bare(end.why)}", stay.hint or "molt ps")
            case How.GIVEN_UP | How.STOPPED:
                error = Refused(f"cannot try: {end.why}", "molt try FILE")
        self._tell_end(trial, end, verdict, error)
        self.cells.forget(stay)
        trial.settle(verdict, error)

    def _tell_end(
        self, trial: Trial, end: CellEnd, verdict: TrialVerdict | None, error: MoltError | None
    ) -> None:
        """Tell how it ended, whatever the end was; without a trial the verdict is told later."""
        zone, wish, log = trial.world.config.name, trial.wish, self._parts.log
        if end.how is How.UNBORN and trial.began_s is None:
            trial.told = log.warning(
                "trial.refused", zone=zone, code_hash=wish.code_hash, by=wish.by,
                why=end.why[:WHY_MAX], **_what(wish), cause=trial.told,
            )  # fmt: skip
            return
        if not wish.trial and verdict is not None and end.how is How.ANSWERED:
            return
        tell = log.info if verdict is not None and verdict.accepted else log.warning
        if verdict is None:
            assert error is not None, "there is a verdict or an error"
            left = end.how in (How.GIVEN_UP, How.STOPPED)
            how = end.how.value if left else "failed"
            trial.told = tell(
                "trial.ended", zone=zone, code_hash=wish.code_hash, accepted=False, how=how,
                reason=error.message, seconds=round(end.seconds, 3), **_what(wish),
                cause=trial.told,
            )  # fmt: skip
            return
        trial.told = tell(
            "trial.ended", zone=zone, code_hash=wish.code_hash, accepted=verdict.accepted,
            how="accepted" if verdict.accepted else verdict.rule, name=verdict.name,
            stage=verdict.stage, rule=verdict.rule, line=verdict.line, reason=verdict.reason,
            tier=verdict.tier, ticks=verdict.ticks, seeds=verdict.seeds, calls=verdict.calls,
            faults=dict(verdict.faults), effect=verdict.fields()["effect"],
            seconds=round(end.seconds, 3), **_what(wish), cause=trial.told,
        )  # fmt: skip


def _what(wish: TrialWish) -> dict[str, str]:
    """Return what its events say besides, where no source is tried."""
    return {"what": wish.what} if wish.what else {}


def _read(wish: TrialWish, end: CellEnd) -> tuple[TrialVerdict | None, MoltError | None]:
    """Return the verdict in an answer, or why there is none that concerns the source."""
    failure = _told_failure(end)
    if failure is not None:
        return None, failure
    try:
        told = parse_answer(end.output)
        if wish.batch:
            return parse_batch(told, wish.batch), None
        verdict = parse_verdict(told, stored=wish.add)
        if wish.without and verdict.kind == wish.kind and verdict.code_hash != wish.code_hash:
            return None, Refused(f"cannot try without {wish.without}: it was replaced meanwhile")
        if (verdict.code_hash, verdict.kind) != (wish.code_hash, wish.kind):
            raise CodecError("cannot use a verdict: it is about another source")
    except CodecError as error:
        return lied_verdict(wish.code_hash, error), None
    return verdict, None


def _told_failure(end: CellEnd) -> MoltError | None:
    """Return what a trial says that kept it from a verdict, None where it does not say."""
    try:
        why = parse_answer(end.output).get("failed")
    except CodecError:
        return None
    if type(why) is not str or not why:
        return None
    return Refused(f"cannot try: {_bare(why)[:WHY_MAX]}", "molt doctor")


def _bare(why: str) -> str:
    """Return a reason without the words that ours begin with, to put it behind them once."""
    return why.removeprefix("cannot try: ").removeprefix("cannot try a trait: ")

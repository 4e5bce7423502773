"""Other values of parameters on their way into a world: tried, set by inputs, under guard.

Owns: the order of these, what is told of each. Does not own: the trial (`trials.py`), the guard
(`trait_guard.py`), which sets the values before when it takes the change back, what people set by
hand (`Kernel/console/handlers.py`).

All values of one change are set at the start of one tick.
"""

from dataclasses import replace

from Kernel.contract.errors import MoltError, Refused
from Kernel.contract.inputs import SET_PARAM, Input
from Kernel.core.arena_keeper import ArenaKeeper
from Kernel.core.guard import Applied, Sent, unforetold
from Kernel.core.parts import Parts
from Kernel.core.posted_trait import Posted, Result, Stage
from Kernel.core.trait_addition import KILLED, KILLED_MAX, RENEWAL_S, VALIDATION, Wish
from Kernel.core.trial_verdict import TrialVerdict
from Kernel.core.trials import Trial, Trials

NAME = "parameters"
"""Stands for the name of a trait in what is told of a change."""
AHEAD_TICKS = 2
RULE = "param"


class ParamChange:
    """One change.

    Raises:
        Refused: it cannot be tried now.
    """

    def __init__(self, parts: Parts, world: ArenaKeeper, wish: Wish, trials: Trials) -> None:
        self.stage = Stage.PREPARING
        self._log, self._clock = parts.log, parts.clock
        self._until_s = 0.0
        self._world = world
        self._wish = wish
        self._told = wish.tried.cause
        self._posted: list[Posted] = []
        self._before: dict[str, float] = {}
        self._verdict: TrialVerdict | None = None
        self._outcome: Result | None = None
        self._error: MoltError | None = None
        self._killed = 0
        self._trial: Trial | None = None
        self._trials = trials
        why = self._unfit()
        if why:
            self._fail(VALIDATION, RULE, why)
        else:
            self._trial = trials.ask(world, wish.tried)

    def outcome(self) -> Result | None:
        """Return the answer to who asked, None while there is none; a refusal is one.

        Raises:
            MoltError: it could not be tried; it may be asked for again.
        """
        if self._error is not None:
            raise self._error
        return self._outcome

    def look(self) -> None:
        """Go on as far as it goes now."""
        if self.stage is Stage.PREPARING:
            self._take_verdict()
        if self.stage is Stage.WAITING:
            self._post()
        if self.stage is Stage.POSTED:
            self._see_applied()

    def _unfit(self) -> str:
        """Return why a value cannot be set, "" where all can."""
        for name, value in self._wish.tried.params.items():
            parameter = self._world.parameters.get(name)
            if parameter is None:
                return f"the world has no parameter {name!r:.80}"
            try:
                parameter.check(value)
            except Refused as error:
                return error.message
        return ""

    def _ask_trial(self) -> None:
        """Have it tried once more, or keep why that cannot be."""
        try:
            self._trial = self._trials.ask(self._world, self._wish.tried)
        except MoltError as error:
            self._error, self.stage = error, Stage.OVER

    def _take_verdict(self) -> None:
        assert self._trial is not None, "it was begun"
        try:
            verdict = self._trial.verdict()
        except MoltError as error:
            self._error, self.stage = error, Stage.OVER
            return
        if verdict is None:
            return
        self._told = self._trial.told
        if verdict.rule == KILLED and self._killed < KILLED_MAX:
            self._killed += 1
            self._ask_trial()
            return
        if not verdict.accepted:
            self._fail(verdict.stage or VALIDATION, verdict.rule, verdict.reason)
            return
        self._verdict = verdict
        self._told = self._log.info(
            "mutation.ready", mutation_id=self._wish.known_as, plan_id=self._wish.plan_id,
            file_path="", trait_name=NAME, version=0, code_hash=self._wish.code_hash, tried=True,
            params=dict(self._wish.tried.params), cause=self._told,
        )  # fmt: skip
        self.stage, self._until_s = Stage.WAITING, self._clock.now_s() + RENEWAL_S

    def _post(self) -> None:
        """Send all values for one tick; what finds no room now is sent in a later round."""
        world, inbox = self._world, self._world.inbox
        if not self._posted and self._clock.now_s() >= self._until_s:
            self._fail("import", "", f"the world took no input in {RENEWAL_S:g} s")
            return
        if inbox is None or world.arena is None:
            return
        tick = world.tick()
        at_tick = self._posted[0].ticket.input.at_tick if self._posted else tick + AHEAD_TICKS
        params = sorted(self._wish.tried.params.items())
        if not self._posted:
            if any(name not in world.parameters for name, _ in params):
                return  # another generation serves: asked for again
            words, known = world.arena.words, world.parameters
            self._before = {name: words.parameter(tick, known[name].index) for name, _ in params}
            world.traits.on_sent(Sent(self._as_applied(tick)))
        try:
            for name, value in params[len(self._posted) :]:
                given = Input(SET_PARAM, at_tick=at_tick, param=name, value=value, cause=self._told)
                self._posted.append(Posted(world, inbox, inbox.post(given)))
        except Refused:  # no room
            return
        self.stage = Stage.POSTED

    def _as_applied(self, tick: int) -> Applied:
        """Return what is told of it had it come in at a tick."""
        verdict, trial, wanted = self._verdict, self._trial, self._wish.tried.forecast
        assert verdict is not None and trial is not None, "it was tried"
        return Applied(
            self._wish.known_as,
            NAME,
            0,
            self._wish.code_hash,
            tick,
            self._told,
            verdict.forecast or unforetold("", wanted.metric if wanted else ""),
            tick - trial.tick,
            trial.population,
            dict(self._before),
            dict(self._wish.tried.params),
        )

    def _see_applied(self) -> None:
        try:
            ticks = [each.applied_at() for each in self._posted]
        except MoltError as error:
            if any(each.is_lost for each in self._posted):
                # What became of it is found out and told where its note is.
                self._world.traits.on_unsent(self._wish.code_hash, is_lost=True)
                self._error, self.stage = error, Stage.OVER
            else:
                self._fail("execution", "", error.message)
            return
        applied = [each for each in ticks if each is not None]
        if len(applied) == len(ticks):
            self._finish(max(applied))

    def _finish(self, tick: int) -> None:
        assert self._verdict is not None, "it was tried"
        wish, params, verdict = self._wish, dict(self._wish.tried.params), self._verdict
        told = self._log.info(
            "mutation.applied", mutation_id=wish.known_as, trait_name=NAME, version=0,
            registry_version=self._world.traits.version(), tried=True, tick=tick, params=params,
            before=dict(self._before), cause=self._told,
        )  # fmt: skip
        self._world.by_hand |= set(params)  # the file alone does not set them back
        self._world.traits.on_applied(replace(self._as_applied(tick), told=told))
        answer = {"accepted": True, "mutation_id": wish.known_as, "name": NAME, "version": 0}
        effect = {"effect": verdict.fields()["effect"], "params": params}
        self._outcome = answer | effect | {"hash": wish.code_hash, "applied_at_tick": tick}
        self.stage = Stage.OVER

    def _fail(self, stage: str, rule: str, why: str) -> None:
        if self._before:
            self._world.traits.on_unsent(self._wish.code_hash)
        self._told = self._log.warning(
            "mutation.failed", mutation_id=self._wish.known_as, error=why, stage=stage,
            rollback_to="", trait_name=NAME, version=0, rule=rule, line=0, cause=self._told,
        )  # fmt: skip
        about = {"mutation_id": self._wish.known_as, "accepted": False, "stage": stage}
        self._outcome = about | {"rule": rule, "line": 0, "reason": why}
        self.stage = Stage.OVER

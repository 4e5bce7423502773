"""What bus zones have asked the kernel for, from the ask to the answer.

Owns: who waits for which answer, giving up what nobody waits for. Does not own: the road and who
may ask (`bus_keeper.py`), what an ask may say (`zone_wishes.py`), trials (`trials.py`), bringing
traits in (`trait_changes.py`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from Kernel.contract.errors import MoltError, Refused
from Kernel.contract.messages import Ask
from Kernel.contract.policy import APPLY, TAKE_BACK, TRIAL
from Kernel.core.arena_keeper import ArenaKeeper
from Kernel.core.batch_verdict import answer_of
from Kernel.core.bus_keeper import BusKeeper
from Kernel.core.guard import GuardRules
from Kernel.core.param_change import ParamChange
from Kernel.core.parts import Parts
from Kernel.core.posted_trait import Stage
from Kernel.core.trait_addition import Wish
from Kernel.core.trait_changes import TraitChanges
from Kernel.core.trait_guard import TraitGuard
from Kernel.core.trials import Trials
from Kernel.core.zone_wishes import parse_apply, parse_cause, parse_take_back, parse_wish

ASKS_MAX: Final = 64
"""Of one process, not answered yet; one more is refused."""
CHANGES_MAX: Final = 16

Result = dict[str, Any]


@dataclass(slots=True)
class _Waiting:
    keeper: BusKeeper
    serial: int
    ask: Ask
    result: Callable[[], Result | None]
    give_up: Callable[[], None]


class ZoneAsks:
    """All that zones wait for.

    Args:
        guard: tells the rules of guard periods, as they are now.
        guards: by world, what takes mutations back.
    """

    def __init__(
        self,
        parts: Parts,
        worlds: Mapping[str, ArenaKeeper],
        trials: Trials,
        traits: TraitChanges,
        guard: Callable[[], GuardRules] = GuardRules,
        guards: Mapping[str, TraitGuard] | None = None,
    ) -> None:
        self._parts = parts
        self._worlds = worlds
        self._trials = trials
        self._traits = traits
        self._guard = guard
        self._guards = guards or {}
        self._waiting: list[_Waiting] = []
        self._changes: list[ParamChange] = []

    def take(self, keeper: BusKeeper, serial: int, ask: Ask) -> None:
        """Begin what a zone may ask for, or answer why not."""
        try:
            self._check_room(serial, keeper, ask)
            told = self._parts.log.info(
                "zone.asked", zone=keeper.config.name, name=ask.name, request_id=ask.request_id,
                cause=parse_cause(ask.args),
            )  # fmt: skip
            self._begin(keeper, serial, ask, told)
        except MoltError as error:
            keeper.refuse_ask(serial, ask, error.message, error.hint)

    def look(self) -> None:
        """Answer what is done; what was asked by a process that is gone is given up."""
        for change in self._changes:
            change.look()
        self._changes = [each for each in self._changes if each.stage is not Stage.OVER]
        self._waiting = [each for each in self._waiting if not self._settle(each)]

    def _check_room(self, serial: int, keeper: BusKeeper, ask: Ask) -> None:
        mine = [each for each in self._waiting if (each.keeper, each.serial) == (keeper, serial)]
        if len(mine) >= ASKS_MAX:
            raise Refused(f"cannot do {ask.name!r}: {len(mine)} wait; the limit is {ASKS_MAX}")
        if any(each.ask.request_id == ask.request_id for each in mine):
            raise Refused(f"cannot do {ask.name!r}: number {ask.request_id} was used before")

    def _begin(self, keeper: BusKeeper, serial: int, ask: Ask, cause: bytes) -> None:
        assert ask.name in (TRIAL, APPLY, TAKE_BACK), "what has no row in the table is not let in"
        world = self._worlds.get(str(ask.args.get("zone", "stable")))
        if world is None:
            raise Refused(f"cannot try: worlds are {', '.join(self._worlds)}")
        if ask.name == TAKE_BACK:
            mutation_id, reason = parse_take_back(ask.args)
            self._guards[world.config.name].take_back(mutation_id, reason, cause)
            keeper.answer_ask(serial, ask, {"mutation_id": mutation_id})
            return
        if ask.name == APPLY:
            wanted = parse_apply(ask.args, keeper.config.name, cause, self._guard())
            # What is on its way in is the world's: it comes in whoever waits for it.
            outcome = self._apply(world, wanted)
            self._waiting.append(_Waiting(keeper, serial, ask, outcome, lambda: None))
            return
        wish = parse_wish(ask.args, keeper.config.name, cause)
        if wish.add:
            addition = self._traits.add(world, Wish(wish))
            waiting = _Waiting(keeper, serial, ask, addition.result, lambda: None)
        else:
            trial = self._trials.ask(world, wish)

            def result() -> Result | None:
                verdict = trial.verdict()
                return None if verdict is None else answer_of(verdict)

            waiting = _Waiting(keeper, serial, ask, result, trial.give_up)
        self._waiting.append(waiting)

    def _apply(self, world: ArenaKeeper, wanted: Wish) -> Callable[[], Result | None]:
        """Begin to bring a mutation in and return what gives the answer.

        Raises:
            Refused: it cannot be begun now.
        """
        if not wanted.tried.params:
            return self._traits.add(world, wanted).outcome
        if len(self._changes) >= CHANGES_MAX:
            raise Refused(f"cannot apply: {CHANGES_MAX} changes of parameters are under way")
        change = ParamChange(self._parts, world, wanted, self._trials)
        self._changes.append(change)
        return change.outcome

    def _settle(self, each: _Waiting) -> bool:
        """Return whether it needs nothing more."""
        if not each.keeper.can_hear(each.serial):
            each.give_up()
            return True
        try:
            result = each.result()
        except MoltError as error:
            each.keeper.refuse_ask(each.serial, each.ask, error.message, error.hint)
            return True
        if result is not None:
            each.keeper.answer_ask(each.serial, each.ask, result)
        return result is not None

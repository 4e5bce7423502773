"""What bus zones have asked the kernel for, from the ask to the answer.

Owns: reading an ask, who waits for which answer, giving up what nobody waits for. Does not own: the
road and who may ask (`bus_keeper.py`), trials (`trials.py`), bringing traits in
(`trait_changes.py`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from Kernel.contract.errors import MoltError, Refused
from Kernel.contract.inputs import ALL, NEWBORNS, VALUE_MAX
from Kernel.contract.messages import Ask
from Kernel.core.arena_keeper import ArenaKeeper
from Kernel.core.bus_keeper import BusKeeper
from Kernel.core.parts import Parts
from Kernel.core.trait_addition import Wish
from Kernel.core.trait_changes import TraitChanges
from Kernel.core.trial import TICKS, TrialWish
from Kernel.core.trials import Trials

TRIAL: Final = "trial"
ASKS_MAX: Final = 64
"""Of one process, not answered yet; one more is refused."""
SEEDS_MAX: Final = 64
SCALE_MAX: Final = 16
PARAMS_MAX: Final = 64
PARAM_CHARS_MAX: Final = 64
_KEYS: Final = frozenset(
    ("zone", "source", "params", "without", "ticks", "seeds", "scale", "add", "carriers")
)

Result = dict[str, Any]


@dataclass(slots=True)
class _Waiting:
    keeper: BusKeeper
    serial: int
    ask: Ask
    result: Callable[[], Result | None]
    give_up: Callable[[], None]


class ZoneAsks:
    """All that zones wait for."""

    def __init__(
        self,
        parts: Parts,
        worlds: Mapping[str, ArenaKeeper],
        trials: Trials,
        traits: TraitChanges,
    ) -> None:
        self._parts = parts
        self._worlds = worlds
        self._trials = trials
        self._traits = traits
        self._waiting: list[_Waiting] = []

    def take(self, keeper: BusKeeper, serial: int, ask: Ask) -> None:
        """Begin what a zone may ask for, or answer why not."""
        try:
            self._check_room(serial, keeper, ask)
            told = self._parts.log.info(
                "zone.asked", zone=keeper.config.name, name=ask.name, request_id=ask.request_id
            )
            self._begin(keeper, serial, ask, told)
        except MoltError as error:
            keeper.refuse_ask(serial, ask, error.message, error.hint)

    def look(self) -> None:
        """Answer what is done; what was asked by a process that is gone is given up."""
        self._waiting = [each for each in self._waiting if not self._settle(each)]

    def _check_room(self, serial: int, keeper: BusKeeper, ask: Ask) -> None:
        mine = [each for each in self._waiting if (each.keeper, each.serial) == (keeper, serial)]
        if len(mine) >= ASKS_MAX:
            raise Refused(f"cannot do {ask.name!r}: {len(mine)} wait; the limit is {ASKS_MAX}")
        if any(each.ask.request_id == ask.request_id for each in mine):
            raise Refused(f"cannot do {ask.name!r}: number {ask.request_id} was used before")

    def _begin(self, keeper: BusKeeper, serial: int, ask: Ask, cause: bytes) -> None:
        if ask.name != TRIAL:
            raise Refused(f"cannot do {ask.name!r}: the kernel does nothing of that name")
        world = self._worlds.get(str(ask.args.get("zone", "stable")))
        if world is None:
            raise Refused(f"cannot try: worlds are {', '.join(self._worlds)}")
        wish = parse_wish(ask.args, keeper.config.name, cause)
        if wish.add:
            addition = self._traits.add(world, Wish(wish))
            # A trait that is on its way in is the world's: it comes in whoever waits for it.
            waiting = _Waiting(keeper, serial, ask, addition.result, lambda: None)
        else:
            trial = self._trials.ask(world, wish)

            def result() -> Result | None:
                verdict = trial.verdict()
                return None if verdict is None else verdict.fields()

            waiting = _Waiting(keeper, serial, ask, result, trial.give_up)
        self._waiting.append(waiting)

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


def parse_wish(args: Mapping[str, Any], by: str, cause: bytes) -> TrialWish:
    """Return what a zone asks to be tried.

    Raises:
        Refused: an argument is unknown, missing, or none that a trial can have.
    """
    unknown = sorted(set(args) - _KEYS)
    if unknown:
        raise Refused(f"cannot try: {unknown[0][:40]!r} is not known, it takes {sorted(_KEYS)}")
    source, add = args.get("source", ""), args.get("add", False)
    params, without = parse_values(args.get("params", {})), args.get("without", "")
    carriers = args.get("carriers", ALL)
    if type(source) is not str or type(without) is not str or type(add) is not bool:
        raise Refused("cannot try: it takes a source, as text, and whether to add it")
    if sum(map(bool, (source, params, without))) != 1:
        raise Refused("cannot try: it takes one of a source, params, and without")
    if add and not source:
        raise Refused("cannot try: only a source can be added")
    if carriers not in (ALL, NEWBORNS):
        raise Refused(f"cannot try: carriers are {ALL!r} or {NEWBORNS!r}")
    try:
        data = source.encode()
    except UnicodeEncodeError as error:
        raise Refused("cannot try: the source is no text that can be written") from error
    return TrialWish(
        data,
        by,
        ticks=_whole(args, "ticks", TICKS, 1, 2**31),
        seeds=_whole(args, "seeds", 0, 0, SEEDS_MAX),
        scale=_whole(args, "scale", 1, 1, SCALE_MAX),
        add=add,
        carriers=carriers,
        cause=cause,
        params=params,
        without=without,
    )


def parse_values(told: Any) -> dict[str, float]:
    """Return values of parameters by name; whether a world takes them is told by its trial.

    Raises:
        Refused: they are none.
    """
    if not isinstance(told, Mapping) or len(told) > PARAMS_MAX:
        raise Refused(f"cannot try: params are values by name, at most {PARAMS_MAX}")
    for name, value in told.items():
        if type(name) is not str or not 0 < len(name) <= PARAM_CHARS_MAX or not name.isprintable():
            raise Refused(f"cannot try: params names {name!r:.80}")
        if type(value) not in (int, float) or not abs(value) <= VALUE_MAX:
            raise Refused(f"cannot try: params sets {name} to {value!r:.40}")
    return {name: float(value) for name, value in told.items()}


def _whole(args: Mapping[str, Any], name: str, default: int, low: int, high: int) -> int:
    value = args.get(name, default)
    if type(value) is not int or not low <= value <= high:
        raise Refused(f"cannot try: {name} is {value!r:.40}, it may be {low} to {high}")
    return value

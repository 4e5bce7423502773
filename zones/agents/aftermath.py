"""What comes after the guard period: an effect is measured, and a mutation that harms taken back.

Owns: what the kernel is asked for that, one at a time each, beside all else that agents do. Does
not own: which mutations (`folding.py`), the words (`telling.py`), the turn (`crew.py`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from Kernel.contract.errors import Refused
from Kernel.contract.messages import Answer
from zones.agents.lab import Road
from zones.agents.memory import Kept, Memory, mutation_id_of
from zones.agents.settings import AgentsSettings
from zones.agents.telling import Told, tell_left, tell_measured, tell_unmeasured

TRIAL: Final = "trial"
TAKE_BACK: Final = "take_back"
AGAIN_S: Final = 1.0
"""How long until what the kernel could not do just now is asked again."""
TRIES_MAX: Final = 60
"""Asks that the kernel could not take up, a second after each other: a world may be moving."""


@dataclass(slots=True)
class Asked:
    """An ask of the kernel that is under way, or is to come again."""

    number: int
    again_s: float = 0.0
    tries: int = 0
    answer: Mapping[str, Any] | None = None
    told_by_s: float = 0.0


class Aftermath:
    """Both, for one process.

    Args:
        tell: publishes what is told, and returns the id of the event.
        values: reads the parameters of the world as they are now.
    """

    def __init__(
        self,
        settings: AgentsSettings,
        road: Road,
        tell: Callable[[Told], bytes],
        values: Callable[[], Mapping[str, float]],
    ) -> None:
        self._values = values
        self._settings = settings
        self._road = road
        self._tell = tell
        self._measuring: tuple[Kept, Asked] | None = None
        self._leaving: tuple[Kept, Asked] | None = None
        self._telling: dict[bytes, str] = {}

    def heard(self, event_id: bytes) -> None:
        """An event is in the log."""
        if self._telling.pop(event_id, "") == TRIAL:
            self._measuring = None

    def turn(self, memory: Memory, now_s: float) -> None:
        """Go on with both as far as it goes now."""
        if TRIAL not in self._telling.values():
            self._measure(memory, now_s)
        if TAKE_BACK not in self._telling.values():
            self._take_back(memory, now_s)

    def _say(self, what: str, told: Told) -> None:
        """Publish it; nothing more of the kind is done before it is in the log."""
        self._telling[self._tell(told)] = what

    # Measuring.

    def _measure(self, memory: Memory, now_s: float) -> None:
        """Have the oldest kept mutation that is not measured tried without it."""
        if self._measuring is None:
            if not memory.unmeasured:
                return
            self._measuring = memory.unmeasured[0], Asked(0)
        mutation, asked = self._measuring
        if not _is_in(mutation, memory.unmeasured):
            self._measuring = None  # it was taken back meanwhile
        elif asked.number:
            self._take_measured(mutation, asked, now_s)
        elif why := self._is_beyond(mutation):
            self._say(TRIAL, tell_unmeasured(mutation, why))
        elif now_s >= asked.again_s:
            # Parameters are tried as they were before: what that brings is what they do not.
            args: dict[str, Any] = {"without": mutation.trait_name}
            if mutation.params:
                args = {"params": dict(mutation.before)}
            args |= {
                "zone": "stable",
                "ticks": self._settings.measure_ticks,
                "seeds": self._settings.measure_seeds,
                "cause": mutation.event,
            }
            self._ask(TRIAL, args, asked, now_s)

    def _is_beyond(self, mutation: Kept) -> str:
        """Return why the effect of parameters cannot be measured any more, "" where it can."""
        if not mutation.params:
            return ""
        if mutation.before.keys() != mutation.params.keys():
            return "nobody knows what they were before"
        now = self._values()
        for name, value in mutation.params.items():
            if now.get(name, value) != value:
                return f"{name} was set to {now[name]!r} since"
        return ""

    def _take_measured(self, mutation: Kept, asked: Asked, now_s: float) -> None:
        answer = self._answer(asked, now_s)
        if answer is None:
            return
        its = str(answer.result.get("code_hash", ""))
        is_other = its and mutation_id_of(its) != mutation.mutation_id
        if answer.ok and is_other and not mutation.params:
            why = f"another version of {mutation.trait_name} has taken its place"
            self._say(TRIAL, tell_unmeasured(mutation, why))
        elif answer.ok and (answer.result.get("accepted") or _has_effect(mutation, answer)):
            self._say(TRIAL, tell_measured(mutation, answer.result))
        elif answer.ok or asked.tries >= TRIES_MAX:
            why = str(answer.result.get("reason", "")) if answer.ok else answer.error
            self._say(TRIAL, tell_unmeasured(mutation, why or "no effect"))

    # Taking back.

    def _take_back(self, memory: Memory, now_s: float) -> None:
        """Have the oldest mutation that does the opposite of its promise taken back.

        That it is done is told by the kernel; that it cannot be done, by us.
        """
        if self._leaving is None:
            if not memory.unwanted:
                return
            self._leaving = memory.unwanted[0], Asked(0)
        mutation, asked = self._leaving
        if not _is_in(mutation, memory.unwanted):
            self._leaving = None
        elif mutation.params:
            back = (f"molt params {name} {value!r}" for name, value in mutation.before.items())
            why = f"{mutation.why}; to set it back: {', '.join(back)}"
            self._say(TAKE_BACK, tell_left(mutation, why))
        elif asked.number:
            answer = self._answer(asked, now_s)
            if answer is not None and not answer.ok and asked.tries >= TRIES_MAX:
                self._say(TAKE_BACK, tell_left(mutation, answer.error))
        elif now_s >= asked.again_s:
            args = {
                "zone": "stable",
                "mutation_id": mutation.mutation_id,
                "reason": mutation.why,
                "cause": mutation.event,
            }
            self._ask(TAKE_BACK, args, asked, now_s)

    # Asking.

    def _ask(self, name: str, args: dict[str, Any], asked: Asked, now_s: float) -> None:
        try:
            asked.number = self._road.ask(name, args)
        except Refused:
            asked.again_s = now_s + AGAIN_S

    def _answer(self, asked: Asked, now_s: float) -> Answer | None:
        answer = self._road.take_answer(asked.number)
        if answer is not None:
            asked.number, asked.tries, asked.again_s = 0, asked.tries + 1, now_s + AGAIN_S
        return answer


def _has_effect(mutation: Kept, answer: Answer) -> bool:
    """Return whether a refusal tells an effect: a world may die of what it was before."""
    return bool(mutation.params and answer.result.get("effect"))


def _is_in(mutation: Kept, rows: tuple[Kept, ...]) -> bool:
    return any(each.mutation_id == mutation.mutation_id for each in rows)

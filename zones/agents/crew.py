"""The agents at work: one turn takes in what has happened, and does what follows from it.

Owns: the order of a turn, which event is awaited, what waits for an answer of the kernel. Does not
own: what follows (`orchestrator.py`), the words (`telling.py`), the loop and the clock
(`service.py`). Nothing here is remembered over a kill but by the log.

What is told is done only when it comes back from the log: then nobody acts on what is not durable.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, Protocol

from Kernel.contract.envelope import Envelope
from Kernel.contract.errors import CodecError, Refused
from Kernel.contract.messages import Answer, Degraded
from zones.agents import orchestrator as acts
from zones.agents.aftermath import AGAIN_S, Aftermath, Asked
from zones.agents.briefing import Surroundings, context_of, think
from zones.agents.choosing import Chooser
from zones.agents.folding import fold
from zones.agents.lab import Road
from zones.agents.memory import NO_ANSWER, Draft, Memory, Mission, trigger_id
from zones.agents.settings import AgentsSettings
from zones.agents.telling import (
    THINKERS,
    Context,
    Told,
    no_thought,
    tell_act,
    tell_thought,
)
from zones.agents.thinking import Thinker
from zones.agents.thoughts import SPENT, AuthorFailed, Disproved, Stop, Thought
from zones.agents.thoughts import Draft as Drafted
from zones.agents.world_facts import read_params

APPLY: Final = "apply"
EVENT_S: Final = 30.0
"""An answer is told by an event of the kernel, too; after so long without one we tell it."""
APPLY_TRIES: Final = 600
"""Asks that the kernel could not take up, a second after each other: a world may be moving."""
FORCED_MAX: Final = 32


class Publisher(Protocol):
    """Sends events (`zones/runtime/user_bus.py`)."""

    def send(self, envelope: Envelope) -> int:
        """Send one, durable later."""


class Follower(Protocol):
    """Gives events (`following.py`)."""

    def take(self) -> list[tuple[int, Envelope]]:
        """Return what has come."""


class Crew:
    """All agents of one process.

    Args:
        make: makes an event of what is told.
        starting: id of the event that says this process begins: once it is heard, all before it is.

    Attributes:
        memory: what they know.
        caught_up: whether they have heard all that was there when they began.
        forced: missions asked for by hand whose event is not heard yet.
        also: is given every event, too: the Patcher's files follow the same log.
    """

    def __init__(
        self,
        memory: Memory,
        settings: AgentsSettings,
        follower: Follower,
        publisher: Publisher,
        road: Road,
        around: Surroundings,
        chooser: Chooser,
        now_s: Callable[[], float],
        make: Callable[[Told], Envelope],
        starting: bytes,
    ) -> None:
        self.memory = memory
        self.caught_up = False
        self.thinker = Thinker(now_s)
        self.forced: dict[bytes, str] = {}
        self.also: Callable[[int, Envelope], object] = lambda _position, _event: None
        self._settings = settings
        self._follower = follower
        self._publisher = publisher
        self._road = road
        self._around = around
        self._chooser = chooser
        self._now_s = now_s
        self._make = make
        self._starting = starting
        self._awaited: bytes = b""
        self._knew: tuple[str, ...] = ()
        self._applying: dict[str, Asked] = {}
        self._aftermath = Aftermath(settings, road, self._tell, self._values)

    def turn(self) -> None:
        """Take in what there is, and do what follows."""
        self._take_events()
        now_s = self._now_s()
        self._around.lab.pump(self._road, now_s)
        self._chooser.look(now_s)
        if not self.caught_up:
            return
        self._take_thought()
        self._aftermath.turn(self.memory, now_s)
        if self._awaited or self.thinker.busy:
            return
        if self._tell_author():
            return
        act = acts.decide(self.memory, self._settings)
        if isinstance(act, acts.Trigger) and self._nobody_thinks():
            return  # a mission would wait for ever
        if act is not None:
            self._do(act, now_s)

    def _take_events(self) -> None:
        for position, event in self._follower.take():
            self.memory = fold(self.memory, position, event)
            self.also(position, event)
            if event.id == self._awaited:
                self._awaited = b""
            self._aftermath.heard(event.id)
            if event.id == self._starting:
                self.caught_up = True
            self.forced.pop(event.id, None)

    def _values(self) -> Mapping[str, float]:
        words = self._around.words
        return read_params(words) if words is not None else {}

    # Telling.

    def _tell(self, told: Told) -> bytes:
        """Publish what is told, and what goes with it for people."""
        event = self._make(told)
        self._publisher.send(event)
        for each in told.beside:
            self._publisher.send(self._make(replace(each, cause=each.cause or event.id.hex())))
        return event.id

    def _tell_and_wait(self, told: Told) -> None:
        """Publish it, and do nothing else before it is in the log."""
        self._awaited = self._tell(told)

    def force(self, reason: str, cause: str) -> tuple[str, bytes]:
        """Begin a mission without a problem; return the id of its trigger, and of the event.

        Raises:
            Refused: too many wait to be stored, or nobody is there who could think.
        """
        chosen = self._chooser.chosen
        if chosen is not None and chosen.author is None:
            raise Refused(f"cannot begin a mission: {chosen.why}", chosen.hint)
        if len(self.forced) >= FORCED_MAX:
            raise Refused(f"cannot begin a mission: {len(self.forced)} are not stored yet")
        event_id = self._tell(Told("evolution.force", {"reason": reason}, cause, "orchestrator"))
        name = trigger_id(event_id.hex())
        self.forced[event_id] = name
        return name, event_id

    def _tell_author(self) -> bool:
        """Tell who thinks when that is somebody else than the log has."""
        chosen = self._chooser.chosen
        if chosen is None or (chosen.name, chosen.why) == (
            self.memory.author,
            self.memory.author_why,
        ):
            return False
        about: dict[str, Any] = {"author": chosen.name, "why": chosen.why}
        about |= {"hint": chosen.hint} if chosen.hint else {}
        about |= {"model": chosen.model} if chosen.model else {}
        self._tell_and_wait(Told("agent.author_chosen", about, "", "orchestrator"))
        return True

    def _nobody_thinks(self) -> bool:
        return self._chooser.chosen is None or self._chooser.chosen.author is None

    # Acts.

    def _do(self, act: acts.Act, now_s: float) -> None:
        match act:
            case acts.Think(what, mission):
                self._think(what, mission)
            case acts.Apply(mission, draft):
                self._apply(mission, draft, now_s)
            case _:
                told = tell_act(self.memory, act)
                assert told is not None, "all others are told"
                self._tell_act(act, told)

    def _tell_act(self, act: acts.Act, told: Told) -> None:
        """Tell it; a draft of the log that fits into no event of its own comes to nothing."""
        try:
            self._tell_and_wait(told)
        except (CodecError, UnicodeError) as error:
            if not isinstance(act, acts.Propose):
                raise
            why = f"cannot propose what was thought: {error}"
            name, last = act.mission.name, act.mission.last
            self._tell_and_wait(no_thought(name, "coder", "proposal", why, last))

    def _think(self, what: str, mission: Mission | None) -> None:
        chosen = self._chooser.chosen
        if chosen is None or chosen.author is None:
            return  # until somebody can
        author, memory, around = chosen.author, self.memory, self._around

        def job(stop: Stop) -> Thought[Any]:
            thought, knew = think(author, what, memory, mission, around, stop)
            self._knew = knew
            return thought

        self._knew = ()
        self.thinker.begin(context_of(what, memory, mission), job)

    def _take_thought(self) -> None:
        thought, context = self.thinker.take(), self.thinker.context
        if thought is None or context is None:
            return
        self.thinker.over()
        if isinstance(thought, AuthorFailed):
            self._chooser.ask_soon()
            spent = thought.how == SPENT
            self._tell_no_thought(context, thought.message, spent, thought.disproved)
            return
        self._tell_thought(thought, replace(context, memory_ids=self._knew))

    def _tell_thought(self, thought: Thought[Any], context: Context) -> None:
        """Tell what was thought; what was tried beside a draft is left out if it does not fit."""
        try:
            self._tell_and_wait(tell_thought(thought, context))
        except (CodecError, UnicodeError) as error:  # too long, or no text that can be written
            value = thought.value
            if isinstance(value, Drafted) and value.disproved:
                self._tell_thought(replace(thought, value=replace(value, disproved=())), context)
            else:
                self._tell_no_thought(context, f"cannot use what was thought: {error}")

    def _tell_no_thought(
        self,
        context: Context,
        why: str,
        spent: bool = False,
        disproved: Sequence[Disproved] = (),
    ) -> None:
        who = THINKERS[context.what]
        plan = self.memory.mission.plan if self.memory.mission is not None else None
        what = plan.fields["target_class"] if plan is not None and who == "coder" else ""
        told = no_thought(
            context.mission,
            who,
            NO_ANSWER,
            why,
            context.cause,
            what=what,
            spent=spent,
            disproved=disproved,
        )
        try:
            self._tell_and_wait(told)
        except (CodecError, UnicodeError):
            if not disproved:
                raise
            self._tell_no_thought(context, why, spent)

    def _apply(self, mission: Mission, draft: Draft, now_s: float) -> None:
        """Ask the kernel to bring a draft in, once; its events tell how that ended."""
        asked = self._applying.get(draft.told)
        if asked is None:
            self._applying = {draft.told: Asked(0)}  # of an earlier one nothing is expected
            asked = self._applying[draft.told]
        if asked.answer is not None:
            is_news = asked.answer.get("accepted") and not asked.answer.get("already")
            if now_s >= asked.told_by_s and not is_news:  # of what was applied now the event comes
                self._tell_and_wait(_unheard(draft, asked.answer))
            return
        if asked.number:
            answer = self._road.take_answer(asked.number)
            if answer is not None:
                asked.number = 0
                self._take_applied(asked, answer, now_s)
            return
        if now_s >= asked.again_s:
            try:
                asked.number = self._road.ask(APPLY, self._apply_args(mission, draft))
            except Refused:
                asked.again_s = now_s + AGAIN_S
            except CodecError as error:
                asked.answer = {"accepted": False, "stage": "validation", "reason": error.message}

    def _take_applied(self, asked: Asked, answer: Answer, now_s: float) -> None:
        if answer.ok:
            asked.answer, asked.told_by_s = answer.result, now_s + EVENT_S
        else:
            asked.tries += 1
            asked.again_s = now_s + AGAIN_S
            if asked.tries >= APPLY_TRIES:
                asked.answer = {"accepted": False, "stage": "trial", "reason": answer.error}

    def _apply_args(self, mission: Mission, draft: Draft) -> dict[str, Any]:
        plan = mission.plan
        assert plan is not None, "a draft is of a plan"
        what = {"params": dict(draft.params)} if draft.params else {"source": draft.source}
        return what | {
            "zone": "stable",
            "mutation_id": draft.mutation_id,
            "plan_id": plan.plan_id,
            "metric": plan.fields["metric"],
            "better": plan.fields["better"],
            "carriers": self._settings.carriers,
            "cause": draft.reviewed or draft.told,
        }

    # State.

    def degraded(self) -> tuple[Degraded, ...]:
        """Return what does not work as it should."""
        chosen = self._chooser.chosen
        found = [chosen.degraded] if chosen is not None and chosen.degraded is not None else []
        return tuple(found)

    def leave(self) -> None:
        """Want nothing any more."""
        self.thinker.give_up()
        self._around.lab.close()


def _unheard(draft: Draft, answer: Mapping[str, Any]) -> Told:
    """Return what is told where the kernel has answered, and no event of it has come."""
    refused = not answer.get("accepted")
    payload = {
        "mutation_id": draft.mutation_id,
        "error": str(answer.get("reason") or "the world has this very code already"),
        "stage": str(answer.get("stage") or ("validation" if refused else "execution")),
        "rollback_to": "",
        "trait_name": str(answer.get("name") or draft.trait_name),
        "rule": str(answer.get("rule", "")),
        "line": int(answer.get("line") or 0),
    }
    return Told("mutation.failed", payload, draft.reviewed or draft.told, "patcher")

"""A committed module version on its way into the zones of this kernel, under guard, and back.

Owns: giving it to one zone after the other, what is seen of it under guard, taking it back, the
events of all that. Does not own: the rules (`update_guard.py`, `passive_update.py`), generations
and how they take over (`generations.py`), files (`Kernel/ports/update_files.py`).

A version is a source of generations like the checkout: its zygote is started by exec in its own
folder, its heir takes over at a tick boundary, the generation before stays warm with an heir for as
long as the guard lasts. So both the activation and the way back are a succession, and cost no tick.
While it lasts no other generation is begun: the one before would give way to it.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

from Kernel.contract.errors import ConfigError, MoltError, Refused
from Kernel.core import passive_update as up
from Kernel.core.arena_keeper import ArenaKeeper
from Kernel.core.keeper import Keeper
from Kernel.core.parts import Parts
from Kernel.core.passive_update import Candidate, Stage, Updates
from Kernel.core.update_guard import (
    Give,
    Keep,
    TakeBack,
    UpdateRules,
    Watch,
    ZoneView,
    decide_guard,
)
from Kernel.ports.versions import CHECKOUT, Source, bundle_source

LOOK_S: Final = 1.0
"""How often the record is read while nothing is under way: a command may have changed it."""
HELD: Final = "a module version is under guard"
BY_COMMAND: Final = "it was asked for"

Result = dict[str, Any]


class ModuleUpdate:
    """Those of one kernel.

    Args:
        keepers: the zones in the order in which they are given a version.
        rules: as they are set now.

    Attributes:
        problem: why the record cannot be used or written, None where it can.
    """

    def __init__(
        self,
        parts: Parts,
        keepers: Callable[[], Sequence[Keeper]],
        rules: Callable[[], UpdateRules],
    ) -> None:
        self.problem: MoltError | None = None
        self._parts = parts
        self._keepers = keepers
        self._rules = rules
        self._updates = Updates()
        self._looked_s = 0.0
        self._watch: Watch | None = None
        self._source = CHECKOUT  # of the candidate
        self._before: dict[str, Source] = {}  # what each zone ran, of those that were given it
        self._going: list[str] = []  # zones that are to go back by a generation of their own
        self._unwritten = ""  # why one was taken back, while the disk does not take it
        self._told = b""
        self._asked = b""
        with self._told_problem():
            self._updates = parts.updates.load()
            if up.after_boot(self._updates) != self._updates:  # else nothing is written
                self._updates = parts.updates.change(up.after_boot)
            parts.updates.prune(self._updates.used())

    # What the console asks for.

    def commit(self, cause: bytes) -> Callable[[], Result | None]:
        """Commit the candidate, and return what gives the answer once all zones run it.

        Args:
            cause: id of the event that asked for it.

        Raises:
            Refused: it has not proved itself, or there is none, or a zone does not serve.
            ConfigError: the record cannot be written.
        """
        up.commit(self._parts.updates.load())
        for keeper in self._keepers():
            if keeper.active is None:
                raise Refused(
                    f"cannot commit: zone {keeper.config.name} is {keeper.state_word()}, and all "
                    "zones run one version",
                    "molt ps",
                )
        self._updates = self._parts.updates.change(up.commit)
        self._asked, self._looked_s = cause, 0.0
        assert self._updates.candidate is not None, "it was committed"
        what = self._updates.candidate.what

        def result() -> Result | None:
            candidate = self._updates.candidate
            if candidate is not None and candidate.what == what:
                until = self._watch.until_tick if self._watch else None
                return None if until is None else self.fields() | {"until_tick": until}
            if self._updates.active == what:  # a short guard, and a late look
                return self.fields()
            why = next((each.why for each in reversed(self._updates.outcomes)), "")
            raise Refused(
                f"cannot run version {what.name}: {why}; all zones run the version before",
                "molt update status",
            )

        return result

    def check_rollback(self) -> tuple[str, str]:
        """Return what a rollback would take back and what would serve then; do nothing.

        Raises:
            Refused: the factory version runs, and nothing is on its way.
        """
        candidate = self._updates.candidate
        if candidate is not None and candidate.stage in up.COMMITTED:
            return candidate.what.name, _called(self._updates.active)
        if self._updates.active is None:
            up.go_back(self._updates, BY_COMMAND)
        return _called(self._updates.active), _called(self._updates.fallback)

    def roll_back(self, cause: bytes) -> Callable[[], Result | None]:
        """Take back what is committed, else what runs; return what gives the answer.

        Args:
            cause: id of the event that asked for it.

        Raises:
            Refused: the factory version runs, and nothing is on its way.
            ConfigError: the record cannot be written.
        """
        candidate = self._updates.candidate
        gone, serves = self.check_rollback()
        self._asked = cause
        if candidate is not None and candidate.stage in up.COMMITTED:
            self._take_back(BY_COMMAND)
        else:
            self._go_back()

        def result() -> Result | None:
            if self._going or any(keeper.ladder.incoming for keeper in self._keepers()):
                return None
            return {"taken_back": gone, "serves": serves}

        return result

    def fields(self) -> Result:
        """Return how it stands, for programs."""
        candidate = self._updates.candidate
        return {
            "active": _called(self._updates.active),
            "fallback": _called(self._updates.fallback),
            "candidate": None if candidate is None else candidate.what.name,
            "stage": None if candidate is None else candidate.stage.value,
            "attempts": 0 if candidate is None else candidate.attempts,
        }

    # Rounds.

    def look(self, now_s: float) -> None:
        """One round."""
        if any(keeper.stopping for keeper in self._keepers()):
            self._suspend()
            return
        self._send_back()
        if self._unwritten:
            if now_s >= self._looked_s + LOOK_S:
                self._looked_s = now_s
                self._record_rolled_back(self._unwritten)
        elif self._watch is not None:
            self._guard(now_s)
        elif now_s >= self._looked_s + LOOK_S:
            self._looked_s = now_s
            self._look_for_one(now_s)

    def _suspend(self) -> None:
        """The kernel is being stopped: the next one begins this attempt anew."""
        if self._watch is None:
            return
        self._watch = None
        with self._told_problem():
            self._updates = self._parts.updates.change(up.suspend)

    def _look_for_one(self, now_s: float) -> None:
        with self._told_problem():
            self._updates = self._parts.updates.load()
        candidate = self._updates.candidate
        coming = self.problem is None and self._all_serve()
        if not coming or candidate is None or candidate.stage is not Stage.NEXT_STABLE:
            self._hold("")
            return
        # From here on no mutation comes in, and those under guard come to their end.
        self._hold(HELD)
        if all(_is_calm(keeper) for keeper in self._keepers()):
            self._begin(candidate, now_s)

    def _all_serve(self) -> bool:
        return not self._going and all(keeper.active is not None for keeper in self._keepers())

    def _begin(self, candidate: Candidate, now_s: float) -> None:
        """Note the attempt on disk, then let the zones be given it."""
        with self._told_problem():
            root = self._parts.updates.root_of(candidate.what.id)
            self._updates = self._parts.updates.change(up.begin_attempt)
            assert self._updates.candidate is not None, "it goes on"
            self._source = bundle_source(candidate.what, root)
            self._before = {}
            self._watch = Watch(now_s)
            self._told = self._tell("update.begun", attempt=self._updates.candidate.attempts)
        if self._watch is None:  # it is damaged, or the disk takes no more
            self._record_rolled_back(str(self.problem))
            self._hold("")

    def _guard(self, now_s: float) -> None:
        assert self._watch is not None, "the caller has looked"
        guarded = self._watch.until_tick is not None
        views = [self._view(keeper) for keeper in self._keepers()]
        self._watch, act = decide_guard(self._watch, views, self._tick(), self._rules(), now_s)
        if not guarded and self._watch.until_tick is not None:
            self._told = self._tell("update.guarded", until_tick=self._watch.until_tick)
        match act:
            case Give(zone):
                self._give(zone)
            case TakeBack(why):
                self._take_back(why)
            case Keep():
                self._keep()

    def _view(self, keeper: Keeper) -> ZoneView:
        ladder, lines = keeper.ladder, keeper.lines
        current, incoming = lines.get(ladder.current), lines.get(ladder.incoming)
        ours = [each for each in lines.values() if each.source == self._source]
        is_current = current is not None and current.source == self._source
        serves = is_current and current is not None and current.state.active is not None
        coming = incoming is not None and incoming.source == self._source
        gone = keeper.config.name in self._before and not (is_current or coming)
        return ZoneView(
            keeper.config.name,
            serves=serves,
            settled=keeper.active is not None and not ladder.incoming and is_current == serves,
            coming=coming,
            failed=sum(each.failed for each in ours),
            lost=(ladder.broken or "its generation was replaced") if gone else "",
        )

    def _tick(self) -> int | None:
        worlds = (each for each in self._keepers() if isinstance(each, ArenaKeeper))
        return next((each.tick() for each in worlds if each.arena is not None), None)

    def _give(self, zone: str) -> None:
        keeper = next(each for each in self._keepers() if each.config.name == zone)
        self._before[zone] = keeper.generations.main
        keeper.generations.renew(self._told, source=self._source)

    def _keep(self) -> None:
        with self._told_problem():
            self._updates = self._parts.updates.change(up.keep)
        if self.problem is not None:
            return  # the disk takes no more: it stays under guard, and is kept when it does
        assert self._updates.active is not None, "it was kept"
        self._tell("update.kept", of=self._updates.active)
        self._end()

    def _take_back(self, why: str) -> None:
        """Let the generations before serve again, at once; then write it down.

        A kernel that dies between the two tries once more, and its boot begins with the one before.
        """
        cause = self._tell("update.rolled_back", why=why) if self._updates.candidate else b""
        for keeper in self._keepers():
            if keeper.config.name in self._before:
                self._return(keeper, self._before[keeper.config.name], cause)
        self._record_rolled_back(why)
        self._end()

    def _return(self, keeper: Keeper, source: Source, cause: bytes) -> None:
        generations, lines, ladder = keeper.generations, keeper.lines, keeper.ladder
        generations.main = source
        incoming = lines.get(ladder.incoming)
        if incoming is not None and incoming.source == self._source:
            generations.abandon("its module version is taken back", cause)
        current = lines.get(ladder.current)
        if current is None or current.source != self._source:
            return
        former = lines.get(ladder.former)
        if former is not None and former.source != self._source and not former.spent():
            generations.go_back(cause)
        else:  # where nothing is kept warm a generation of it is begun
            self._going.append(keeper.config.name)

    def _record_rolled_back(self, why: str) -> None:
        self._unwritten = why
        with self._told_problem():
            self._updates = self._parts.updates.change(lambda each: up.roll_back(each, why))
            self._unwritten = ""

    def _go_back(self) -> None:
        """Let all zones run the version before: by a generation of their own, one after another."""
        before = self._updates.active
        assert before is not None, "the caller has looked"
        self._updates = self._parts.updates.change(lambda each: up.go_back(each, BY_COMMAND))
        source = CHECKOUT
        if self._updates.active is not None:
            source = bundle_source(
                self._updates.active, self._parts.updates.root_of(self._updates.active.id)
            )
        to = _called(self._updates.active)
        self._told = self._tell("update.gone_back", of=before, to=to, why=BY_COMMAND)
        for keeper in self._keepers():
            keeper.generations.main = source
        self._going = [keeper.config.name for keeper in self._keepers()]

    def _send_back(self) -> None:
        """Begin a generation in the next zone that is to go back, when the one before has."""
        if not self._going or any(keeper.ladder.incoming for keeper in self._keepers()):
            return
        name = self._going.pop(0)
        keeper = next(each for each in self._keepers() if each.config.name == name)
        keeper.generations.renew(self._told, source=keeper.generations.main)

    def _hold(self, why: str) -> None:
        for keeper in self._keepers():
            keeper.generations.held = why

    def _end(self) -> None:
        self._watch, self._before, self._asked = None, {}, b""
        self._hold("")

    def _tell(self, kind: str, of: up.ModuleVersion | None = None, **values: Any) -> bytes:
        candidate = self._updates.candidate
        what = of if of is not None else candidate.what if candidate is not None else None
        assert what is not None, "it is about a version"
        told = {"version": what.version, "version_id": what.id, "counter": what.counter}
        cause = self._asked or self._told
        tell = self._parts.log.warning if "why" in values else self._parts.log.info
        return tell(kind, **told, **values, cause=cause)

    def _told_problem(self) -> "_Problem":
        return _Problem(self)


class _Problem:
    """Within it, a record that cannot be used is told once and kept as the problem."""

    def __init__(self, update: ModuleUpdate) -> None:
        self._update = update

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: object, _trace: object) -> bool:
        update, before = self._update, self._update.problem
        if error is None:
            update.problem = None
            return False
        if not isinstance(error, ConfigError):
            return False
        update.problem = error
        if before is None or before.message != error.message:
            update._parts.log.warning("update.not_done", why=error.message, hint=error.hint)
        return True


def _is_calm(keeper: Keeper) -> bool:
    """Tell whether nothing changes in a zone, and nothing that came in is under guard."""
    return keeper.active is not None and not keeper.ladder.incoming and not keeper.holds_former


def _called(version: up.ModuleVersion | None) -> str:
    return "the factory version" if version is None else version.name

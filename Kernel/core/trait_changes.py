"""Traits on their way into worlds and out of them, whether or not anybody still waits for it.

Owns: which changes are under way, one removal, taking up again what was suspended. Does not own:
one addition (`trait_addition.py`), what an input does (`zones/world/trait_inputs.py`), commands
(`Kernel/console/trait_commands.py`).

One at a time is tried, others wait for their turn: each trial begins with what those before have
brought. Those that are accepted go on at once: one generation loads as many as there are by then,
and each has an input of its own, which waits for its tick by itself.
"""

from Kernel.contract.errors import MoltError, Refused
from Kernel.contract.inputs import (
    ADD_TRAIT,
    NEWBORNS,
    QUARANTINE,
    RELEASE_TRAIT,
    REMOVE_TRAIT,
    Input,
    TraitFacts,
)
from Kernel.core.arena_keeper import ArenaKeeper
from Kernel.core.parts import Parts
from Kernel.core.posted_trait import Posted, Result, Stage
from Kernel.core.quarantine import TraitSwitch, find_carried, find_quarantined
from Kernel.core.trait_addition import TraitAddition, Wish
from Kernel.core.trials import Trials
from Kernel.core.world_traits import flat_name

POSTED_MAX = 64
"""Changes that wait for their tick and are told of when it comes; more are applied all the same."""
RESUMED_MAX = 128
QUEUED_MAX = 16
"""Additions that wait for the one that is tried; one more is refused."""
_SENT = (Stage.POSTED, Stage.OVER)


class TraitRemoval:
    """One trait on its way out."""

    def __init__(self, parts: Parts, world: ArenaKeeper, name: str, at_tick: int, cause: bytes):
        row, inbox = world.traits.named(name), world.inbox
        assert inbox is not None, "a world whose traits can be read has an inbox"
        given = Input(REMOVE_TRAIT, at_tick=at_tick, name=row.name, cause=cause)
        self._parts, self._row, self._cause = parts, row, cause
        self._hashes = [each.hash for each in world.traits.rows() if each.name == row.name]
        self._posted = Posted(world, inbox, inbox.post(given))
        self._error: MoltError | None = None
        self._applied: int | None = None
        self.stage = Stage.POSTED

    def look(self, _now_s: float) -> None:
        """See whether it was applied."""
        if self.stage is Stage.OVER:
            return
        try:
            self._applied = self._posted.applied_at()
        except MoltError as error:
            self._error, self.stage = error, Stage.OVER
            return
        if self._applied is None:
            return
        self.stage = Stage.OVER
        world = self._posted.world
        world.traits.drop(*self._hashes)
        self._parts.log.info(
            "trait.removed", zone=world.config.name, name=self._row.name,
            version=self._row.version, code_hash=self._row.hash, cause=self._cause,
        )  # fmt: skip

    def waiting(self) -> Result | None:
        """Return what waits for its tick, None when it is over."""
        if self.stage is not Stage.POSTED:
            return None
        what = {"act": "remove", "name": self._row.name, "version": self._row.version}
        return what | {"at_tick": self._posted.due_tick()}

    def result(self) -> Result | None:
        """Return the answer to who asked, None while it is not known.

        Raises:
            MoltError: it came to nothing.
        """
        if self._error is not None:
            raise self._error
        answer: Result = {
            "name": self._row.name,
            "version": self._row.version,
            "tier": self._row.tier,
            "hash": self._row.hash,
        }
        if self._applied is not None:
            return answer | {"applied_at_tick": self._applied}
        pending = self._posted.pending()
        return None if pending is None else answer | pending


class TraitChanges:
    """All that are under way in one kernel."""

    def __init__(self, parts: Parts, trials: Trials) -> None:
        self._parts = parts
        self._trials = trials
        self._queued: list[TraitAddition] = []
        self._tried: TraitAddition | None = None
        self._coming: list[TraitAddition] = []  # accepted, and not sent yet
        self._posted: list[TraitAddition | TraitRemoval | TraitSwitch] = []
        self._resumed: list[tuple[str, int]] = []

    def add(self, world: ArenaKeeper, wish: Wish) -> TraitAddition:
        """Begin to bring a trait in, or let it wait for its turn.

        The very same wish for one that is on its way is that one: it is tried once, and who asked
        twice hears twice what became of it. An agent whose mutation a kernel before has sent waits
        for what becomes of that; somebody at a console is told so.

        Raises:
            Refused: it cannot be tried, too many wait, or a kernel before has sent it.
        """
        for each in self._additions():
            if each.world is world and each.is_same(wish):
                return each
        if world.traits.is_left(wish.code_hash) and not wish.mutation_id:
            raise Refused(
                "cannot add the trait: a kernel before this one has sent this very code, and the "
                "world has not taken it yet",
                "molt resume" if world.is_holding() else "molt trait list",
            )
        world.traits.is_asked_for = self._is_asked_for
        addition = TraitAddition(self._parts, world, wish, self._trials)
        if addition.is_there():
            return addition
        if len(self._queued) >= QUEUED_MAX:
            raise Refused(
                f"cannot add a trait: one is being tried and {len(self._queued)} wait; the "
                f"limit is {QUEUED_MAX}",
                "molt trait list",
            )
        if self._tried is None and not self._is_coming(addition):
            self._begin(addition, world)
        else:
            self._queued.append(addition)
        return addition

    def _is_coming(self, addition: TraitAddition) -> bool:
        """Tell whether the very same is on its way: one more waits for what becomes of it."""
        is_left = addition.world.traits.is_left(addition.code_hash)
        return is_left or any(each.code_hash == addition.code_hash for each in self._coming)

    def _is_asked_for(self, code_hash: str) -> bool:
        return any(each.code_hash == code_hash for each in self._queued)

    def _additions(self) -> list[TraitAddition]:
        """Return those that are under way."""
        tried = [] if self._tried is None else [self._tried]
        posted = [each for each in self._posted if isinstance(each, TraitAddition)]
        return [*self._queued, *tried, *self._coming, *posted]

    def _begin(self, addition: TraitAddition, world: ArenaKeeper) -> None:
        """Raises: Refused: it cannot be tried."""
        under_way = (each for each in self._additions() if each.stage is not Stage.QUEUED)
        world.traits.tidy({each.code_hash for each in under_way})
        addition.begin()
        self._tried = addition

    def remove(self, world: ArenaKeeper, name: str, at_tick: int, cause: bytes) -> TraitRemoval:
        """Send a trait away.

        Raises:
            Refused: the world has none of that name, or not yet, or takes no input now.
        """
        if not world.traits.has(name):
            self._check_not_coming(world, name)
        removal = TraitRemoval(self._parts, world, name, at_tick, cause)
        self._keep(removal)
        return removal

    def quarantine(self, world: ArenaKeeper, name: str, back: str, cause: bytes) -> TraitSwitch:
        """Put the version of a trait that is carried into quarantine.

        Args:
            back: what its carriers go back to.

        Raises:
            Refused: there is none, or the world takes no input now.
        """
        rows = [find_carried(world, name)]
        switch = TraitSwitch(self._parts, world, rows, QUARANTINE, cause, back)
        self._keep(switch)
        return switch

    def release(self, world: ArenaKeeper, name: str, cause: bytes) -> TraitSwitch:
        """Give up what is in quarantine under a name, so that it can be tried again.

        Raises:
            Refused: nothing is, or the world takes no input now.
        """
        rows = find_quarantined(world, name)
        switch = TraitSwitch(self._parts, world, rows, RELEASE_TRAIT, cause)
        self._keep(switch)
        return switch

    def resume(self, world: ArenaKeeper) -> None:
        """Take up again what was suspended, once the generation that serves has its code.

        Who serves may have lacked it: safe mode, a slot, the generation before. Its carriers have
        kept their bits, so nobody else is given it.
        """
        inbox, epoch = world.inbox, world.takeover_words().epoch
        if inbox is None or world.stopping or inbox.awaits(ADD_TRAIT, QUARANTINE):
            return
        for row in world.traits.resumable():
            if (row.hash, epoch) in self._resumed:  # it was refused: not again by this process
                continue
            facts = TraitFacts(
                row.name, row.version, row.hash, row.tier, row.state, row.memory, (), NEWBORNS
            )
            event_id = self._parts.log.reserve()
            try:
                inbox.post(Input(ADD_TRAIT, trait=facts, cause=event_id))
            except Refused:  # no room just now; asked again soon, and told as degraded until then
                return
            self._resumed = [*self._resumed, (row.hash, epoch)][-RESUMED_MAX:]
            self._parts.log.info(
                "trait.resumed", zone=world.config.name, name=row.name, version=row.version,
                code_hash=row.hash, cause=world.generations.promoted or world.last_service,
                event_id=event_id,
            )  # fmt: skip

    def under_way(self) -> str:
        """Return how far the first is of those that are made ready, "" when none is."""
        first = next(iter(self._coming), self._tried)
        return first.stage.value if first is not None else ""

    def waiting(self) -> list[Result]:
        """Return what is sent and waits for its tick, the oldest first."""
        return [told for each in self._posted if (told := each.waiting()) is not None]

    def look(self) -> None:
        """One round."""
        now_s = self._parts.clock.now_s()
        if self._tried is not None:
            self._tried.look(now_s)
            if self._tried.stage is not Stage.PREPARING:
                self._coming, self._tried = [*self._coming, self._tried], None
        self._begin_next()
        for coming in self._coming:
            coming.look(now_s, more_come=self._tried is not None)
            if coming.stage in _SENT:
                self._keep(coming)
        self._coming = [each for each in self._coming if each.stage not in _SENT]
        for each in self._posted:
            each.look(now_s)
        self._posted = [each for each in self._posted if each.stage is not Stage.OVER]

    def _begin_next(self) -> None:
        """Begin whose turn it is, if nobody is tried."""
        for addition in list(self._queued):
            if self._tried is not None or self._is_coming(addition):
                continue
            self._queued.remove(addition)
            if addition.is_there():  # somebody else's was before it
                continue
            try:
                self._begin(addition, addition.world)
            except MoltError as error:
                addition.fail(error)

    def give_up(self) -> None:
        """The kernel is being stopped: what is being made ready is left."""
        tried = () if self._tried is None else (self._tried,)
        for each in (*self._queued, *tried, *self._coming):
            each.give_up("the kernel is being stopped")
        self._queued, self._tried, self._coming = [], None, []

    def _check_not_coming(self, world: ArenaKeeper, name: str) -> None:
        """Say of a trait that waits for its tick that it does.

        Raises:
            Refused: it waits.
        """
        for each in self.waiting():
            if each["act"] == "add" and flat_name(each["name"]) == flat_name(name):
                raise Refused(
                    f"cannot remove trait {each['name']}: it only comes in at tick "
                    f"{each['at_tick']}; it can be taken out once it is there",
                    "molt resume" if world.is_holding() else "molt trait list",
                )

    def _keep(self, change: TraitAddition | TraitRemoval | TraitSwitch) -> None:
        self._posted = [*self._posted, change][-POSTED_MAX:]

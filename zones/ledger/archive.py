"""The loop of the archive: what has come in, one transaction, then everybody is told.

Owns: the order of a turn, what is done when there is nothing to store, leaving in order. Does not
own: where events come from (`arena_feed.py`, `bus_server.py`, `scribe_server.py`), storing
(`committer.py`), the clock and the settings (`service.py`).

Group commit without waiting for a group: a turn takes what is there, bounded for each sender and in
all, and stores it at once; what comes meanwhile is the next group. So one event alone is on disk
after one sync, and a thousand senders share one. Model: LMAX's single writer, PostgreSQL's group
commit.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Protocol

from structlog.typing import FilteringBoundLogger

from Kernel.contract.errors import LedgerError
from Kernel.contract.messages import TEXT_CHARS_MAX, Degraded, Drain, Request
from zones.ledger.arena_feed import ArenaFeed
from zones.ledger.batch import Batch
from zones.ledger.bus_server import BusServer
from zones.ledger.committer import Committer
from zones.ledger.derived_tables import DerivedTables
from zones.ledger.followers import Followers, Recent
from zones.ledger.own_events import OwnEvents
from zones.ledger.poller import READ, Poller

TURN_S: Final = 0.02
"""How often the worlds' outboxes are looked at: they have no bell here."""
CONTROL_S: Final = 0.05
"""How often the kernel's road is looked at, whatever its descriptor says."""
QUIET_S: Final = 0.02
"""So long after the last event what can wait is done."""
OVERDUE_S: Final = 0.25
"""So long after the last time it is done although events keep coming, if nobody waits just then."""
SHARE_OF_CHORES: Final = 10
"""And then it takes at most one part in so many of the time."""
STEP_S: Final = 0.004
"""Of one step of what can wait."""
TROUBLE_S: Final = 60.0
"""So long after it was seen last is what could not be done told as a degraded state."""
LOOKS: Final = 60
"""How often it looks for the next event before it sleeps, when one has just been stored: a
sender that waits for each answer has sent the next by then. Without: 0.43 of the limit."""
STUCK_S: Final = 0.05
"""How long the kernel is listened to at a time while nothing can be stored."""
OWN_MAX: Final = 1000
"""Events about the ledger itself that wait for the next batch; of more only the first are kept."""
REQUEST: Final = "ledger"
HOLD: Final = "hold"
"""The request to take fewer events of some zones: {"zones": {name: events a second}}."""


class Control(Protocol):
    """The road to the kernel; see `zones/runtime/bus_client.py`."""

    progress: int
    degraded: tuple[Degraded, ...]

    def fileno(self) -> int:
        """Return the descriptor that says when something has come in."""

    def poll(self, timeout_s: float) -> list[Drain | Request]:
        """Wait for a message, and send the heartbeat when it is due."""

    def beat(self) -> int:
        """Send the heartbeat when it is due."""

    def reply(self, request: Request, result: dict[str, Any]) -> None:
        """Answer."""

    def refuse(self, request: Request, error: str) -> None:
        """Refuse."""


class Source(Protocol):
    """Where events come from."""

    def collect(self, batch: Batch) -> bool:
        """Put what has come in into the batch; True: there may be more."""

    def facts(self) -> dict[str, Any]:
        """Return what status shows."""

    def close(self) -> None:
        """Hang up."""


Chore = Callable[[float], bool]
"""Something that can wait: does a step of about so many seconds, True: there is more to do."""


class Archive:
    """One archive process.

    Args:
        committer: with its log, or trying to open it.
        feeds: the outboxes it reads, by zone.
        bus: the user bus.
        others: further sources, by name.
        derived: what is made from the log, the last of the chores.
        chores: what else is done when nothing is to be stored.
        now_s: monotonic seconds.
        idle_s: how long a turn waits for something to come in.
    """

    def __init__(
        self,
        control: Control,
        poller: Poller,
        committer: Committer,
        feeds: Mapping[str, ArenaFeed],
        bus: BusServer,
        others: Mapping[str, Source],
        followers: Followers,
        own: "OwnQueue",
        derived: DerivedTables,
        chores: Sequence[Chore],
        now_s: Callable[[], float],
        log: FilteringBoundLogger,
        idle_s: float = TURN_S,
    ) -> None:
        self._idle_s = idle_s
        self._control = control
        self._poller = poller
        self._committer = committer
        self._feeds = feeds
        self._bus = bus
        self._others = others
        self._followers = followers
        self._own = own
        self._derived = derived
        self._chores = [*chores, derived.step]
        self._now_s = now_s
        self._log = log
        self._control_due_s = self._feeds_due_s = 0.0
        self._busy_s = self._chored_s = now_s()
        self._chores_took_s = 0.0
        self._chores_left = True
        self._more = self._took = False
        self._feed_trouble: tuple[Degraded, ...] = ()
        self._chore_trouble: tuple[Degraded, ...] = ()
        self._chore_trouble_s = 0.0
        self._draining = self._told_degraded = False
        poller.add(control.fileno(), READ, self._hear)

    def facts(self) -> dict[str, Any]:
        """Return what it says of itself."""
        log = self._committer.log
        return {
            "arenas": {zone: feed.facts() for zone, feed in self._feeds.items()},
            "events": log.newest if log else 0,
            "bus": self._bus.facts(),
            **{name: source.facts() for name, source in self._others.items()},
            "derived": self._derived.facts(),
            "degraded": [each.fields() for each in self._degraded()],
        }

    def run(self) -> None:
        """Serve until the kernel says drain, then take what is left and return.

        Also when the ledger's folder was replaced: readers and derived tables still have files of
        the one before, and the next archive opens all anew.
        """
        while not self._draining:
            self.turn()
        self._leave()

    def turn(self) -> None:
        """Wait until there is something to do, do it, tell who waits for it."""
        control = self._control
        if not self._committer.try_again(self._now_s()):
            self._stay_stuck()
        else:
            self._bus.stand("")
            self._poller.wait(self._wait_s(), LOOKS if self._took else 0)
            self._took = self._take(self._now_s())
            if not self._took:
                self._do_chores(self._now_s())
            if self._committer.has_moved:
                self._log.error("archive.ledger_moved", why="leaving, to be started in order")
                self._draining = True
        if self._now_s() >= self._control_due_s:
            self._hear(0)
            self._told_degraded = False
        if control.degraded or not self._told_degraded:
            control.degraded = self._degraded()
            self._told_degraded = True
        control.progress += 1
        control.beat()

    def _wait_s(self) -> float:
        return 0.0 if self._more or self._chores_due(self._now_s()) else self._idle_s

    def _take(self, now_s: float) -> bool:
        """Gather and store one batch; return whether there was anything."""
        batch = Batch()
        self._own.collect(batch)
        more = self._bus.collect(batch)
        for source in self._others.values():
            more |= source.collect(batch)
        if now_s >= self._feeds_due_s:
            more |= self._take_feeds(batch, now_s)
        self._more = more
        if batch.is_empty:
            self._followers.feed()
            return False
        self._busy_s = now_s
        if batch.is_silent:
            batch.settle(0)
        else:
            self._committer.commit(batch, now_s)
        return True

    def _take_feeds(self, batch: Batch, now_s: float) -> bool:
        self._feeds_due_s = now_s + TURN_S
        more = False
        trouble: list[Degraded] = []
        for zone, feed in self._feeds.items():
            try:
                more |= feed.take(batch)
            except LedgerError as error:
                why = error.message[:TEXT_CHARS_MAX]
                trouble.append(Degraded(f"archive.outbox {zone}", why, error.hint))
        if more:
            self._feeds_due_s = now_s
        self._feed_trouble = tuple(trouble)
        return more

    def _stay_stuck(self) -> None:
        """Nothing can be stored: say so to all, read nothing, listen to the kernel."""
        self._bus.accept_waiting()
        self._bus.stand(self._committer.why, self._committer.hint)
        self._control_due_s = 0.0
        self._control.degraded = self._degraded()
        for message in self._control.poll(STUCK_S):
            self._answer(message)

    # What can wait.

    def _chores_due(self, now_s: float) -> bool:
        pause_s = max(OVERDUE_S, self._chores_took_s * SHARE_OF_CHORES)
        if now_s >= self._busy_s + QUIET_S:
            return self._chores_left or now_s >= self._chored_s + OVERDUE_S
        return now_s >= self._chored_s + pause_s

    def _do_chores(self, now_s: float) -> None:
        if not self._chores_due(now_s):
            return
        left = False
        for chore in self._chores:
            try:
                left |= chore(STEP_S)
            except LedgerError as error:
                self._note_chore(error, now_s)
        if self._chore_trouble and now_s >= self._chore_trouble_s + TROUBLE_S:
            self._chore_trouble = ()
        self._chores_left = left
        self._chored_s = self._now_s()
        self._chores_took_s = self._chored_s - now_s

    def _note_chore(self, error: LedgerError, now_s: float) -> None:
        """Say what could not be done, once for each reason: it is tried again all the time."""
        trouble = (Degraded("archive.upkeep", error.message[:TEXT_CHARS_MAX], error.hint),)
        if trouble != self._chore_trouble:
            self._log.error("archive.chore_failed", why=error.message, hint=error.hint)
        self._chore_trouble, self._chore_trouble_s = trouble, now_s

    # The kernel.

    def _hear(self, _events: int) -> None:
        self._control_due_s = self._now_s() + CONTROL_S
        while messages := self._control.poll(0.0):
            for message in messages:
                self._answer(message)

    def _answer(self, message: Drain | Request) -> None:
        if isinstance(message, Drain):
            self._draining = True
        elif message.name == REQUEST and not message.args:
            self._control.reply(message, self.facts())
        elif message.name == HOLD and _are_rates(message.args.get("zones")):
            self._bus.hold(message.args["zones"])
            self._control.reply(message, {})
        else:
            self._log.warning("archive.request_refused", request=message.name)
            why = f"cannot do {message.name!r}: the archive does {REQUEST}, without arguments, and "
            why += f"{HOLD}, with zones and their events a second"
            self._control.refuse(message, why)

    def _degraded(self) -> tuple[Degraded, ...]:
        return (
            *self._committer.degraded(),
            *self._feed_trouble,
            *self._chore_trouble,
            *self._derived.degraded(),
        )

    def _leave(self) -> None:
        """Take what everybody still had to say, and close.

        Whoever was told to leave before us has said it already, so it is in a socket or a ring; two
        turns that find nothing are the end. What cannot be stored stays with its sender.
        """
        found_nothing = 0
        self._committer.try_again(self._now_s())
        while found_nothing < 2 and self._committer.is_open:
            self._poller.wait(0.0)
            self._feeds_due_s = 0.0
            found_nothing = 0 if self._take(self._now_s()) or self._more else found_nothing + 1
            self._control.beat()
        self._followers.feed()
        self._bus.close()
        for source in self._others.values():
            source.close()
        for feed in self._feeds.values():
            feed.close()
        self._derived.close()
        self._committer.close()


class OwnQueue:
    """Events about the ledger itself, until the next batch takes them.

    Args:
        own: makes them.
    """

    def __init__(self, own: OwnEvents) -> None:
        self._own = own
        self._records: list[bytes] = []

    def tell(self, kind: str, **payload: Any) -> None:
        """Keep one event; see `log.Tell`."""
        if len(self._records) < OWN_MAX:
            self._records.append(self._own.record(kind, payload))

    def collect(self, batch: Batch) -> bool:
        """Put them into a batch."""
        for record in self._records:
            batch.add(record)
        self._records.clear()
        return False


def _are_rates(told: object) -> bool:
    """Tell whether it is a map of zones to whole numbers above 0."""
    return isinstance(told, dict) and all(type(each) is int and each > 0 for each in told.values())


def keep_and_tell(recent: Recent, followers: Followers) -> Callable[[int, Batch], None]:
    """Return what is done with a batch that was stored: senders first, then followers."""

    def stored(first: int, batch: Batch) -> None:
        batch.settle(first)
        if batch.records:
            recent.add(first, batch.records, batch.size_bytes)
        followers.feed()

    return stored

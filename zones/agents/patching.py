"""The Patcher at work in its zone: hears the log, watches the folder, asks the kernel.

Owns: reading what was before it began, the one ask that is under way, what is told of it. Does not
own: what is written and proposed (`patcher.py`), the loop, the clock and the bus (`service.py`).

What is proposed is asked for only when it has come back from the log. The ledger is read in a
thread, once: that may take longer than the zone's heart may stand still.
"""

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, Protocol

from Kernel.contract.envelope import Envelope
from Kernel.contract.errors import CodecError, LedgerError, NoLedger, Refused
from Kernel.contract.messages import Answer, Degraded
from Kernel.contract.places import LEDGER
from zones.agents.folder import FOLDER
from zones.agents.mutations import KINDS, Mutations
from zones.agents.patcher import Dropped, Patcher
from zones.agents.watching import FolderWatch
from zones.runtime.ledger_event import LedgerEvent
from zones.runtime.ledger_reading import opened
from zones.runtime.ledger_search import Query, is_kind_among

APPLY: Final = "apply"
READ_MAX: Final = 1_000_000
"""Without an index no more than the newest events are read: a minute, in a thread."""
HEARD_MAX: Final = 10_000
"""Events that may wait until the ledger is read; then older ones are missing, and that is told."""

Tell = Callable[[str, dict[str, Any], str], bytes]
"""Publishes an event of the Patcher: kind, payload, cause (hex, "" for none); returns its id."""


class Road(Protocol):
    """The zone's road to its kernel."""

    def ask(self, name: str, args: dict[str, Any]) -> int:
        """Ask for something."""

    def take_answer(self, request_id: int) -> Answer | None:
        """Return the answer once it is there."""


class Patching:
    """What the Patcher does in one process of the zone; starts two threads.

    Args:
        tell: publishes an event.
        world: zone of the world that a dropped file is for.
        carriers: who carries it: newborns, or all.
    """

    def __init__(self, home: Path, road: Road, tell: Tell, world: str, carriers: str) -> None:
        self._tell = tell
        self._road = road
        self._about = {"zone": world}
        self._carriers = carriers
        self._past = _Past(home / LEDGER)
        self._heard: list[tuple[int, Envelope]] = []
        self._mutations: Mutations | None = None
        self._home = home
        self._patcher: Patcher | None = None
        self._watch = FolderWatch(home / FOLDER)
        self._dropped: Dropped | None = None
        self._proposed, self._cause = b"", ""
        self._number = 0
        self._missed = ""

    def take(self, position: int, event: Envelope) -> None:
        """Take an event of the log; they come in order."""
        if event.id == self._proposed:
            self._proposed = b""
        if not is_kind_among(event.kind, KINDS):
            return
        if self._mutations is None:
            self._heard.append((position, event))
            if len(self._heard) > HEARD_MAX:
                del self._heard[0]
                self._missed = "more happened while the ledger was read than is remembered"
        else:
            self._fold(position, event)

    def turn(self, now_s: float, *, caught_up: bool) -> None:
        """Do what is due.

        Args:
            caught_up: all that was in the log when this process began has been taken.
        """
        if self._mutations is None and self._past.found is not None:
            self._begin(self._past.found)
        if self._patcher is None or not caught_up:
            return
        if self._dropped is not None:
            self._apply(self._dropped, now_s)
        found = self._patcher.step(now_s, changed=self._watch.is_due(now_s))
        if found is not None:
            self._dropped = found
            self._proposed = self._tell("mutation.proposed", found.proposal(), "")
            self._cause = self._proposed.hex()

    def degraded(self) -> tuple[Degraded, ...]:
        """Return what does not work as it should."""
        found = []
        if self._watch.degraded:
            hint = "sysctl fs.inotify.max_user_instances fs.inotify.max_user_watches"
            found.append(Degraded("mutations/", self._watch.degraded, hint))
        if self._patcher is not None and self._patcher.degraded:
            found.append(Degraded("mutations/", self._patcher.degraded, f"ls -ld {FOLDER}"))
        why = self._past.error or self._missed
        if why:
            found.append(
                Degraded("mutations/", f"some files are not written: {why}", "molt verify")
            )
        return tuple(found)

    def close(self) -> None:
        """End the watch."""
        self._watch.close()

    def _begin(self, found: "_Found") -> None:
        self._mutations = found.mutations
        self._patcher = Patcher(self._home, found.mutations, self._feed)
        for position, event in self._heard:
            if position > found.upto:
                self._fold(position, event)
        self._heard = []

    def _fold(self, position: int, event: Envelope) -> None:
        assert self._mutations is not None, "the ledger was read"
        changed = self._mutations.take(LedgerEvent(position, event))
        if self._patcher is not None:
            self._patcher.note(changed)

    def _apply(self, dropped: Dropped, now_s: float) -> None:
        """Ask the kernel once the proposal is stored; its events tell what became of it."""
        assert self._patcher is not None, "it has found the file"
        if self._proposed:
            return
        if not self._number:
            args = dropped.wish(self._carriers) | self._about | {"cause": self._cause}
            try:
                self._number = self._road.ask(APPLY, args)
            except (Refused, CodecError):
                self._over(dropped, now_s, later=True)
            return
        answer = self._road.take_answer(self._number)
        if answer is not None:
            self._over(dropped, now_s, later=not answer.ok)

    def _over(self, dropped: Dropped, now_s: float, *, later: bool) -> None:
        assert self._patcher is not None, "it has found the file"
        self._dropped, self._number = None, 0
        self._patcher.settle(dropped.code_hash, now_s, later=later)

    def _feed(self, action: str, message: str, metadata: Mapping[str, Any]) -> None:
        told = {"agent": "patcher", "action": action, "message": message}
        self._tell("feed", told | {"metadata": dict(metadata)}, "")


class _Found:
    """What the ledger says, up to a position."""

    def __init__(self) -> None:
        self.mutations = Mutations()
        self.upto = 0


class _Past:
    """Reads the ledger in a thread, once."""

    def __init__(self, folder: Path) -> None:
        self.found: _Found | None = None
        self.error = ""
        self._folder = folder
        threading.Thread(target=self._read, name="mutations", daemon=True).start()

    def _read(self) -> None:
        found = _Found()
        try:
            with opened(self._folder) as search:
                upto = search.reader.newest
                first = 1 if search.index is not None else max(upto - READ_MAX, 1)
                for event in search.forwards(Query(kinds=KINDS, first=first, last=upto)):
                    found.mutations.take(event)
                found.upto = upto
        except NoLedger:
            pass
        except LedgerError as error:
            self.error = error.message
        finally:
            self.found = found

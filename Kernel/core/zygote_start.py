"""How a generation comes by its zygote: forked from that of another one, or started by exec.

Owns: which of the two, what a zygote was made of, the road to one that is asked for and not yet
born. Does not own: which generations could give one (`generations.py`), the road to a zygote that
lives (`zygote_road.py`), what follows from its birth and death (`line.py`).

A fork takes milliseconds where an exec takes a second of importing and warming, and it is the same
only if nothing has changed: the files of the checkout, the settings. Whatever keeps it from coming
is no more than a reason for an exec.
"""

import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from Kernel.config import ZoneConfig
from Kernel.contract.errors import Refused
from Kernel.contract.zygote_protocol import ZYGOTE, Fork
from Kernel.core.cell import Unborn
from Kernel.core.parts import Parts
from Kernel.ports.process import NewRoad, ZygoteHandle
from Kernel.ports.versions import Source

BORN_S = 3.0
"""A warm zygote forks in some milliseconds; from one that does not, nothing is waited for."""


@dataclass(frozen=True, slots=True)
class Made:
    """What a zygote has been made of.

    Args:
        fingerprint: of the checkout, just before it was started.
        started_s: when the one was started that all in its row of forks come from.
        forks: how long that row is, 0: it was started itself.
    """

    fingerprint: str
    settings: Mapping[str, Any]
    started_s: float
    forks: int = 0


class Donor(Protocol):
    """A generation whose warm zygote can be asked for another (`line.py`)."""

    number: int

    @property
    def made(self) -> Made | None:
        """What its zygote was made of."""

    def fork_cell(self, unborn: Unborn, message: Fork, descriptors: list[int]) -> None:
        """Ask for a process; raise Refused if nobody can be asked. The serial is filled in."""


class StartingZone(Protocol):
    """What a start asks of its zone."""

    config: ZoneConfig
    parts: Parts

    def is_good_moment(self) -> bool:
        """Tell whether a fork would be in nobody's way just now."""


class ZygoteStart:
    """The zygotes of one generation, up to the birth of each.

    Args:
        take: is given one that was forked.

    Attributes:
        made: what the newest one was made of, None before there is one.
        postponed: a fork waits for a better moment: look again soon.
    """

    def __init__(
        self, zone: StartingZone, source: Source, take: Callable[[ZygoteHandle], None]
    ) -> None:
        self.made: Made | None = None
        self.postponed = False
        self._zone = zone
        self._source = source
        self._take = take
        self._birth: _Birth | None = None
        self._by_exec = False

    @property
    def is_pending(self) -> bool:
        """Whether one is asked for and not yet born."""
        return self._birth is not None

    def begin(self, donors: list[Donor]) -> ZygoteHandle | None:
        """Start a zygote, or have one forked: then it is taken later.

        Args:
            donors: generations that could give one, if it would be the same.

        Raises:
            OSError: the machine has no room for one process more.
        """
        self.postponed = False
        if self._birth is not None:
            return None
        if self._by_exec:
            donors = []
        if donors and not self._zone.is_good_moment():
            self.postponed = True
            return None
        parts, config = self._zone.parts, self._zone.config
        made = Made(parts.versions.fingerprint(), config.settings, parts.clock.now_s())
        same = [each for each in donors if each.made is not None and _is_same(each.made, made)]
        if same and self._ask(max(same, key=lambda donor: donor.number)):
            return None
        handle = parts.processes.start_zygote(config.service, self._source.root)
        self.made, self._by_exec = made, False
        return handle

    def look(self, now_s: float) -> None:
        """Wait no longer for one that takes too long."""
        if self._birth is not None and now_s >= self._birth.until_s:
            self._fail("it takes too long")

    def give_up(self) -> None:
        """Wait no longer for one: nobody needs it any more."""
        if self._birth is not None:
            self._birth.give_up()
            self._birth = None

    def _ask(self, donor: Donor) -> bool:
        """Ask for one; False where nobody can be asked, or there is no room for a road."""
        try:
            birth = _Birth(self._zone.parts, self._on_born, self._fail)
        except OSError:
            return False
        made = donor.made
        assert made is not None, "the caller has looked"
        if not birth.ask(donor):
            return False
        self._birth, self.made = birth, replace(made, forks=made.forks + 1)
        return True

    def _on_born(self, handle: ZygoteHandle) -> None:
        self._birth, self._by_exec = None, False
        self._take(handle)

    def _fail(self, why: str) -> None:
        self.give_up()
        self._by_exec = True
        self._zone.parts.log.note("zygote.not_forked", zone=self._zone.config.name, why=why)


class _Birth:
    """One that was asked for."""

    def __init__(
        self,
        parts: Parts,
        take: Callable[[ZygoteHandle], None],
        fail: Callable[[str], None],
    ) -> None:
        self.until_s = parts.clock.now_s() + BORN_S
        self._parts = parts
        self._take = take
        self._fail = fail
        self._road: NewRoad | None = parts.processes.make_road()

    def ask(self, donor: Donor) -> bool:
        """Ask; False, and nothing is left of it, where the donor takes no message."""
        assert self._road is not None, "it is asked for once"
        try:
            ends = self._road.theirs
            donor.fork_cell(self, Fork(0, ZYGOTE, list(ends)), list(ends.values()))
        except Refused:
            self.give_up()
            return False
        self._road.close_theirs()
        return True

    def give_up(self) -> None:
        """Close the road: who is born all the same finds nobody there, and is ended."""
        if self._road is not None:
            self._road.close()
            self._road = None

    def on_born(self, pid: int) -> None:
        """The process exists."""
        if self._road is None:
            self._parts.processes.send_signal(pid, signal.SIGKILL)
            return
        road, self._road = self._road, None
        self._take(ZygoteHandle(pid, road.ours, road.stderr_fd))

    def on_unborn(self, why: str) -> None:
        """There will be none."""
        if self._road is not None:
            self._fail(why)


def _is_same(made: Made, wanted: Made) -> bool:
    return made.fingerprint == wanted.fingerprint and made.settings == wanted.settings

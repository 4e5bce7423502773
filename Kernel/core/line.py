"""One generation of a zone as this kernel runs it: its zygote, its processes.

Owns: the berths of one generation, what its zygote is asked for and what becomes of its answers.
Does not own: how it comes by its zygote (`zygote_start.py`), the road to it (`zygote_road.py`),
decisions (`supervisor.py`), which generation serves (`ladder.py`, `generations.py`), how the
processes of a zone are spoken to (`arena_keeper.py`, `bus_keeper.py`), temporary processes
(`cell.py`), the loop. Past 400 lines, for all that is forked is told of on one road, and what was
heard is weighed where it is kept.
"""

import os
import signal
from typing import Any, Protocol

from Kernel.config import ZoneConfig
from Kernel.contract.errors import MoltError, NoRoom, Refused
from Kernel.contract.zygote_protocol import (
    ZYGOTE,
    Configure,
    Fork,
    Forked,
    Message,
    Prepared,
    Progress,
    Unforked,
    Unprepared,
)
from Kernel.core import supervisor as sup
from Kernel.core.berth import Berth, Death
from Kernel.core.cell import Unborn
from Kernel.core.cell_births import CellBirths
from Kernel.core.parts import Parts
from Kernel.core.succession import is_failure
from Kernel.core.zone_limits import ZoneLimits
from Kernel.core.zygote_road import ZygoteRoad
from Kernel.core.zygote_start import Donor, Made, ZygoteStart
from Kernel.ports.process import Exit, ZygoteHandle
from Kernel.ports.stacks import new_stack_file
from Kernel.ports.versions import Source


class ZoneSide(Protocol):
    """What a generation asks of the zone it belongs to."""

    config: ZoneConfig
    parts: Parts
    limits: ZoneLimits

    def next_serial(self) -> int:
        """Return the number of the next process of the zone."""

    def traits_for(self, source: Source) -> tuple[str, ...]:
        """Return the hashes of the traits that a new generation of a source is to load."""

    def donors_for(self, line: "Line") -> list[Donor]:
        """Return the generations of which a zygote could be forked for one."""

    def fork_message(self, line: "Line", serial: int, role: str) -> tuple[Fork, list[int]]:
        """Return the Fork to send and the descriptors that go with it."""

    def on_prepared(self, line: "Line") -> None:
        """Take the zygote's facts; raise CodecError, or ArenaError for an arena out of reach."""

    def on_unprepared(self, message: Unprepared) -> None:
        """The code of a generation cannot be made ready."""

    def on_founder_exit(self, line: "Line", code: int | None) -> bool:
        """The founder is gone; return whether the arena is there now."""

    def on_process_exit(self, line: "Line", berth: Berth, exit_: Exit, death: Death) -> None:
        """Weigh the death of a process that was no founder."""

    def has_progressed(self, berth: Berth) -> bool:
        """Tell whether a process that has died had done any work."""

    def forget(self, berth: Berth) -> None:
        """Close what was held for a process that is gone."""

    def is_good_moment(self) -> bool:
        """Tell whether a fork would be in nobody's way just now."""


class Line:
    """One generation.

    Args:
        number: its name in this boot.
        source: where its code comes from.
        served: the zone has served before.

    Attributes:
        traits: hashes of the traits it is to load: its own for life, so that going back is to
            the code of then.
        state: the generation as the supervisor sees it.
        facts: what its zygote says of it.
        prepared: its zygote has once been ready.
        berths: its processes by serial, until they are reaped.
        faults: pieces of evidence against it since it was last healthy.
        failed: deaths that counted against it, of all its processes since it was begun.
        fresh: its zygote is to be started by exec, whoever could fork it.
        begun: id of the event of its beginning.
        blame: id of the last event that spoke against it.
        retired_s: since when it has been let go, None while it is kept.
    """

    def __init__(self, number: int, source: Source, zone: ZoneSide, served: bool) -> None:
        self.number = number
        self.source = source
        self.traits = zone.traits_for(source)
        self.state = sup.Generation(zone.config.name, served=served)
        self.facts: dict[str, Any] = {}
        self.progress_note: Progress | None = None  # of the preparing, for people
        self.prepared = False
        self._postponed = False
        self.berths: dict[int, Berth] = {}
        self.faults = 0
        self.failed = 0
        self.fresh = False
        self.begun = self.blame = b""
        self.retired_s: float | None = None
        self._zone = zone
        self._zygote: ZygoteRoad | None = None
        self._start = ZygoteStart(zone, source, self._take_zygote)
        self._cells = CellBirths()

    @property
    def made(self) -> Made | None:
        """What its zygote was made of, None before there is one."""
        return self._start.made

    @property
    def flooded_s(self) -> float | None:
        """When a line of its stderr was left out last, monotonic seconds; None for never."""
        return self._zygote.flooded_s if self._zygote is not None else None

    @property
    def is_gone(self) -> bool:
        """Whether nothing of it is left."""
        return not self.berths and self._zygote is None

    @property
    def postponed(self) -> bool:
        """Whether a fork waits for a better moment: look again soon."""
        return self._postponed or self._start.postponed

    def learn(self, event: sup.Event) -> None:
        """Take an event into the state."""
        now_s = self._zone.parts.clock.now_s()
        self.state = sup.learn(self.state, event, self._zone.config.policy, now_s)

    def spent(self) -> str:
        """Return why nothing more is to be expected of it, or ""."""
        return sup.spent(self.state, self._zone.config.policy)

    def look(self, now_s: float) -> None:
        """One round: decide and act."""
        if self._zygote is not None:
            self._zygote.look()
        if self.state.stopping:
            self._start.give_up()
        self._start.look(now_s)
        policy = self._zone.config.policy
        self.state = sup.heal(self.state, policy, now_s)
        for action in sup.decide(self.state, policy, now_s):
            self._act(action)

    def _act(self, action: sup.Action) -> None:
        match action:
            case sup.StartZygote():
                self._start_zygote()
            case sup.ForkFounder():
                self._ask("founder")
            case sup.ForkProcess():
                self._postponed = not self._zone.is_good_moment()
                if not self._postponed:
                    arena = self._zone.config.policy.kind is sup.Kind.ARENA
                    self._ask("heir" if arena else "process")
            case sup.Kill(pid, why):
                self.kill(pid, why)

    # The zygote.

    def _start_zygote(self) -> None:
        donors = [] if self.fresh else self._zone.donors_for(self)
        try:
            handle = self._start.begin(donors)
        except OSError as error:  # no memory, or no room for one process more: try again later
            self._had_no_room(f"cannot start a zygote: {error.strerror or error}")
            return
        if handle is not None:
            self._take_zygote(handle)

    def _take_zygote(self, handle: ZygoteHandle) -> None:
        """Begin to speak with a zygote that has been started, or forked."""
        parts, config = self._zone.parts, self._zone.config
        self._zygote = ZygoteRoad(
            handle,
            config.name,
            parts,
            self._hear,
            self.kill,
            lambda: self._zone.config.log_lines_per_s,
        )
        self.learn(sup.ZygoteStarted(handle.pid))
        assert self.made is not None, "it is known what it was made of"
        settings = dict(self.made.settings)
        try:
            self._zygote.send(Configure(config.name, parts.home, settings, list(self.traits)))
        except (OSError, MoltError) as error:
            self.kill(handle.pid, f"cannot configure the zygote: {error}")

    def _had_no_room(self, why: str) -> None:
        self.learn(sup.NotStarted(why))
        zone = self._zone.config.name
        self.blame = self._zone.parts.log.warning("zone.not_started", zone=zone, why=why)

    def _hear(self, message: Message) -> None:
        match message:
            case Prepared(_, facts):
                self.facts = facts
                self.progress_note = None
                self._zone.on_prepared(self)
                self.prepared = True
                self.learn(sup.ZygotePrepared())
            case Progress():
                self.progress_note = message
            case Unprepared():
                self._cannot_prepare(message)
            case Forked(serial, pid):
                self._on_forked(serial, pid)
            case Unforked(serial, why):
                self._on_unforked(serial, why)
            case _:
                assert self._zygote is not None, "it is heard until it is gone"
                self.kill(self._zygote.pid, f"zygote spoke out of turn: {type(message).__name__}")

    def _cannot_prepare(self, message: Unprepared) -> None:
        """Code that cannot be loaded cannot be loaded a second time; settings have an operator."""
        message = self._zone.config.explain(message)
        self._zone.on_unprepared(message)
        self.blame = self._zone.parts.log.error(
            "zone.unprepared",
            zone=self._zone.config.name,
            source=self.source.name,
            why=message.message,
            hint=message.hint,
            cause=self.begun,
        )
        self.learn(sup.Condemned(message.message))

    def _ask(self, role: str) -> None:
        assert self._zygote is not None, "supervisor asks only a prepared zygote"
        serial = self._zone.next_serial()
        try:
            stack_fd = new_stack_file()
        except OSError as error:
            self._had_no_room(f"cannot make what a process needs: {error.strerror or error}")
            return
        self.berths[serial] = Berth(serial, role, stack_fd)
        try:
            message, descriptors = self._zone.fork_message(self, serial, role)
        except (OSError, MoltError) as error:  # the machine's limits, no fault of the zygote
            self._forget(self.berths.pop(serial))
            self._had_no_room(f"cannot make what a process needs: {error}")
            return
        limits = self._zone.limits
        more = {**limits.enclosure.descriptors(), "stack": stack_fd}
        message.facts.update(limits.fork_facts())
        message.descriptors.extend(more)
        try:
            self._zygote.send(message, [*descriptors, *more.values()])
        except (OSError, MoltError) as error:
            self._drop_unborn()
            self.kill(self._zygote.pid, f"cannot ask the zygote to fork: {error}")
            return
        self.learn(sup.Asked())

    @property
    def can_give(self) -> bool:
        """Whether its zygote can be forked as that of another generation."""
        able = self.can_fork and self.facts.get(ZYGOTE) is True
        return able and self.retired_s is None and not self.spent()

    @property
    def can_fork(self) -> bool:
        """Whether its zygote is warm and may be asked for processes."""
        warm = self.state.zygote is not None and self.state.zygote.ready
        return self._zygote is not None and warm and not self.state.stopping

    def fork_cell(self, unborn: Unborn, message: Fork, descriptors: list[int]) -> None:
        """Ask for a temporary process; nobody's standing depends on what becomes of it.

        Raises:
            Refused: no zygote is warm, or it takes no message.
        """
        if self._zygote is None or not self.can_fork:
            raise Refused(f"cannot fork a {message.role}: no zygote is warm", "molt ps")
        self._cells.ask(self._zygote, self._zone.next_serial(), unborn, message, descriptors)

    def _on_forked(self, serial: int, pid: int) -> None:
        if self._cells.on_forked(serial, pid):
            return
        berth = self.berths.get(serial)
        if berth is None or berth.pid or pid <= 1:
            return
        berth.pid = pid
        self.learn(sup.Forked(pid, founder=berth.role == "founder"))
        if berth.was_ready:  # it was quicker than the news of its birth
            self.learn(sup.Ready(pid))

    def _on_unforked(self, serial: int, why: str) -> None:
        if self._cells.on_unforked(serial, why):
            return
        berth = self.berths.get(serial)
        if berth is None or berth.pid:
            return
        self._forget(self.berths.pop(serial))
        self.learn(sup.Unforked())
        self._had_no_room(why)

    def on_ready(self, serial: int) -> None:
        """The process of this serial says that it is ready."""
        berth = self.berths.get(serial)
        if berth is None or berth.was_ready:
            return
        berth.was_ready = True
        if berth.pid:
            self.learn(sup.Ready(berth.pid))

    # Ends.

    def kill(self, pid: int, why: str, cause: bytes = b"") -> None:
        """End a process at once and remember why, for the verdict on its death.

        Args:
            cause: id of the event that led to it.
        """
        berth, log = self.berth_of(pid), self._zone.parts.log
        cause = cause or (berth.cause if berth is not None else b"")
        killed = log.warning(
            "zone.killed", zone=self._zone.config.name, pid=pid, why=why, cause=cause
        )
        if berth is not None:
            berth.killed_as, berth.cause = why, killed
        elif self._zygote is not None and self._zygote.pid == pid:
            self._zygote.killed_as, self._zygote.cause = why, killed
        self._zone.parts.processes.send_signal(pid, signal.SIGKILL)

    def end_stopped_zygote(self, why: str) -> None:
        """End the zygote, which somebody outside has stopped: that is no fault of its own."""
        assert self._zygote is not None, "it was seen stopped"
        self._zygote.excused = True
        self.kill(self._zygote.pid, why)

    def retire(self, now_s: float) -> None:
        """Let it go: zygote, founder and whoever stands by are ended, the active may leave."""
        self.retired_s = now_s
        self.learn(sup.StopAsked())
        self._start.give_up()
        self.clear_out()

    def clear_out(self) -> None:
        """End everybody of it but those who still serve or are on their way out."""
        active_pid = self.state.active.pid if self.state.active else 0
        leaving = {process.pid for process in self.state.leaving}
        for pid in self.pids():
            if pid != active_pid and pid not in leaving:
                self._zone.parts.processes.send_signal(pid, signal.SIGKILL)

    def berth_of(self, pid: int) -> Berth | None:
        """Return what is held for a process, or None."""
        return next((berth for berth in self.berths.values() if berth.pid == pid), None)

    def on_exit(self, exit_: Exit) -> bool:
        """Take the end of a process; False if it is not one of this generation's."""
        zygote = self._zygote
        if zygote is not None and zygote.pid == exit_.pid:
            zygote.hang_up()
            self._zygote = None
            self._drop_unborn()
            self._cells.drop(f"the zygote has ended: {zygote.killed_as or exit_.describe()}")
            self._on_zygote_exit(zygote, exit_)
            return True
        if self.berth_of(exit_.pid) is None and zygote is not None:
            while zygote.read():
                pass  # it may have died before we read of its birth
        berth = self.berth_of(exit_.pid)
        if berth is None:
            return False
        self._on_process_exit(berth, exit_)
        return True

    def _on_zygote_exit(self, road: ZygoteRoad, exit_: Exit) -> None:
        zygote, why = self.state.zygote, road.killed_as or exit_.describe()
        failure = is_failure(
            code=exit_.code,
            signal_number=exit_.signal,
            excused=road.excused,
            hung=bool(road.killed_as),
            progressed=zygote is not None and zygote.ready,
        )
        self.learn(sup.Died(exit_.pid, failure=failure, why=why))
        self.tell_death("zygote", exit_, failure, road.cause)

    def _on_process_exit(self, berth: Berth, exit_: Exit) -> None:
        del self.berths[berth.serial]
        if not berth.killed_as:
            found = self._zone.limits.explain(exit_)
            berth.killed_as, berth.cause = found.why, found.told or berth.cause
            berth.excused = berth.excused or found.excused
        if berth.role == "founder":
            self._on_founder_exit(berth, exit_)
            return
        failure = is_failure(
            code=exit_.code,
            signal_number=exit_.signal,
            excused=berth.excused or self.retired_s is not None,
            hung=bool(berth.killed_as),
            progressed=self._zone.has_progressed(berth),
        )
        why = berth.killed_as or exit_.describe()
        role = self._role_of(exit_.pid)
        self.learn(sup.Died(exit_.pid, failure=failure, why=why))
        death = self.tell_death(role, exit_, failure, berth.cause)
        self._zone.on_process_exit(self, berth, exit_, death)
        self._forget(berth)

    def _on_founder_exit(self, berth: Berth, exit_: Exit) -> None:
        """An arena is there now, or there is no room for one, or the code could not make it."""
        self._forget(berth)
        founded = self._zone.on_founder_exit(self, exit_.code)
        no_room = exit_.code == NoRoom.exit_code
        why = "" if founded else f"founder: {berth.killed_as or exit_.describe()}"
        self.learn(sup.Died(exit_.pid, failure=not founded and not no_room, why=why))
        if founded:
            self.learn(sup.Founded())
        elif no_room:
            self._had_no_room("cannot found: there is no room for an arena")
        else:
            self.tell_death("founder", exit_, failure=True, cause=berth.cause)

    def _role_of(self, pid: int) -> str:
        if self.state.heir is not None and self.state.heir.pid == pid:
            return "heir"
        return "active"

    def _drop_unborn(self) -> None:
        """Forget processes that were asked for and will not come."""
        for berth in [berth for berth in self.berths.values() if not berth.pid]:
            del self.berths[berth.serial]
            self._forget(berth)

    def _forget(self, berth: Berth) -> None:
        self._zone.forget(berth)
        os.close(berth.stack_fd)

    def tell_death(self, role: str, exit_: Exit, failure: bool, cause: bytes) -> Death:
        """Tell of a death, unless the end of everything was asked for."""
        if self.state.stopping:
            return Death(role, b"")
        patience = self.state.zygote_patience if role == "zygote" else self.state.patience
        as_asked = exit_.code == 0 and not failure
        tell = self._zone.parts.log.note if as_asked else self._zone.parts.log.warning
        died = tell(
            "zone.died",
            zone=self._zone.config.name,
            role=role,
            pid=exit_.pid,
            how=exit_.describe(),
            counts=failure,
            failures=patience.failures,
            cause=cause,
        )
        if failure:
            self.blame = died
            self.failed += 1
        return Death(role, died)

    def pids(self) -> list[int]:
        """Return every process of it that is not reaped yet, the zygote last."""
        pids = [berth.pid for berth in self.berths.values() if berth.pid]
        return pids + ([self._zygote.pid] if self._zygote else [])

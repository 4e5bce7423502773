"""The watch over who serves a zone and who stands by: who hangs is asked for its stacks, and ended.

Owns: what was last seen to move, zygotes that are stopped, the processes that are dumping their
stacks, keeping those. Does not own: verdicts (`watchdog.py`), what a zone's progress is
(`arena_keeper.py`, `bus_keeper.py`), the form of a dump (`Kernel/ports/stacks.py`), what a death is
evidence of (`inquest.py`).
"""

import signal
from typing import Protocol

from Kernel.config import ZoneConfig
from Kernel.contract.arena import BEAT_S
from Kernel.core import watchdog
from Kernel.core.berth import Berth
from Kernel.core.parts import Parts
from Kernel.core.watchdog import Mode, Verdict, Watch
from Kernel.ports.process import Exit
from Kernel.ports.stacks import has_stack, keep_stack, read_stack

BEAT_DEADLINE_S = 4 * BEAT_S
"""Who stands by is given at least so long, however short the deadline of its zone is."""
ZYGOTE_LOOK_S = 1.0
"""A zygote is looked at so often; one that is found stopped twice is ended."""
DUMP_S = 0.01
"""How long a hung process may take to dump its stacks before it is ended."""
STOPPED = "Tt"


class WatchedZone(Protocol):
    """What the watch asks of its zone."""

    config: ZoneConfig
    parts: Parts
    stopping: bool

    @property
    def is_stopped(self) -> bool:
        """Whether who serves stands still because the governor has stopped it."""

    def progress(self) -> tuple[int, ...] | None:
        """Return what must move while the zone is alive, None while nothing is expected to."""

    def moved_s(self, now_s: float) -> float:
        """Return when what `progress` tells has last moved, as far as it is known."""

    def standing_by(self) -> dict[int, int]:
        """Return how often each process that stands by has said so, by pid."""

    def zygotes(self) -> list[int]:
        """Return the zygotes of its generations."""

    def watched_pid(self) -> int:
        """Return the process to end when nothing moves, 0 for nobody."""

    def what_it_runs(self, pid: int) -> str:
        """Return what a process that hangs was at, for people."""

    def berth_of(self, pid: int) -> Berth | None:
        """Return what is held for a process, or None."""

    def kill(self, pid: int, why: str, cause: bytes = b"") -> None:
        """End a process at once and remember why, for the verdict on its death."""

    def end_stopped_zygote(self, pid: int, why: str) -> None:
        """End a zygote that somebody outside has stopped."""

    def note(self, what: str, why: str, hint: str) -> None:
        """Show something that does not work as it should, until it is forgotten by `unnote`."""

    def unnote(self, what: str) -> None:
        """Forget what was noted about `what`."""


class ZoneWatch:
    """The watch over one zone."""

    def __init__(self, zone: WatchedZone) -> None:
        self._zone = zone
        self._parts = zone.parts
        self._watch = Watch()
        self._standing_by: dict[int, Watch] = {}
        self._stopped_zygotes: set[int] = set()
        self._looked_s = self._zygotes_looked_s = 0.0
        self._dump_until_s: dict[int, float] = {}
        self._dump_why: dict[int, str] = {}

    @property
    def is_dumping(self) -> bool:
        """Whether somebody is dumping its stacks, which does not announce itself."""
        return bool(self._dump_until_s)

    def look(self, now_s: float) -> None:
        """One round: judge who serves and who stands by, end who has dumped its stacks."""
        # Who has not looked himself for long (stopped, starved) must not blame others for it.
        asleep = now_s - self._looked_s > self._zone.config.deadline_s / 2
        looked_s, self._looked_s = self._looked_s, now_s
        self._watch_progress(now_s, looked_s, asleep)
        self._watch_standing_by(now_s, asleep)
        self._watch_zygotes(now_s)
        self._end_dumped(now_s)

    def next_look_s(self, now_s: float) -> float:
        """Return when it must be looked at again at the latest, monotonic seconds."""
        deadline_s = self._zone.config.deadline_s
        zygotes_s = self._zygotes_looked_s + ZYGOTE_LOOK_S
        if not self._watch.progress:
            return min(now_s + deadline_s, zygotes_s)
        return min(watchdog.next_look_s(self._watch, deadline_s, now_s), zygotes_s)

    def keep_stack(self, berth: Berth, exit_: Exit, cause: bytes) -> None:
        """Keep what a process that was hung has dumped before its end, and tell of it.

        Args:
            cause: id of what has ended it.
        """
        self._dump_until_s.pop(exit_.pid, None)
        why = self._dump_why.pop(exit_.pid, "")
        if not why:
            return
        text = read_stack(berth.stack_fd) or "(it could not dump its stacks)"
        place = ""
        if self._parts.stacks is not None:
            name = f"{self._zone.config.name}-{exit_.pid}"
            try:
                place = str(keep_stack(self._parts.stacks, name, f"{why}\n\n{text}"))
            except OSError as error:
                place = f"not kept: {error.strerror or error}"
        self._parts.log.error(
            "zone.stack", zone=self._zone.config.name, pid=exit_.pid, why=why, file=place,
            top=_top_frame(text), cause=cause,
        )  # fmt: skip

    def _watch_progress(self, now_s: float, looked_s: float, asleep: bool) -> None:
        progress, deadline_s = self._zone.progress(), self._zone.config.deadline_s
        if progress is None or self._zone.stopping or self._zone.is_stopped or asleep:
            self._watch = Watch(progress or (), now_s)
            return
        moved_s = min(max(self._zone.moved_s(now_s), looked_s), now_s)
        told = self._watch.told
        self._watch = watchdog.observe(self._watch, progress, moved_s)
        if told and not self._watch.told:
            self._zone.unnote("watchdog")
        pid = self._zone.watched_pid()
        if pid and self._watch.since_s + deadline_s * watchdog.LOOK_SHARE <= now_s:
            was_extended = self._watch.extended
            self._watch = self._judge(pid, self._watch, deadline_s, now_s)
            if self._watch.extended and not was_extended:
                self._parts.log.warning(
                    "zone.starved", zone=self._zone.config.name, pid=pid, deadline_s=deadline_s
                )

    def _watch_standing_by(self, now_s: float, asleep: bool) -> None:
        """Judge each who stands by: one that hangs would hang still when its turn comes.

        Nobody waits for it yet, so that one which gets no processor time is left alone for good:
        another in its place would get none either.
        """
        deadline_s = max(self._zone.config.deadline_s, BEAT_DEADLINE_S)
        before, self._standing_by = self._standing_by, {}
        holds_still = self._zone.stopping or self._zone.is_stopped
        standing_by = {} if holds_still else self._zone.standing_by()
        for pid, beats in standing_by.items():
            watch = watchdog.observe(before.get(pid, Watch()), (beats,), now_s)
            excused = asleep or self._is_kept_waiting(pid, watch)
            if not excused and watch.since_s + deadline_s * watchdog.LOOK_SHARE <= now_s:
                watch = self._judge(pid, watch, deadline_s, now_s)
                excused = watch.extended
            self._standing_by[pid] = Watch((beats,), now_s) if excused else watch
        for pid in [pid for pid, watch in before.items() if watch.told]:
            if pid not in self._standing_by or not self._standing_by[pid].told:
                self._zone.unnote(f"heir {pid}")

    def _watch_zygotes(self, now_s: float) -> None:
        """End a zygote that somebody has stopped: the next heir would have to wait for another.

        It has nothing to say by itself; one that hangs is found when it is to fork.
        """
        if now_s - self._zygotes_looked_s < ZYGOTE_LOOK_S:
            return
        self._zygotes_looked_s = now_s
        zone, before = self._zone, self._stopped_zygotes
        left_alone = zone.stopping or zone.is_stopped or zone.config.watchdog is Mode.PASSIVE
        standing = (
            {}
            if left_alone
            else {pid: self._parts.loads.standstill(pid).state for pid in zone.zygotes()}
        )
        self._stopped_zygotes = {pid for pid, state in standing.items() if state in STOPPED}
        for pid in before & self._stopped_zygotes:
            zone.end_stopped_zygote(pid, f"it has been stopped for {ZYGOTE_LOOK_S:g} s")

    def _is_kept_waiting(self, pid: int, watch: Watch) -> bool:
        """Tell whether one waits for a processor now: the scheduler counts a wait when it is over.

        One that runs for ever has run meanwhile.
        """
        if watch.baseline is None or self._parts.loads.standstill(pid).state != "R":
            return False
        load = self._parts.loads.load(pid)
        return load is not None and load.ran_ns == watch.baseline.ran_ns

    def _judge(self, pid: int, watch: Watch, deadline_s: float, now_s: float) -> Watch:
        """Return the watch over a process after judging it, and see to what follows."""
        config = self._zone.config
        load = self._parts.loads.load(pid)
        match watchdog.judge(watch, deadline_s, config.watchdog, load, now_s):
            case Verdict.MEASURE:
                return watchdog.note(watch, load, now_s)
            case Verdict.STARVED:
                return watchdog.extend(watch, load, now_s)
            case Verdict.HUNG if config.watchdog is Mode.PASSIVE:
                if not watch.told:
                    self._tell_hung(pid, deadline_s)
                return watchdog.tell(watch)
            case Verdict.HUNG if pid not in self._dump_until_s:
                self._dump(pid, watchdog.limit_s(watch, deadline_s), now_s)
                return Watch((), now_s)
        return watch

    def _tell_hung(self, pid: int, deadline_s: float) -> None:
        """Passive: what is seen is recorded, and nobody is ended."""
        why = f"no progress in {deadline_s * 1000:g} ms; its watchdog is passive"
        self._parts.log.warning("zone.hung", zone=self._zone.config.name, pid=pid, why=why)
        what = f"heir {pid}" if pid in self._zone.standing_by() else "watchdog"
        self._zone.note(what, f"pid {pid} hangs: {why}", f"kill -9 {pid}")

    def _dump(self, pid: int, limit_s: float, now_s: float) -> None:
        """Have a hung process say where it is; one that is stopped cannot, and is ended now."""
        why = f"no progress in {limit_s * 1000:g} ms"
        standing = self._parts.loads.standstill(pid)
        told = [why, f"state {standing.state}", self._zone.what_it_runs(pid)]
        told += [f"waits in {standing.waits_in}"] if standing.waits_in else []
        self._dump_why[pid] = why = ", ".join(each for each in told if each)
        berth = self._zone.berth_of(pid)
        cause = berth.cause if berth is not None else b""
        hung = self._parts.log.note(
            "zone.hung", zone=self._zone.config.name, pid=pid, why=why, cause=cause
        )
        if berth is not None:
            berth.cause = hung
        if standing.state in STOPPED:
            # Somebody has stopped it: as little evidence against its code as a SIGKILL.
            if berth is not None:
                berth.excused = True
            self._end_hung(pid)
            return
        self._parts.processes.send_signal(pid, signal.SIGUSR1)
        self._dump_until_s[pid] = now_s + DUMP_S

    def _end_dumped(self, now_s: float) -> None:
        for pid, until_s in list(self._dump_until_s.items()):
            berth = self._zone.berth_of(pid)
            if berth is None:
                del self._dump_until_s[pid]
            elif now_s >= until_s or has_stack(berth.stack_fd):
                self._end_hung(pid)

    def _end_hung(self, pid: int) -> None:
        self._dump_until_s.pop(pid, None)
        self._zone.kill(pid, self._dump_why.get(pid, "hung"))


def _top_frame(text: str) -> str:
    """Return the innermost frame of the thread that a dump tells of first, for one log line."""
    frames = (line.strip() for line in text.splitlines() if line.lstrip().startswith("File "))
    return next(frames, "")

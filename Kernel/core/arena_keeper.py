"""Keep one arena zone: who may write its arena, and what the kernel writes into it.

Owns: the kernel's words of an arena (permission, drain, anchor at boot), seeing takeovers. Does not
own: how the zone comes by its arena (`arena_founding.py`), the eventfds of its processes
(`arena_seats.py`), inputs (`inbox_writer.py`), what a death proves (`inquest.py`), telling of
takeovers (`takeover_news.py`), processes (`keeper.py`), decisions (`succession.py`).
"""

import signal
from pathlib import Path
from typing import Any

from Kernel.config import ZoneConfig
from Kernel.contract.arena import NEVER, Header, Side
from Kernel.contract.zygote_protocol import Fork
from Kernel.core import supervisor as sup
from Kernel.core.arena_founding import ArenaFounding
from Kernel.core.arena_seats import ArenaSeats
from Kernel.core.berth import Berth, Death
from Kernel.core.cage_report import CageReport, parse_cage
from Kernel.core.generation_facts import GenerationFacts
from Kernel.core.inbox_writer import InboxWriter
from Kernel.core.inquest import Inquest, place_of
from Kernel.core.ladder import Rules
from Kernel.core.line import Line
from Kernel.core.parts import Parts
from Kernel.core.succession import decide_permission
from Kernel.core.takeover_news import TakeoverNews
from Kernel.core.world_traits import WorldTraits
from Kernel.core.zone_strains import Depth
from Kernel.ports.arena_file import ArenaHandle
from Kernel.ports.process import Exit
from Kernel.ports.versions import Source

ANCHOR_AHEAD_NS = 2_000_000
FORK_PATIENCE_NS = 150_000_000
PACE_SLACK_NS = 1_000_000_000


class ArenaKeeper(ArenaFounding):
    """One arena zone."""

    def __init__(
        self,
        config: ZoneConfig,
        parts: Parts,
        folders: list[Path],
        snapshots: Path,
        rules: Rules = Rules(),  # noqa: B008 - frozen
    ) -> None:
        super().__init__(config, parts, folders, snapshots, rules)
        self._seats = ArenaSeats(parts)
        self.traits = WorldTraits(self)
        self._inquest = Inquest(
            config.name,
            parts.log,
            self.note,
            parts.memory,
            parts.clock,
            self.traits.in_slot,
            self.traits.tell_quarantined,
        )
        self._news = TakeoverNews(config.name, parts.clock, parts.log, self.berth_of)
        self._drained_pid = 0
        self._mutex_doubted = False
        self._period_ns = 0
        self._paced_ns = 0
        self._anchored = False
        self._traits_untaken = False

    # What ArenaFounding asks for.

    def on_opened(self, arena: ArenaHandle, told: GenerationFacts) -> None:
        """Write the words that an earlier kernel may have left otherwise; nobody is permitted."""
        words = arena.words
        words.put(Header.PERMISSION, 0)
        words.put(Header.DRAIN_AT, NEVER)
        words.put(Header.FLIGHT, 0)
        words.put(Header.OWNER, 0)
        words.put(Header.FOUND_OWNER, 0)
        words.put(Header.PERIOD_NS, told.period_ns)
        self._period_ns = told.period_ns
        self._inquest.resume(words)
        self._anchored = False
        self.inbox = InboxWriter(self.config.name, words, arena.side, self._knock_active)
        self.inbox.causes = told.causes

    def drain_once(self, active: sup.Process) -> None:
        """Have the active process leave after the tick it is in; it is asked once."""
        if active.pid != self._drained_pid:
            self._drained_pid = active.pid
            berth = self.berth_of(active.pid)
            if berth is not None and not berth.cause:
                moving = self._moving_from is not None
                berth.cause = self.last_end if moving else self.generations.promoted
            self.drain()

    # What Keeper asks for.

    def serving_facts(self) -> dict[str, Any]:
        """Return what the generation of the active process says of itself, {} for none."""
        serving = (line.facts for line in self.lines.values() if line.state.active is not None)
        return next(serving, {})

    def cage(self) -> CageReport | None:
        """Return what the machine holds of a cage, as told by who serves, or is to serve next."""
        return parse_cage(self.serving_facts() or self.facts)

    def traits_for(self, source: Source) -> tuple[str, ...]:
        """Return the traits that a new generation is to load; a slot runs the world without any.

        It is taken when the checkout fails, and a trait may be what it fails of.
        """
        return tuple(self.traits.hashes) if source.main else ()

    def fork_message(self, line: Line, serial: int, role: str) -> tuple[Fork, list[int]]:
        """Return the Fork for a founder or an heir."""
        if role == "founder":
            return self.founder_message(serial), []
        assert self.arena is not None, "an heir is forked onto an arena that is there"
        if all(berth.serial == serial for berth in self._writers()):
            self.parts.arenas.renew_mutex(self.arena)
            self._mutex_doubted = False
        arena = self.arena
        seat = self._seats.make(serial, arena.side, lambda ring: self._on_ring(line, serial, ring))
        names = ["arena", "side", "mutex", "door", "ring"]
        descriptors = [arena.fd, arena.side_fd, arena.mutex_fd, seat.door, seat.ring]
        urgent = self.generations.served and self.active is None  # nobody ticks: it is waited for
        facts = {"nice": self.config.nice, "urgent": urgent, "beat_at": seat.beat_at}
        return Fork(serial, role, names, facts), descriptors

    def _writers(self) -> list[Berth]:
        """Return who has the mutex of the arena, or is about to be given it."""
        return [berth for berth in self.berths() if berth.role == "heir"]

    def _on_ring(self, line: Line, serial: int, ring: int) -> None:
        if self.parts.doors.heard(ring):
            line.on_ready(serial)

    def forget(self, berth: Berth) -> None:
        """Close the eventfds of a process that is gone; a drill that hung it ends with it."""
        if berth.excused and berth.has_served:
            self.set_drill(0)
        self._seats.drop(berth.serial)

    def has_progressed(self, berth: Berth) -> bool:
        """Standing by is an heir's work; a commit, or holding still, is an owner's.

        Who has served is remembered: an heir that takes over sets the words back one by one, and
        between two of them they speak of nobody.
        """
        if berth.has_served:
            return True
        if self.arena is None or not berth.was_ready:
            return False
        return self._is_settled() or self.arena.words.get(Header.OWNER) != berth.pid

    def _is_settled(self) -> bool:
        """Tell whether the owner has done its first tick, or holds still on purpose."""
        assert self.arena is not None
        return self.arena.words.get(Header.FIRST_COMMIT_NS) > 0 or self.is_holding()

    def is_good_moment(self) -> bool:
        """Between two ticks, or when the owner has had FORK_PATIENCE_NS to find its beat.

        Forking takes a core away for some ms: 200k entities took 15 ms for a tick instead of 8.
        While a mutex is doubted, nobody more is given it.
        """
        if self._mutex_doubted and self._writers():
            return False
        if self.arena is None or self.active is None:
            return True
        words, now_ns = self.arena.words, self.parts.clock.now_ns()
        if now_ns - words.get(Header.TAKEN_OVER_NS) > FORK_PATIENCE_NS or self.is_holding():
            return True
        return self.is_on_time() and words.get(Header.FLIGHT) == 0

    def progress(self) -> tuple[int, ...] | None:
        """Return the words that move while somebody ticks, or waits on purpose."""
        if self.arena is None or not self.watched_pid():
            return None
        words, side = self.arena.words, self.arena.side
        liveness = int.from_bytes(side[Side.LIVENESS : Side.LIVENESS + 8], "little")
        # Who is watched belongs to it: an heir whose turn it is begins with a deadline of its own.
        return (words.get(Header.COMMIT), liveness, words.get(Header.EPOCH), self.watched_pid())

    def kill(self, pid: int, why: str, cause: bytes = b"") -> None:
        """End a process; a drill that made it hang ends with it, or its heir would hang too."""
        may_hang = pid == self.watched_pid()
        super().kill(pid, why, cause)
        if may_hang:
            self.set_drill(0)

    def watched_pid(self) -> int:
        """Return the active process, or the heir that should have taken over by now."""
        active = self.active
        return active.pid if active is not None else self._permitted()

    def standing_by(self) -> dict[int, int]:
        """Return how often each ready heir has said that it waits, by pid.

        Without one of an older generation, which never says so; one that holds the right to write
        and has yet to do its first tick; and one whose turn it is, which is watched as who serves.
        """
        if self.arena is None:
            return {}
        others, found = (self.arena.words.get(Header.OWNER), self.watched_pid()), {}
        for line in self.lines.values():
            heir = line.state.heir
            berth = line.berth_of(heir.pid) if heir is not None and heir.ready else None
            if berth is not None and berth.pid not in others:
                found[berth.pid] = self._seats.beats(berth.serial, self.arena.side)
        return {pid: beats for pid, beats in found.items() if beats}

    def _permitted(self) -> int:
        """Return who may take over now: one of the current generation, else of the one before."""
        order = (self.ladder.current, self.ladder.former)
        return decide_permission(
            [self.lines[number].state for number in order if number in self.lines]
        )

    def hand_over(self, line: Line, before: Line | None) -> None:
        """Name an heir of `line` as the next writer; who serves is drained when there is one."""
        super().hand_over(line, before)
        self._publish_permission()

    def what_it_runs(self, pid: int) -> str:
        """Return the phase and trait slot of the flight word, for people."""
        if self.arena is None:
            return ""
        if pid in self.standing_by():
            return "stands by"
        return place_of(self.arena.words.get(Header.FLIGHT), self.phases)

    def moved_s(self, now_s: float) -> float:
        """Return when the world has last committed: nearer the truth than when we looked."""
        return now_s if self.arena is None else self.arena.words.get(Header.COMMIT_NS) / 1e9

    def on_process_exit(self, line: Line, berth: Berth, exit_: Exit, death: Death) -> None:
        """Weigh a death that may be the fault of the code that was running."""
        super().on_process_exit(line, berth, exit_, death)
        if self._waited_in_vain(berth):
            self._end_bystanders(death.event_id)
        if berth.excused or line.retired_s is not None or self.arena is None:
            return
        self._inquest.hold(
            self.arena.words, line, berth, exit_, self.phases, death.event_id, self.inbox
        )

    def _waited_in_vain(self, berth: Berth) -> bool:
        """Tell whether one whose turn it was has hung without getting the right to write.

        One that got it and hung in its first tick had a sound mutex: its fault is another.
        """
        hung = berth.killed_as and berth.was_ready and not berth.has_served and self.active is None
        return bool(hung) and (
            self.arena is None or self.arena.words.get(Header.OWNER) != berth.pid
        )

    def _end_bystanders(self, cause: bytes) -> None:
        """End all who stand by: one whose turn it was has hung, perhaps of the mutex they share.

        Whoever wrote the arena before may have left anything in it. The next heir gets a fresh one.
        """
        self._mutex_doubted = True
        for berth in self._writers():
            if berth.pid:
                berth.excused, berth.cause = True, berth.cause or cause
                self.parts.processes.send_signal(berth.pid, signal.SIGKILL)

    def before_deciding(self) -> None:
        """See whether an heir has taken over and done its first tick."""
        self._go_on_moving()
        if self.arena is None:
            return
        owner = self.arena.words.get(Header.OWNER)
        for line in self.lines.values():
            if line.state.heir is not None and line.state.heir.pid == owner and self._is_settled():
                self._learn_took_over(line, owner)
        self._tell_takeover()

    def _learn_took_over(self, line: Line, owner: int) -> None:
        assert self.arena is not None
        words = self.arena.words
        first = not line.state.served
        self._mutex_doubted = False  # it could be had
        before = self.active
        if before is not None and before.pid != self._drained_pid:
            # It has died and is not reaped yet; or it gave the right away unasked, with threads
            # that live and may write: honest code does not.
            self.parts.processes.send_signal(before.pid, signal.SIGKILL)
        for other in self.lines.values():
            if other is not line:
                other.learn(sup.Succeeded())
        line.learn(sup.TookOver(owner))
        berth = line.berth_of(owner)
        if berth is not None:
            berth.has_served = True
        self.generations.served = True
        current = self.lines.get(self.ladder.current)
        if current is not None and current is not line:
            why = self._inquest.counterproof(current, words.get(Header.TAKEN_OVER_TICK))
            if why:
                current.blame = self.last_end
                current.learn(sup.Condemned(why))
        self._tell_takeover(at_once=True)
        self._news.keep(owner, words, self.service_facts(line), first=first)
        self._tell_takeover()

    def _tell_takeover(self, *, at_once: bool = False) -> None:
        told = self._news.tell(self.last_end, at_once=at_once)
        if told:
            self.last_service = told

    @property
    def is_service_untold(self) -> bool:
        """Whether it is yet to be told who serves now."""
        return self._news.is_untold

    def after_deciding(self) -> None:
        """Publish who may write next."""
        if self.arena is None:
            return
        if self.inbox is not None:
            self.inbox.send_later_ones()
        self.sample_pace()
        self._keep_pace()
        self._let_rest()
        self._load_untaken()
        self._publish_permission()
        self._drain_replaced()

    def _keep_pace(self) -> None:
        """Set the beat right that a world has written over: it would wait for good, and look alive.

        A tick is never due later than one period from now, but for a clock that is read twice.
        """
        assert self.arena is not None
        words, now_ns, tick = self.arena.words, self.parts.clock.now_ns(), self.tick()
        ticks = tick + 1 - words.get(Header.ANCHOR_TICK)
        ahead_ns = words.get(Header.ANCHOR_NS) + ticks * self._period_ns - now_ns
        kept = words.get(Header.PERIOD_NS) == self._period_ns
        if not self._anchored or (kept and ahead_ns <= self._period_ns + PACE_SLACK_NS):
            if now_ns - self._paced_ns > self.config.policy.healthy_after_s * 1e9:
                self.unnote("pace")
            return
        self._paced_ns = now_ns
        words.put(Header.PERIOD_NS, self._period_ns)
        words.put(Header.ANCHOR_TICK, tick + 1)
        words.put(Header.ANCHOR_NS, now_ns + ANCHOR_AHEAD_NS)
        self.note("pace", "the world had written over its own beat", "molt trait list")

    def _load_untaken(self) -> None:
        """Make a generation that has the code of all traits the world was found with."""
        self._traits_untaken |= self.traits.reconcile()
        serves = self.active is not None and not self.stopping and self.ladder.current
        if self._traits_untaken and serves and not (self.ladder.incoming or self.generations.held):
            self._traits_untaken = False
            self.generations.renew()

    def _publish_permission(self) -> None:
        if self.arena is None:
            return
        words = self.arena.words
        closed = self.stopping or self._moving_from is not None
        wanted = 0 if closed else self._permitted()
        if wanted == words.get(Header.PERMISSION):
            return
        if wanted and not self._anchored:  # the first process of this boot
            words.put(Header.ANCHOR_TICK, words.get(Header.COMMIT) + 1)
            words.put(Header.ANCHOR_NS, self.parts.clock.now_ns() + ANCHOR_AHEAD_NS)
            self._anchored = True
        words.put(Header.PERMISSION, wanted)
        self.knock(wanted)

    def _drain_replaced(self) -> None:
        """Have the active process of a generation that was replaced leave, once it can be followed.

        Each is asked once: a second word might meet the one who has taken over in between.
        """
        line, active = self.lines.get(self.ladder.current), self.active
        if line is None or line.state.active is not None or self.stopping:
            return
        heir = line.state.heir
        if active is not None and heir is not None and heir.ready:
            self.drain_once(active)

    def _knock_active(self) -> None:
        active = self.active
        if active is not None:
            self.knock(active.pid)

    # What others ask for.

    def reader_descriptors(self) -> dict[str, int] | None:
        """Return descriptors for a zone that may read this arena."""
        if self.arena is None:
            return None
        name = self.config.name
        return {f"arena.{name}": self.arena.read_only_fd, f"side.{name}": self.arena.side_fd}

    def knock(self, pid: int) -> None:
        """Ring the door of a process, so that it looks at the words now."""
        berth = self.berth_of(pid)
        if berth is not None:
            self._seats.knock(berth.serial)

    def drain(self) -> None:
        """Have the active process leave after the tick it is in."""
        if self.arena is None:
            return
        self.arena.words.put(Header.DRAIN_AT, self.arena.words.get(Header.COMMIT))
        active = self.active
        if active is not None:
            self._drained_pid = active.pid
            self.knock(active.pid)

    def send_off(self) -> None:
        """Have the active process leave after the tick it is in; its heir goes on with the next."""
        self.drain()

    def can_be_followed(self) -> bool:
        """Tell whether an heir is ready: then nobody misses a tick."""
        return bool(self._permitted())

    def depth(self) -> Depth:
        """Return how much of its outbox the archive has not stored, bytes of those there may be."""
        if self.inbox is None or self.arena is None:
            return Depth()
        return Depth(self.inbox.unstored_bytes(), len(self.arena.words.outbox()))

    def set_drill(self, value: int) -> None:
        """Set the drill word (`Side.DRILL`): a fault on purpose, outside the inbox."""
        if self.arena is None:
            return
        self.arena.side[Side.DRILL] = value

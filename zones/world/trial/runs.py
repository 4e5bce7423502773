"""Runs of a trial: sealed children, each with a copy of the world in memory that is shared with us.

Owns: starting them, watching how they get on, their end. Does not own: what they do (`living.py`),
reading what they leave (`reading.py`), what follows from how they end (`judging.py`).

The memory is shared so that what a dead one leaves can be read. Whether one still gets on is seen
by its commit word alone; a hang is judged by the time of the processor that it takes in one tick,
so that a busy machine makes nobody guilty. A child dies with us.
"""

import fcntl
import math
import mmap
import os
import select
import signal
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeVar

from Kernel.contract.arena import ArenaWords, Side, State
from Kernel.contract.errors import MoltError
from Kernel.contract.signal_words import describe_signal
from zones.runtime.arena_image import ArenaImage
from zones.runtime.kinship import die_with, refuse_core_dumps
from zones.world.trial.following import Follower, Lied, Period
from zones.world.trial.reading import Origin, origin_of, read_progress

LOOK_MS: Final = 10
HANG_CPU_S: Final = 2.0
"""Of processor time in one tick, or before the first one: a tick of a million takes 0.2 s."""
HANG_IDLE_S: Final = 15.0
"""One that sleeps takes no processor time: it has stood still for so long."""
IDLE_CPU_S: Final = 0.01
UNWATCHED_S: Final = 1.0
"""Longer without a look and we were stopped ourselves, by a freezer that holds it, too, maybe."""
REPORT_BYTES_MAX: Final = 16 * 1024
NOISE_BYTES_MAX: Final = 256 * 1024
"""What a run may print; its beginning is kept."""
SAID_BYTES: Final = 400
FAILED: Final = 70
"""Exit code of a child that raised; why is its report."""
_READ_BYTES: Final = 64 * 1024
_FIRST_FREE: Final = 8
_CPU_CLOCK: Final = 2
"""CPUCLOCK_SCHED: the low bits of a process's clock id, see `clock_getcpuclockid` of Linux."""

Body = Callable[[memoryview, Callable[[], int], Callable[[], None]], bytes]
"""`living.live` with its life: memory, acknowledged, seal."""
Read = TypeVar("Read")


class How(StrEnum):
    """How a run came to its end."""

    DONE = "done"
    DIED = "died"
    HUNG = "hung"
    FLOODED = "flooded"
    LIED = "lied"
    SLOW = "slow"  # it got on, but took longer than it may


@dataclass(frozen=True, slots=True)
class Order:
    """One run that is wanted.

    Args:
        seal: called by the child when it needs nothing more.
        cpu_s: how much of the processor it may take at most: a busy machine makes nobody slow.
        counted, window_ticks: see `Origin`.
    """

    image: ArenaImage
    ticks: int
    body: Body
    seal: Callable[[], None]
    cpu_s: float
    code_hash: str = ""
    counted: bool = True
    window_ticks: int = 0


@dataclass(frozen=True, slots=True)
class End:
    """How a run has ended.

    Args:
        why: for people, as it follows "it".
        tick: the last one it committed; flight: whose code ran then.
        said: the beginning of what it printed.
        signal: that ended it by itself or from outside, 0: none did.
    """

    how: How
    why: str
    tick: int
    flight: int
    origin: Origin
    memory: memoryview
    report: bytes
    periods: list[Period]
    said: str
    wall_s: float
    signal: int = 0


def run_all(orders: Sequence[Order], at_once: int, until_s: float = math.inf) -> list[End]:
    """Return how each run ended, in the order of the orders; see `read_all`."""
    return read_all(orders, at_once, until_s, lambda end: end)


def read_all(
    orders: Sequence[Order], at_once: int, until_s: float, read: Callable[[End], Read]
) -> list[Read]:
    """Return what is read of each run, in the order of the orders; at most `at_once` live at once.

    Args:
        read: what it returns should leave the memory of the run behind: there may be many.
        until_s: monotonic seconds; whoever lives longer is ended, and nothing is said of it.

    Raises:
        MoltError: no process or memory is left for one, or the time is up.
    """
    waiting, living, ended = deque(enumerate(orders)), dict[int, Run](), dict[int, Read]()
    try:
        while waiting or living:
            while waiting and len(living) < at_once:
                number, order = waiting.popleft()
                living[number] = Run(order)
            if time.monotonic() > until_s:
                raise MoltError(
                    "cannot try a trait: its runs were not done in time, though they got on: the "
                    "machine is busy, or the world large",
                    "molt try FILE --ticks 100",
                )
            for run in living.values():
                run.wait(LOOK_MS / len(living))
            for number, run in list(living.items()):
                end = run.look()
                if end is not None:
                    del living[number]
                    if waiting:  # nobody waits while it is read
                        following, order = waiting.popleft()
                        living[following] = Run(order)
                    ended[number] = read(end)
    finally:
        for run in living.values():
            run.end()
    return [ended[number] for number in sorted(ended)]


class Run:
    """One child."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._origin = origin_of(
            order.image, order.ticks, order.code_hash, order.counted, order.window_ticks
        )
        self._report, self._said, self._noise = bytearray(), bytearray(), 0
        self._how, self._why = How.DONE, ""
        buffers = order.image.buffers()
        opened: list[int] = []
        try:
            room, side = mmap.mmap(-1, buffers.file_bytes), mmap.mmap(-1, Side.BYTES)
            self._memory = memoryview(room)
            for _ in range(2):
                opened += os.pipe2(os.O_CLOEXEC)
            self._report_fd, report, self._noise_fd, noise = opened
            parent = os.getpid()
            self.pid = os.fork()
            if not self.pid:
                _be_child(order, self._memory, side, (report, noise), parent)
            # Shared: who is forked later would write into the arena it is compared with.
            for shared in (room, side):
                shared.madvise(mmap.MADV_DONTFORK)
        except OSError as error:
            for each in opened:
                os.close(each)
            raise MoltError(f"cannot try a trait: {error.strerror or error}") from error
        os.close(report)
        os.close(noise)
        for each in (self._report_fd, self._noise_fd):
            os.set_blocking(each, False)
        self._pidfd = os.pidfd_open(self.pid)
        # Its layout is what is to be founded: offsets in its header are never read.
        words = ArenaWords(self._memory)
        words.layout = buffers
        sequence = int.from_bytes(order.image.buffer[State.OUTBOX_NEXT :][:8], "little")
        self._follower = Follower(words, side, order.image.tick, sequence)
        self._poller = select.poll()
        for each in (self._report_fd, self._noise_fd, self._pidfd):
            self._poller.register(each, select.POLLIN)
        self._open = {self._report_fd, self._noise_fd}
        self._began_s = self._awake_s = self._looked_s = time.monotonic()
        self._moved_cpu_s = self._awake_cpu_s = 0.0
        self._tick = order.image.tick

    def wait(self, most_ms: float) -> None:
        """Return when it says something or ends, at the latest after so long."""
        self._poller.poll(most_ms)

    def look(self) -> End | None:
        """Take what it has said, see whether it gets on; return how it ended, None: it lives."""
        leaving = os.WEXITED | os.WNOHANG | os.WNOWAIT
        is_over = os.waitid(os.P_PIDFD, self._pidfd, leaving) is not None
        for fd in tuple(self._open):
            self._take(fd)
        if not self._why:
            self._follow()
        if not is_over and not self._why:
            self._judge_progress()
        if not is_over and not self._why:
            return None
        return self.end()

    def end(self) -> End:
        """End it if it still lives, and return what became of it."""
        if self._why:
            os.kill(self.pid, signal.SIGKILL)
        else:
            self._drain()
        status = os.waitpid(self.pid, 0 if self._why else os.WNOHANG)
        if not status[0]:  # nobody waits for it any more
            os.kill(self.pid, signal.SIGKILL)
            status = os.waitpid(self.pid, 0)
        for fd in (self._report_fd, self._noise_fd, self._pidfd):
            os.close(fd)
        code = os.waitstatus_to_exitcode(status[1])
        if not self._why:
            self._tell_exit(code)
        tick, flight = read_progress(self._memory, self._origin)
        return End(
            self._how,
            self._why,
            tick,
            flight,
            self._origin,
            self._memory,
            bytes(self._report),
            self._follower.periods,
            bytes(self._said).decode(errors="replace"),
            time.monotonic() - self._began_s,
            -code if code < 0 and self._how is How.DIED else 0,
        )

    def _stop(self, how: How, why: str) -> None:
        if not self._why:
            self._how, self._why = how, why

    def _tell_exit(self, code: int) -> None:
        if code < 0:
            self._stop(How.DIED, f"died by {describe_signal(-code)}")
        elif code == FAILED:
            self._stop(How.DIED, f"failed: {bytes(self._report).decode(errors='replace')}")
        elif code or not self._report:
            self._stop(How.DIED, f"left with exit code {code}")

    def _take(self, fd: int) -> None:
        """Read a pipe once, if there is something in it."""
        try:
            data = os.read(fd, _READ_BYTES)
        except BlockingIOError:
            return
        if not data:
            self._poller.unregister(fd)
            self._open.discard(fd)
        elif fd == self._report_fd:
            self._report += data[: REPORT_BYTES_MAX + 1]
            if len(self._report) > REPORT_BYTES_MAX:
                self._stop(How.FLOODED, f"reported more than {REPORT_BYTES_MAX} bytes")
        else:
            self._said += data[: max(SAID_BYTES - len(self._said), 0)]
            self._noise += len(data)
            if self._noise > NOISE_BYTES_MAX:
                self._stop(How.FLOODED, f"printed more than {NOISE_BYTES_MAX} bytes")

    def _drain(self) -> None:
        """Read what a dead one has left in its pipes: no more than they hold."""
        while self._open and not self._why:
            before = len(self._open), len(self._report), self._noise
            for fd in tuple(self._open):
                self._take(fd)
            if before == (len(self._open), len(self._report), self._noise):
                break
        if not self._why:
            self._follow()

    def _follow(self) -> None:
        try:
            self._follower.look()
        except Lied as lie:
            self._stop(How.LIED, str(lie))

    def _judge_progress(self) -> None:
        now_s, cpu_s = time.monotonic(), _cpu_s(self.pid)
        if now_s - self._looked_s > UNWATCHED_S:
            self._awake_s += now_s - self._looked_s
        self._looked_s = now_s
        tick = read_progress(self._memory, self._origin)[0]
        if tick > self._tick or cpu_s - self._awake_cpu_s > IDLE_CPU_S:
            self._awake_s, self._awake_cpu_s = now_s, cpu_s
        if tick > self._tick:
            self._tick, self._moved_cpu_s = tick, cpu_s
        elif cpu_s - self._moved_cpu_s > HANG_CPU_S:
            self._stop(How.HUNG, f"took {HANG_CPU_S:g} s of the processor for one tick")
        elif now_s - self._awake_s > HANG_IDLE_S:
            self._stop(How.HUNG, f"did nothing for {HANG_IDLE_S:g} s")
        if cpu_s > self._order.cpu_s:
            self._stop(How.SLOW, f"took more than {self._order.cpu_s:g} s of the processor")


def _cpu_s(pid: int) -> float:
    """Return the processor time of a process, 0.0 of one that is gone."""
    try:
        return time.clock_gettime(~pid << 3 | _CPU_CLOCK)
    except OSError:
        return 0.0


def _be_child(
    order: Order, memory: memoryview, side: mmap.mmap, ways: tuple[int, int], parent: int
) -> None:
    """Be the child: live the run, tell how it went, and end. It never returns."""
    code = FAILED
    try:
        die_with(parent)
        refuse_core_dumps()
        way = _settle(*ways)
        acked = memoryview(side).cast("Q")
        try:
            data = order.body(memory, lambda: acked[Side.OUTBOX_ACKED_OFFSET >> 3], order.seal)
            code = 0
        except MoltError as error:
            data = error.message.encode()
        except BaseException as error:  # of a foreign source it may be anything
            data = f"{type(error).__name__}: {error}".encode(errors="replace")
        data = data[:REPORT_BYTES_MAX]
        while data:
            data = data[os.write(way, data) :]
    finally:
        os._exit(code)


def _settle(report: int, noise: int) -> int:
    """Keep no descriptor but the ways out, at fixed numbers; return that of the report."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    kept = [
        fcntl.fcntl(each, fcntl.F_DUPFD, _FIRST_FREE) for each in (nothing, noise, noise, report)
    ]
    for number, each in enumerate(kept):
        os.dup2(each, number)
    os.closerange(len(kept), 1 << 20)
    return len(kept) - 1

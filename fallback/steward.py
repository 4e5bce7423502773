"""Safe mode itself: a minimal kernel that keeps the world and the console while all else is broken.

Owns: the one loop, and the order of entering and leaving. Does not own: any decision
(`decisions.py`), the world's process (`lone_world.py`), the wire (`console_socket.py`).
"""

import contextlib
import faulthandler
import math
import os
import select
import signal
import socket
import sys
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fallback import answers
from fallback.arena_glance import NoWorldError, WorldWords, find_arena, read_world
from fallback.back_off import BackOff
from fallback.births import hold_for_exec, let_through
from fallback.console_socket import EXIT_USAGE, Asker, ConsoleSocket, RefusedError
from fallback.decisions import (
    plan_after_change,
    plan_first_probe,
    plan_next_probe,
    plan_no_probe,
)
from fallback.entry import RETURNED_AT
from fallback.home_folders import Folders, open_run
from fallback.home_locks import say_stopped
from fallback.known_world import load_known_world
from fallback.lone_world import LoneWorld
from fallback.probing import Outcome, Prober, fingerprint
from fallback.stay_note import load_failures, save_failures
from fallback.talk import WARNING, Talk

ROUND_S = 0.25
SCAN_S = 2.0
LEAVE_S = 10.0
PACE_SAMPLES = 21
EXIT_KILLED = 130
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)
TAKEN = {"help": ("words",), "shutdown": ("dry_run",)}
"""Arguments that the command line may send; the other commands take none."""
CAUGHT_SIGNALS = (*STOP_SIGNALS, signal.SIGHUP, signal.SIGQUIT, signal.SIGCHLD)


@dataclass(frozen=True, slots=True)
class Entry:
    """Why safe mode was entered, and how to go back.

    Args:
        reason: one sentence.
        detail: the captured error with file and line, or "".
        arguments: of manifest.py.
        stay: it was asked for; it is left only when that is asked for, too.
    """

    reason: str
    detail: str
    arguments: tuple[str, ...]
    stay: bool = False


class Steward:
    """One stay in safe mode.

    Args:
        folders: the home, its locks held.
        back_off: of the probes.
    """

    def __init__(
        self, checkout: Path, folders: Folders, entry: Entry, back_off: BackOff, talk: Talk
    ) -> None:
        self._checkout = checkout
        self._folders = folders
        self._entry = entry
        self._back_off = back_off
        self._talk = talk
        self._known = load_known_world(folders.home)
        cache_dir = checkout / ".cache" / "numba"
        self._world = LoneWorld(folders, self._known, checkout, cache_dir, talk)
        self._prober = Prober(checkout, folders.home, entry.arguments)
        self._began_s = time.monotonic()
        self._pace: deque[tuple[float, int]] = deque(maxlen=PACE_SAMPLES)
        remembered = load_failures(folders.home / "run", _since_boot_s())
        self._plan = plan_first_probe(back_off, remembered, self._began_s)
        if entry.stay:
            self._plan = plan_no_probe(self._plan)
        self._print = fingerprint(checkout, folders.home)
        self._scanned_s = self._began_s
        self._probes = 0
        self._outcome = Outcome("")
        self._waiting: list[Asker] = []  # for the outcome of a probe
        self._leavers: list[Asker] = []  # for the world to stand still
        self._goal = ""  # "", "exit" or "normal"
        self._leave_by_s = 0.0
        self._exit_code = 0
        self._said = ""
        self._had_terminal = _has_terminal()
        self._run_fd = folders.run_fd
        self._console = ConsoleSocket(folders.run_fd, self._on_request)
        self._mute = ""  # why nobody can reach the console
        self._signals = _catch_signals()

    @property
    def is_stopping(self) -> bool:
        """Whether it was told to leave for good."""
        return self._goal == "exit"

    def run(self) -> int:
        """Keep the world and the console until told to stop; may become the normal kernel."""
        self._talk.say(f"entered: {self._entry.reason}", WARNING)
        if self._entry.detail:
            self._talk.say(f"  {self._entry.detail}", WARNING)
        self._talk.say("the console answers; look: molt safe-mode status")
        self._talk.tell_manager("READY=1", f"STATUS=safe mode: {self._entry.reason}")
        while not self._is_done():
            self._wait()
            self._round(time.monotonic())
        self._prober.end()
        self._console.close()
        if self._goal == "normal":
            self._return_to_normal()
        self._talk.say(f"stopped{self._at_tick()}")
        say_stopped(self._folders.lock_fds[0])
        return self._exit_code

    def _wait(self) -> None:
        poller = select.poll()
        poller.register(self._signals, select.POLLIN)
        for fd, events in self._console.interest().items():
            poller.register(fd, events)
        for extra in (self._world.stderr_fd(), self._prober.fd()):
            if extra is not None:
                poller.register(extra, select.POLLIN)
        ready = poller.poll(ROUND_S * 1000)
        now_s = time.monotonic()
        for fd, events in ready:
            self._console.handle(fd, events, now_s)
        with contextlib.suppress(BlockingIOError):
            for number in self._signals.recv(256):
                self._on_signal(number, now_s)

    def _round(self, now_s: float) -> None:
        self._world.look(now_s)
        if now_s - self._scanned_s >= SCAN_S:
            self._scanned_s = now_s
            self._mend_console()
            self._scan(now_s)
        self._probe(now_s)
        world = self._read_world()[0]
        if not self._world.is_ticking:
            self._pace.clear()
        elif world is not None and (not self._pace or now_s - self._pace[-1][0] >= ROUND_S):
            self._pace.append((now_s, world.tick))
        self._console.settle(now_s)
        self._talk.tell_alive(now_s)
        said = f"STATUS=safe mode: {self._entry.reason}"
        if not self._world.is_ticking:
            said += "; the world stands still"
        if said != self._said:
            self._said = said
            self._talk.tell_manager(said)
        if self._goal and self._world.pid is not None and now_s > self._leave_by_s:
            self._world.kill()

    def _mend_console(self) -> None:
        """Make HOME/run and the socket anew if somebody removed them.

        Its lock is gone with it; the locks of the arenas still keep another kernel out.
        """
        try:
            run = self._folders.home / "run"
            if not run.is_dir() or not os.path.samestat(run.stat(), os.fstat(self._run_fd)):
                fresh = open_run(self._folders.home)
                os.close(self._run_fd)
                self._run_fd = fresh
            mute = self._console.mend(self._run_fd)
        except OSError as error:
            mute = f"cannot use {error.filename}: {error.strerror}"
        if mute and mute != self._mute:
            self._talk.say(f"nobody can reach the console: {mute}", WARNING)
        self._mute = mute

    def _scan(self, now_s: float) -> None:
        if self._goal:
            return
        found = fingerprint(self._checkout, self._folders.home)
        if found != self._print:
            self._print = found
            self._world.retry_now()
            if not self._entry.stay:
                self._talk.say("files changed: normal running is tried")
                self._plan = plan_after_change(self._plan, now_s)

    def _probe(self, now_s: float) -> None:
        if self._goal:
            return
        if not self._prober.is_running and now_s >= self._plan.due_s:
            self._probes += 1
            cannot = self._prober.start(now_s)
            if cannot:
                self._on_outcome(Outcome(cannot), now_s)
        outcome = self._prober.look(now_s)
        if outcome is not None:
            self._on_outcome(outcome, now_s)

    def _on_outcome(self, outcome: Outcome, now_s: float) -> None:
        self._outcome = outcome
        waiting, self._waiting = self._waiting, []
        if not outcome.why:
            self._talk.say("normal running would work: going back to it")
            for asker in waiting:
                asker.reply({"leaving": True, "tick": self._tick()})
            self._leave("normal", now_s)
            return
        self._plan = plan_next_probe(self._plan, self._back_off, now_s)
        if self._entry.stay:
            self._plan = plan_no_probe(self._plan)
        self._talk.say(f"cannot run normally: {outcome.why}", WARNING)
        self._talk.say(f"{answers.next_try(self._facts())}: molt safe-mode leave")
        for asker in waiting:
            asker.refuse(RefusedError(f"cannot leave safe mode: {outcome.why}", outcome.hint))

    # What the console asks for.

    def _on_request(self, command: str, arguments: Mapping[str, object], asker: Asker) -> None:
        if command in answers.COMMANDS:
            _check_arguments(command, arguments)
        if command == "status":
            asker.reply(answers.status_fields(self._facts()))
        elif command == "ps":
            asker.reply({"zones": [answers.zone_fields(self._facts())]})
        elif command == "help":
            asker.reply(answers.help_fields(arguments))
        elif command == "safe-mode status":
            asker.reply(answers.safe_mode_fields(self._facts()))
        elif command == "safe-mode leave":
            self._on_leave(asker)
        elif arguments.get("dry_run") and command == "shutdown":
            raise RefusedError("cannot show what shutdown would do in safe mode", "molt status")
        elif command == "shutdown":
            self._leavers = [each for each in self._leavers if not each.is_gone] + [asker]
            self._leave("exit", time.monotonic())
        else:
            known = ", ".join(answers.COMMANDS)
            raise RefusedError(
                f"cannot run {command[:48]!a} in safe mode: there are {known}",
                "molt safe-mode status",
                5 if command.replace("-", " ").replace(" ", "").isalpha() else EXIT_USAGE,
            )

    def _on_leave(self, asker: Asker) -> None:
        if self._goal:
            raise RefusedError("cannot leave safe mode: it is being left", "molt status")
        # A probe may take minutes, and who asked may hang up and ask again.
        self._waiting = [each for each in self._waiting if not each.is_gone] + [asker]
        if not self._prober.is_running:
            self._plan = plan_after_change(self._plan, self._began_s)

    def _facts(self) -> answers.Facts:
        now_s = time.monotonic()
        world, no_world = self._read_world()
        due_s = 0.0 if self._prober.is_running else self._plan.due_s - now_s
        return answers.Facts(
            pid=os.getpid(),
            uptime_s=now_s - self._began_s,
            reason=self._entry.reason,
            detail=self._entry.detail,
            zone=self._known.zone,
            world=world,
            no_world=no_world,
            world_pid=self._world.pid,
            version=self._world.version,
            ticking=self._world.is_ticking,
            failures=self._world.failures,
            why_still=self._world.why,
            still_hint=self._world.hint,
            ticks_per_s=self._ticks_per_s(),
            damaged=[(error.message, error.hint) for error in self._world.damaged],
            probes=self._probes,
            probe_why=self._outcome.why,
            probe_hint=self._outcome.hint,
            next_probe_s=None if math.isinf(due_s) else max(0.0, due_s),
            stopping=bool(self._goal),
        )

    def _read_world(self) -> tuple[WorldWords | None, str]:
        try:
            path = find_arena(self._folders.home, self._folders.arenas, self._known.zone)
            return read_world(path), ""
        except NoWorldError as error:
            return None, str(error)

    def _tick(self) -> int | None:
        world, _why = self._read_world()
        return None if world is None else world.tick

    def _ticks_per_s(self) -> float:
        if len(self._pace) < 2:
            return 0.0
        (since_s, tick), (until_s, now) = self._pace[0], self._pace[-1]
        return (now - tick) / max(until_s - since_s, 1e-9)

    def _at_tick(self) -> str:
        tick = self._tick()
        return "" if tick is None else f" at tick {tick}"

    # Leaving.

    def _on_signal(self, number: int, now_s: float) -> None:
        if number == signal.SIGQUIT:
            with contextlib.suppress(OSError, ValueError, RuntimeError):  # nobody listens
                faulthandler.dump_traceback(sys.stderr)
        elif number == signal.SIGHUP and (not self._had_terminal or _has_terminal()):
            self._talk.say("asked to look again: normal running is tried")
            self._plan = plan_after_change(self._plan, now_s)
        elif number == signal.SIGINT and self._goal == "exit":
            self._exit_code = EXIT_KILLED
            self._world.kill()
        elif number in (*STOP_SIGNALS, signal.SIGHUP):
            self._leave("exit", now_s)

    def _leave(self, goal: str, now_s: float) -> None:
        if self._goal != "exit":  # who stops means it, whatever was under way
            self._goal = goal
        self._prober.end()
        for asker in self._waiting:
            asker.refuse(RefusedError("cannot leave safe mode: the kernel is being stopped"))
        self._waiting = []
        self._leave_by_s = now_s + LEAVE_S
        if self._goal == "exit":
            self._talk.tell_manager("STOPPING=1", "STATUS=stopping")
        self._world.leave()

    def _is_done(self) -> bool:
        if not self._goal or self._world.pid is not None:
            return False
        leavers, self._leavers = self._leavers, []
        for asker in leavers:
            asker.reply({"stopping": True, "tick": self._tick()})
        self._console.settle(time.monotonic())
        return True

    def _return_to_normal(self) -> None:
        """Become the normal kernel: same pid, same arguments. The locks go with the exec.

        A signal that came and was not acted on, or comes meanwhile, is for the kernel.
        """
        hold_for_exec()
        with contextlib.suppress(BlockingIOError):
            hold_for_exec(self._signals.recv(256))
        self._talk.say(f"leaving{self._at_tick()}")
        self._talk.tell_manager("STATUS=leaving safe mode")
        save_failures(self._folders.home / "run", self._plan.failures, _since_boot_s())
        for fd in self._folders.lock_fds:
            os.set_inheritable(fd, False)
        os.environ[RETURNED_AT] = f"{time.monotonic():.3f}"
        script = str(self._checkout / "manifest.py")
        os.execv(sys.executable, [sys.executable, script, *self._entry.arguments])


def _check_arguments(command: str, arguments: Mapping[str, object]) -> None:
    """Refuse what is not known instead of doing half of what was asked for."""
    taken = TAKEN.get(command, ())
    for name, value in arguments.items():
        if name not in taken:
            said = f"{name[:48]!a} is not known, it takes {', '.join(taken) or 'nothing'}"
        elif name == "dry_run" and not isinstance(value, bool | None):
            said = f"dry_run is {ascii(value)[:48]}, it takes true or false"
        else:
            continue
        raise RefusedError(f"cannot run '{command}': {said}", "molt help", EXIT_USAGE)


def end_children() -> None:
    """End every process that is still our child: an exec keeps them, their kernel is gone."""
    deadline_s = time.monotonic() + LEAVE_S
    while time.monotonic() < deadline_s:
        for children in Path("/proc/self/task").glob("*/children"):
            with contextlib.suppress(OSError):
                for pid in map(int, children.read_text().split()):
                    os.kill(pid, signal.SIGKILL)
        try:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                time.sleep(0.005)
        except ChildProcessError:
            return


def _catch_signals() -> socket.socket:
    """Have signals wake the loop as bytes of a socket instead of interrupting it."""
    reader, writer = socket.socketpair()
    reader.setblocking(False)
    writer.setblocking(False)
    signal.set_wakeup_fd(writer.detach(), warn_on_full_buffer=False)
    for number in CAUGHT_SIGNALS:
        if number == signal.SIGHUP and signal.getsignal(number) == signal.SIG_IGN:
            continue  # started by nohup
        signal.signal(number, lambda _number, _frame: None)
    let_through()
    return reader


def _has_terminal() -> bool:
    """Tell whether we have a terminal; one that has hung up is none any more."""
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY | os.O_CLOEXEC))
    except OSError:
        return False
    return True


def _since_boot_s() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)

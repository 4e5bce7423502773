"""Boot: configuration -> parts -> loop -> exit code. The composition root.

Owns: what is made, in which order, and how the kernel ends. Does not own: any decision about
zones (`Kernel/core`), what people see (`Kernel/console/screen.py`).
"""

import argparse
import contextlib
import json
import math
import os
import shlex
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from fallback.entry import RETURNED_AT, enter_safe_mode
from fallback.home_locks import say_stopped
from fallback.known_world import KnownWorld, save_known_world
from Kernel.config import KernelConfig, config_folder, load_config, speakers
from Kernel.console import screen_words
from Kernel.console.desk import Desk
from Kernel.console.facts import WORLD_ZONE, degraded_fields, zone_fields
from Kernel.console.handlers import Handlers
from Kernel.console.herald import Herald
from Kernel.console.own_door import OwnDoor
from Kernel.console.screen import Screen
from Kernel.console.server import ConsoleServer
from Kernel.console.status_line import StatusLine
from Kernel.contract.envelope import KERNEL
from Kernel.contract.errors import ConfigError, MoltError, what_helps
from Kernel.contract.user_bus import EPOCH_BYTES
from Kernel.core.event_bus import PrivateBus
from Kernel.core.event_feed import EventFeed
from Kernel.core.events import Recorder
from Kernel.core.function_cache import SECRET_BYTES
from Kernel.core.log_sender import LogSender
from Kernel.core.logger import make_log
from Kernel.core.lost_cells import tell_lost_cells
from Kernel.core.parts import Parts
from Kernel.core.zone_table import ZoneTable
from Kernel.loop import Loop
from Kernel.memory.remembering import Remembering, recall
from Kernel.ports.ahead_file import DiskAheadFiles
from Kernel.ports.arena_file import arena_folders, claim_folders
from Kernel.ports.cell_notes import HomeCellNotes
from Kernel.ports.cgroups import SystemCgroups
from Kernel.ports.clock import SystemClock
from Kernel.ports.cores import SystemCores
from Kernel.ports.disk import HomeFolders, make_home, open_home
from Kernel.ports.event_road import SocketRoads
from Kernel.ports.face import Reader, find_face
from Kernel.ports.limits import check_descriptors
from Kernel.ports.line_writer import LineWriter, open_writer
from Kernel.ports.listeners import Listeners
from Kernel.ports.machine_load import SystemMachineMeters
from Kernel.ports.memory_file import HomeMemoryFile, MemoryFile
from Kernel.ports.meters import Meters, ProcLoads
from Kernel.ports.notify import find_notifier
from Kernel.ports.own_stacks import Stacks, keep_stacks
from Kernel.ports.process import SystemProcesses
from Kernel.ports.signals import STOP_SIGNALS, Signals
from Kernel.ports.terminal import Foreground, has_terminal
from Kernel.ports.trait_sets import HomeTraitSets
from Kernel.ports.update_files import HomeUpdates
from Kernel.ports.versions import HomeVersions
from Kernel.probe import probe
from Kernel.reloader import Reloader
from Kernel.slot_filler import SlotFiller

ROOT = Path(__file__).resolve().parent.parent
BUSY_ROUND_S = 0.002
EXIT_KILLED = 130
STACKS_S = 0.1
"""How long processes may take to dump their stacks when they are asked to."""


def main(arguments: list[str]) -> int:
    """Run a kernel until it is stopped; return its exit code."""
    options = _parse(arguments)
    foreground = Foreground.take() if options.own_terminal else None
    if options.ephemeral:
        options.home = Path(tempfile.mkdtemp(prefix="molt-"))
    try:
        kernel = _make_kernel(options, arguments)
        return kernel if isinstance(kernel, int) else kernel.run()
    finally:
        if foreground is not None:
            foreground.give_back()
        if options.ephemeral:
            for folder in (options.home, *arena_folders(options.home)):
                shutil.rmtree(folder, ignore_errors=True)


def _make_kernel(options: argparse.Namespace, arguments: list[str]) -> "Kernel | int":
    """Return a kernel ready to run, or the exit code when it cannot be made."""
    try:
        home = options.home.resolve()
        writer = open_writer(options.events_fd) if options.events_fd is not None else None
        folder = config_folder(home, ROOT)
        read = partial(load_config, folder, tuple(options.set), scenario=options.scenario)
        config = read()
        if options.probe:
            return probe(config, ROOT, HomeVersions(ROOT, home).main().source.root)
        check_descriptors()
        make_home(home)
        folders = arena_folders(home)
        opened = open_home(home, folders)
        strangers = claim_folders(home, folders)
        kernel = Kernel(config, read, opened, folders, strangers, options.json, arguments)
        if writer is not None:
            kernel.feed_events(writer)
        return kernel
    except MoltError as error:
        _complain(error.message, f"hint: {error.hint}" if error.hint else "")
        return error.exit_code
    except OSError as error:
        what = f" ({error.filename})" if error.filename else ""
        _complain(f"cannot start: {error.strerror or error}{what}")
        return ConfigError.exit_code


def _complain(*lines: str) -> None:
    """Say why there will be no kernel; there is no log yet, so in plain words for everybody."""
    mark = "<3>" if find_face(sys.stderr, os.environ).reader is Reader.JOURNAL else ""
    sys.stderr.write("".join(f"{mark}{line}\n" for line in lines if line))


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="manifest.py", description="Boot molt: a kernel that keeps a world alive."
    )
    default = os.environ.get("MOLT_HOME") or ROOT
    where = "where run-time state is kept (default: MOLT_HOME, or the checkout)"
    parser.add_argument("--home", type=Path, help=where)
    parser.add_argument("--json", action="store_true", help="print one line on stdout when ready")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="FILE.KEY=VALUE",
        help="override one configuration key, such as world.seed=7",
    )
    parser.add_argument(
        "--scenario",
        metavar="NAME",
        help="found the world by config/scenarios/NAME.yaml, laid over world.yaml",
    )
    parser.add_argument(
        "--ephemeral", action="store_true", help="a throw-away home, removed at the end"
    )
    parser.add_argument(
        "--events-fd",
        type=int,
        metavar="N",
        help="write every event of the ledger from now on to this descriptor, a line of JSON each",
    )
    parser.add_argument(
        "--own-terminal",
        action="store_true",
        help=argparse.SUPPRESS,  # for make run: Ctrl-C then reaches the kernel alone
    )
    parser.add_argument(
        "--probe",
        action="store_true",
        help=argparse.SUPPRESS,  # for safe mode: would a boot work? Nothing is written or started
    )
    parser.add_argument(
        "--no-open", action="store_true", help="accepted for later: this release opens no browser"
    )
    options = parser.parse_args(arguments)
    if options.ephemeral and options.home is not None:
        parser.error("cannot use --home with --ephemeral: a throw-away home is made by itself")
    options.home = options.home or Path(default)
    return options


class Kernel:
    """One boot: everything made once, run until it ends."""

    def __init__(
        self,
        config: KernelConfig,
        read_again: Callable[[], KernelConfig],
        home: HomeFolders,
        folders: list[Path],
        strangers: list[Path],
        as_json: bool,
        arguments: list[str],
    ) -> None:
        self._arguments = arguments
        self._safe: tuple[str, str, bool] | None = None
        self._home = home
        self._had_terminal = has_terminal()
        self._as_json = as_json
        self._began_s = _process_start_s()
        self._exit_code = 0
        self._ready = False
        self._clock = SystemClock()
        self._meters = Meters()
        self._loop = Loop()
        self._signals = Signals.catch()
        self._stacks = Stacks()
        self._stacks.catch()
        self._stacks_due_s = math.inf
        face = find_face(sys.stderr, os.environ)
        stderr = StatusLine(sys.stderr, face)
        self._log = Recorder(make_log(stderr, face), self._clock, os.urandom)
        self._sender = self._make_sender(config)
        self._feed: EventFeed | None = None
        cache_dir = ROOT / ".cache" / "numba"
        cache_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._processes = SystemProcesses(ROOT, cache_dir, home.lock_fds)
        self._cgroups = SystemCgroups(home.home)
        self._cell_notes = HomeCellNotes(home.data_dir / "cells")
        self._remembering = self._recall(HomeMemoryFile(home.data_dir / "memory"))
        parts = self._make_parts()
        self._slot_filler = SlotFiller(home.home, self._processes, self._log)
        self._bus = PrivateBus(home.bus_fd)
        self._listeners = Listeners(home.bus_fd, home.run_fd, speakers(config.zones))
        self._zones = self._make_zones(config, parts, folders)
        self._log.tick_now = self._zones.world_tick
        self._reloader = Reloader(config, read_again, self._zones, parts.log)
        handlers = Handlers(
            self._zones,
            self._clock,
            self._meters,
            self._began_s,
            self._stop,
            self._reloader.answer,
            self._stay_safe,
            self._log,
        )
        server = ConsoleServer(home.run_fd, keeps_out=OwnDoor(parts).keeps_out)
        self._desk = Desk(server, handlers, self._loop, self._clock)
        self._tell_strangers(strangers)
        self._tell_ignored(config)
        self._screen = Screen(stderr, face, parts.log, self._clock, self._began_s, parts.memory)
        self._notifier = find_notifier(os.environ, os.getpid())
        self._herald = Herald(self._notifier, self._clock)

    def _recall(self, file: MemoryFile) -> Remembering:
        """Take up what the kernel before has left."""
        return Remembering(recall(file, self._log, self._clock.now_s()), file, self._log)

    def _tell_ignored(self, config: KernelConfig) -> None:
        for name, why in config.sources.ignored.items():
            self._log.warning("config.ignored", key=name, why=why, hint=f"unset {name}")

    def _make_sender(self, config: KernelConfig) -> LogSender | None:
        """Return what sends our events to the ledger; nobody does where no zone keeps one."""
        if not speakers(config.zones):
            return None
        home, clock, loop = self._home, self._clock, self._loop
        roads, files = SocketRoads(home.bus_fd, KERNEL), DiskAheadFiles(home.data_dir / "ahead")
        sender = LogSender(roads, files, clock, loop, os.urandom(EPOCH_BYTES), self._log)
        self._log.send = sender.add
        sender.begin()
        return sender

    def feed_events(self, writer: LineWriter) -> None:
        """Write every event of the ledger to a descriptor from now on.

        Raises:
            ConfigError: no zone keeps a ledger.
        """
        sender = self._sender
        if sender is None:
            raise ConfigError("cannot write events: no zone of kernel.yaml is the broker")
        self._feed = EventFeed(
            SocketRoads(self._home.bus_fd, KERNEL),
            writer,
            lambda: sender.newest_at_start,
            self._clock,
            self._loop,
            self._log,
        )

    def _make_parts(self) -> Parts:
        machine = SystemMachineMeters(self._home.home)
        return Parts(
            clock=self._clock,
            processes=self._processes,
            loop=self._loop,
            log=self._log,
            home=str(self._home.home),
            loads=ProcLoads(),
            versions=HomeVersions(ROOT, self._home.home),
            stacks=self._home.home / "log" / "stacks",
            trait_sets=HomeTraitSets(self._home.home),
            cgroups=self._cgroups,
            cell_notes=self._cell_notes,
            guard_notes=HomeCellNotes(self._home.data_dir / "guards"),
            secret=os.urandom(SECRET_BYTES),
            memory=self._remembering.memory,
            machine=machine,
            pool=machine.pool(),
            cores=SystemCores(),
            updates=HomeUpdates(self._home.home),
        )

    def _make_zones(self, config: KernelConfig, parts: Parts, folders: list[Path]) -> ZoneTable:
        home, listeners = self._home, self._listeners.descriptors
        snapshots = home.data_dir / "snapshots"
        zones = ZoneTable(config, parts, self._bus, home.bus_fd, folders, snapshots, listeners)
        if self._sender is not None:
            zones.send_events_by(self._sender)
        return zones

    def run(self) -> int:
        """Serve until stopped and return the exit code."""
        self._screen.banner(self._home.home)
        lost = b""
        if self._home.lost_pid:
            why = "did not stop in order: it was killed, crashed, or the machine went down"
            lost = self._log.warning("kernel.lost", pid=self._home.lost_pid, why=why)
        tell_lost_cells(self._cell_notes, self._log, lost)
        self._loop.watch(self._signals.reader.fileno(), lambda _events: self._on_signals())
        self._loop.run(self._round)
        self._remembering.close(self._clock.now_s())
        self._bus.close_all()
        self._listeners.close()
        self._cgroups.close()
        if self._exit_code == 0:
            self._screen.stopped(self._zones)
        elif self._exit_code == EXIT_KILLED:
            self._screen.killed(self._zones)
        self._desk.close("python manifest.py" if self._safe is None else "molt status")
        if self._feed is not None:
            self._feed.close()
        if self._sender is not None:
            self._sender.close()
        if self._exit_code == 0 and self._safe is not None:
            config, (reason, detail, stay) = self._reloader.config, self._safe
            probe_s = config.probe_base_s, config.probe_cap_s
            self._signals.hold()
            enter_safe_mode(self._home.home, reason, detail, self._arguments, probe_s, stay)
        self._notifier.close()
        say_stopped(self._home.lock_fds[0])
        return self._exit_code

    def _round(self) -> float:
        strangers = self._zones.reap()
        self._zones.look()
        self._slot_filler.look(self._clock.now_s(), strangers)
        self._desk.look()
        if self._clock.now_s() >= self._stacks_due_s:
            self._keep_stacks()
        given_up, given_up_by = self._zones.given_up()
        if given_up and self._zones.stop is None:
            why = "no version of the world keeps running"
            self.begin_safe_mode(why, given_up, cause=given_up_by)
        if not self._ready:
            self._while_booting()
        if self._zones.stopped():
            self._loop.stop()
        self._screen.refresh(self._zones)
        self._tell_manager()
        self._remembering.look(self._clock.now_s())
        if self._sender is not None:
            self._sender.look()
        if self._feed is not None:
            self._feed.look()
            if self._feed.has_more:
                return 0.0
        if self._zones.busy():
            return BUSY_ROUND_S
        if not self._ready:
            return 0.01
        now_s, longest_s = self._clock.now_s(), self._reloader.config.poll_interval_s
        longest_s = min(longest_s, self._desk.pace_s() or longest_s)
        return min(longest_s, max(0.0, self._zones.next_look_s(now_s) - now_s))

    def _while_booting(self) -> None:
        refused = self._zones.refused_settings()
        if refused is not None and self._zones.stop is None:
            self._screen.refused(refused.message, refused.hint)
            self._exit_code = refused.code
            self._zones.begin_stop()
        if self._zones.stop is not None or not self._zones.is_up():
            return
        self._ready = True
        boot_s = round(self._clock.now_s() - self._began_s, 3)
        self._screen.ready(self._zones, boot_s, self._reloader.config.scenario)
        self._reloader.tell_differences()
        self._herald.ready()
        self._note_world()
        if self._zones.all_ready():  # a checkout whose archive is broken is no known-good copy
            self._slot_filler.begin(self._clock.now_s())
        if self._as_json:
            with contextlib.suppress(OSError):  # nobody reads it: no reason to stop a world
                sys.stdout.write(json.dumps(self._ready_fields(boot_s)) + "\n")
                sys.stdout.flush()

    def _tell_manager(self) -> None:
        """Tell the service manager how it goes, from the loop that does the work."""
        self._herald.look()
        if self._zones.stop is not None:
            holders = self._zones.leaving.held_up_by()
            if holders:
                self._herald.leaving(screen_words.leaving(holders), holders[0].left_s)
        elif not self._herald.is_due():
            return
        elif not self._ready:
            self._herald.booting(screen_words.booting(self._zones.keepers()))
        else:
            degraded = degraded_fields(self._zones)
            state = " ".join(each["what"] for each in degraded)
            self._herald.status(state, screen_words.service_status(self._zones, degraded))

    def _ready_fields(self, boot_s: float) -> dict[str, Any]:
        return {
            "pid": os.getpid(),
            "home": str(self._home.home),
            "socket": str(self._home.run_dir / "console.sock"),
            "urls": [],
            "zones": [zone_fields(keeper, self._meters) for keeper in self._zones.keepers()],
            "boot_s": boot_s,
        }

    def _tell_strangers(self, strangers: list[Path]) -> None:
        for path in strangers:
            self._log.info(
                "arena.set_aside",
                path=str(path),
                why="it belonged to a home that is gone; delete it if you do not need it",
                hint=f"rm {shlex.quote(str(path))}",
            )

    def _note_world(self) -> None:
        """Leave a note of what runs for safe mode, which cannot read the configuration."""
        worlds = [zone for zone in self._reloader.config.zones if zone.name in self._zones.arenas]
        for zone in sorted(worlds, key=lambda zone: zone.name != WORLD_ZONE)[:1]:
            try:
                note = KnownWorld(zone.name, zone.service, zone.settings)
                save_known_world(self._home.home, note)
            except (OSError, ValueError) as error:
                hint = what_helps(error, self._home.home) if isinstance(error, OSError) else ""
                self._log.warning(
                    "note.not_written", what="the world for safe mode", why=str(error), hint=hint
                )

    def _on_signals(self) -> None:
        for number in self._signals.read():
            if number == signal.SIGQUIT:
                self._zones.ask_stacks()
                self._stacks_due_s = self._clock.now_s() + STACKS_S
            elif number == signal.SIGINT and self._zones.stop is not None:
                self._kill()
            elif number == signal.SIGHUP and not self._is_hangup():
                self._herald.reloading()
                self._reloader.on_signal()
                self._herald.ready()
            elif number in STOP_SIGNALS:
                self._stop()

    def _keep_stacks(self) -> None:
        """SIGQUIT: what was dumped goes into a file, our own stacks first; the kernel goes on."""
        self._stacks_due_s = math.inf
        folder = self._home.home / "log"
        try:
            dumps = self._stacks.take() + self._zones.take_stacks().encode()
            path = keep_stacks(folder, dumps)
        except OSError as error:
            hint = what_helps(error, folder)
            self._log.warning("kernel.stacks_not_kept", why=str(error), hint=hint)
            return
        self._log.info("kernel.stacks", path=str(path))

    def _is_hangup(self) -> bool:
        """Tell a terminal that was closed on us from somebody who wants the files read again.

        A closed terminal is no reason to lose anything: it is an orderly stop. Without one, as
        under systemd, or while it is there, SIGHUP is what it is for every other service.
        """
        return self._had_terminal and not has_terminal()

    def _stay_safe(self, reason: str, cause: bytes) -> None:
        self.begin_safe_mode(reason, stay=True, cause=cause)

    def begin_safe_mode(
        self, reason: str, detail: str = "", stay: bool = False, cause: bytes = b""
    ) -> None:
        """Stop every zone in order, the world at a tick boundary, then become safe mode.

        The service manager is not told of a stop: it would end what goes on as safe mode.

        Args:
            detail: what the zone said, with file and line, or "".
            stay: until it is told to leave; else until normal running would work.
            cause: id of the event that led to it.
        """
        self._safe = reason, detail, stay
        begun = self._log.note(
            "kernel.safe_mode_begun", why=reason, detail=detail, stay=stay, cause=cause
        )
        self._zones.begin_stop(self._screen.stopping(begun))

    def _stop(self, cause: bytes = b"") -> None:
        if self._zones.stop is None or self._safe is not None:
            self._herald.stopping(self._reloader.config.stop_deadline_s)
        self._safe = None  # who stops the kernel means it
        self._zones.begin_stop(self._screen.stopping(cause))

    def _kill(self) -> None:
        """The second Ctrl-C: nobody is asked any more."""
        self._zones.kill_all()
        self._exit_code = EXIT_KILLED
        self._loop.stop()


def _process_start_s() -> float:
    """Return when this process began, in monotonic seconds: boot time counts the interpreter.

    Safe mode that becomes a kernel is an older process, and says when it did.
    """
    said = os.environ.pop(RETURNED_AT, "")
    with contextlib.suppress(ValueError):  # somebody else's word, or none
        if 0 <= float(said) <= time.monotonic():
            return float(said)
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    ticks_per_s = 100  # USER_HZ, fixed by the Linux ABI
    since_boot_s = int(fields[19]) / ticks_per_s
    return time.monotonic() - (time.clock_gettime(time.CLOCK_BOOTTIME) - since_boot_s)

"""A live kernel, senders and a world with inputs, killed at random instants and started again.

Owns: who is killed and when (from a seed), starting all of it again, bringing it to rest, reading
the log for the checker. Does not own: the rules (`tools/chaos/log_rules.py`), what a sender does
(`log_sender.py`).
"""

import json
import os
import random
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Final

from Kernel.contract.arena import Header
from Kernel.contract.envelope import ID_BYTES, Envelope
from Kernel.contract.places import LEDGER
from tests.chaos.harness import ROOT, KernelRun, is_running, wait_until
from tests.support.leash import die_with_us
from tools.chaos.log_rules import Notes, Stored, parse_notes
from zones.ledger.exports.otel import FILE as SPANS
from zones.ledger.service import derive
from zones.ledger.settings import ArchiveSettings
from zones.runtime.ledger_file import LOG, SEGMENTS, LedgerReader

SENDERS: Final = {"alice": "bus", "bob": "bus", "carol": "scribe"}
"""Name, and the road it takes."""
POSTER: Final = "world"
"""Stands for who posts inputs: its events are the world's input.applied."""
PARAMETER: Final = "resource_spawn_rate"
VALUE_LOW: Final = 0.02
VALUE_STEP: Final = 1e-6
"""The number of an input is in its value."""
SETTINGS: Final = (
    "world.seed=20261127",
    "archive.log_mb=1",  # so that parts of the log move to segments, under kills, too
    "archive.segment_mb=1",
    *(
        f"kernel.zones.{zone}.{key}"
        for zone in ("stable", "archive", "chronos")
        for key in ("backoff_cap_s=0.02", "backoff_base_s=0.02", "failures_max=1000")
    ),
)
PAUSE_MAX_S: Final = 0.5
BOOT_MAX_S: Final = 1.2
"""A kernel that is killed while it boots lives up to this long."""
DRAIN_S: Final = 60.0
DERIVE_S: Final = 300.0
VICTIMS: Final = {"archive": 40, "sender": 25, "kernel": 12, "booting": 5, "all": 13, "owner": 5}
"""Who is killed, and how often of a hundred times."""


class Poster:
    """Posts numbered inputs to the world, from a thread, whether a kernel is there or not."""

    def __init__(self, home: Path, chance: random.Random) -> None:
        self.notes = Notes()
        self._home = home
        self._chance = chance
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Post no more; returns when the last answer is there or cannot come."""
        self._stop.set()
        self._thread.join(20.0)

    def _run(self) -> None:
        while not self._stop.wait(self._chance.random() * 0.2):
            number = len(self.notes.sent) + 1
            self.notes.sent.append(number)
            with suppress(OSError, ValueError):
                if self._post(number):
                    self.notes.acknowledged[number] = 0

    def _post(self, number: int) -> bool:
        value = round(VALUE_LOW + number * VALUE_STEP, 6)
        request = b'{"command": "params", "args": {"key": "%b", "value": %b}}\n'
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as peer:
            peer.settimeout(10.0)
            peer.connect(str(self._home / "run" / "console.sock"))
            peer.sendall(request % (PARAMETER.encode(), str(value).encode()))
            with peer.makefile("rb") as lines:
                return b'"ok": true' in lines.readline()


class SenderProcess:
    """One sender, over all its lives."""

    def __init__(self, home: Path, name: str, road: str) -> None:
        self.name = name
        self.notes_path = home / f"{name}.notes"
        self._command = [
            *(sys.executable, "-m", "tests.chaos.log_sender"),
            *(road, str(home), name, str(self.notes_path)),
        ]
        self._log = (home / f"{name}.log").open("ab")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *options: str) -> None:
        """Begin another life, unless it lives."""
        if self._process is None or self._ended():
            self._process = subprocess.Popen(
                [*self._command, *options],
                cwd=ROOT,
                stdout=self._log,
                stderr=self._log,
                preexec_fn=die_with_us(),
            )

    def kill(self) -> None:
        """Kill -9; does not wait."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()

    def end(self) -> None:
        """Let it make everything durable and leave."""
        assert self._process is not None
        if self._process.poll() is None:
            self._process.terminate()
        self._process.wait(DRAIN_S)
        self._ended()

    def drain(self) -> None:
        """Begin a last life that only hands in what earlier ones have left behind."""
        self.start("--drain")
        assert self._process is not None
        self._process.wait(DRAIN_S)
        self._ended()

    def _ended(self) -> bool:
        """Return whether the present life is over; it may end by our signals, or in order."""
        assert self._process is not None
        code = self._process.poll()
        if code is None:
            return False
        said = Path(self._log.name).read_text(errors="replace")[-3000:]
        # SIGTERM ends one that has not begun: it has no handler yet.
        assert code in {0, -signal.SIGKILL, -signal.SIGTERM}, (
            f"{self.name} left with {code}\n{said}"
        )
        return True

    def close(self) -> None:
        """Kill it if it lives."""
        self.kill()
        if self._process is not None:
            self._process.wait()
        self._log.close()


class HurriedKernel(KernelRun):
    """A kernel that is killed while it boots."""

    life_s = 0.0

    def _read_ready(self) -> dict[str, object]:
        time.sleep(self.life_s)
        return {}


class LogRun:
    """All of it. Use as a context manager.

    Args:
        seed: decides who is killed and when, not what happens then.
    """

    def __init__(self, home: Path, seed: int) -> None:
        self._home = home
        self._chance = random.Random(seed)
        self._kernel: KernelRun | None = None
        self._stack = ExitStack()
        self.killed: dict[str, int] = dict.fromkeys(VICTIMS, 0)

    def __enter__(self) -> "LogRun":
        with self._stack:
            self._senders = [
                SenderProcess(self._home, name, road) for name, road in SENDERS.items()
            ]
            for sender in self._senders:
                self._stack.callback(sender.close)
            self._stack.callback(self._end_kernel)
            self._boot()
            self._poster = Poster(self._home, random.Random(self._chance.random()))
            self._stack.callback(self._poster.close)
            for sender in self._senders:
                sender.start()
            self._stack = self._stack.pop_all()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stack.close()

    @property
    def kernel(self) -> KernelRun:
        """Return the kernel that runs now."""
        assert self._kernel is not None
        return self._kernel

    def hurt(self) -> None:
        """Wait for a random while, kill somebody, and start what does not come back by itself."""
        chance = self._chance
        time.sleep(chance.random() * PAUSE_MAX_S)
        (victim,) = chance.choices(list(VICTIMS), list(VICTIMS.values()))
        self.killed[victim] += 1
        if victim == "archive":
            for _ in range(chance.choice([1, 1, 2, 3])):
                self._kill_archive()
                time.sleep(chance.random() * 0.05)
        elif victim == "sender":
            sender = chance.choice(self._senders)
            sender.kill()
            time.sleep(chance.random() * 0.2)
        elif victim == "owner":
            with suppress(ProcessLookupError):
                os.kill(self.kernel.word(Header.OWNER), signal.SIGKILL)
        else:
            self._kill_much(victim)
        for sender in self._senders:
            sender.start()

    def _kill_archive(self) -> None:
        with suppress(ProcessLookupError):
            pid = self.kernel.zone("archive")["pid"]
            if pid:
                os.kill(pid, signal.SIGKILL)

    def _kill_much(self, victim: str) -> None:
        """Kill the kernel, alone, with everybody, or once more in the middle of its boot."""
        family = self.kernel.family()
        pids = [self.kernel.process.pid, *(family if victim == "all" else [])]
        self._chance.shuffle(pids)
        if victim == "all":
            for sender in self._senders:
                sender.kill()
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._end_kernel()
        wait_until(lambda: not any(map(is_running, family)), "nothing outlives a killed kernel", 5)
        if victim == "booting":
            HurriedKernel.life_s = self._chance.random() * BOOT_MAX_S
            HurriedKernel(self._home, *SETTINGS).__exit__()
        self._boot()

    def _boot(self) -> None:
        self._kernel = KernelRun(self._home, *SETTINGS).__enter__()

    def _end_kernel(self) -> None:
        if self._kernel is not None:
            self._kernel.__exit__()
            self._kernel = None

    def rest(self) -> list[bytes]:
        """Bring everything to rest in order; return the ids of the arenas.

        Afterwards nothing is on its way: senders have handed in all they had, the world stands and
        its outbox is stored, the kernel has left.
        """
        self._poster.close()
        for sender in self._senders:
            sender.end()
        for sender in self._senders:
            sender.drain()
        kernel = self.kernel
        kernel.ask("pause")
        assert kernel.words is not None
        arena = kernel.words.get_bytes(Header.ARENA_ID, ID_BYTES)
        assert kernel.stop() == 0, kernel.log()
        self._end_kernel()
        assert not (left := processes_in(self._home)), f"outlived the kernel: {left}"
        return [arena]

    def notes(self) -> dict[str, Notes]:
        """Return what each sender knows."""
        known = {each.name: parse_notes(each.notes_path.read_bytes()) for each in self._senders}
        return known | {POSTER: self._poster.notes}


def processes_in(home: Path) -> list[str]:
    """Return the processes that name this home on their command line."""
    found = []
    for entry in os.listdir("/proc"):
        with suppress(OSError):
            if entry.isdigit() and os.fsencode(home) in Path(f"/proc/{entry}/cmdline").read_bytes():
                found.append(entry)
    return found


def read_log(home: Path) -> list[Stored]:
    """Return the whole log with the heads that are stored beside it."""
    log: list[Stored] = []
    with closing(LedgerReader(home / LEDGER)) as reader:
        for run in reader.runs(1):
            heads = run.heads or (*(None for _ in run.records[1:]), run.head)
            pairs = zip(run.records, heads, strict=True)
            log += (Stored(place, *pair) for place, pair in enumerate(pairs, run.first))
    return log


def derived_tables(home: Path) -> dict[str, list[tuple[object, ...]]]:
    """Return the rows of all tables made from the log, brought up to date first.

    Args:
        home: with a ledger that nobody writes.
    """
    told: list[tuple[str, object]] = []
    derived = derive(home, ArchiveSettings(), lambda kind, **values: told.append((kind, values)))
    deadline = time.monotonic() + DERIVE_S
    while derived.step(1.0):
        assert time.monotonic() < deadline, f"not made in {DERIVE_S} s"
    derived.close()
    assert not told, told
    rows: dict[str, list[tuple[object, ...]]] = {}
    for path in sorted((home / LEDGER).glob("*.sqlite3")):
        if path.name in {LOG, SPANS}:  # that one says how long its file is
            continue
        with closing(sqlite3.connect(path)) as base:
            names = [
                name
                for (name,) in base.execute("SELECT name FROM sqlite_schema WHERE type='table'")
            ]
            for name in sorted(names):
                found = base.execute(f"SELECT * FROM {name}").fetchall()
                rows[f"{path.name} {name}"] = sorted(found, key=repr)
    return rows


def spans_in(folder: Path) -> list[tuple[str, str]]:
    """Return trace and id of the spans in files."""
    return [
        (span["traceId"], span["spanId"])
        for path in folder.glob("spans*.jsonl")
        for line in path.read_text().splitlines()
        for resource in json.loads(line)["resourceSpans"]
        for scope in resource["scopeSpans"]
        for span in scope["spans"]
    ]


def copy_log(home: Path, copy: Path) -> None:
    """Make a home with the log and its segments, and nothing that is made from them."""
    ledger, folder = home / LEDGER, copy / LEDGER
    folder.mkdir(parents=True)
    for path in ledger.glob(f"{LOG}*"):
        shutil.copy(path, folder)
    if (ledger / SEGMENTS).is_dir():
        shutil.copytree(ledger / SEGMENTS, folder / SEGMENTS)


def identify(event: Envelope) -> tuple[str, int] | None:
    """Return whose event it is and its number, None when no checked sender's."""
    if event.kind == "feed":
        fields = event.payload_fields()
        return (
            (fields["agent"], fields["metadata"]["number"]) if fields["agent"] in SENDERS else None
        )
    if event.kind == "test.numbered":
        fields = event.payload_fields()
        return fields["sender"], fields["number"]
    if event.kind == "input.applied":
        fields = event.payload_fields()["input"]
        if fields.get("param") == PARAMETER:
            return POSTER, round((fields["value"] - VALUE_LOW) / VALUE_STEP)
    return None

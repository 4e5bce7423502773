"""Hostile sources, unchecked, in trials of a real kernel: what became of each.

Owns: the kernel and its surrounding, asking for one trial after the other, how an end is called.
Does not own: what is watched (`watching.py`), the sources (`tests/corpus`), the table
(`campaign_table.py`). `python -m tests.cage --sources` shows it.

A source of `tests/corpus/caged` that reaches its aim leaves with REACHED_CODE: the verdict tells it
even where nothing that is watched has been touched. `bare.py` shows that they can.
"""

import json
import os
import re
import secrets
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from tests.cage.stage import SECRET_VARIABLE, Stage
from tests.cage.watching import Watch
from tests.chaos.harness import KernelRun
from tests.structure.sources import ROOT
from tests.support.ledger_events import ledger_events
from tests.zones.traits.corpus import CORPUS

REACHED_CODE: Final = 77
CAGED: Final = "caged"
FOLDERS: Final = (CAGED, "hostile", "hostile_running", "found", "edges")
LANES: Final = 4
SETTINGS: Final = (
    f"kernel.trial.at_once={LANES}",
    "kernel.unchecked_trials=true", "world.seed=7", "world.max_entities=400",
    "world.entities=200",
)  # fmt: skip
TICKS: Final = 12
SAMPLE: Final = (
    "caged/files_read_in_execute",
    "caged/files_write_by_ctypes",
    "caged/sockets_tcp",
    "caged/sockets_console",
    "caged/signals_end_the_parent",
    "caged/memory_of_the_parent",
    "caged/processes_shell",
    "caged/code_made_executable",
    "caged/environment_read",
    "caged/lies_all_over_the_arena",
    "caged/lies_flooded_report",
    "caged/ends_by_a_fault",
)
_CATEGORY: Final = re.compile(rb"# category: ([\w -]+)")
_PLACE: Final = re.compile(rb"@([a-z_0-9]+)@")
_IDLE_S: Final = 10.0
_EVENTS_S: Final = 20.0
_SIGNAL: Final = re.compile(r"died by signal \d+ \((\w+)\)")


@dataclass(frozen=True, slots=True)
class Source:
    """One file of the corpus."""

    folder: str
    name: str
    category: str
    text: bytes


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of one source.

    Args:
        end: one word of `classify`.
        wrong: what it has reached or harmed, in words; none where it was contained.
        told: its end is an event, with its cause.
    """

    folder: str
    name: str
    category: str
    end: str
    reason: str
    seconds: float
    wrong: tuple[str, ...]
    told: bool = False


@dataclass(frozen=True, slots=True)
class Campaign:
    """What became of all.

    Args:
        missed_per_min: ticks that the world missed in a minute while they were tried.
        missed_idle_per_min: and while nothing was.
        ticks: that the world computed meanwhile.
    """

    fates: tuple[Fate, ...]
    missed_per_min: float
    missed_idle_per_min: float
    ticks: int
    seconds: float


def sources(sample: bool) -> list[Source]:
    """Return the sources, those that were written for this first."""
    found = []
    for folder in FOLDERS:
        for path in sorted((CORPUS / folder).glob("*.py")):
            text = path.read_bytes()
            head = _CATEGORY.match(text)
            category = head.group(1).decode().strip() if head else folder
            found.append(Source(folder, path.stem, category, text))
    if sample:
        by_name = {f"{each.folder}/{each.name}": each for each in found}
        found = [by_name[name] for name in SAMPLE]
    return found


def batches(chosen: Sequence[Source]) -> Iterator[Sequence[Source]]:
    """Yield those of `caged` alone, and LANES of the others at a time."""
    alone = [each for each in chosen if each.folder == CAGED]
    others = [each for each in chosen if each.folder != CAGED]
    yield from ([each] for each in alone)
    yield from (others[at : at + LANES] for at in range(0, len(others), LANES))


def fill_in(text: bytes, stage: Stage, kernel_pid: int) -> bytes:
    """Put what is there to be reached where a source names it."""
    places: dict[str, Any] = {
        "abstract": stage.name,
        "arena": stage.arena,
        "canary": stage.canary,
        "console": stage.home / "run" / "console.sock",
        "home": stage.home,
        "kernel_pid": kernel_pid,
        "secret_file": stage.secret_file,
        "secret_head": stage.secret[:12].decode(),
        "secret_name": stage.secret_file.name,
        "shm_id": stage.victim.shm_id,
        "tcp_port": stage.port("tcp"),
        "udp_port": stage.port("udp"),
        "unix": stage.where["unix"],
        "victim_folder": stage.victim_folder,
        "victim_pid": stage.victim.pid,
    }
    return _PLACE.sub(
        lambda found: str(places.get(found[1].decode(), found[0].decode())).encode(), text
    )


def classify(reply: dict[str, Any]) -> tuple[str, str]:
    """Return what an end is called, and the reason that was given."""
    if not reply["ok"]:
        return "not tried", str(reply.get("error", ""))
    result = reply["result"]
    reason = result["reason"]
    if result["accepted"]:
        return "ran to its end", ""
    if result["rule"] != "died":
        return result["rule"], reason
    signal = _SIGNAL.search(reason)
    if signal is None:
        return "left", reason
    return ("killed by the filter" if signal[1] == "SIGSYS" else "crashed"), reason


class Ground:
    """A kernel, what is to be kept from it, and eyes on both. Use as a context manager."""

    def __init__(self) -> None:
        self.stage = Stage(Path("/nonexistent"), Path("/nonexistent"), roads=False)
        self._watch: Watch | None = None
        try:
            self._kernel = KernelRun(self.stage.home, *SETTINGS)
        except BaseException:
            self.stage.close()
            raise

    def __enter__(self) -> "Ground":
        self._kernel.__enter__()
        time.sleep(1.0)  # what a kernel does once, right after it is ready
        self._watch = Watch(self.stage, self._kernel)
        return self

    def __exit__(self, *_error: object) -> None:
        if self._watch is not None:
            self._watch.close()
        self._kernel.__exit__()
        self.stage.close()

    @property
    def watch(self) -> Watch:
        """The eyes."""
        assert self._watch is not None, "use as a context manager"
        return self._watch

    @property
    def tick(self) -> int:
        """The committed tick of the world."""
        tick: int = self._kernel.ask("status")["world"]["tick"]
        return tick

    def try_some(self, batch: Sequence[Source]) -> list[tuple[Fate, str]]:
        """Have the kernel try sources beside each other.

        Returns what became of each, and the hash of its text. What is seen to be wrong afterwards
        is said of all of them.
        """
        texts = [fill_in(each.text, self.stage, self._kernel.process.pid) for each in batch]
        with ThreadPoolExecutor(len(batch)) as lanes:
            tried = list(lanes.map(self._try, texts))
        seen = self.watch.look()
        found = []
        for source, text, (end, reason, seconds) in zip(batch, texts, tried, strict=True):
            wrong = list(seen)
            if f"exit code {REACHED_CODE}" in reason:
                wrong.append("says that it has reached its aim")
            fate = Fate(
                source.folder, source.name, source.category, end, reason, seconds, tuple(wrong)
            )
            found.append((fate, sha256(text).hexdigest()))
        return found

    def _try(self, text: bytes) -> tuple[str, str, float]:
        began_s = time.monotonic()
        reply = self._kernel.ask_raw(
            "try", source=b64encode(text).decode(), ticks=TICKS, seeds=1, unchecked=True
        )
        return *classify(reply), time.monotonic() - began_s

    def told_of(self, hashes: set[str]) -> set[str]:
        """Return of which sources the ledger tells the end, with its cause."""
        until_s = time.monotonic() + _EVENTS_S
        while True:
            events = ledger_events(self.stage.home)
            told = {
                event["payload"]["code_hash"]
                for event in events
                if event["kind"] in ("trial.ended", "trial.refused") and event["cause"]
            }
            if hashes <= told or time.monotonic() > until_s:
                return told
            time.sleep(0.1)


def carry_out(sample: bool) -> Campaign:
    """Try all, batch after batch."""
    began_s = time.monotonic()
    tried: list[tuple[Fate, str]] = []
    with Ground() as ground:
        idle_missed, idle_s = _idle(ground, 1.0 if sample else _IDLE_S)
        missed, tick, work_s = ground.watch.missed_ticks(), ground.tick, time.monotonic()
        for batch in batches(sources(sample)):
            tried += ground.try_some(batch)
            if not sample:
                print(f"{len(tried)} tried, {time.monotonic() - began_s:.0f} s", file=sys.stderr)
        minutes = (time.monotonic() - work_s) / 60
        missed, ticks = ground.watch.missed_ticks() - missed, ground.tick - tick
        told = ground.told_of({code_hash for _fate, code_hash in tried})
    fates = tuple(replace(fate, told=code_hash in told) for fate, code_hash in tried)
    return Campaign(
        fates, missed / minutes, idle_missed / idle_s * 60, ticks, time.monotonic() - began_s
    )


def _idle(ground: Ground, seconds: float) -> tuple[int, float]:
    before = ground.watch.missed_ticks()
    time.sleep(seconds)
    return ground.watch.missed_ticks() - before, seconds


def carry_out_apart(sample: bool) -> Campaign:
    """Do the same in a process of its own, whose environment has a secret to keep."""
    words = [sys.executable, "-m", "tests.cage.campaign"]
    done = subprocess.run(
        words + (["--sample"] if sample else []),
        cwd=ROOT, env={**os.environ, SECRET_VARIABLE: secrets.token_hex(16)},
        stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, check=True,
    )  # fmt: skip
    told = json.loads(done.stdout)
    fates = tuple(Fate(**{**fate, "wrong": tuple(fate["wrong"])}) for fate in told.pop("fates"))
    return Campaign(fates, **told)


def uncontained(campaign: Campaign) -> Iterator[str]:
    """Yield what has gone wrong, in words."""
    for fate in campaign.fates:
        for words in fate.wrong:
            yield f"{fate.folder}/{fate.name} {words} (its end: {fate.end} {fate.reason})"
        if not fate.told:
            yield f"{fate.folder}/{fate.name} has an end that no event tells"


def main(arguments: list[str]) -> int:
    """Carry the campaign out in this process, and print it as JSON."""
    json.dump(asdict(carry_out("--sample" in arguments)), sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

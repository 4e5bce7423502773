"""Traits on paper: a registry in a world's state, and the process of a trial.

Owns: the traits there are, where a world on paper keeps them, the life of a trial. Does not own:
what the kernel makes of them (`Kernel/core/trials.py`, `trait_changes.py`). Three names with two
versions each.
"""

import hashlib
import json
import os
import signal
from base64 import b64encode
from typing import Any

from Kernel.contract.arena import ArenaWords, Header, State
from Kernel.contract.inputs import ADD_TRAIT, REMOVE_TRAIT, Input
from Kernel.contract.trait_registry import ACTIVE, SUSPENDED, TraitRow
from Kernel.ports.trait_sets import MemoryTraitSets
from tests.sim.machine import CONSOLE_FD, FIRST_FD
from tests.sim.processes import SimProcess, SimProcesses

TRAITS = 6
NAMES = 3
REFUSED = 5
"""The trait that breaks a rule."""
FIRST = State.OWN + 64
"""A word for each slot, 1 to NAMES: number of the trait + 1, status in bit 8, tick above 16."""
WORK_MS = (300.0, 4000.0)


def source_of(number: int) -> bytes:
    """Return the source of a trait."""
    return b"trait %d" % number


def content_of(number: int) -> str:
    """Return it as a request carries it."""
    return b64encode(source_of(number)).decode()


def name_of(number: int) -> str:
    """Return the name of a trait; two have each name."""
    return f"T{number % NAMES}"


HASHES = [hashlib.sha256(source_of(number)).hexdigest() for number in range(TRAITS)]


def read_rows(words: ArenaWords) -> list[TraitRow]:
    """Return the registry as the committed tick has it."""
    tick, rows = words.get(Header.COMMIT), []
    for slot in range(1, NAMES + 1):
        word = words.state(tick, FIRST + 8 * slot)
        if word:
            number = (word & 0xFF) - 1
            status = SUSPENDED if word >> 8 & 1 else ACTIVE
            row = TraitRow(
                slot, name_of(number), 1 + number // NAMES, HASHES[number], "native", "none",
                status, 0, word >> 16,
            )  # fmt: skip
            rows.append(row)
    return rows


def change(words: ArenaWords, new: int, tick: int, given: Input) -> None:
    """Do what an input says about traits; a replaced version gives up its slot."""
    if given.kind == ADD_TRAIT and given.trait is not None:
        number = HASHES.index(given.trait.hash)
        _put(words, new, 1 + number % NAMES, number + 1 | tick << 16)
    elif given.kind == REMOVE_TRAIT:
        _put(words, new, 1 + int(given.name[1:]), 0)


def suspend_lacking(words: ArenaWords, new: int, has: frozenset[str]) -> None:
    """Suspend every active trait whose code the process that ticks has not got."""
    for slot in range(1, NAMES + 1):
        word = words.state(new, FIRST + 8 * slot)
        if word and not word >> 8 & 1 and HASHES[(word & 0xFF) - 1] not in has:
            _put(words, new, slot, word | 1 << 8)


def _put(words: ArenaWords, new: int, slot: int, word: int) -> None:
    words.put_state(new, FIRST + 8 * slot, word)
    version = words.state(new, State.REGISTRY_VERSION)
    words.put_state(new, State.REGISTRY_VERSION, version + 1)


class TrialLife(SimProcess):
    """The process of one trial: it answers after a while, or fails in one of many ways."""

    role = "trial"

    def __init__(
        self,
        processes: SimProcesses,
        zone: str,
        job: dict[str, Any],
        things: dict[str, Any],
        sets: MemoryTraitSets,
    ) -> None:
        super().__init__(processes, zone)
        self._job, self._sets = job, sets
        self._source = os.pread(things["job"], 1000, 0)
        os.close(things["job"])
        self._out = things["result"]
        self._has_news = False
        self._read_end = self._find_read_end()
        processes.loop.offer(self._read_end, lambda: self._has_news)
        acts = (
            self._answer, self.hang, self._answer, lambda: self.leave(1), self._fail,
            self._answer, lambda: self._say(b'{"accepted": true'), self._answer,
            lambda: self.fall(signal.SIGSEGV), lambda: self.fall(signal.SIGKILL),
        )  # fmt: skip
        # In turns, so that a few trials see many ends; where a run begins is drawn.
        act = acts[(processes.trials + processes.rng.randrange(2)) % len(acts)]
        processes.trials += 1
        self.later(processes.between(*WORK_MS), act)

    def _find_read_end(self) -> int:
        """Return the kernel's end of the pipe: both ends are one file."""
        ours = os.fstat(self._out).st_ino
        real = [fd for fd in self.processes.loop.sources() if fd < FIRST_FD and fd != CONSOLE_FD]
        return next((fd for fd in real if os.fstat(fd).st_ino == ours), -1)

    def _answer(self) -> None:
        code_hash = hashlib.sha256(self._source).hexdigest()
        number = HASHES.index(code_hash)
        told: dict[str, object] = {
            "accepted": False, "code_hash": code_hash, "rule": "name", "reason": "a name",
        }  # fmt: skip
        if number != REFUSED:
            if self._job["add"]:
                self._sets.save(self.zone, [*self._job["hashes"], code_hash])
            told = {
                "accepted": True, "code_hash": code_hash, "name": name_of(number),
                "version": 1 + number // NAMES, "tier": "native", "state": "none",
            }  # fmt: skip
        self._say(json.dumps(told).encode())

    def _fail(self) -> None:
        self._say(json.dumps({"failed": "no space left"}).encode())

    def _say(self, data: bytes) -> None:
        try:
            os.write(self._out, data)
        except BrokenPipeError:  # the kernel waits for it no more
            self.leave(1)
            return
        self._tell()
        self.leave(0)

    def _tell(self) -> None:
        self._has_news = True
        self.processes.loop.touch(self._read_end)

    def on_end(self) -> None:
        """The pipe ends with it."""
        os.close(self._out)
        self._tell()

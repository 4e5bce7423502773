"""Traits on paper: a registry in a world's state, and the process that prepares a trait.

Owns: the traits there are, where a world on paper keeps them, the worker's life. Does not own:
what the kernel makes of them (`Kernel/core/trait_changes.py`). Three names with two versions each.
"""

import hashlib
import json
import os
from base64 import b64encode

from Kernel.contract.arena import ArenaWords, Header, State
from Kernel.contract.inputs import ADD_TRAIT, REMOVE_TRAIT, Input
from Kernel.contract.trait_registry import ACTIVE, SUSPENDED, TraitRow
from Kernel.ports.process import WorkerHandle
from Kernel.ports.trait_sets import MemoryTraitSets
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


class WorkerLife(SimProcess):
    """The process that prepares one trait: it answers after a while, fails, or hangs."""

    role = "worker"

    def __init__(
        self,
        processes: SimProcesses,
        zone: str,
        source: bytes,
        others: list[str],
        sets: MemoryTraitSets,
    ) -> None:
        super().__init__(processes, zone)
        self._source, self._others, self._sets = source, others, sets
        read_end, self._out = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._read_end, self._has_news = read_end, False
        processes.loop.offer(read_end, lambda: self._has_news)
        self.handle = WorkerHandle(self.pid, read_end)
        fate = processes.rng.random()
        if fate < 0.05:
            self.hang()
        elif fate < 0.1:
            self.later(processes.between(*WORK_MS), lambda: self.leave(1))
        else:
            self.later(processes.between(*WORK_MS), self._answer)

    def _answer(self) -> None:
        code_hash = hashlib.sha256(self._source).hexdigest()
        number = HASHES.index(code_hash)
        told: dict[str, object] = {"accepted": False, "code_hash": code_hash, "rule": "name"}
        if number != REFUSED:
            self._sets.save(self.zone, [*self._others, code_hash])
            told = {
                "accepted": True, "code_hash": code_hash, "name": name_of(number),
                "version": 1 + number // NAMES, "tier": "native", "state": "none",
            }  # fmt: skip
        os.write(self._out, json.dumps(told).encode())
        self._tell()
        self.leave(0)

    def _tell(self) -> None:
        self._has_news = True
        self.processes.loop.touch(self._read_end)

    def on_end(self) -> None:
        """The pipe ends with it."""
        os.close(self._out)
        self._tell()

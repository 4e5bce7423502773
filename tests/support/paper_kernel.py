"""A kernel on paper: a real zone table over fakes, with a world whose ticks a test makes by hand.

Owns: bringing the zone `stable` up, and a world that applies its inbox as the real one would. Does
not own: the real world's rules (`zones/world`).
"""

import hashlib
import os
import struct
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from Kernel.config import KernelConfig, ZoneConfig
from Kernel.contract.arena import (
    INBOX_WINDOW,
    NEVER,
    STATE_BYTES,
    ArenaWords,
    Header,
    State,
)
from Kernel.contract.inputs import (
    ADD_TRAIT,
    NO_TRAIT,
    PAUSE,
    QUARANTINE,
    REFUSALS,
    RELEASE_TRAIT,
    REMOVE_TRAIT,
    RESUME,
    SAME_CODE,
    SET_PARAM,
    STEP,
    Input,
    decode_input,
)
from Kernel.contract.rings import read
from Kernel.contract.trait_registry import ACTIVE, QUARANTINED, TraitRow
from Kernel.core import supervisor as sup
from Kernel.core.arena_keeper import ArenaKeeper
from Kernel.core.event_bus import PrivateBus
from Kernel.core.zone_table import ZoneTable
from tests.support.fakes import FakeMachine
from tests.support.toy import service as toy

FRICTION = {
    "name": "friction",
    "index": 3,
    "unit": "",
    "low": 0.0,
    "high": 1.0,
    "default": 0.85,
    "whole": False,
}
SERVICES = {"chronos": "zones.chronos", "archive": "zones.ledger"}
PHASES = ["between ticks", "index", "behave", "", "account"]
"""As a generation tells them; one has lost its name."""


class PaperKernel:
    """Zones `stable` (arena) and those bus zones asked for; or those of a configuration."""

    def __init__(
        self,
        machine: FakeMachine,
        folder: Path,
        services: Sequence[str] = (),
        config: KernelConfig | None = None,
    ) -> None:
        self.machine = machine
        self.folders = [folder / "shm", folder / "data"]
        for each in (*self.folders, folder / "bus"):
            each.mkdir()
        self.bus_fd = os.open(folder / "bus", os.O_RDONLY | os.O_DIRECTORY)
        self.bus = PrivateBus(self.bus_fd)
        zones = [ZoneConfig("stable", "tests.support.toy", sup.Policy(sup.Kind.ARENA, heir=True))]
        for name in services:
            policy = sup.Policy(sup.Kind.BUS)
            broker = name == "archive"
            zones.append(ZoneConfig(name, SERVICES[name], policy, reads=("stable",), broker=broker))
        config = config or KernelConfig(0.05, 10.0, True, tuple(zones))
        self.zones = ZoneTable(
            config, machine.parts(), self.bus, self.bus_fd, self.folders, folder / "snapshots"
        )
        self.active = self.heir = 0
        self.refuses = ""
        """Why the world refuses inputs about traits, one of `REFUSALS`; "": it does not."""

    @property
    def world(self) -> ArenaKeeper:
        """Return the keeper of the world."""
        return self.zones.arenas["stable"]

    @property
    def words(self) -> ArenaWords:
        """Return the world's words."""
        assert self.world.arena is not None
        return self.world.arena.words

    def round(self, count: int = 3) -> None:
        """Some rounds of the kernel."""
        for _ in range(count):
            self.machine.loop.turn()
            self.zones.reap()
            self.zones.look()

    def start(self) -> None:
        """Bring the world up: an active process and a ready heir."""
        zygote = self.zygote()
        facts = {"parameters": [FRICTION], "phases": PHASES}
        zygote.prepare(toy.Generation({}).facts | facts)
        self.round()
        founder = self.machine.processes.new_pid()
        request = zygote.fork(founder)
        self.round()
        toy.Generation({}).found(request.facts)
        self.machine.processes.end(founder, code=0)
        self.round()
        self._put_friction(self.words, 0, FRICTION["default"])
        self.active = self.fork()
        self.take_over(self.active)
        self.heir = self.fork()

    def zygote(self):
        """Return the world's zygote."""
        self.round()
        return next(
            each for each in self.machine.processes.zygotes if each.service == "tests.support.toy"
        )

    def fork(self) -> int:
        """Have a process of the world forked and ready."""
        pid = self.machine.processes.new_pid()
        request = self.zygote().fork(pid)
        self.round()
        self.zygote().ring(request.serial)
        self.round()
        return pid

    def take_over(self, pid: int, commit: bool = True) -> None:
        """Do what an heir does, and commit its first tick."""
        words = self.words
        words.put(Header.OWNER, pid)
        words.put(Header.EPOCH, words.get(Header.EPOCH) + 1)
        words.put(Header.TAKEN_OVER_NS, self.machine.clock.now_ns())
        words.put(Header.FIRST_COMMIT_NS, 0)
        words.put(Header.DRAIN_AT, NEVER)
        self.round()
        if commit:
            self.tick()
            words.put(Header.FIRST_COMMIT_NS, self.machine.clock.now_ns())
            self.round()

    def tick(self) -> int:
        """Commit one tick with every input that is due, publish the hash if it holds then."""
        words = self.words
        old = words.get(Header.COMMIT)
        new = old + 1
        start, target = words.buffer_offset(old), words.buffer_offset(new)
        words.memory[target : target + STATE_BYTES] = words.memory[start : start + STATE_BYTES]
        words.put_state(new, State.TICK, new)
        while words.state(new, State.INBOX_CURSOR) < words.get(Header.INBOX_NEXT):
            if not self._apply_next(words, new):
                break
        words.put(Header.COMMIT, new)
        if words.state(new, State.HOLD_AFTER) <= new:
            words.put_bytes(Header.HASH, self.hash_of(new))
            words.put(Header.HASH_TICK, new + 1)
        return new

    def _apply_next(self, words: ArenaWords, tick: int) -> bool:
        sequence = words.state(tick, State.INBOX_CURSOR)
        offset = words.state(tick, State.INBOX_OFFSET)
        entry = read(words.inbox(), offset, words.get(Header.INBOX_HEAD), sequence)
        input_ = decode_input(entry.payload)
        if input_.at_tick > tick:
            return False
        self._apply(words, tick, input_)
        words.put_state(tick, State.APPLIED_AT + 8 * (sequence % INBOX_WINDOW), tick)
        words.put_state(tick, State.INBOX_CURSOR, sequence + 1)
        words.put_state(tick, State.INBOX_OFFSET, entry.next_offset)
        return True

    def _apply(self, words: ArenaWords, tick: int, input_: Input) -> None:
        if input_.kind == PAUSE:
            words.put_state(tick, State.HOLD_AFTER, tick)
        elif input_.kind == RESUME:
            words.put_state(tick, State.HOLD_AFTER, NEVER)
        elif input_.kind == STEP:
            words.put_state(tick, State.HOLD_AFTER, tick + input_.steps - 1)
        elif input_.kind == SET_PARAM:
            self._put_friction(words, tick, input_.value)
        elif input_.kind in (ADD_TRAIT, REMOVE_TRAIT):
            self._change_traits(words, tick, input_)
        elif input_.kind == RELEASE_TRAIT:
            rows = [row for row in self.machine.arenas.rows if row.slot != input_.slot]
            self.machine.arenas.rows = rows
            version = words.state(tick, State.REGISTRY_VERSION)
            words.put_state(tick, State.REGISTRY_VERSION, version + 1)
        elif input_.kind == QUARANTINE:
            self.machine.arenas.rows = [
                replace(row, status=QUARANTINED) if row.slot == input_.slot else row
                for row in self.machine.arenas.rows
            ]
            version = words.state(tick, State.REGISTRY_VERSION)
            words.put_state(tick, State.REGISTRY_VERSION, version + 1)

    def _change_traits(self, words: ArenaWords, tick: int, input_: Input) -> None:
        """Do to the registry on paper what the world does to its own, or refuse as it does."""
        rows, given = self.machine.arenas.rows, input_.trait
        gone = given.name if given is not None else input_.name
        left = [row for row in rows if row.name != gone]
        refused = REFUSALS.index(self.refuses) if self.refuses else 0
        if given is None and left == rows:
            refused = NO_TRAIT
        if given is not None and any(
            (row.hash, row.status) == (given.hash, ACTIVE) for row in rows
        ):
            refused = SAME_CODE
        if refused:
            sequence = words.state(tick, State.INBOX_CURSOR)
            place = words.buffer_offset(tick) + State.INPUT_REFUSED + sequence % INBOX_WINDOW
            words.memory[place] = refused
            return
        if given is not None:
            slot = len(left) + 1
            left.append(
                TraitRow(
                    slot,
                    given.name,
                    given.version,
                    given.hash,
                    given.tier,
                    given.state,
                    "active",
                    given.memory,
                    tick,
                )
            )
        self.machine.arenas.rows = left
        version = words.state(tick, State.REGISTRY_VERSION)
        words.put_state(tick, State.REGISTRY_VERSION, version + 1)

    @staticmethod
    def _put_friction(words: ArenaWords, tick: int, value: float) -> None:
        place = words.buffer_offset(tick) + State.PARAMETERS + 8 * FRICTION["index"]
        struct.pack_into("<d", words.memory, place, value)

    def world_param(self) -> float:
        """Return the committed friction."""
        words = self.words
        place = words.buffer_offset(words.get(Header.COMMIT)) + State.PARAMETERS
        value: float = struct.unpack_from("<d", words.memory, place + 8 * FRICTION["index"])[0]
        return value

    @staticmethod
    def hash_of(tick: int) -> bytes:
        """Return what is published as the hash of a tick."""
        return hashlib.sha256(str(tick).encode()).digest()

    def close(self) -> None:
        """Close what the bus holds."""
        self.bus.close_all()
        os.close(self.bus_fd)

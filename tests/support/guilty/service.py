"""The toy with code that fails on purpose: at a tick, in a trait slot or in the core, in a way.

Settings: `plan`, the path of a JSON file {"from_tick", "slot", "how"} read when the generation is
made; without that file it is innocent. How: "segfault", "exit", "hang", what a sealed process may
not do ("open", "socket", "fork"), or "load", which cannot even be loaded. With "columns": 2 it
computes in a schema of its own and its founder moves the world there, or fails to with "refuse". A
slot that the state block says is quarantined does not run.
Inputs are taken as the real world takes them, as far as quarantine needs it.
"""

import hashlib
import json
import os
import signal
import socket
from pathlib import Path
from typing import Any

from Kernel.contract.arena import (
    INBOX_WINDOW,
    STATE_BYTES,
    ArenaWords,
    Header,
    State,
    new_header,
    plan_buffers,
)
from Kernel.contract.errors import ArenaError
from Kernel.contract.inputs import QUARANTINE, decode_input
from Kernel.contract.rings import read
from tests.support.toy import service as toy
from zones.runtime.arena_memory import map_arena, reserve_file
from zones.runtime.generation import Progress, untold

PHASE = 1
OTHER_SCHEMA = toy.SCHEMA.replace(b"chain", b"links")


class GuiltyEngine(toy.ToyEngine):
    """A toy that takes quarantines and fails by plan."""

    def __init__(self, words: ArenaWords, busy_s: float, plan: dict[str, Any]) -> None:
        super().__init__(words, busy_s)
        self.plan = plan

    def tick(self) -> None:
        """Take inputs, fail if the plan says so, else compute and commit."""
        words, tick = self.words, self.words.get(Header.COMMIT)
        quarantined = words.state(tick, State.QUARANTINED)
        cursor, offset = (
            words.state(tick, State.INBOX_CURSOR),
            words.state(tick, State.INBOX_OFFSET),
        )
        applied = []
        while cursor < words.get(Header.INBOX_NEXT):
            entry = read(words.inbox(), offset, words.get(Header.INBOX_HEAD), cursor)
            given = decode_input(entry.payload)
            quarantined |= 1 << given.slot if given.kind == QUARANTINE else 0
            applied.append(cursor)
            cursor, offset = cursor + 1, entry.next_offset
        slot = self.plan.get("slot", 0)
        if tick + 1 >= self.plan.get("from_tick", 2**62) and not quarantined >> slot & 1:
            words.put(Header.FLIGHT, PHASE | slot << 16)
            fail(self.plan["how"])
        new = tick + 1
        words.put_state(new, State.QUARANTINED, quarantined)
        words.put_state(new, State.INBOX_CURSOR, cursor)
        words.put_state(new, State.INBOX_OFFSET, offset)
        for sequence in applied:
            words.put_state(new, State.APPLIED_AT + 8 * (sequence % INBOX_WINDOW), new)
        super().tick()


def fail(how: str) -> None:
    """Be the fault; what a sealed process may not do is none where it is not sealed."""
    if how == "segfault":
        os.kill(os.getpid(), signal.SIGSEGV)
    elif how == "exit":
        os._exit(7)
    elif how == "open":
        os.close(os.open("/", os.O_RDONLY))
    elif how == "socket":
        socket.socket().close()
    elif how == "fork":
        if not os.fork():
            os._exit(0)
    else:
        while True:
            pass


class Generation(toy.Generation):
    """One version of the guilty toy, as its plan is when it is made."""

    def __init__(self, settings: dict[str, Any], progress: Progress = untold) -> None:
        super().__init__(settings, progress)
        path = Path(settings.get("plan", "/nonexistent"))
        self._plan = json.loads(path.read_text()) if path.exists() else {}
        if self._plan.get("how") == "load":
            raise ImportError("the plan says so")
        self.facts["phases"] = ["between ticks", "chain"]
        self.facts["generation"] = self._plan.get("how", "innocent")
        self._schema = toy.SCHEMA if self._plan.get("columns", 1) == 1 else OTHER_SCHEMA
        self.facts["schema_hash"] = hashlib.sha256(self._schema).hexdigest()

    def found(self, job: dict[str, Any]) -> None:
        """Make the arena file: anew, or of the one the world is to leave."""
        if "migrate_from" not in job:
            super().found(job)
            made = Path(job["folders"][0]) / f"{job['zone']}.arena"
            words = map_arena(os.open(made, os.O_RDWR), writable=True)
            words.put_bytes(Header.SCHEMA_HASH, hashlib.sha256(self._schema).digest())
            return
        if self._plan.get("refuse"):
            raise ArenaError("cannot move: the plan says so")
        path = Path(job["migrate_from"])
        old = map_arena(os.open(path, os.O_RDONLY), writable=False)
        tick = old.get(Header.COMMIT)
        buffers = plan_buffers(len(self._schema), 2 * toy.COLUMNS_BYTES)
        new = map_arena(reserve_file(path.with_suffix(".new"), buffers.file_bytes), writable=True)
        new_header(new, buffers)
        new.put_bytes(Header.SCHEMA_HASH, hashlib.sha256(self._schema).digest())
        new.put_bytes(Header.ARENA_ID, os.urandom(16))
        start = old.buffer_offset(tick)
        state = bytes(old.memory[start : start + STATE_BYTES])
        for number in (tick, tick + 1):
            new.put_bytes(new.buffer_offset(number), state)
        new.put(Header.INBOX_NEXT, old.state(tick, State.INBOX_CURSOR))
        new.put(Header.INBOX_HEAD, old.state(tick, State.INBOX_OFFSET))
        new.put(Header.COMMIT, tick)
        path.rename(path.with_name(f"{path.name}.set-aside-1"))
        path.with_suffix(".new").rename(path)

    def open_engine(self, words: ArenaWords, side: memoryview) -> toy.ToyEngine:
        """Return the engine on a mapped arena."""
        return GuiltyEngine(words, self._busy_s, self._plan)

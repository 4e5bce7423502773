"""A kernel on paper whose world ticks, and the steps by which a trait comes into it.

Owns: the scene that tests of traits on their way share. Does not own: the kernel
(`paper_kernel.py`), the machine (`fakes.py`).
"""

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from Kernel.contract.zygote_protocol import Configure, Fork, Forked, Prepared
from Kernel.core.trait_addition import TraitAddition, Wish
from Kernel.core.trial import TrialWish
from tests.support.fakes import CAGE, FakeMachine, FakeZygote
from tests.support.paper_kernel import FRICTION, PHASES, PaperKernel
from tests.support.toy import service as toy

SOURCE = b"class Forager(Trait):\n    async def execute(self, entity):\n        pass\n"
CODE_HASH = hashlib.sha256(SOURCE).hexdigest()
VERDICT = {
    "accepted": True, "code_hash": CODE_HASH, "name": "Forager", "version": 1, "tier": "native",
    "state": "carried", "memory": 2, "moods": ["hungry"], "file_path": "trait_forager_v1.py",
}  # fmt: skip


class Scene:
    """A kernel on paper whose world ticks, and the steps of an addition."""

    def __init__(self, machine: FakeMachine, folder: Path) -> None:
        self.machine = machine
        self.kernel = PaperKernel(machine, folder)
        self.kernel.start()
        self.changes = self.kernel.zones.traits
        line = self.world.line
        assert line is not None
        line.facts = {**line.facts, "cells": ["trial"]}

    @property
    def world(self):
        return self.kernel.world

    @property
    def zygote(self) -> FakeZygote:
        """The zygote of the generation that serves."""
        pid = self.world.line.state.zygote.pid
        return next(each for each in self.machine.processes.zygotes if each.pid == pid)

    def add(
        self, source: bytes = SOURCE, at_tick: int = 0, mutation_id: str = "", **more: object
    ) -> TraitAddition:
        cause = self.machine.log.info("command.taken", command="trait add", by_pid=1, args={})
        tried = TrialWish(source, "console", add=True, cause=cause, **more)
        return self.changes.add(self.world, Wish(tried, at_tick, mutation_id))

    def bear(self) -> None:
        """Let the zygote fork the trial; an heir it was asked for before is not there yet."""
        self.kernel.round()
        self.pid = self.machine.processes.new_pid()
        self.trier = self.zygote
        self.request = self.zygote.expect(Fork)
        while self.request.role != "trial":
            self.request = self.zygote.expect(Fork)
        self.zygote.say(Forked(self.request.serial, self.pid))
        self.kernel.round()

    def judge(self, told: object = VERDICT, code: int = 0) -> None:
        """Let the trial be born, tell its verdict and leave."""
        self.bear()
        self.say(told, code)

    def say(self, told: object, code: int = 0) -> None:
        """Let the trial tell its verdict and leave."""
        result = self.trier.descriptors[self.request.serial]["result"]
        os.write(result, json.dumps(told).encode())
        self.machine.processes.end(self.pid, code=code)
        self.kernel.round()

    def prepare(self, **traits: str) -> Configure:
        """Let the newest zygote say that it is warm; `traits`: why one of a hash is not loaded."""
        zygote = self.machine.zygote
        facts = toy.Generation({}).facts | {"parameters": [FRICTION], "phases": PHASES}
        facts |= {"cells": ["trial"], "cage": CAGE}
        configure = zygote.expect(Configure)
        rows = [
            {"hash": each, "tier": "", "why": traits.get("why", "")} for each in configure.traits
        ]
        from_zygote = facts | {"traits": rows}
        zygote.say(Prepared(zygote.pid, from_zygote))
        self.kernel.round()
        return configure

    def succeed(self) -> None:
        """Fork the new generation's heir, which takes over at once."""
        active = self.kernel.active
        pid = self.machine.processes.new_pid()
        request = self.machine.zygote.fork(pid)
        self.kernel.round()
        self.machine.zygote.ring(request.serial)
        self.kernel.round()
        self.kernel.take_over(pid)
        self.machine.processes.end(active, code=0)
        self.kernel.active = pid
        self.kernel.round()

    def bring_in(self) -> TraitAddition:
        """Take a trait all the way in."""
        addition = self.add()
        self.judge()
        self.prepare()
        self.succeed()
        self.kernel.tick()
        self.kernel.round()
        return addition


@contextmanager
def trait_scene(folder: Path) -> Iterator[Scene]:
    """Give a world that ticks, with an heir."""
    machine = FakeMachine()
    scene = Scene(machine, folder)
    yield scene
    scene.kernel.close()
    machine.processes.close()

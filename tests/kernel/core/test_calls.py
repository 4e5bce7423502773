"""Calls in a kernel on paper: who may have what run, and how each end is put and told."""

import hashlib
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from Kernel.contract.call_job import (
    ARGUMENT_CHARS_MAX,
    ARGUMENTS_MAX,
    CODE_FILE,
    CODE_PIPE,
    COMPILED_BUILD,
    JOB_BYTES_MAX,
    JobKind,
    exit_code,
    frame_compiled,
    unpack_job,
)
from Kernel.contract.errors import Refused
from Kernel.contract.zygote_protocol import Fork, Unforked
from Kernel.core.call_code import KEPT_FROM_BYTES
from Kernel.core.calls import GRACE_S, TIMEOUT_S, Call, Calls, CallWish, plan_call, put_end
from Kernel.core.cell import OUTPUT_BYTES_MAX, CellEnd, How
from Kernel.core.limits import CallLimits, Limits
from tests.support.fakes import FakeMachine
from tests.support.paper_kernel import PaperKernel

SOURCE = b"result = 42"
LONG = SOURCE + b" " * KEPT_FROM_BYTES
CODE = COMPILED_BUILD + b"code"
ANSWER = {
    "outcome": "returned", "result": 42, "printed": "", "dropped_bytes": 0, "error": None,
}  # fmt: skip
ERROR = {"type": "ValueError", "message": "no", "line": 3, "frames": [["a.py", 3, "f", ""]]}
CAUSE = b"c" * 16


def wish(**more: object) -> CallWish:
    """Return a wish to run SOURCE."""
    fields = {"kind": JobKind.SOURCE, "name": "a.py", "payload": SOURCE, "cause": CAUSE}
    return CallWish(**fields | more)


class Scene:
    """A world that ticks, and room for one call and one more that waits."""

    def __init__(self, machine: FakeMachine, folder: Path) -> None:
        self.machine = machine
        self.kernel = PaperKernel(machine, folder)
        self.kernel.start()
        self.world = self.kernel.world
        assert self.world.line is not None
        self.world.line.facts = {**self.world.line.facts, "cells": ["call"]}
        self.limits = CallLimits(1, 1, 30.0, Limits(memory_mb=64, descriptors=32), 256, 7)
        self.calls = Calls(self.world.parts, lambda: self.limits)
        self.pid = 0

    def round(self) -> None:
        """Some rounds of the kernel."""
        for _ in range(3):
            self.machine.loop.turn()
            for exit_ in self.machine.processes.reap():
                if not self.world.on_exit(exit_):
                    self.calls.cells.on_exit(exit_)
            self.kernel.zones.look()
            self.calls.look()

    def begin(self, **more: object) -> Call:
        """Ask for a call and let its process be born."""
        call = self.calls.ask(self.world, wish(**more))
        self.round()
        self.pid = self.machine.processes.new_pid()
        self.machine.zygote.fork(self.pid)
        self.round()
        return call

    @property
    def given(self) -> dict[str, int]:
        """The descriptors of the last Fork."""
        return self.machine.zygote.descriptors[max(self.machine.zygote.descriptors)]

    def end(self, said: bytes = b"", code: int | None = 0, number: int | None = None) -> None:
        """Let the process say something and end."""
        if said:
            os.write(self.given["result"], said)
        self.machine.processes.end(self.pid, code=None if number else code, number=number)
        self.round()

    def told(self, kind: str) -> dict:
        """Return what the newest event of a kind tells, and its cause."""
        log = self.machine.log
        newest = [event_id for event_id, name in log.named.items() if name == kind][-1]
        values = [values for event, values in log.lines if event == kind][-1]
        return values | {"cause": log.causes[newest]}


@pytest.fixture
def scene(machine: FakeMachine, tmp_path: Path) -> Iterator[Scene]:
    """Give such a kernel."""
    scene = Scene(machine, tmp_path)
    yield scene
    scene.calls.close()
    scene.round()
    scene.kernel.close()
    machine.processes.close()


class TestPolicy:
    @pytest.mark.parametrize(
        ("more", "why"),
        [
            ({"payload": bytes(257 * 1024)}, "263168 bytes, the limit is 262144"),
            ({"args": ("x",) * (ARGUMENTS_MAX + 1)}, "at most 64 words"),
            ({"args": ("x" * (ARGUMENT_CHARS_MAX + 1),)}, "at most 64 words"),
            ({"timeout_s": 31.0}, "for 31 s: the limit is 30 s"),
            ({"timeout_s": 0.0}, "for 0 s"),
        ],
    )
    def test_what_is_too_large_is_refused_and_told(self, scene, more, why):
        """Before there is any process, with the limit; as an event with its cause."""
        with pytest.raises(Refused, match=why):
            scene.calls.ask(scene.world, wish(**more))
        told = scene.told("call.refused")
        assert why in told["why"] and told["cause"] == CAUSE
        assert scene.calls.fields() == []

    def test_where_nothing_seals_a_call_is_refused(self, scene):
        """And told like any refusal."""
        scene.world.line.facts["cage"] = {"grade": "D", "means": "no seccomp", "layers": []}
        with pytest.raises(Refused, match="no seccomp"):
            scene.calls.ask(scene.world, wish())
        assert "the cage has grade D" in scene.told("call.refused")["why"]

    def test_no_setting_allows_more_than_can_be_sent(self):
        """The road from the console has a limit, too."""
        limits = CallLimits(source_kb=16_000)
        with pytest.raises(Refused, match=str(JOB_BYTES_MAX)):
            plan_call(wish(payload=bytes(JOB_BYTES_MAX + 1)), limits)

    def test_its_time_is_the_usual_one_or_what_was_asked_for(self):
        """But never more than the limit."""
        assert plan_call(wish(), CallLimits(wall_s=60.0)).timeout_s == TIMEOUT_S
        assert plan_call(wish(), CallLimits(wall_s=2.0)).timeout_s == 2.0
        assert plan_call(wish(timeout_s=33.0), CallLimits(wall_s=60.0)).timeout_s == 33.0

    def test_those_that_come_too_fast_wait_and_are_refused(self, scene):
        """One runs, one waits, a third hears why not."""
        scene.begin()
        scene.calls.ask(scene.world, wish())
        with pytest.raises(Refused, match="cannot run: 1 call runs and 1 waits"):
            scene.calls.ask(scene.world, wish())
        assert [each["state"] for each in scene.calls.fields()] == ["running", "queued"]


class TestCell:
    def test_it_is_given_its_job_and_its_limits(self, scene):
        """And nothing else."""
        scene.calls.ask(scene.world, wish(args=("x", "y"), timeout_s=3.0))
        scene.round()
        fork = scene.machine.zygote.fork(scene.machine.processes.new_pid())
        job = unpack_job(os.read(scene.given["job"], 65536))
        assert (job.payload, job.args, job.timeout_s) == (SOURCE, ("x", "y"), 3.0)
        assert job.output_bytes == 7 * 1024
        assert fork.role == "call" and fork.facts["uncaged"] is False
        assert sorted(fork.descriptors) == ["job", "result"]
        assert fork.facts["limits"] == {
            "memory_bytes": 64 << 20, "cpu_s": 5, "processes": 0, "descriptors": 32,
            "file_bytes": 0,
        }  # fmt: skip

    def test_its_bytes_are_never_looked_into(self, scene):
        """A pickle that would be harmful arrives as it is."""
        bomb = b"cos\nsystem\n(S'exit 1'\ntR."
        scene.begin(kind=JobKind.PICKLE, payload=bomb)
        assert unpack_job(os.read(scene.given["job"], 65536)).payload == bomb


class TestCompiledCode:
    """What a file compiles to comes from its cell before it runs, and goes to the next one."""

    def give(self, scene: Scene, code: bytes) -> None:
        """Do as a cell that has compiled."""
        os.write(scene.given[CODE_PIPE], frame_compiled(code))

    def test_it_is_kept_for_who_runs_the_file_again(self, scene):
        """The second cell is given the very bytes, and is asked for none."""
        scene.begin(payload=LONG)
        self.give(scene, CODE)
        scene.end(json.dumps(ANSWER).encode())
        assert not scene.told("call.begun")["kept"]
        scene.begin(payload=LONG)
        assert os.read(scene.given[CODE_FILE], 65536) == CODE
        assert CODE_PIPE not in scene.given and scene.told("call.begun")["kept"]
        scene.end(json.dumps(ANSWER).encode())
        assert scene.calls.cache.fields()["hits"] == 1

    @pytest.mark.parametrize("more", [{"name": "b.py"}, {"payload": LONG + b" "}])
    def test_another_file_gets_none_of_it(self, scene, more):
        """Name and bytes decide what is found."""
        scene.begin(payload=LONG)
        self.give(scene, CODE)
        scene.end(json.dumps(ANSWER).encode())
        scene.begin(**{"payload": LONG} | more)
        assert CODE_FILE not in scene.given
        scene.end(json.dumps(ANSWER).encode())

    @pytest.mark.parametrize(
        "said",
        [
            b"",
            frame_compiled(CODE)[:-1],
            frame_compiled(CODE) + b"x",
            frame_compiled(b""),
            frame_compiled(b"of another Python"),
            b"\xff" * 8 + CODE,
            b"short",
        ],
    )
    def test_what_is_not_whole_is_not_kept(self, scene, said):
        """Cut short, too long, empty, of another build: the next one compiles anew."""
        scene.begin(payload=LONG)
        os.write(scene.given[CODE_PIPE], said)
        scene.end(json.dumps(ANSWER).encode())
        assert len(scene.calls.cache) == 0

    def test_code_of_a_cell_that_dies_later_is_kept(self, scene):
        """It was given before anything ran, so how the run ends says nothing about it."""
        scene.begin(payload=LONG)
        self.give(scene, CODE)
        scene.end(number=signal.SIGSEGV)
        assert len(scene.calls.cache) == 1

    def test_a_short_file_has_no_part_in_it(self, scene):
        """It is compiled sooner than anybody notices."""
        scene.begin(payload=LONG[: KEPT_FROM_BYTES - 1])
        assert sorted(scene.given) == ["job", "result"]

    def test_a_pickled_call_has_no_part_in_it(self, scene):
        """Its functions are compiled already."""
        scene.begin(kind=JobKind.PICKLE, payload=LONG)
        assert sorted(scene.given) == ["job", "result"]

    def test_nothing_stays_open(self, scene):
        """Neither of a call that ran nor of one for which there was no room."""

        def opened() -> int:
            scene.machine.zygote.drop_descriptors()
            return len(os.listdir("/proc/self/fd"))

        before = opened()
        scene.begin(payload=LONG)
        self.give(scene, CODE)
        scene.end(json.dumps(ANSWER).encode())
        scene.begin(payload=LONG)
        scene.end(json.dumps(ANSWER).encode())
        call = scene.calls.ask(scene.world, wish(payload=LONG, name="c.py"))
        scene.round()
        unborn: Fork = scene.machine.zygote.expect(Fork)
        scene.machine.zygote.say(Unforked(unborn.serial, "no room"))
        scene.round()
        with pytest.raises(Refused, match="no room"):
            call.result()
        assert opened() == before


class TestEnds:
    def test_a_value_comes_back(self, scene):
        """With what an answer must carry; begun and ended are told, each with its cause."""
        call = scene.begin()
        begun = scene.told("call.begun")
        assert (begun["name"], begun["bytes"], begun["cause"]) == ("a.py", len(SOURCE), CAUSE)
        assert begun["code_hash"] == hashlib.sha256(SOURCE).hexdigest()
        assert call.result() is None
        scene.machine.clock.advance(0.5)
        scene.end(json.dumps(ANSWER).encode())
        assert call.result() == {
            "file": "a.py", "ok": True, "outcome": "returned", "result": 42, "printed": "",
            "dropped_bytes": 0, "error": None, "seconds": 0.5,
        }  # fmt: skip
        ended = scene.told("call.ended")
        assert (ended["outcome"], ended["why"], ended["pid"]) == ("returned", "", scene.pid)

    @pytest.mark.parametrize(
        ("said", "code", "number", "outcome", "why", "leaves"),
        [
            ({"outcome": "raised", "error": ERROR}, 0, None, "raised", "no", 65),
            ({"outcome": "hung", "error": ERROR}, 0, None, "hung", "no", 124),
            ({"outcome": "out of memory", "error": ERROR}, 0, None, "out of memory", "no", 5),
            ({"outcome": "died", "error": ERROR}, 0, None, "nonsense", "what it cannot know", 5),
            ({"result": "x" * 250_000}, 0, None, "nonsense", "245760 at most", 5),
            (b"", 0, None, "nonsense", "cannot use an answer", 5),
            (b'{"result": NaN}', 0, None, "nonsense", "NaN is no number", 5),
            (b"[" * 99_999, 0, None, "nonsense", "cannot use an answer", 5),
            ({}, 3, None, "died", "exit code 3", 5),
            ({}, None, signal.SIGSYS, "died", "something this process may not do", 5),
            ({}, None, signal.SIGSEGV, "died", "SIGSEGV", 5),
            ({}, None, signal.SIGKILL, "died", "killed from outside, or for want of", 5),
        ],
    )
    def test_every_other_end_has_its_word(self, scene, said, code, number, outcome, why, leaves):
        """In the answer, in the event, in the exit code."""
        call = scene.begin()
        words = json.dumps(ANSWER | said).encode() if isinstance(said, dict) else said
        for start in range(0, len(words), 32_768):
            os.write(scene.given["result"], words[start : start + 32_768])
            scene.machine.loop.turn()
        scene.end(b"", code, number)
        answer = call.result()
        assert (answer["ok"], answer["outcome"]) == (False, outcome)
        assert why in answer["error"]["message"]
        told = scene.told("call.ended")
        assert told["outcome"] == outcome and why in told["why"]
        assert exit_code(outcome) == leaves

    def test_one_that_its_group_ends_is_out_of_memory(self):
        """By the word of the system; a SIGKILL alone says nothing."""
        why = "out of memory: it may take 64 MB"
        end = CellEnd(How.KILLED, why, signal=signal.SIGKILL, out_of_memory=True)
        told = put_end(end)
        assert told.outcome.value == "out of memory" and told.error["message"] == why

    def test_one_that_never_ends_is_killed(self, scene):
        """A moment after it should have interrupted itself."""
        call = scene.begin(timeout_s=2.0)
        scene.machine.clock.advance(2.0 + GRACE_S - 0.01)
        scene.round()
        assert call.result() is None
        scene.machine.clock.advance(0.02)
        scene.round()
        assert scene.machine.processes.killed() == [scene.pid]
        assert call.result()["outcome"] == scene.told("call.ended")["outcome"] == "hung"

    def test_one_that_floods_is_killed(self, scene):
        """No more of what it says is read than may be."""
        call = scene.begin()
        for _ in range(OUTPUT_BYTES_MAX // 32_768 + 1):
            os.write(scene.given["result"], b"x" * 32_768)
            scene.machine.loop.turn()
        scene.round()
        assert scene.machine.processes.killed() == [scene.pid]
        assert call.result()["outcome"] == scene.told("call.ended")["outcome"] == "flooded"

    def test_one_that_nobody_waits_for_is_given_up(self, scene):
        """Whether it runs or waits; its end is told all the same."""
        running = scene.begin()
        waiting = scene.calls.ask(scene.world, wish())
        scene.calls.give_up(waiting)
        scene.calls.give_up(running)
        scene.round()
        assert scene.machine.processes.killed() == [scene.pid]
        ends = [values for event, values in scene.machine.log.lines if event == "call.ended"]
        assert [values["outcome"] for values in ends] == ["given up", "given up"]
        assert scene.calls.fields() == [] and scene.calls.cells.pids() == []

    def test_a_stop_of_the_kernel_ends_all(self, scene):
        """And says so."""
        call = scene.begin()
        assert len(scene.machine.cell_notes.left()) == 1
        scene.calls.close()
        scene.round()
        assert not scene.machine.cell_notes.left()
        assert call.result()["outcome"] == scene.told("call.ended")["outcome"] == "kernel stopped"

    def test_where_nobody_can_fork_it_it_is_refused(self, scene):
        """A generation of before there were calls."""
        scene.world.line.facts = {**scene.world.line.facts, "cells": ["trial"]}
        call = scene.calls.ask(scene.world, wish())
        scene.round()
        with pytest.raises(Refused, match=r"cannot run a\.py: the generation .* is of before"):
            call.result()
        assert scene.told("call.refused")["cause"] == CAUSE

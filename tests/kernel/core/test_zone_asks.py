"""Bus zones ask for trials over the real private bus: who may, what of it, and what comes back."""

import hashlib
import json
import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from Kernel.contract.arena import State
from Kernel.contract.errors import Refused
from Kernel.contract.inputs import SET_PARAM, Input
from Kernel.contract.messages import Answer, Ask, Ready, pack_message
from Kernel.contract.parameters import hash_of_values
from Kernel.contract.zygote_protocol import Configure, Prepared
from Kernel.core.bus_keeper import ASKS_PER_S
from Kernel.core.guard import GuardRules
from Kernel.core.trait_guard import TraitGuard
from Kernel.core.zone_asks import ASKS_MAX
from Kernel.core.zone_wishes import parse_apply, parse_cause, parse_wish
from tests.kernel.core.test_trial_verdict import ACCEPTED
from tests.support.fakes import FakeMachine
from tests.support.paper_kernel import FRICTION, PHASES, PaperKernel
from tests.support.toy import service as toy
from tests.support.wait import wait_until
from zones.runtime.bus_client import BusClient

SOURCE = "class Forager(Trait): ..."
VERDICT = ACCEPTED | {"code_hash": hashlib.sha256(SOURCE.encode()).hexdigest()}
MUTATION = f"mut_{VERDICT['code_hash'][:12]}"


class Scene:
    """A kernel on paper with a world and the zone `chronos`, whose process is a real client."""

    def __init__(self, machine: FakeMachine, folder: Path, may: tuple[str, ...]) -> None:
        self.machine = machine
        self.kernel = PaperKernel(machine, folder, ["chronos"])
        self.kernel.start()
        self.keeper = self.kernel.zones.services["chronos"]
        self.keeper.config = replace(self.keeper.config, may=may)
        line = self.kernel.world.line
        assert line is not None
        line.facts = {**line.facts, "cells": ["trial"]}
        self.clients: list[BusClient] = []
        self.client = self.serve()

    def serve(self) -> BusClient:
        """Bring the zone up, or up again."""
        zygote = next(
            each for each in self.machine.processes.zygotes if each.service == "zones.chronos"
        )
        if self.keeper.line is None or not self.keeper.line.prepared:
            zygote.prepare({})
        self.kernel.round()
        self.pid = self.machine.processes.new_pid()
        request = zygote.fork(self.pid)
        client = BusClient(self.kernel.bus_fd, request.facts["endpoint"], "chronos", self.pid)
        self.clients.append(client)
        client.ready({})
        wait_until("the zone to serve", lambda: self.round() and self.keeper.active is not None)
        return client

    def round(self) -> bool:
        """Some rounds of the kernel."""
        self.kernel.round()
        return True

    def bear(self) -> int:
        """Fork the trial that was asked for."""
        wait_until("a trial to be asked for", self.is_begun)
        pid = self.machine.processes.new_pid()
        self.request = self.kernel.zygote().fork(pid)
        self.kernel.round()
        return pid

    def is_begun(self) -> bool:
        """Turn once and tell whether the world's zygote was asked for something."""
        self.kernel.round()
        return self.kernel.zygote().is_asked()

    def hear(self, number: int) -> Answer:
        """Return the answer to an ask."""
        heard: list[Answer] = []

        def has_come() -> bool:
            self.kernel.round()
            self.client.poll(0.01)
            answer = self.client.take_answer(number)
            heard.extend([answer] if answer is not None else [])
            return bool(heard)

        wait_until("the kernel to answer", has_come)
        return heard[0]

    def close(self) -> None:
        """Close every road."""
        for client in self.clients:
            client.close()
        self.kernel.zones.trials.close()
        self.kernel.close()
        self.machine.processes.close()


@pytest.fixture
def scene(machine: FakeMachine, tmp_path: Path) -> Iterator[Scene]:
    """Give a zone that may ask for trials."""
    scene = Scene(machine, tmp_path, ("trial",))
    yield scene
    scene.close()


@pytest.fixture
def other(machine: FakeMachine, tmp_path: Path) -> Iterator[Scene]:
    """Give a zone that may ask for nothing."""
    scene = Scene(machine, tmp_path, ())
    yield scene
    scene.close()


class TestTrial:
    def test_a_verdict_comes_back(self, scene):
        """The job has what was asked for; who asked, and for what, is in the events."""
        number = scene.client.ask("trial", {"source": SOURCE, "ticks": 7, "seeds": 2})
        pid = scene.bear()
        job = scene.request.facts["trial"]
        assert (job["ticks"], job["seeds"], job["add"]) == (7, 2, False)
        result = scene.kernel.zygote().descriptors[scene.request.serial]["result"]
        os.write(result, json.dumps(VERDICT).encode())
        scene.machine.processes.end(pid, code=0)
        answer = scene.hear(number)
        assert answer.ok and answer.result["name"] == "Forager"
        assert answer.result["effect"][0]["metric"] == "population"
        log = scene.machine.log
        (ended,) = [each for each, kind in log.named.items() if kind == "trial.ended"]
        assert log.why(ended) == ["trial.ended", "trial.begun", "zone.asked"]
        assert log.of("trial.begun")[0]["by"] == "chronos"

    def test_many_sources_are_tried_in_one_process(self, scene):
        """One answer, with what is said of each in its order."""
        sources = [SOURCE, SOURCE + "  # other"]
        number = scene.client.ask("trial", {"sources": sources, "ticks": 300, "seeds": 1})
        pid = scene.bear()
        assert scene.request.facts["trial"]["lengths"] == [len(each) for each in sources]
        hashes = [hashlib.sha256(each.encode()).hexdigest() for each in sources]
        told = {"kind": "batch", "verdicts": [ACCEPTED | {"code_hash": each} for each in hashes]}
        result = scene.kernel.zygote().descriptors[scene.request.serial]["result"]
        os.write(result, json.dumps(told).encode())
        scene.machine.processes.end(pid, code=0)
        answer = scene.hear(number)
        assert answer.ok and [each["code_hash"] for each in answer.result["verdicts"]] == hashes
        (ended,) = scene.machine.log.of("trial.ended")
        assert ended["accepted"] and ended["calls"] == 2000 and ended["what"] == "2 sources"

    @pytest.mark.parametrize(
        "args",
        [
            {"sources": [SOURCE] * 17}, {"sources": SOURCE}, {"sources": [SOURCE, ""]},
            {"sources": [SOURCE], "source": SOURCE}, {"sources": [SOURCE], "add": True},
            {"sources": [SOURCE], "scale": 2}, {"sources": [7]}, {"sources": []},
        ],
    )  # fmt: skip
    def test_what_are_no_sources(self, args):
        """Too many, none, or something else besides."""
        with pytest.raises(Refused, match="cannot try"):
            parse_wish(args, "agents", b"")

    def test_what_is_refused_is_answered(self, scene):
        """With the reason and what helps: too large, no such argument, no such thing."""
        scene.keeper.config = replace(scene.keeper.config, may=("trial", "more"))
        asks = [
            ("trial", {"source": SOURCE, "ticks": 200_000}, "the limit is 100000"),
            ("trial", {"source": SOURCE, "unchecked": True}, "'unchecked' is not known"),
            ("trial", {"source": SOURCE, "zone": "nowhere"}, "worlds are stable"),
            ("more", {}, "may not ask for it"),
        ]
        for name, args, why in asks:
            answer = scene.hear(scene.client.ask(name, args))
            assert not answer.ok and why in answer.error, answer

    def test_it_dies_while_it_waits(self, scene):
        """Its trial is given up: nobody would hear the verdict."""
        scene.client.ask("trial", {"source": SOURCE})
        pid = scene.bear()
        scene.machine.processes.end(scene.pid, number=signal.SIGKILL)
        scene.kernel.round()
        assert pid in scene.machine.processes.killed()
        (ended,) = scene.machine.log.of("trial.ended")
        assert ended["how"] == "given up"

    def test_a_trait_that_is_to_be_added_comes_in(self, scene):
        """The same road as `molt trait add`, and it comes in whoever waits for it."""
        number = scene.client.ask("trial", {"source": SOURCE, "add": True})
        pid = scene.bear()
        assert scene.request.facts["trial"]["add"] is True
        scene.machine.processes.end(scene.pid, number=signal.SIGKILL)
        scene.kernel.round()
        assert pid not in scene.machine.processes.killed()
        result = scene.kernel.zygote().descriptors[scene.request.serial]["result"]
        os.write(result, json.dumps(VERDICT).encode())
        scene.machine.processes.end(pid, code=0)
        scene.kernel.round()
        assert scene.kernel.world.ladder.incoming == 2 and scene.client.take_answer(number) is None

    def test_more_than_may_wait(self, scene):
        """Bounded for each process; the same number twice is no second ask."""
        config = scene.kernel.zones.leaving.config
        scene.kernel.zones.leaving.config = replace(
            config, trial=replace(config.trial, queued=1000)
        )
        numbers = [scene.client.ask("trial", {"source": SOURCE}) for _ in range(ASKS_MAX + 1)]
        answer = scene.hear(numbers[-1])
        assert not answer.ok and "64 wait; the limit is 64" in answer.error
        scene.client._socket.send(pack_message(Ask(1, "trial", {"source": SOURCE})))
        assert not scene.hear(1).ok

    def test_who_asks_without_end_is_heard_so_often_a_second(self, scene):
        """Each ask is an event: the log does not grow by as many as a zone can send."""
        for _ in range(2 * ASKS_PER_S):
            answer = scene.hear(scene.client.ask("trial", {"nonsense": 1}))
        assert not answer.ok and "100 times a second" in answer.error
        assert len(scene.machine.log.of("zone.asked")) == ASKS_PER_S
        scene.machine.clock.advance(1.0)
        assert "not known" in scene.hear(scene.client.ask("trial", {"nonsense": 1})).error


class TestMayNot:
    def test_a_zone_that_may_not_is_refused(self, other):
        """It is told why, the ask is counted and recorded, and nothing is begun."""
        number = other.client.ask("trial", {"source": SOURCE})
        answer = other.hear(number)
        assert not answer.ok and answer.hint == "kernel.zones.chronos.may"
        assert "may not ask for it" in answer.error
        (refused,) = other.machine.log.of("request.refused")
        assert (refused["who"], refused["request"]) == ("chronos", "ask.trial")
        assert "'trial'" in refused["why"] and refused["count"] == 1
        endpoint = next(iter(other.keeper._endpoints.values()))
        assert endpoint.counters.forbidden == 1
        assert not other.kernel.zygote().is_asked() and not other.machine.log.of("trial.refused")

    def test_the_kernel_asks_nobody(self, other):
        """A zone that is told what only it may say counts it, and goes on."""
        endpoint = next(iter(other.keeper._endpoints.values()))
        endpoint.socket.send(pack_message(Ready({})))
        wait_until("it to be refused", lambda: not other.client.poll(0.01) and other.client.refused)


@pytest.mark.parametrize(
    "args",
    [
        {}, {"source": 1}, {"source": SOURCE, "add": 1}, {"source": SOURCE, "ticks": 0},
        {"source": SOURCE, "ticks": 1.5}, {"source": SOURCE, "ticks": True},
        {"source": SOURCE, "seeds": 65}, {"source": SOURCE, "scale": 17},
        {"source": SOURCE, "carriers": "me"}, {"source": SOURCE, "trial": False},
        {"source": "\ud800"},
    ],
)  # fmt: skip
def test_what_no_zone_can_ask_for(args):
    """Whatever a zone says is refused, or a wish within bounds."""
    with pytest.raises(Refused, match="cannot try"):
        parse_wish(args, "agents", b"")


class TestApply:
    """A mutation is tried, brought in and answered; its refusal is an answer, too."""

    CAUSE = "0123456789abcdef0123456789abcdef"

    def test_it_comes_in_and_is_answered(self, machine, tmp_path):
        """The ids are those of who asked, and the chain goes back to the cause that was given."""
        scene = Scene(machine, tmp_path, ("apply",))
        try:
            number = scene.client.ask(
                "apply",
                {
                    "source": SOURCE,
                    "mutation_id": MUTATION,
                    "plan_id": "plan_1",
                    "cause": self.CAUSE,
                },
            )
            self.judge(scene, VERDICT)
            self.succeed(scene)
            scene.kernel.tick()
            answer = scene.hear(number)
            assert answer.ok and answer.result["accepted"] is True, answer
            assert answer.result["mutation_id"] == MUTATION and answer.result["name"] == "Forager"
            log = scene.machine.log
            (ready,), (applied,) = log.of("mutation.ready"), log.of("mutation.applied")
            assert ready["plan_id"] == "plan_1" and applied["mutation_id"] == MUTATION
            assert applied["tick"] == answer.result["applied_at_tick"]
            (asked,) = [each for each, kind in log.named.items() if kind == "zone.asked"]
            assert log.causes[asked] == bytes.fromhex(self.CAUSE)
            log.named[log.causes[asked]] = "evolution.plan"
            log.causes[log.causes[asked]] = b""
            (told,) = [each for each, kind in log.named.items() if kind == "mutation.applied"]
            assert log.why(told)[-3:] == ["trial.begun", "zone.asked", "evolution.plan"]
        finally:
            scene.close()

    def test_a_refusal_is_an_answer(self, machine, tmp_path):
        """Stage, rule, line and reason, and an event of the mutation."""
        scene = Scene(machine, tmp_path, ("apply",))
        try:
            number = scene.client.ask("apply", {"source": SOURCE})
            refused = {"rule": "died out", "reason": "all died", "stage": "trial", "line": 2}
            code_hash = VERDICT["code_hash"]
            self.judge(scene, {"accepted": False, "code_hash": code_hash, **refused})
            answer = scene.hear(number)
            assert answer.ok and answer.result == {
                "accepted": False, "mutation_id": f"mut_{code_hash[:12]}", **refused,
            }  # fmt: skip
            (failed,) = scene.machine.log.of("mutation.failed")
            assert (failed["stage"], failed["rollback_to"]) == ("trial", "")
        finally:
            scene.close()

    def test_values_of_parameters_come_in_and_are_taken_back(self, machine, tmp_path):
        """Tried, set at one tick, under guard; the values before are what is gone back to."""
        scene = Scene(machine, tmp_path, ("apply",))
        try:
            params = {"friction": 0.5}
            number = scene.client.ask("apply", {"params": params, "cause": self.CAUSE})
            code_hash = hash_of_values(params)
            told = {"accepted": True, "code_hash": code_hash, "kind": "params"}
            self.judge(scene, told)
            assert scene.request.facts["trial"]["params"] == params
            for _ in range(4):
                scene.kernel.tick()
                scene.kernel.round()
            answer = scene.hear(number)
            assert answer.ok and answer.result["accepted"] and scene.kernel.world_param() == 0.5
            (begun,) = scene.machine.log.of("guard.begun")
            assert begun["mutation_id"] == f"mut_{code_hash[:12]}"
            scene.kernel.words.put_state(scene.kernel.world.tick(), State.CHECKS_FAILED, 1)
            for _ in range(20):
                scene.kernel.tick()
                scene.kernel.round()
            (failed,) = scene.machine.log.of("mutation.failed")
            assert (failed["stage"], failed["rollback_to"]) == ("guard", "friction=0.85")
            assert scene.kernel.world_param() == 0.85
        finally:
            scene.close()

    def test_values_that_somebody_changes_are_guarded_no_more(self, machine, tmp_path):
        """Taking them back would undo what was set by hand since."""
        scene = Scene(machine, tmp_path, ("apply",))
        try:
            params = {"friction": 0.5}
            scene.client.ask("apply", {"params": params, "cause": self.CAUSE})
            told = {"accepted": True, "code_hash": hash_of_values(params), "kind": "params"}
            self.judge(scene, told)
            for _ in range(10):
                scene.kernel.tick()
                scene.kernel.round()
            world = scene.kernel.world
            assert world.holds_former and not scene.machine.log.of("guard.ended")
            world.inbox.post(Input(SET_PARAM, param="friction", value=0.7))
            for _ in range(10):
                scene.kernel.tick()
                scene.kernel.round()
            (ended,) = scene.machine.log.of("guard.ended")
            assert ended["why"] == "friction was set to 0.7 since" and not world.holds_former
        finally:
            scene.close()

    def test_values_whose_kernel_dies_before_their_tick(self, machine, tmp_path):
        """The next one tells that they were set, guards them, and knows what to go back to."""
        scene = Scene(machine, tmp_path, ("apply",))
        try:
            params = {"friction": 0.5}
            scene.client.ask("apply", {"params": params, "cause": self.CAUSE})
            told = {"accepted": True, "code_hash": hash_of_values(params), "kind": "params"}
            self.judge(scene, told)
            zones, world = scene.kernel.zones, scene.kernel.world
            zones.asks._changes = []
            world.inbox._first = world.inbox._next  # as the next kernel's would find it
            zones.guards["stable"] = TraitGuard(world, GuardRules(ticks=400))
            scene.kernel.round()
            assert not scene.machine.log.of("mutation.applied")
            for _ in range(4):
                scene.kernel.tick()
                scene.kernel.round()
            (applied,), (begun,) = map(scene.machine.log.of, ("mutation.applied", "guard.begun"))
            assert applied["params"] == params and applied["before"] == {"friction": 0.85}
            assert begun["mutation_id"] == applied["mutation_id"]
            scene.kernel.words.put_state(world.tick(), State.CHECKS_FAILED, 1)
            for _ in range(20):
                scene.kernel.tick()
                scene.kernel.round()
            (failed,) = scene.machine.log.of("mutation.failed")
            assert failed["rollback_to"] == "friction=0.85"
            assert scene.kernel.world_param() == 0.85
        finally:
            scene.close()

    def test_the_id_of_another_mutation_is_refused(self, machine, tmp_path):
        """An id follows from the code: nobody tells his own under the name of another."""
        scene = Scene(machine, tmp_path, ("apply",))
        try:
            other = {"source": SOURCE, "mutation_id": "mut_0123456789ab"}
            answer = scene.hear(scene.client.ask("apply", other))
            assert not answer.ok and "mut_0123456789ab" in answer.error
        finally:
            scene.close()

    def test_values_that_no_parameter_takes(self, machine, tmp_path):
        """It is refused before any trial, with the reason."""
        scene = Scene(machine, tmp_path, ("apply",))
        try:
            for params in ({"friction": 7.0}, {"gravity": 1.0}):
                answer = scene.hear(scene.client.ask("apply", {"params": params}))
                assert answer.ok and answer.result["accepted"] is False, answer
                assert answer.result["stage"] == "validation" and answer.result["rule"] == "param"
            assert len(scene.machine.log.of("mutation.failed")) == 2
        finally:
            scene.close()

    def judge(self, scene, verdict):
        """Let the trial tell its verdict."""
        pid = scene.bear()
        result = scene.kernel.zygote().descriptors[scene.request.serial]["result"]
        os.write(result, json.dumps(verdict).encode())
        scene.machine.processes.end(pid, code=0)
        scene.kernel.round()

    def succeed(self, scene):
        """Let the generation that has the code take over."""
        zygote, kernel = scene.machine.zygote, scene.kernel
        configure = zygote.expect(Configure)
        rows = [{"hash": each, "tier": "", "why": ""} for each in configure.traits]
        facts = toy.Generation({}).facts | {"parameters": [FRICTION], "phases": PHASES}
        zygote.say(Prepared(zygote.pid, facts | {"cells": ["trial"], "traits": rows}))
        kernel.round()
        active, pid = kernel.active, scene.machine.processes.new_pid()
        request = zygote.fork(pid)
        kernel.round()
        zygote.ring(request.serial)
        kernel.round()
        kernel.take_over(pid)
        scene.machine.processes.end(active, code=0)
        kernel.active = pid
        kernel.round()

    @pytest.mark.parametrize(
        "args",
        [
            {}, {"source": SOURCE, "mutation_id": "a b"}, {"source": SOURCE, "plan_id": 7},
            {"source": SOURCE, "ticks": 9}, {"source": SOURCE, "carriers": "me"},
        ],
    )  # fmt: skip
    def test_what_no_zone_can_apply(self, args):
        """It is refused with what is wrong."""
        with pytest.raises(Refused, match=r"cannot (try|apply)"):
            parse_apply(args, "agents", b"", GuardRules())

    @pytest.mark.parametrize("cause", ["xyz", "ab", 7, None, [1]])
    def test_a_cause_that_is_none(self, cause):
        """It is refused; a missing one is none."""
        assert parse_cause({}) == b""
        if cause is not None:
            with pytest.raises(Refused, match="id of an event"):
                parse_cause({"cause": cause})


@pytest.mark.parametrize(
    ("may", "args", "why"),
    [
        (("apply",), {"mutation_id": "mut_0123456789ab", "reason": "it harms"}, "no trait that"),
        (("apply",), {"mutation_id": "mut_0123456789ab"}, "it takes a mutation_id and a reason"),
        (("apply",), {"reason": "it harms"}, "it takes a mutation_id and a reason"),
        (("trial",), {"mutation_id": "mut_0123456789ab", "reason": "it harms"}, "may not ask"),
    ],
)
def test_who_may_apply_may_take_back(machine, tmp_path, may, args, why):
    """And nobody else; what is not there is refused, as is what has no reason."""
    scene = Scene(machine, tmp_path, may)
    try:
        answer = scene.hear(scene.client.ask("take_back", args))
        assert not answer.ok and why in answer.error
    finally:
        scene.close()

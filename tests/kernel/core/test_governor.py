"""The machine as a whole: who gives way, what is told, who runs where; over a kernel on paper."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from Kernel.config import KernelConfig, ZoneConfig
from Kernel.console.facts import degraded_fields, status_fields
from Kernel.contract.arena import Header
from Kernel.contract.errors import Refused
from Kernel.core import supervisor as sup
from Kernel.core.budgets import Pool
from Kernel.core.governor import HOLD, Governor
from Kernel.core.governor_rules import STEPS_OF_WORLD, GovernorRules
from Kernel.core.steps import Step
from Kernel.ports.machine_load import MachineLoad
from Kernel.ports.meters import Load
from Kernel.ports.pressure import Pressure
from tests.support.fakes import FakeMachine
from tests.support.paper_kernel import PaperKernel

RULES = GovernorRules(step_up_s=5, calm_s=10)
SHORT = MachineLoad(memory=Pressure(50.0, 20.0))


def make(machine: FakeMachine, folder: Path) -> PaperKernel:
    """Return a kernel with a world, an archive, and a sandbox that yields."""
    zones = (
        ZoneConfig(
            "stable", "tests.support.toy", sup.Policy(sup.Kind.ARENA, heir=True),
            steps=STEPS_OF_WORLD, governor=RULES,
        ),
        ZoneConfig(
            "archive", "zones.ledger", sup.Policy(sup.Kind.BUS), reads=("stable",), broker=True,
            steps=STEPS_OF_WORLD, governor=RULES,
        ),
        ZoneConfig(
            "sandbox", "zones.agents", sup.Policy(sup.Kind.BUS), reads=("stable",),
            may=("trial",), yields=True, governor=RULES,
        ),
    )  # fmt: skip
    return PaperKernel(
        machine, folder, config=KernelConfig(0.05, 10.0, True, zones, governor=RULES)
    )


@pytest.fixture
def kernel(machine: FakeMachine, tmp_path: Path) -> Iterator[PaperKernel]:
    """Give one whose world ticks."""
    machine.meters.there = Pool((0, 1), 8 << 30, 1024)
    kernel = make(machine, tmp_path)
    kernel.start()
    yield kernel
    kernel.close()


def live(kernel: PaperKernel, seconds: float) -> None:
    """Let time go by for a world that ticks on."""
    for _ in range(round(seconds * 4)):
        kernel.machine.clock.advance(0.25)
        kernel.tick()
        kernel.round(1)


def told(kernel: PaperKernel, zone: str | None = None) -> list[str]:
    """Return the steps told of a zone, or of the machine."""
    events = kernel.machine.log.of("governor.stepped")
    return [each["step"] for each in events if each.get("zone") == zone]


def test_want_of_memory_makes_those_give_way_who_yield(kernel):
    """Trials first one by one, then none; the sandbox with them; world and archive never."""
    kernel.machine.meters.now = SHORT
    live(kernel, 3)
    assert told(kernel) == ["warn"] and told(kernel, "sandbox") == []
    assert kernel.zones.trials.cells._limits().at_once_max == 2
    live(kernel, 5)
    assert told(kernel) == ["warn", "throttle"]
    assert kernel.zones.trials.cells._limits().at_once_max == 1
    assert kernel.zones.calls.cells._limits().at_once_max == 1
    live(kernel, 7)
    assert told(kernel) == ["warn", "throttle", "pause"]
    assert told(kernel, "sandbox") == ["throttle", "pause"]
    assert kernel.zones.trials.cells._limits().at_once_max == 0
    assert told(kernel, "stable") == told(kernel, "archive") == []


def test_it_is_told_with_figures_and_causes(kernel):
    """The step of a zone is caused by that of the machine; status says what is done and helps."""
    kernel.machine.meters.now = SHORT
    live(kernel, 14)
    log = kernel.machine.log
    first = log.of("governor.stepped")[0]
    assert (first["what"], first["value"], first["limit"]) == ("memory", 50.0, 10.0)
    of_sandbox = [
        event
        for (event, kind), (_, values) in zip(log.named.items(), log.lines, strict=True)
        if kind == "governor.stepped" and values.get("zone") == "sandbox"
    ]
    assert [log.why(each) for each in of_sandbox] == [["governor.stepped"] * 2] * 2
    rows = {each["what"]: each for each in degraded_fields(kernel.zones)}
    assert rows["machine"]["why"].endswith("no trial begins, zones that yield are paused")
    assert rows["machine"]["hint"] == "free -m"
    assert rows["sandbox: governor"]["why"] == "it is paused: the machine is overloaded"


def test_it_is_over_after_calm(kernel):
    """A step at a time, told each time; in the end nothing is left of it."""
    kernel.machine.meters.now = SHORT
    live(kernel, 14)
    kernel.machine.meters.now = MachineLoad(memory=Pressure())
    live(kernel, 50)
    assert told(kernel)[2:] == ["pause", "throttle", "warn", "none"]
    assert told(kernel, "sandbox")[-1] == "none"
    assert "machine" not in {each["what"] for each in degraded_fields(kernel.zones)}


def test_a_world_that_waits_and_misses_ticks(kernel):
    """Both together, for a while; and when it is over, that is seen."""
    loads, words = kernel.machine.loads, kernel.words
    waited_ns = 0

    def starve(seconds: int, missed: int) -> None:
        nonlocal waited_ns
        for _ in range(seconds):
            waited_ns += 400_000_000
            loads.loads[kernel.active] = Load(0, waited_ns)
            words.put(Header.MISSED_TICKS, words.get(Header.MISSED_TICKS) + missed)
            live(kernel, 1)

    starve(15, missed=0)
    assert told(kernel) == []
    starve(2, missed=1)
    assert told(kernel) == ["warn"], "one of forty ticks: a world on paper is slow"
    starve(6, missed=1)
    assert told(kernel) == ["warn", "throttle"]
    assert kernel.machine.log.of("governor.stepped")[0]["what"] == "cpu"
    live(kernel, 30)
    assert told(kernel)[-1] in ("warn", "none")


def test_a_stop_is_held_up_by_nothing(kernel):
    """While the kernel stops nobody is pressed any more, and nobody stands still."""
    kernel.machine.meters.now = SHORT
    kernel.zones.begin_stop()
    assert all(keeper.limits.governor._closed for keeper in kernel.zones.keepers())
    live(kernel, 20)
    assert told(kernel) == []


def test_status_has_the_machine_and_what_reading_costs(kernel):
    """Plain data; pressure as the machine tells it, the pool with what is given away."""
    kernel.machine.meters.now = MachineLoad(cpu=Pressure(12.5, 0.0), disk_free_bytes=7 << 30)
    kernel.machine.loads.cost_ns = 100_000
    live(kernel, 10)
    fields = status_fields(kernel.zones, 1.0, SimpleNamespace(measure=lambda _pid: (0.0, 0.0)))
    governor = fields["governor"]
    assert governor["pressure"] == {
        "cpu": {"some": 12.5, "full": 0.0}, "memory": None, "io": None,
    }  # fmt: skip
    assert governor["disk_free_mb"] == 7168 and governor["pool"]["cores"] == [0, 1]
    assert 0 < governor["cost_percent"] <= 0.5 and governor["step"] == "none"
    assert [zone["step"] for zone in fields["zones"]] == ["none"] * 3


class TestCores:
    def test_bus_zones_leave_one_to_the_world(self, kernel):
        """Zygotes, too: what they fork comes along. The world's own are left as they are."""
        cores = kernel.machine.cores
        live(kernel, 3)
        bus = {each.pid for each in kernel.machine.processes.zygotes if "toy" not in each.service}
        assert bus and cores.placed == dict.fromkeys(bus, (1,))
        asked = cores.asked
        live(kernel, 10)
        assert cores.asked == asked, "once each"

    def test_a_cpuset_that_forbids_it_is_seen(self, kernel):
        """Degraded with the reason, tried again with each look, and over when it works."""
        kernel.machine.cores.refusal = "it got cores 0 of 1"
        kernel.zones.governor._placed.clear()
        live(kernel, 3)
        rows = {each["what"]: each for each in degraded_fields(kernel.zones)}
        assert rows["sandbox: cores"]["why"] == "it got cores 0 of 1"
        assert rows["sandbox: cores"]["hint"].startswith("grep Cpus_allowed_list /proc/")
        kernel.machine.cores.refusal = ""
        live(kernel, 3)
        assert "sandbox: cores" not in {each["what"] for each in degraded_fields(kernel.zones)}

    def test_on_one_core_nobody_is_placed(self, machine, tmp_path):
        """There is no choice."""
        machine.meters.there = Pool((3,), 8 << 30, 1024)
        kernel = make(machine, tmp_path)
        kernel.start()
        live(kernel, 3)
        assert machine.cores.placed == {}
        kernel.close()

    def test_nobody_is_placed_before_a_world_ticks(self, machine, tmp_path):
        """Services import and get ready on all cores: a boot takes no longer."""
        machine.meters.there = Pool((0, 1), 8 << 30, 1024)
        kernel = make(machine, tmp_path)
        live_without_world(kernel)
        assert machine.cores.placed == {} and len(machine.processes.zygotes) == 3
        kernel.start()
        live(kernel, 3)
        assert len(machine.cores.placed) == 2
        kernel.close()

    def test_it_can_be_switched_off(self, kernel):
        """By its key, while the kernel runs: then all have all cores again."""
        live(kernel, 3)
        config = kernel.zones.leaving.config
        rules = replace(RULES, place_cores=False)
        kernel.zones.leaving.config = replace(config, governor=rules)
        live(kernel, 3)
        assert set(kernel.machine.cores.placed.values()) == {(0, 1)}


def live_without_world(kernel: PaperKernel) -> None:
    """Let some seconds go by before there is a world."""
    for _ in range(12):
        kernel.machine.clock.advance(0.25)
        kernel.round(1)


class Broker:
    """An archive that keeps what it was asked for."""

    def __init__(self) -> None:
        self.config = SimpleNamespace(broker=True, may=(), yields=False, name="archive")
        self.limits = SimpleNamespace(governor=SimpleNamespace(step=Step.NONE))
        self.active = sup.Process(7, 0.0, True)
        self.asked: list[dict[str, int]] = []
        self.away = False

    def request(self, name, args, _deadline_s) -> int:
        """Keep it, or be away."""
        assert name == HOLD
        if self.away:
            raise Refused("cannot ask zone archive: it is restarting")
        self.asked.append(args["zones"])
        return len(self.asked)

    def take_reply(self, _number) -> None:
        """Have said nothing."""


def test_the_archive_takes_fewer_events_of_who_is_throttled(machine):
    """It is told once, again by each process of it, and when nobody is held any more."""
    broker, step = Broker(), SimpleNamespace(step=Step.THROTTLE)
    sandbox = SimpleNamespace(
        config=SimpleNamespace(broker=False, may=("trial",)), limits=SimpleNamespace(governor=step)
    )
    config = SimpleNamespace(governor=GovernorRules(throttle_events_per_s=50))
    services = {"archive": broker, "sandbox": sandbox}
    governor = Governor(machine.parts(), lambda: config, {}, services)
    for _ in range(3):
        governor._hold_events()
    assert broker.asked == [{"sandbox": 50}] and governor.trials_at_once(2) == 1
    broker.active, broker.away = sup.Process(8, 0.0, True), True
    governor._hold_events()
    broker.away = False
    governor._hold_events()
    assert broker.asked == [{"sandbox": 50}] * 2
    step.step = Step.WARN
    governor._hold_events()
    assert broker.asked[2:] == [{}] and governor.trials_at_once(2) == 2

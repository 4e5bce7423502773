"""Reading the configuration again in a kernel on paper: what is carried out, and what is not."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from Kernel.config import KernelConfig, load_config
from Kernel.contract.arena import INBOX_WINDOW, Header
from Kernel.contract.errors import ConfigError, Refused
from Kernel.contract.inputs import SET_PARAM, Input
from Kernel.contract.settings import Effect, Key, Sort
from Kernel.core.supervisor import StopAsked
from Kernel.reloader import Reloader
from tests.support.fakes import FakeMachine
from tests.support.paper_kernel import PaperKernel

KERNEL = """
stop_deadline_s: 10
zones:
  stable: {service: tests.support.toy, kind: arena, settings: world, deadline_ms: 250}
"""
KEYS = (
    Key("seed", Sort.WHOLE, 1, 0, 99, effect=Effect.FOUNDING),
    Key("friction", Sort.NUMBER, 0.85, 0, 1, effect=Effect.TICK),
)


class Stage:
    """A kernel on paper whose files a test writes."""

    def __init__(self, machine: FakeMachine, folder: Path) -> None:
        self.folder = folder / "config"
        self.folder.mkdir()
        self.write()
        self.machine = machine
        self.kernel = PaperKernel(machine, folder, config=self.read())
        self.reloader = Reloader(self.read(), self.read, self.kernel.zones, machine.log)

    def read(self) -> KernelConfig:
        """Read the files."""
        return load_config(self.folder, (), {})

    def write(self, kernel: str = KERNEL, world: str = "seed: 1\nfriction: 0.85\n") -> None:
        """Write the files."""
        (self.folder / "kernel.yaml").write_text(kernel)
        (self.folder / "world.yaml").write_text(world)

    def start(self) -> "Stage":
        """Bring the world up; it tells its table."""
        self.kernel.start()
        self.kernel.world.facts["settings"] = [key.fields() for key in KEYS]
        return self

    def friction(self) -> float:
        """Return the world's friction after one more tick."""
        self.kernel.tick()
        return self.kernel.world_param()

    def effects(self, dry_run: bool = False) -> dict[str, str]:
        """Read again and return the effect of each key that differs."""
        answer = self.reloader.answer(dry_run)
        return {change["key"]: change["effect"] for change in answer["changes"]}


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Stage]:
    """Give a kernel that has only just begun."""
    machine = FakeMachine()
    stage = Stage(machine, tmp_path)
    yield stage
    stage.kernel.close()
    machine.processes.close()


@pytest.fixture
def stage(fresh: Stage) -> Stage:
    """Give a kernel whose world ticks."""
    return fresh.start()


def test_settings_of_kernel_and_zone_count_at_once(stage):
    """The keeper goes on with the new deadline and policy, the kernel with its own."""
    stage.write(
        "stop_deadline_s: 3\nprobe_base_s: 7\n"
        + KERNEL.split("\n", 2)[2].replace("250", "500, nice: 4, guard_s: 9")
    )
    assert stage.effects() == {
        "kernel.probe_base_s": "now",
        "kernel.stop_deadline_s": "now",
        "kernel.zones.stable.guard_s": "now",
        "kernel.zones.stable.deadline_ms": "now",
        "kernel.zones.stable.nice": "next process",
    }
    config = stage.kernel.world.config
    assert (config.deadline_s, config.nice) == (0.5, 4)
    rules = stage.kernel.world.rules
    assert (rules.guard_s, rules.probe_base_s, rules.probe_cap_s) == (9, 7, 300)
    assert stage.reloader.config.stop_deadline_s == 3
    stage.kernel.zones.begin_stop()
    assert stage.kernel.zones.stop.deadline_s == 3


def test_a_parameter_is_sent_to_the_world(stage):
    """It is applied by the next tick, as if it had been set by hand."""
    stage.write(world="seed: 1\nfriction: 0.5\n")
    assert stage.effects() == {"world.friction": "next tick"}
    assert stage.friction() == 0.5


def set_by_hand(stage: Stage, value: float) -> None:
    """Do what `molt params friction VALUE` does."""
    stage.kernel.world.inbox.post(Input(SET_PARAM, param="friction", value=value))
    stage.kernel.world.by_hand.add("friction")
    assert stage.friction() == value


def test_what_was_set_by_hand_stays(stage):
    """It is told as kept, each time, until the file says something new about it."""
    set_by_hand(stage, 0.25)
    stage.write(KERNEL.replace("250", "300"))
    kept = {"world.friction": "kept"}
    assert stage.effects() == kept | {"kernel.zones.stable.deadline_ms": "now"}
    assert stage.effects() == kept and stage.friction() == 0.25
    (change,) = stage.reloader.reload(dry_run=True)
    assert (change.old, change.new, change.why) == (0.25, 0.85, "set by hand")
    assert change.hint == "molt reload --all"
    stage.write(world="seed: 1\nfriction: 0.5\n")
    assert stage.effects() == {"world.friction": "next tick"} | {
        "kernel.zones.stable.deadline_ms": "now"
    }
    assert stage.friction() == 0.5 and stage.effects() == {}


def test_all_takes_what_was_set_by_hand_too(stage):
    """Asked for, the world is what the files say, and a dry run leaves it as it is."""
    set_by_hand(stage, 0.25)
    (change,) = stage.reloader.reload(dry_run=True, everything=True)
    assert change.fields()["effect"] == "next tick" and stage.friction() == 0.25
    assert [each["effect"] for each in stage.reloader.answer(False, True)["changes"]] == [
        "next tick"
    ]
    assert stage.friction() == 0.85 and stage.effects() == {}


def test_a_file_that_was_edited_before_the_boot_counts(stage):
    """The kernel has read it as it is; the world that is there has another value."""
    stage.write(world="seed: 1\nfriction: 0.5\n")
    stage.reloader = Reloader(stage.read(), stage.read, stage.kernel.zones, stage.machine.log)
    stage.kernel.zones.reconfigure(stage.read())
    stage.reloader.tell_differences()
    (line,) = stage.machine.log.of("config.differs")
    assert line["text"] == "world.friction: the file says 0.5, the world has 0.85"
    assert line["hint"] == "molt reload" and stage.friction() == 0.85
    assert stage.effects() == {"world.friction": "next tick"}
    assert stage.friction() == 0.5 and stage.effects() == {}
    stage.reloader.tell_differences()
    assert len(stage.machine.log.of("config.differs")) == 1


def test_a_value_the_world_has_already_is_no_change(stage):
    """Writing into the file what was set by hand changes nothing."""
    set_by_hand(stage, 0.5)
    stage.write(world="seed: 1\nfriction: 0.5\n")
    assert stage.effects() == {} and stage.kernel.world.config.settings["friction"] == 0.5


def test_what_is_refused_is_told_again(stage):
    """A key that cannot change keeps its value in the kernel, so the next reload says so too."""
    stage.write(world="seed: 2\nfriction: 0.85\n")
    assert stage.effects() == stage.effects() == {"world.seed": "refused"}
    assert stage.kernel.world.config.settings["seed"] == 1
    stage.write()
    assert stage.effects() == {}


def test_dry_run_changes_nothing(stage):
    """What would follow is told, twice the same, and nothing is sent."""
    stage.write(KERNEL.replace("250", "500"), "seed: 1\nfriction: 0.5\n")
    posted = stage.kernel.words.get(Header.INBOX_NEXT)
    for _ in range(2):
        assert set(stage.effects(dry_run=True)) == {
            "kernel.zones.stable.deadline_ms", "world.friction",
        }  # fmt: skip
    assert stage.kernel.words.get(Header.INBOX_NEXT) == posted
    assert stage.kernel.world.config.deadline_s == 0.25
    assert stage.machine.log.of("config.changed") == []


@pytest.mark.parametrize(
    ("kernel", "world", "said"),
    [
        (KERNEL + "[", "friction: 0.5\n", "kernel.yaml:5: it is not plain YAML"),
        (KERNEL.replace("250", "1"), "friction: 0.5\n", "kernel.yaml:4: zones.stable.deadline_ms"),
        (KERNEL.replace("250", "500"), "friction: 7\n", "world.yaml:1: friction is 7, it takes"),
        (KERNEL.replace("250", "500"), "fricton: 1\n", "did you mean friction?"),
    ],
)
def test_a_fault_anywhere_changes_nothing(stage, kernel, world, said):
    """One wrong value, and nothing of all that was written counts; the signal says it."""
    stage.write(kernel, world)
    posted = stage.kernel.words.get(Header.INBOX_NEXT)
    with pytest.raises(ConfigError) as caught:
        stage.reloader.reload()
    assert said in caught.value.message
    stage.reloader.on_signal()
    (line,) = stage.machine.log.of("config.refused")
    assert said in line["why"] and line["hint"].startswith("edit ")
    assert stage.kernel.world.config.deadline_s == 0.25
    assert stage.kernel.words.get(Header.INBOX_NEXT) == posted


def test_a_table_that_makes_no_sense_changes_nothing(stage):
    """What a zone tells is not trusted."""
    stage.kernel.world.facts["settings"] = [{"name": "friction"}]
    stage.write(KERNEL.replace("250", "500"))
    stage.reloader.on_signal()
    (line,) = stage.machine.log.of("config.refused")
    assert "cannot read a key" in line["why"] and stage.kernel.world.config.deadline_s == 0.25


def test_a_world_that_takes_no_input_refuses_its_part(stage):
    """What cannot be sent is refused with the reason, the rest counts, and it is tried again."""
    with pytest.raises(Refused):
        for _ in range(INBOX_WINDOW):
            stage.kernel.world.inbox.post(Input(SET_PARAM, param="friction", value=0.3))
    stage.write(KERNEL.replace("250", "500"), "seed: 1\nfriction: 0.5\n")
    assert stage.effects() == {
        "kernel.zones.stable.deadline_ms": "now",
        "world.friction": "refused",
    }
    assert stage.kernel.world.config.deadline_s == 0.5
    assert stage.friction() == 0.3
    assert stage.effects() == {"world.friction": "next tick"}
    assert stage.friction() == 0.5


def test_before_there_is_a_world(fresh):
    """Nobody can tell a right value from a wrong one yet: it is put off, the rest counts."""
    fresh.write(KERNEL.replace("250", "500"), "seed: 1\nfriction: 50\n")
    (deadline, friction) = fresh.reloader.reload()
    assert (deadline.key, deadline.why) == ("kernel.zones.stable.deadline_ms", "")
    assert "zone stable is starting and has not said what it takes" in friction.why
    assert fresh.kernel.world.config.settings["friction"] == 0.85
    fresh.start()
    with pytest.raises(ConfigError):
        fresh.reloader.reload()
    fresh.write(KERNEL.replace("250", "500"), "seed: 1\nfriction: 0.5\n")
    assert fresh.effects() == {"world.friction": "next tick"}


def test_a_service_of_an_older_version(stage):
    """One that tells no table takes its settings with its next generation, which checks them."""
    del stage.kernel.world.facts["settings"]
    stage.write(world="seed: 1\nfriction: 0.5\n")
    assert stage.effects() == {"world.friction": "next generation"}
    assert stage.kernel.world.config.settings["friction"] == 0.5


def test_a_signal_tells_each_change(stage):
    """The log has a line for each key, and one that the files were read."""
    stage.write(KERNEL.replace("250", "500"), "seed: 2\nfriction: 0.85\n")
    stage.reloader.on_signal()
    now, refused = stage.machine.log.of("config.changed")
    assert (now["key"], now["old"], now["new"], now["effect"]) == (
        "kernel.zones.stable.deadline_ms", 250, 500, "now",
    )  # fmt: skip
    assert refused["key"] == "world.seed" and refused["why"] and refused["hint"]
    assert stage.machine.log.of("config.read") == [{"changed": 2}]


def test_reading_again_while_it_stops(stage):
    """A stop that is under way goes on."""
    stage.kernel.world.learn(StopAsked())
    stage.write(KERNEL.replace("250", "500"))
    assert stage.effects() == {"kernel.zones.stable.deadline_ms": "now"}

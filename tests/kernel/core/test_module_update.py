"""A module version comes into a kernel on paper by succession, and goes back by it."""

import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from Kernel.contract.arena import NEVER, Header
from Kernel.contract.errors import ConfigError, Refused
from Kernel.contract.messages import Hello, Ready
from Kernel.contract.zygote_protocol import Unprepared
from Kernel.core import passive_update as up
from Kernel.core.ladder import Rules
from Kernel.core.module_update import LOOK_S
from Kernel.core.passive_update import How, ModuleVersion, Stage
from Kernel.ports.update_files import MemoryUpdates
from Kernel.ports.versions import CHECKOUT, Main, bundle_source
from tests.kernel.core.test_passive_update import kept, probed, version
from tests.support.fakes import FakeMachine
from tests.support.paper_archive import FACTS as SERVICE_FACTS
from tests.support.paper_archive import PaperArchive
from tests.support.paper_kernel import FRICTION, PHASES, PaperKernel
from tests.support.toy import service as toy
from tests.support.wait import wait_until

NEW = version(7)
ROOT = Path("/versions/7")
FACTS = toy.Generation({}).facts | {"parameters": [FRICTION], "phases": PHASES}


class Scene:
    """A kernel that is up, with a version on its disk that has proved itself."""

    def __init__(
        self,
        machine: FakeMachine,
        folder: Path,
        updates: up.Updates,
        services: tuple[str, ...] = (),
    ) -> None:
        self.machine, self.folder = machine, folder
        self.files: MemoryUpdates = machine.updates
        self.files.updates = updates
        self.files.roots = {NEW.id: ROOT, version(1).id: Path("/versions/1")}
        self.kernel = PaperKernel(machine, folder, services)
        self.kernel.start()

    @property
    def update(self):
        return self.kernel.zones.updates

    @property
    def world(self):
        return self.kernel.world

    @property
    def words(self):
        return self.kernel.words

    def pass_s(self, seconds: float) -> None:
        """Let time go by while the world ticks and the kernel looks."""
        self.machine.clock.pass_time(seconds, lambda: (self.kernel.tick(), self.kernel.round(1)))

    def ticks(self, count: int) -> None:
        for _ in range(count):
            self.kernel.tick()
        self.kernel.round()

    def look(self) -> None:
        self.pass_s(2 * LOOK_S)
        self.kernel.round()

    def newest(self):
        return self.machine.processes.zygotes[-1]

    def ready(self) -> int:
        """Have the generation that was begun prepare itself, with a ready heir; return its pid."""
        self.newest().prepare(FACTS)
        self.kernel.round()
        return self.heir()

    def heir(self) -> int:
        """Have the newest generation fork an heir that is ready."""
        self.pass_s(1.2)  # the owner finds its beat first
        pid = self.machine.processes.new_pid()
        request = self.newest().fork(pid)
        self.kernel.round()
        self.newest().ring(request.serial)
        self.kernel.round()
        return pid

    def succeed(self, heir: int, before: int) -> None:
        """Let an heir take over from a process that leaves in order."""
        self.kernel.take_over(heir)
        self.machine.processes.end(before, code=0)
        self.kernel.round()

    def take_over(self, pid: int, commit: bool = True) -> None:
        """Let an heir take over from one that has died, and note what it found."""
        words = self.words
        words.put(Header.TAKEN_OVER_TICK, words.get(Header.COMMIT))
        words.put(Header.FOUND_FLIGHT, words.get(Header.FLIGHT))
        words.put(Header.FOUND_OWNER, words.get(Header.OWNER))
        self.kernel.take_over(pid, commit)

    def crash(self, pid: int) -> None:
        """Let a process die of a fault in the midst of a tick."""
        self.words.put(Header.FLIGHT, 6)
        self.machine.processes.end(pid, number=signal.SIGSEGV)
        self.kernel.round()

    def give(self) -> int:
        """Commit and bring it in; return the pid that serves."""
        self.answer = self.update.commit(b"c" * 16)
        self.look()
        heir = self.ready()
        self.succeed(heir, self.kernel.active)
        return heir


@pytest.fixture
def scene(machine: FakeMachine, tmp_path: Path) -> Iterator[Scene]:
    scene = Scene(machine, tmp_path, probed(7))
    yield scene
    scene.kernel.close()


def test_committed_it_is_made_ready_beside_the_world(scene: Scene) -> None:
    """Its zygote starts in its own folder by exec; who serves goes on until an heir is ready."""
    answer = scene.update.commit(b"c" * 16)
    assert scene.files.updates.candidate.stage is Stage.NEXT_STABLE and answer() is None
    scene.look()
    assert scene.newest().root == ROOT and scene.newest().handle is not None
    candidate = scene.files.updates.candidate
    assert (candidate.stage, candidate.attempts) == (Stage.GUARD, 1), "noted before it is given"
    assert scene.world.active.pid == scene.kernel.active
    assert scene.words.get(Header.PERMISSION) == scene.kernel.heir
    heir = scene.ready()
    assert scene.words.get(Header.PERMISSION) == heir
    assert scene.words.get(Header.DRAIN_AT) == scene.words.get(Header.COMMIT), "a tick boundary"
    scene.succeed(heir, scene.kernel.active)
    assert answer() is not None and scene.world.line.source == bundle_source(NEW, ROOT)
    log = scene.machine.log
    assert [each["attempt"] for each in log.of("update.begun")] == [1]
    assert log.of("update.guarded")[0]["until_tick"] == answer()["until_tick"]
    (begun,) = [id_ for id_, kind in log.named.items() if kind == "generation.begun"]
    assert log.named[log.causes[begun]] == "update.begun"


def test_after_its_guard_it_is_kept(scene: Scene) -> None:
    """Only ticks count; then the former is let go, and the counter has risen."""
    scene.give()
    second = scene.heir()
    until = scene.answer()["until_tick"]
    scene.machine.clock.advance(3600.0)
    scene.kernel.round()
    assert scene.world.ladder.former == 1, "an hour of pause: the one before is warm"
    scene.ticks(until - scene.world.tick() - 1)
    assert scene.files.updates.active is None
    scene.ticks(1)
    assert scene.files.updates.active == NEW and scene.files.updates.counter == 7
    assert scene.files.updates.candidate is None
    scene.look()
    assert not scene.world.ladder.former and not scene.world.generations.held
    assert scene.machine.log.of("update.kept")[0]["version"] == "7.0"
    assert second not in scene.machine.processes.killed()
    assert scene.answer()["active"] == NEW.name


def test_the_next_generations_are_of_it(scene: Scene) -> None:
    """What is renewed later, for a trait, say, is forked of it: the same source, no exec."""
    scene.give()
    scene.heir()
    scene.ticks(scene.answer()["until_tick"])
    scene.look()
    scene.world.generations.renew()
    assert scene.world.lines[scene.world.ladder.incoming].source == bundle_source(NEW, ROOT)


def test_while_it_is_under_guard_nothing_else_is_begun(scene: Scene) -> None:
    """Or the one before would give way to it. Who asks is told; what can wait, waits."""
    scene.give()
    with pytest.raises(Refused, match="a module version is under guard"):
        scene.world.generations.renew()
    scene.update.roll_back(b"")
    assert not scene.world.generations.held


def test_what_crashes_is_taken_back_by_itself(scene: Scene) -> None:
    """The warm heir of the one before computes the tick that it cannot: that condemns it."""
    serving = scene.give()
    scene.ticks(500)
    second = scene.heir()
    tick = scene.words.get(Header.COMMIT)
    scene.crash(serving)
    assert scene.words.get(Header.PERMISSION) == second
    scene.take_over(second, commit=False)
    scene.crash(second)
    assert scene.words.get(Header.PERMISSION) == scene.kernel.heir, "of the checkout, and warm"
    scene.take_over(scene.kernel.heir)
    assert scene.words.get(Header.COMMIT) == tick + 1, "no tick is lost"
    assert scene.world.ladder.current == 1 and not scene.world.ladder.incoming
    assert scene.newest().root == ROOT, "nothing had to be started"
    updates = scene.files.updates
    assert updates.candidate is None and updates.active is None
    assert updates.outcomes[-1].how is How.ROLLED_BACK
    assert updates.outcomes[-1].why.startswith("zone stable: ")
    assert scene.machine.log.of("update.rolled_back") and scene.world.generations.main == CHECKOUT
    with pytest.raises(Refused, match="all zones run the version before"):
        scene.answer()


def test_what_fails_now_and_then_is_taken_back_too(scene: Scene) -> None:
    """Its budget forgets a failure in time, its guard does not: the third is one too many."""
    serving = scene.give()
    for count in (1, 2, 3):
        after = scene.heir()
        for _ in range(12):
            scene.pass_s(1.0)
        assert scene.world.line.state.patience.failures == 0, "it is healthy again"
        scene.crash(serving)
        if count < 3:
            scene.take_over(after)
            scene.words.put(Header.FLIGHT, 0)
            serving = after
    assert "failed 3 times under guard" in scene.files.updates.outcomes[-1].why
    assert scene.words.get(Header.PERMISSION) == scene.kernel.heir


def test_one_fault_is_not_enough(scene: Scene) -> None:
    """Its own heir goes on, and the guard with it."""
    serving = scene.give()
    second = scene.heir()
    scene.machine.processes.end(serving, number=signal.SIGSEGV)
    scene.kernel.round()
    scene.kernel.take_over(second)
    assert scene.files.updates.candidate.stage is Stage.GUARD
    assert not scene.machine.log.of("update.rolled_back")


def test_what_cannot_be_loaded_never_serves(scene: Scene) -> None:
    """A syntax error, a missing package: told with its reason, the world has not noticed."""
    answer = scene.update.commit(b"")
    scene.look()
    scene.newest().say(Unprepared(1, "cannot load zones.world: invalid syntax", "edit it"))
    scene.kernel.round()
    scene.machine.processes.end(scene.newest().pid, code=78)
    scene.kernel.round()
    assert scene.files.updates.candidate is None
    assert "invalid syntax" in scene.files.updates.outcomes[-1].why
    assert scene.words.get(Header.DRAIN_AT) == NEVER
    assert scene.world.active.pid == scene.kernel.active
    with pytest.raises(Refused, match="invalid syntax"):
        answer()
    scene.world.generations.renew()
    assert scene.world.lines[scene.world.ladder.incoming].source == CHECKOUT


def test_what_never_gets_ready_is_let_go(scene: Scene) -> None:
    """A zygote that compiles for ever: after ready_s it is retired, and nothing waits for it."""
    scene.update.commit(b"")
    scene.look()
    zygote = scene.newest()
    scene.pass_s(scene.kernel.zones.leaving.config.update.ready_s + 5.0)
    assert "did not run it within 600 s" in scene.files.updates.outcomes[-1].why
    assert not scene.world.ladder.incoming and zygote.pid in scene.machine.processes.killed()


def test_rolled_back_by_hand_under_guard(scene: Scene) -> None:
    """The heir of the one before is named at once, and who serves is ended."""
    serving = scene.give()
    assert scene.update.check_rollback() == (NEW.name, "the factory version")
    answer = scene.update.roll_back(b"r" * 16)
    assert serving in scene.machine.processes.killed()
    assert scene.words.get(Header.PERMISSION) == scene.kernel.heir
    scene.kernel.take_over(scene.kernel.heir)
    assert answer() == {"taken_back": NEW.name, "serves": "the factory version"}
    (told,) = scene.machine.log.of("update.rolled_back")
    assert told["why"] == "it was asked for"


def test_where_nothing_is_kept_warm_one_is_begun(scene: Scene) -> None:
    """A zone whose guard_s is 0 goes back by a generation of the version before."""
    scene.world.rules = Rules(guard_s=0.0)
    serving = scene.give()
    assert not scene.world.ladder.former
    answer = scene.update.roll_back(b"")
    scene.look()
    assert scene.newest().root is None and answer() is None
    scene.succeed(scene.ready(), serving)
    assert scene.world.line.source == CHECKOUT and answer() is not None


def test_rolled_back_before_anybody_was_given_it(scene: Scene) -> None:
    """It was only waiting: nothing happens but that it waits no more."""
    scene.update.commit(b"")
    answer = scene.update.roll_back(b"")
    assert scene.files.updates.candidate is None and answer() is not None
    scene.look()
    assert len(scene.machine.processes.zygotes) == 1


def test_going_back_to_the_version_before(machine: FakeMachine, tmp_path: Path) -> None:
    """What was kept long ago is taken back by a generation of the version before."""
    machine.versions.serves = Main(bundle_source(NEW, ROOT))
    scene = Scene(machine, tmp_path, kept(7, kept(1)))
    assert scene.kernel.zygote().root == ROOT, "a boot starts the active version"
    answer = scene.update.roll_back(b"r" * 16)
    assert scene.files.updates.active == version(1) and answer() is None
    scene.look()
    assert scene.newest().root == Path("/versions/1")
    scene.succeed(scene.ready(), scene.kernel.active)
    assert answer() == {"taken_back": NEW.name, "serves": version(1).name}
    assert scene.machine.log.of("update.gone_back")[0]["to"] == version(1).name
    scene.heir()
    scene.update.roll_back(b"")
    scene.look()
    assert scene.newest().root is None, "the factory version is the checkout"
    assert scene.files.updates.counter == 7
    with pytest.raises(Refused, match="the factory version runs"):
        scene.update.check_rollback()
    scene.kernel.close()


def test_it_waits_for_a_mutation_under_guard(scene: Scene) -> None:
    """A mutation needs the generation before as well: it is judged first, and none comes after."""
    scene.world.holds_former = True
    scene.kernel.zones.guards.clear()  # which would say that nothing is
    scene.update.commit(b"")
    scene.look()
    assert len(scene.machine.processes.zygotes) == 1 and scene.world.generations.held
    scene.world.holds_former = False
    scene.look()
    assert scene.newest().root == ROOT


def test_what_is_gone_from_the_disk_holds_nothing_up(scene: Scene) -> None:
    """Somebody has removed the record while a version waited: all goes on as without one."""
    scene.world.holds_former = True
    scene.kernel.zones.guards.clear()
    scene.update.commit(b"")
    scene.look()
    assert scene.world.generations.held
    scene.files.updates = up.Updates()
    scene.look()
    assert not scene.world.generations.held


def test_a_kernel_that_died_under_guard_tries_again(machine: FakeMachine, tmp_path: Path) -> None:
    """It boots what was active, and gives it to the zones once they serve; the third time not."""
    machine.versions.serves = Main(bundle_source(version(1), Path("/versions/1")))
    updates = up.begin_attempt(up.commit(probed(7, kept(1))))
    scene = Scene(machine, tmp_path, updates)
    assert scene.kernel.zygote().root == Path("/versions/1")
    scene.look()
    assert scene.newest().root == ROOT and scene.files.updates.candidate.attempts == 2
    scene.kernel.close()
    third = up.begin_attempt(up.after_boot(scene.files.updates))
    assert up.after_boot(third).candidate is None


def test_a_version_that_is_damaged_is_not_begun(scene: Scene) -> None:
    """What was sound when it was committed may not be when it is given."""
    answer = scene.update.commit(b"")
    scene.files.roots.clear()
    scene.look()
    assert len(scene.machine.processes.zygotes) == 1
    assert scene.files.updates.outcomes[-1].how is How.ROLLED_BACK
    with pytest.raises(Refused, match="it is not there"):
        answer()
    assert not scene.world.generations.held


class Full(MemoryUpdates):
    """A disk that takes no more, while `full`."""

    full = False

    def change(self, change):
        if self.full:
            raise ConfigError("cannot write the record of updates: No space left", "df -h")
        return super().change(change)


def test_a_full_disk_keeps_nobody_from_going_back(machine: FakeMachine, tmp_path: Path) -> None:
    """The zones go back at once; it is written down as soon as the disk takes it."""
    machine.updates = Full()
    scene = Scene(machine, tmp_path, probed(7))
    scene.give()
    scene.files.full = True
    scene.update.roll_back(b"")
    assert scene.words.get(Header.PERMISSION) == scene.kernel.heir
    assert scene.update.problem is not None and scene.files.updates.candidate is not None
    scene.kernel.take_over(scene.kernel.heir)
    scene.look()
    assert len(scene.machine.log.of("update.not_done")) == 1, "told once"
    scene.files.full = False
    scene.look()
    assert scene.files.updates.candidate is None and scene.update.problem is None
    scene.kernel.close()


def test_a_damaged_record_stops_nothing(machine: FakeMachine, tmp_path: Path) -> None:
    """The kernel boots, tells it once, and refuses commits until it is mended."""
    machine.updates = Full()
    machine.updates.full = True
    machine.updates.load = lambda: machine.updates.change(None)  # whatever is asked of it
    scene = Scene(machine, tmp_path, up.Updates())
    assert scene.world.active is not None and scene.update.problem is not None
    with pytest.raises(ConfigError):
        scene.update.commit(b"")
    scene.kernel.close()


def test_a_stop_leaves_it_where_it_is(scene: Scene) -> None:
    """A kernel that is being stopped gives nothing to anybody."""
    scene.update.commit(b"")
    scene.kernel.zones.begin_stop()
    scene.look()
    assert scene.files.updates.candidate.stage is Stage.NEXT_STABLE
    assert len(scene.machine.processes.zygotes) == 1


def test_a_stop_under_guard_is_no_attempt(scene: Scene) -> None:
    """The next kernel begins it anew."""
    scene.give()
    scene.kernel.zones.begin_stop()
    scene.kernel.round()
    candidate = scene.files.updates.candidate
    assert (candidate.stage, candidate.attempts) == (Stage.NEXT_STABLE, 0)


def test_a_zone_that_does_not_serve(scene: Scene) -> None:
    """Then there is nobody to give it to: told at once, and nothing is committed."""
    scene.machine.processes.end(scene.kernel.active, code=1)
    scene.machine.processes.end(scene.kernel.heir, code=1)
    scene.kernel.round()
    with pytest.raises(Refused, match="cannot commit: zone stable is"):
        scene.update.commit(b"")
    assert scene.files.updates.candidate.stage is Stage.PROBED


def test_fields_tell_it_all(scene: Scene) -> None:
    """For status: what runs, what ran before, what comes and how far it is."""
    assert scene.update.fields() == {
        "active": "the factory version", "fallback": "the factory version",
        "candidate": NEW.name, "stage": "probed", "attempts": 0,
    }  # fmt: skip
    assert isinstance(NEW, ModuleVersion)


class Successor(PaperArchive):
    """A process of a bus zone that the newest zygote forks."""

    def serve(self) -> None:
        """Bring it up in place of one that is asked to leave."""
        machine, kernel = self.kernel.machine, self.kernel
        self.pid = machine.processes.new_pid()
        request = machine.processes.zygotes[-1].fork(self.pid)
        self._peer.connect(f"ipc:///proc/self/fd/{kernel.bus_fd}/{request.facts['endpoint']}")
        self.say(Hello(self.pid, self.zone))
        self.say(Ready(SERVICE_FACTS[self.zone]))
        wait_until(f"{self.zone} to serve", self._is_served)


@pytest.fixture
def pair(machine: FakeMachine, tmp_path: Path) -> Iterator[tuple[Scene, PaperArchive]]:
    """Give a world and a service beside it, and the process of that."""
    scene = Scene(machine, tmp_path, probed(7), ("chronos",))
    chronos = scene.kernel.zones.services["chronos"]
    chronos.config = replace(chronos.config, deadline_s=1e6)  # on paper nobody's heart beats
    service = PaperArchive(scene.kernel, "chronos")
    service.serve()
    yield scene, service
    service.close()
    scene.kernel.close()


def test_zones_one_after_another_and_all_back(pair: tuple[Scene, PaperArchive]) -> None:
    """Worlds first; the service follows; and both go back together, each by what is kept warm."""
    scene, service = pair
    chronos = scene.kernel.zones.services["chronos"]
    first = scene.give()
    assert scene.answer() is None, "the service does not run it yet"
    scene.kernel.round()
    assert scene.newest().root == ROOT and chronos.ladder.incoming
    scene.newest().prepare({"service": "chronos"})
    scene.kernel.round()
    service.leave()  # who serves is asked to, in order
    after = Successor(scene.kernel, "chronos")
    after.serve()
    assert scene.answer() is not None and chronos.line.source == bundle_source(NEW, ROOT)
    scene.update.roll_back(b"")
    assert {first, after.pid} <= set(scene.machine.processes.killed())
    assert scene.words.get(Header.PERMISSION) == scene.kernel.heir
    scene.kernel.round()
    assert chronos.line.source == CHECKOUT and scene.world.line.source == CHECKOUT
    after.close()


def test_a_service_that_cannot_run_it_takes_the_world_back(
    pair: tuple[Scene, PaperArchive],
) -> None:
    """All zones run one version, or the contract between them is none."""
    scene, _service = pair
    first = scene.give()
    scene.kernel.round()
    scene.newest().say(Unprepared(1, "cannot load zones.chronos: no such name", "edit it"))
    scene.kernel.round()
    scene.machine.processes.end(scene.newest().pid, code=78)
    scene.kernel.round()
    assert first in scene.machine.processes.killed()
    assert scene.words.get(Header.PERMISSION) == scene.kernel.heir
    why = scene.files.updates.outcomes[-1].why
    assert why.startswith("zone chronos: ") and "no such name" in why

"""What each command does to a kernel on paper, and when its answer comes."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from Kernel.console.command_types import Place
from Kernel.console.commands import COMMANDS
from Kernel.console.handlers import ANSWER_S, Asked, Handlers
from Kernel.console.request import check_request
from Kernel.contract.arena import INBOX_WINDOW, Header
from Kernel.contract.errors import Refused, WaitTimeout
from Kernel.contract.inputs import SET_PARAM, Input
from Kernel.core.events import Recorder
from Kernel.core.inbox_writer import InboxWriter
from Kernel.ports.meters import Meters
from tests.support.fakes import FakeEntropy, FakeMachine, RecordingLog
from tests.support.paper_kernel import PaperKernel
from zones.world.settings import KEYS


class Console:
    """The handlers over a kernel on paper."""

    def __init__(self, kernel: PaperKernel) -> None:
        self.kernel = kernel
        self.stops = 0
        self.safe_reasons: list[str] = []
        clock = kernel.machine.clock
        self.handlers = Handlers(
            kernel.zones,
            clock,
            Meters(),
            clock.now_s(),
            self._stop,
            lambda dry_run, everything, _cause: {
                "dry_run": dry_run,
                "all": everything,
                "changes": [],
            },
            lambda reason, _cause: self.safe_reasons.append(reason),
            Recorder(RecordingLog(), kernel.machine.clock, FakeEntropy()),
        )

    def _stop(self, _cause: bytes) -> None:
        self.stops += 1

    def ask(self, command: str, **args: object) -> Asked:
        """Start a command with arguments as they come over the socket."""
        return self.handlers.handle(check_request(command, args))

    def now(self, command: str, **args: object) -> dict:
        """Return an answer that is due at once."""
        result = self.ask(command, **args).result()
        assert result is not None, f"{command} does not answer at once"
        return result

    def pause(self) -> int:
        """Pause the world and return the tick it holds after."""
        asked = self.ask("pause")
        tick = self.kernel.tick()
        assert asked.result() is not None
        return tick


@pytest.fixture
def machine() -> Iterator[FakeMachine]:
    """Give fakes for everything."""
    machine = FakeMachine()
    yield machine
    machine.processes.close()


@pytest.fixture
def empty(machine: FakeMachine, tmp_path: Path) -> Iterator[Console]:
    """Give the console of a kernel that has only just begun."""
    kernel = PaperKernel(machine, tmp_path)
    yield Console(kernel)
    kernel.close()


@pytest.fixture
def console(empty: Console) -> Console:
    """Give the console of a kernel whose world ticks, with an heir."""
    empty.kernel.start()
    return empty


def test_every_command_of_the_kernel_has_a_handler():
    """Whatever the table says the kernel answers, `Handlers` has a method for."""
    asked = [each.name for each in COMMANDS if each.place is Place.KERNEL and each.name != "help"]
    assert asked
    for name in asked:
        assert hasattr(Handlers, "_" + name.replace("-", "_").replace(" ", "_")), name


class TestBeforeTheWorld:
    @pytest.mark.parametrize("command", ["pause", "resume", "step", "params"])
    def test_a_world_that_is_not_there_is_refused(self, empty, command):
        """Commands of the world say what state its zone is in."""
        with pytest.raises(Refused, match="cannot reach the world: zone stable is starting"):
            empty.ask(command)

    def test_status_and_ps_answer_all_the_same(self, empty):
        """The console answers while every zone is dead, and says what is missing."""
        status = empty.now("status")
        assert status["world"] is None and status["kernel"]["state"] == "starting"
        assert status["degraded"][0]["what"] == "stable"
        (zone,) = empty.now("ps")["zones"]
        assert (zone["name"], zone["pid"], zone["heir_pid"]) == ("stable", None, None)

    @pytest.mark.parametrize("command", ["agents", "trigger"])
    def test_agents_that_are_not_there_are_refused(self, empty, command):
        """A kernel without them says how to have them."""
        with pytest.raises(Refused, match="there is no zone sandbox"):
            empty.ask(command)

    def test_wait_needs_no_world(self, empty):
        """A wait for a zone's word is answered before there is an arena."""
        asked = empty.ask("wait", **{"for": "zone.stable=starting", "timeout_s": 5})
        assert asked.result() == {"tick": None, "hash": None, "for": "zone.stable=starting"}

    def test_wait_for_a_zone_that_is_none_is_refused_at_once(self, empty):
        """It would never come true, however long somebody waited."""
        with pytest.raises(Refused, match=r"nope: .*stable"):
            empty.ask("wait", **{"for": "tick>5 and zone.nope=ready", "timeout_s": 5})

    @pytest.mark.parametrize("dry_run", [True, False])
    def test_reload_needs_no_world(self, empty, dry_run):
        """The files are read again at once, or only compared, as asked."""
        answer = {"dry_run": dry_run, "all": False, "changes": []}
        assert empty.now("reload", dry_run=dry_run) == answer
        assert empty.now("reload", all=True) == {"dry_run": False, "all": True, "changes": []}

    def test_shutdown_needs_no_world(self, empty):
        """A kernel that is still booting can be told to stop."""
        asked = empty.ask("shutdown")
        assert empty.stops == 1 and asked.result() is None, "the world may be at its last tick"
        empty.kernel.zones.begin_stop()
        empty.kernel.round()
        empty.kernel.round()
        assert asked.result() == {"stopping": True, "tick": 0}


class TestPause:
    def test_it_answers_when_the_hash_is_there(self, console):
        """Pause answers with tick and hash once the world holds, not before."""
        asked = console.ask("pause")
        assert asked.result() is None
        tick = console.kernel.tick()
        assert asked.result() == {
            "tick": tick,
            "hash": console.kernel.hash_of(tick).hex(),
            "paused": True,
        }

    def test_at_a_tick(self, console):
        """A pause with --at-tick holds after that tick and answers then."""
        goal = console.kernel.words.get(Header.COMMIT) + 3
        asked = console.ask("pause", at_tick=goal)
        for _ in range(2):
            console.kernel.tick()
            assert asked.result() is None
        console.kernel.tick()
        assert asked.result()["tick"] == goal

    def test_a_paused_world_is_paused_at_once(self, console):
        """A second pause changes nothing and posts nothing."""
        tick = console.pause()
        posted = console.kernel.words.get(Header.INBOX_NEXT)
        assert console.now("pause")["tick"] == tick
        assert console.kernel.words.get(Header.INBOX_NEXT) == posted

    def test_it_gets_in_when_nothing_else_does(self, console):
        """With the inbox full for everybody, a pause still gets in."""
        with pytest.raises(Refused):
            for _ in range(INBOX_WINDOW):
                console.kernel.world.inbox.post(Input(SET_PARAM, param="friction", value=0.5))
        assert console.ask("pause").result() is None


class TestResumeAndStep:
    def test_resume_answers_when_it_is_applied(self, console):
        """Resume answers once the world has taken it."""
        console.pause()
        asked = console.ask("resume")
        assert asked.result() is None and asked.until_s is not None
        tick = console.kernel.tick()
        assert asked.result() == {"tick": tick, "hash": None, "paused": False}

    def test_resume_of_a_running_world_changes_nothing(self, console):
        """A world that runs answers at once and gets no input."""
        posted = console.kernel.words.get(Header.INBOX_NEXT)
        assert console.now("resume")["paused"] is False
        assert console.kernel.words.get(Header.INBOX_NEXT) == posted

    def test_step_answers_after_the_last_of_its_ticks(self, console):
        """A step of three answers with the hash of the third tick."""
        tick = console.pause()
        asked = console.ask("step", steps=3)
        for _ in range(2):
            console.kernel.tick()
            assert asked.result() is None
        console.kernel.tick()
        assert asked.result()["tick"] == tick + 3

    def test_a_resume_right_behind_a_pause_is_not_lost(self, console):
        """Both asked in one breath: the world runs on, and neither answer says otherwise."""
        pause, resume = console.ask("pause"), console.ask("resume")
        console.kernel.tick()
        assert pause.result()["paused"] is False
        assert resume.result()["paused"] is False
        assert not console.kernel.world.is_holding()

    def test_a_pause_right_behind_a_resume_holds(self, console):
        """Resume and pause in one breath: the world stands still again after one tick."""
        tick = console.pause()
        resume, pause = console.ask("resume"), console.ask("pause")
        assert pause.result() is None, "the old hash is not the answer"
        console.kernel.tick()
        assert resume.result() is not None
        assert pause.result()["tick"] == tick + 1 and console.kernel.world.is_holding()

    def test_a_step_that_is_overtaken_says_so(self, console):
        """A resume during a step lets the world run on; the step is not left without an answer."""
        console.pause()
        step = console.ask("step", steps=5)
        console.kernel.tick()
        console.ask("resume")
        console.kernel.tick()
        with pytest.raises(Refused, match="cannot finish 5 steps"):
            step.result()

    def test_step_of_a_running_world_is_refused(self, console):
        """There is nothing to step while the world runs; the hint says what to do first."""
        with pytest.raises(Refused) as caught:
            console.ask("step")
        assert caught.value.hint == "molt pause"

    def test_no_answer_has_an_end(self, console):
        """A resume that is never applied is given up in words."""
        console.pause()
        asked = console.ask("resume")
        assert asked.until_s == console.kernel.machine.clock.now_s() + ANSWER_S
        assert asked.late().message.startswith("cannot tell how it ended: zone stable")


@pytest.mark.parametrize(
    ("paused", "command", "args"),
    [
        (False, "pause", {}), (True, "resume", {}), (True, "step", {"steps": 5}),
        (False, "params", {"key": "friction", "value": 0.5}),
    ],
)  # fmt: skip
def test_a_world_that_moves_meanwhile_leaves_nobody_waiting(console, paused, command, args):
    """What the old arena's inbox was sent may never be applied: it is refused, not waited for."""
    if paused:
        console.pause()
    world = console.kernel.world
    asked = console.ask(command, **args)
    world.inbox, arena, world.arena = None, world.arena, None
    assert asked.result() is None, "it is on its way"
    world.arena = arena
    world.inbox = InboxWriter("stable", arena.words, arena.side, lambda: None)
    with pytest.raises(Refused, match="cannot tell how it ended: the world has moved to another"):
        asked.result()


class TestParams:
    def test_list_and_one(self, console):
        """All parameters, or one, with value, unit and limits."""
        (entry,) = console.now("params")["params"]
        assert entry == console.now("params", key="friction")
        assert (entry["key"], entry["min"], entry["max"], entry["default"]) == (
            "friction",
            0.0,
            1.0,
            0.85,
        )

    def test_a_change_answers_with_its_tick(self, console):
        """A change answers once applied, with the tick and the new value."""
        asked = console.ask("params", key="friction", value=0.5)
        assert asked.result() is None
        tick = console.kernel.tick()
        result = asked.result()
        assert (result["applied_at_tick"], result["value"]) == (tick, 0.5)

    def test_a_change_is_known_as_made_by_hand(self, console):
        """So that files which are read again leave it alone."""
        assert console.kernel.world.by_hand == set()
        console.ask("params", key="friction", value=0.5)
        assert console.kernel.world.by_hand == {"friction"}

    def test_a_change_of_a_paused_world_is_pending(self, console):
        """While the world stands still nothing is consumed: the answer says pending."""
        tick = console.pause()
        result = console.now("params", key="friction", value=0.5)
        assert result["pending"]["at_tick"] == tick + 1

    def test_a_change_for_later_is_pending(self, console):
        """A change for a far tick answers at once, with that tick."""
        result = console.now("params", key="friction", value=0.5, at_tick=1000)
        assert result["pending"] == {"value": 0.5, "at_tick": 1000}

    def test_who_looks_sees_what_is_pending(self, console):
        """Until its tick the next change stands beside the value, and status counts it."""
        assert console.now("params", key="friction")["pending"] is None
        assert console.now("status")["world"]["inputs_waiting"] == 0
        for at_tick in (2000, 1000):
            console.now("params", key="friction", value=at_tick / 4000, at_tick=at_tick)
        waits = {"value": 0.25, "at_tick": 1000}
        shown = console.now("params", key="friction")
        assert shown["value"] != 0.25 and shown["pending"] == waits
        assert console.now("params")["params"][0]["pending"] == waits
        assert console.now("status")["world"]["inputs_waiting"] == 2

    def test_what_waits_for_a_paused_world_is_seen(self, console):
        """An input that is in the inbox and not applied is as pending as one that is kept."""
        tick = console.pause()
        console.now("params", key="friction", value=0.5)
        pending = console.now("params", key="friction")["pending"]
        assert pending == {"value": 0.5, "at_tick": tick + 1}
        assert console.now("status")["world"]["inputs_waiting"] == 1

    @pytest.mark.parametrize(
        ("key", "value", "words"),
        [
            ("nosuch", 0.5, "the world has none of that name$"),
            ("fricton", 1, "did you mean 'friction'"),
            ("seed", 7, "cannot set 'seed': it counts only when a world is founded$"),
            ("max_entities", 900, "cannot set 'max_entities': it counts at boot only$"),
            ("tick_rate_ms", 8, "cannot set 'tick_rate_ms': it counts at boot only$"),
            ("friction", 1.5, "from 0 to 1"),
        ],
    )
    def test_what_cannot_be_set(self, console, key, value, words):
        """An unknown key or a value out of range is refused and nothing is posted."""
        console.kernel.world.facts["settings"] = [each.fields() for each in KEYS]
        with pytest.raises(Refused, match=words):
            console.ask("params", key=key, value=value)
        assert console.kernel.words.get(Header.INBOX_NEXT) == 0


class TestWait:
    def test_it_holds_when_it_holds(self, console):
        """A wait for a tick answers at that tick and not before."""
        goal = console.kernel.words.get(Header.COMMIT) + 2
        asked = console.ask("wait", **{"for": f"tick>={goal}", "timeout_s": 5})
        console.kernel.tick()
        assert asked.result() is None
        console.kernel.tick()
        assert asked.result()["tick"] == goal

    def test_paused_means_with_its_hash(self, console):
        """`paused` is true once the hash of the held tick is there, and comes with it."""
        asked = console.ask("wait", **{"for": "paused=true", "timeout_s": 5})
        tick = console.pause()
        assert asked.result()["hash"] == console.kernel.hash_of(tick).hex()

    def test_time_over(self, console):
        """After its timeout a wait is refused with code 124."""
        asked = console.ask("wait", **{"for": "tick>=1000000", "timeout_s": 2})
        assert asked.until_s == console.kernel.machine.clock.now_s() + 2
        error = asked.late()
        assert isinstance(error, WaitTimeout) and error.exit_code == 124


class TestDrill:
    def test_the_story_comes_when_the_heir_serves(self, console):
        """A drill answers with the takeover's times, ticks and epoch once it is over."""
        kernel = console.kernel
        tick = kernel.words.get(Header.COMMIT)
        asked = console.ask("drill", kind="kill", zone="stable")
        assert kernel.machine.processes.signals[-1] == (kernel.active, signal.SIGKILL)
        kernel.round()
        assert asked.result() is None
        kernel.machine.clock.advance(0.001)
        kernel.take_over(kernel.heir, commit=False)
        assert asked.result() is None
        kernel.machine.clock.advance(0.002)
        kernel.tick()
        kernel.words.put(Header.FIRST_COMMIT_NS, kernel.machine.clock.now_ns())
        assert asked.result() == {
            "zone": "stable",
            "kind": "kill",
            "noticed_ms": 1.0,
            "served_ms": 3.0,
            "tick_before": tick,
            "tick_after": tick + 1,
            "missed_ticks": 0,
            "epoch": 2,
        }
        kernel.round()
        (zone,) = console.now("ps")["zones"]
        assert (zone["restarts"], zone["failures"]) == (1, 0)

    def test_unknown_zone(self, console):
        """A zone that is not there is refused with those there are."""
        with pytest.raises(Refused, match="cannot find zone nosuch: zones are stable"):
            console.ask("drill", kind="kill", zone="nosuch")

    def test_soft_restart_drains(self, console):
        """A soft restart tells the active process to leave at a tick boundary."""
        asked = console.ask("soft-restart", zone="stable")
        kernel = console.kernel
        assert kernel.words.get(Header.DRAIN_AT) == kernel.words.get(Header.COMMIT)
        assert not kernel.machine.processes.signals
        kernel.machine.clock.advance(0.001)
        kernel.take_over(kernel.heir)
        kernel.machine.processes.end(kernel.active, code=0)
        kernel.round()
        assert asked.result()["kind"] == "soft-restart"
        assert kernel.world.state.patience.failures == 0


class TestFacts:
    def test_status_of_a_world_that_ticks(self, console):
        """Status carries what programs rely on: kernel, zones, world, degraded."""
        status = console.now("status")
        assert {"pid", "state", "grade", "safe_mode", "uptime_s", "memory_mb"} <= set(
            status["kernel"]
        )
        assert status["kernel"]["state"] == "running" and status["degraded"] == []
        world = status["world"]
        assert {"tick", "population", "paused", "hash", "ticks_per_s", "p99_tick_ms"} <= set(world)
        assert world["tick"] == console.kernel.words.get(Header.COMMIT)
        assert world["paused"] is False and world["hash"] is None
        (zone,) = status["zones"]
        assert (zone["pid"], zone["heir_pid"]) == (console.kernel.active, console.kernel.heir)
        assert zone["state"] == "ready" and zone["epoch"] == 1 and zone["restarts"] == 0

    def test_paused_world_has_a_hash(self, console):
        """The hash shows while the world holds still."""
        tick = console.pause()
        world = console.now("status")["world"]
        assert world["paused"] is True and world["hash"] == console.kernel.hash_of(tick).hex()

    def test_a_stop_shows(self, console):
        """While the kernel stops, status says so and calls nothing degraded for it."""
        console.kernel.zones.begin_stop()
        status = console.now("status")
        assert status["kernel"]["state"] == "stopping" and status["degraded"] == []


def test_safe_mode_is_entered_on_request(console):
    """`safe-mode enter` asks the kernel for it, with the reason."""
    assert console.now("safe-mode status")["safe_mode"] is False
    with pytest.raises(Refused, match="cannot leave safe mode"):
        console.ask("safe-mode leave")
    assert console.now("safe-mode enter") == {"entering": True}
    assert console.safe_reasons == ["asked for by molt safe-mode enter"]


ACTS: dict[str, dict[str, object]] = {
    "pause": {}, "resume": {}, "step": {}, "params": {"key": "friction", "value": 0.5},
    "drill": {"kind": "kill", "zone": "stable"}, "soft-restart": {"fresh": True}, "go-back": {},
    "safe-mode leave": {}, "safe-mode enter": {}, "reload": {}, "trigger": {},
    "try": {"source": "cGFzcwo="}, "run": {"source": "cGFzcwo="},
    "trait add": {"source": "cGFzcwo="}, "trait remove": {"name": "Forager"},
    "quarantine": {"name": "Forager"}, "release": {"name": "Forager"},
    "update commit": {}, "update rollback": {},
}  # fmt: skip


@pytest.mark.parametrize("command", ACTS)
def test_a_kernel_that_is_being_stopped_takes_no_act(console, command):
    """Every command that acts is refused with the reason, and nothing is begun."""
    console.kernel.zones.begin_stop()
    machine = console.kernel.machine
    signals, posted = list(machine.processes.signals), console.kernel.words.get(Header.INBOX_NEXT)
    with pytest.raises(Refused) as caught:
        console.ask(command, **ACTS[command])
    assert caught.value.message == f"cannot do '{command}': the kernel is being stopped"
    assert not console.safe_reasons and machine.processes.signals == signals
    assert console.kernel.words.get(Header.INBOX_NEXT) == posted


def test_a_kernel_that_is_being_stopped_is_looked_at_and_stopped(console):
    """Looks are answered, a shutdown asked for again is no mistake; every act is tried above."""
    console.kernel.zones.begin_stop()
    for command in ("status", "ps", "params", "safe-mode status"):
        console.now(command)
    console.now("reload", dry_run=True)
    console.ask("shutdown")
    assert console.now("shutdown", dry_run=True)["would"] and console.stops == 1
    with pytest.raises(Refused, match="cannot do 'drill': the kernel is being stopped"):
        console.ask("drill", kind="kill", zone="stable", dry_run=True)
    assert {each.name for each in COMMANDS if each.acts} == {*ACTS, "shutdown"}


class TestDryRun:
    @pytest.mark.parametrize("kind", ["kill", "stop", "segfault", "hang"])
    def test_a_drill_that_is_only_asked_about_breaks_nothing(self, console, kind):
        """The plan names the process and its heir; no signal is sent, no word is set."""
        machine, keeper = console.kernel.machine, console.kernel.world
        signals, words = list(machine.processes.signals), bytes(console.kernel.words.memory)
        side = bytes(keeper.arena.side)
        plan = console.now("drill", kind=kind, zone="stable", dry_run=True)
        pid, heir = keeper.active.pid, keeper.state.heir.pid
        assert (plan["pid"], plan["heir_pid"], plan["dry_run"]) == (pid, heir, True)
        assert f"pid {pid}" in plan["would"][0] and f"pid {heir}" in plan["would"][-1]
        assert ("250 ms" in " ".join(plan["would"])) == (kind in ("stop", "hang"))
        assert machine.processes.signals == signals
        assert bytes(console.kernel.words.memory) == words and bytes(keeper.arena.side) == side
        assert not keeper.berth_of(pid).excused

    def test_a_drill_that_would_be_refused_is_refused(self, empty):
        """What could not be drilled is told now, not when it is done."""
        with pytest.raises(Refused, match="cannot drill stable: it is starting"):
            empty.ask("drill", kind="kill", zone="stable", dry_run=True)
        with pytest.raises(Refused, match="cannot find zone nope"):
            empty.ask("drill", kind="kill", zone="nope", dry_run=True)

    def test_a_shutdown_that_is_only_asked_about_stops_nobody(self, console):
        """The plan names every process; nobody is asked to stop."""
        plan = console.now("shutdown", dry_run=True)
        keeper = console.kernel.world
        assert {keeper.active.pid, keeper.state.heir.pid} <= set(plan["pids"])
        assert f"at {console.kernel.world.tick()} or later" in plan["would"][0]
        assert console.stops == 0 and console.kernel.zones.stop is None

    def test_a_shutdown_of_a_world_whose_file_was_deleted(self, console):
        """The arena is not left for the next start: the plan says from where that goes on."""
        assert console.now("shutdown", dry_run=True)["would"][-1].startswith("leave the arena")
        console.kernel.world.arena.path.unlink()
        last = console.now("shutdown", dry_run=True)["would"][-1]
        assert "no name any more" in last and "restores the newest snapshot" in last

    def test_going_back_that_is_only_asked_about(self, console):
        """Where there is a generation to go back to it is named; where there is none, refused."""
        with pytest.raises(Refused, match="no generation before is warm"):
            console.ask("go-back", dry_run=True)

    def test_safe_mode_that_is_only_asked_about(self, console):
        """The plan names who would be ended; nothing is asked for."""
        plan = console.now("safe-mode enter", dry_run=True)
        assert console.kernel.world.active.pid in plan["pids"] and not console.safe_reasons

    def test_without_it_the_thing_is_done(self, console):
        """The flag alone makes the difference."""
        console.ask("drill", kind="kill", zone="stable", dry_run=False)
        assert console.kernel.machine.processes.signals


class TestEvents:
    def record(self, console, count=60):
        for number in range(count):
            console.handlers.recorder.warning("zone.died", zone="stable", pid=number)

    def test_the_last_of_them_unless_asked_otherwise(self, console):
        """Without words the newest 50, then it ends; --last and --since say otherwise."""
        self.record(console)
        reading = console.ask("kernel-events")
        assert [each["payload"]["pid"] for each in reading.read_on()] == list(range(10, 60))
        assert reading.ended and not reading.follows
        two = console.ask("kernel-events", last=2, filters=["pid=1*"])
        assert [each["payload"]["pid"] for each in two.read_on()] == [18, 19]
        everything = console.ask("kernel-events", since="#5")
        assert [each["position"] for each in everything.read_on()] == list(range(5, 61))

    def test_following_goes_on(self, console):
        """Who follows gets what comes later, and only what passes the filter."""
        self.record(console, 1)
        reading = console.ask("kernel-events", follow=True, last=0, filters=["kind=zone.*"])
        assert list(reading.read_on()) == [] and reading.follows
        console.handlers.recorder.info("kernel.stopping")
        console.handlers.recorder.info("zone.served", zone="stable")
        assert [each["kind"] for each in reading.read_on()] == ["zone.served"]

    def test_logs_are_of_a_zone_or_of_the_kernel(self, console):
        """A zone's lines are those it wrote and those the kernel wrote about it."""
        recorder = console.handlers.recorder
        recorder.info("zone.stderr", zone="stable", line="hello")
        recorder.info("kernel.ready")
        recorder.warning("zone.died", zone="stable")

        def told(**args):
            return [each["line"] for each in console.ask("logs", **args).read_on()]

        assert told(zone="stable") == ["hello", "zone.died zone=stable"]
        assert told(zone="kernel") == ["kernel.ready", "zone.died zone=stable"]
        assert told(last=1) == ["zone.died zone=stable"] and told(last=0) == []
        with pytest.raises(Refused, match="cannot find zone nope"):
            console.ask("logs", zone="nope")

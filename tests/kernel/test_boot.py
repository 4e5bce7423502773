"""Boot and end of a real kernel with a toy for a world: exit codes, one line, nothing left over."""

import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fallback.entry import RETURNED_AT
from Kernel.boot import _process_start_s
from Kernel.console.client import KernelRefused, ask, ask_lines
from Kernel.contract.arena import Header, State
from Kernel.contract.places import HOME_MARK
from Kernel.ports.cgroup_tree import find_places
from Kernel.ports.signals import CAUGHT_SIGNALS, Signals
from Kernel.ports.slots import FALLBACK, fill_slot, find_slot
from Kernel.slot_filler import AFTER_S
from tests.structure.sources import ROOT
from tests.support.toy import service as toy
from tests.support.toy_home import ZONES, ToyKernel, is_alive, remove_arenas, write_config
from tests.support.wait import wait_until

pytestmark = pytest.mark.slow


@pytest.fixture
def toy_home(tmp_path: Path) -> Iterator[Path]:
    """Give a home whose world is the toy."""
    home = tmp_path / "h"
    write_config(home)
    yield home
    remove_arenas(home)


def pids(fields: dict) -> list[int]:
    """Return the processes named in the ready line."""
    (zone,) = fields["zones"]
    return [fields["pid"], zone["pid"], zone["zygote_pid"]]


def test_one_line_when_it_is_ready(toy_home):
    """--json prints one line, once the world has ticked: pid, home, socket, zones, boot_s."""
    with ToyKernel(toy_home, "--json") as kernel:
        fields = kernel.ready()
        assert fields["pid"] == kernel.process.pid and fields["home"] == str(toy_home)
        assert Path(fields["socket"]).is_socket() and fields["urls"] == []
        assert fields["zones"][0]["state"] == "ready" and fields["boot_s"] > 0
        tick = kernel.tick()
        assert tick >= 1
        wait_until("more ticks", lambda: kernel.tick() > tick + 10)
        assert kernel.stop() == 0
        assert kernel.read().count(b"\n") == 1, "one line and nothing more"


def test_nothing_on_stdout_without_json(toy_home):
    """Stdout belongs to programs: a plain run leaves it empty."""
    with ToyKernel(toy_home) as kernel:
        wait_until("the world", (toy_home / "run" / "console.sock").exists)
        assert kernel.stop() == 0 and kernel.read() == b""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_leaves_in_order(toy_home, number):
    """SIGTERM and Ctrl-C end everything at a tick boundary, with exit code 0."""
    with ToyKernel(toy_home, "--json") as kernel:
        everybody = pids(kernel.ready())
        kernel.signal(number)
        assert kernel.end() == 0
        assert not any(map(is_alive, everybody))
        words = kernel.words()
        tick = words.get(Header.COMMIT)
        assert words.state(tick, State.OWN) == toy.chain_after(tick)
        assert words.get(Header.FLIGHT) == 0


def test_stop_while_it_boots(toy_home):
    """A stop that comes before anything is up ends with 0 as well."""
    with ToyKernel(toy_home) as kernel:
        wait_until("the console", (toy_home / "run" / "console.sock").exists)
        assert kernel.stop() == 0


def test_the_second_interrupt_kills(toy_home):
    """A stop that hangs ends at the second Ctrl-C, at once, with 130 and nobody left."""
    with ToyKernel(toy_home, "--json", "--set", "kernel.stop_deadline_s=300") as kernel:
        everybody = pids(kernel.ready())
        os.kill(everybody[1], signal.SIGSTOP)  # the world will not leave in order
        kernel.signal(signal.SIGINT)
        wait_until("the stop", lambda: "kernel.stopping" in kernel.errors.read_text())
        kernel.signal(signal.SIGINT)
        assert kernel.end() == 130
        wait_until("everybody's end", lambda: not any(map(is_alive, everybody)))
        (told,) = kernel.told("kernel.killed")
        assert told["tick"] == kernel.tick() and "in shared memory" in told["text"]
        assert "No last snapshot" in told["text"]


def test_a_stop_that_hangs_is_ended_by_its_deadline(toy_home):
    """A world that does not leave is killed when its share of the time is over; still exit 0."""
    with ToyKernel(toy_home, "--json", "--set", "kernel.stop_deadline_s=0.5") as kernel:
        everybody = pids(kernel.ready())
        os.kill(everybody[1], signal.SIGSTOP)
        assert kernel.stop() == 0
        assert not any(map(is_alive, everybody))
        assert [each["killed"] for each in kernel.told("zone.stopped")] == [True]
        (told,) = kernel.told("kernel.stopped")
        assert "had to be killed" in told["text"] and "Nothing lost" not in told["text"]


def test_every_phase_has_a_start_and_an_end(toy_home):
    """In a pipe each line is JSON; boot and stop tell each phase when it begins and is over."""
    with ToyKernel(toy_home, "--json") as kernel:
        kernel.ready()
        assert kernel.stop() == 0
        for event, phases in (
            ("boot.phase", ["prepare", "found", "start"]),
            ("stop.phase", ["worlds", "zygotes"]),
        ):
            told = [(each["phase"], each["at"]) for each in kernel.told(event)]
            assert [phase for phase, at in told if at == "end"] == [
                phase for phase, at in told if at == "start"
            ]
            assert {phase for phase, _ in told} >= set(phases)


def test_progress_of_a_zygote_is_heard(toy_home):
    """A generation that tells its steps boots as one that tells none."""
    write_config(toy_home, world="tick_rate_ms: 4\nsteps: 50\n")
    with ToyKernel(toy_home, "--json") as kernel:
        kernel.ready()
        assert kernel.stop() == 0
        assert kernel.told("zone.killed") == []


def test_stacks_on_demand(toy_home):
    """SIGQUIT writes where every thread of everybody is into HOME/log, and the world goes on."""
    with ToyKernel(toy_home, "--json") as kernel:
        fields = kernel.ready()
        wait_until("active and heir", lambda: served_with_heir(kernel))
        kernel.signal(signal.SIGQUIT)
        (told,) = wait_until("the stacks", lambda: kernel.told("kernel.stacks"))
        path = Path(told["path"])
        said = path.read_text()
        assert path.parent == toy_home / "log" and "in _on_signals" not in said
        own, *others = said.split("\nzone ")
        assert "loop.py" in own and len(others) == 2
        assert any(each.startswith(f"stable, pid {fields['zones'][0]['pid']}\n") for each in others)
        assert all("arena_zone.py" in each for each in others)
        tick = kernel.tick()
        wait_until("more ticks", lambda: kernel.tick() > tick)
        assert kernel.stop() == 0


def test_stacks_that_cannot_be_kept(toy_home):
    """A folder that cannot be made is a warning, and the world goes on."""
    (toy_home / "log").write_text("in the way")
    with ToyKernel(toy_home, "--json") as kernel:
        kernel.ready()
        kernel.signal(signal.SIGQUIT)
        (told,) = wait_until("the warning", lambda: kernel.told("kernel.stacks_not_kept"))
        assert told["hint"] and kernel.stop() == 0


def test_too_few_descriptors(toy_home):
    """A kernel that could open next to nothing says so instead of being aborted by a library."""
    words = f'ulimit -n 30; exec "{sys.executable}" manifest.py --home "{toy_home}" --no-open'
    done = subprocess.run(
        ["sh", "-c", words], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 78 and "of the 30 that may be" in done.stderr
    assert "hint: ulimit -n 1024" in done.stderr and not (toy_home / "run").exists()


def test_one_kernel_a_home(toy_home):
    """A second kernel on the same home exits 75 and names the first by pid."""
    with ToyKernel(toy_home, "--json") as first:
        first.ready()
        with ToyKernel(toy_home) as second:
            assert second.end() == 75
            said = second.errors.read_text()
            assert f"pid {first.process.pid}" in said and "hint: molt status" in said
        assert first.stop() == 0


@pytest.mark.parametrize(
    ("kernel", "options", "words"),
    [
        ("zones: {}\n", (), "zones must name at least one zone"),
        ("zones: {stable: {service: x, kind: tcp}}\n", (), "zones.stable.kind"),
        (None, ("--set", "nosuch.key=1"), "--set nosuch.key=1"),
    ],
)
def test_bad_configuration(toy_home, kernel, options, words):
    """A configuration that cannot be used exits 78 with what is wrong, before anything starts."""
    if kernel is not None:
        write_config(toy_home, kernel)
    with ToyKernel(toy_home, *options) as run:
        assert run.end() == 78
        assert words in run.errors.read_text() and not (toy_home / "run").exists()


def test_scenario_is_founded_once(toy_home):
    """--scenario founds a world by its file; the world then goes on, and the boot says so."""
    scenarios = toy_home / "config" / "scenarios"
    scenarios.mkdir()
    (scenarios / "slow.yaml").write_text("tick_rate_ms: 8\n")
    with ToyKernel(toy_home, "--json", "--scenario", "slow") as kernel:
        kernel.ready()
        assert kernel.words().get(Header.PERIOD_NS) == 8_000_000
        assert kernel.stop() == 0
        said = kernel.errors.read_text()
        assert "scenario.founded" in said and "scenario.not_founded" not in said
        tick = kernel.tick()
    with ToyKernel(toy_home, "--json", "--scenario", "slow") as kernel:
        kernel.ready()
        assert kernel.stop() == 0
    lines = [json.loads(line) for line in kernel.errors.read_text().splitlines()]
    (told,) = [line for line in lines if line["event"] == "scenario.not_founded"]
    assert (told["scenario"], told["tick"], told["level"]) == ("slow", tick, "warning")
    assert [line["event"] for line in lines].count("scenario.founded") == 1


def test_unknown_scenario(toy_home):
    """A scenario that is not there exits 78, with those there are, before anything starts."""
    (toy_home / "config" / "scenarios").mkdir()
    (toy_home / "config" / "scenarios" / "ice-age.yaml").touch()
    with ToyKernel(toy_home, "--scenario", "iceage") as kernel:
        assert kernel.end() == 78 and not (toy_home / "run").exists()
        said = kernel.errors.read_text()
        assert said.startswith("cannot find scenario 'iceage': there are ice-age\nhint: ls ")


def test_home_that_is_no_folder(tmp_path):
    """A home that is a file exits 78 and names it."""
    home = tmp_path / "h"
    home.write_text("")
    with ToyKernel(home) as kernel:
        assert kernel.end() == 78 and str(home) in kernel.errors.read_text()


def test_refused_settings_of_a_service(toy_home):
    """A service that refuses its settings ends the boot with 78, in its words."""
    write_config(toy_home, world="tick_rate_ms: -1\n")
    with ToyKernel(toy_home) as kernel:
        assert kernel.end() == 78
        assert "cannot use world.yaml: tick_rate_ms is -1" in kernel.errors.read_text()


def test_refused_settings_have_their_line(toy_home):
    """What a service refuses key by key is told with file and line, each on a line of its own."""
    write_config(
        toy_home,
        ZONES.replace("tests.support.toy", "zones.world"),
        "# mine\ngravity: 99\n\nfricton: 1\n",
    )
    path = toy_home / "config" / "world.yaml"
    with ToyKernel(toy_home) as kernel:
        assert kernel.end() == 78
        (told,) = kernel.told("zone.unprepared")
    said = told["why"].splitlines()
    assert f"cannot use {path}:4: fricton is no key here; did you mean friction?" in said
    assert any(line.startswith(f"cannot use {path}:2: gravity is 99, it takes ") for line in said)
    assert told["hint"] == f"edit {path}"


def test_hangup_reads_the_configuration_again(toy_home):
    """SIGHUP lets count what may, says what was refused, and nothing stops."""
    with ToyKernel(toy_home, "--json") as kernel:
        everybody = pids(kernel.ready())
        write_config(
            toy_home, ZONES.replace("settings:", "deadline_ms: 177, heir: false, settings:")
        )
        kernel.signal(signal.SIGHUP)
        wait_until("the news", lambda: kernel.told("config.read"))
        told = {line["key"]: line["effect"] for line in kernel.told("config.changed")}
        assert told == {
            "kernel.zones.stable.deadline_ms": "now",
            "kernel.zones.stable.heir": "refused",
        }
        # The new deadline is the one by which a hang is judged.
        os.kill(everybody[1], signal.SIGSTOP)
        wait_until("the verdict", lambda: "no progress in 177 ms" in kernel.errors.read_text())
        assert kernel.stop() == 0


def test_hangup_with_a_broken_file(toy_home):
    """A file that cannot be read changes nothing: file and line are said, the kernel goes on."""
    with ToyKernel(toy_home, "--json") as kernel:
        kernel.ready()
        write_config(toy_home, "poll_interval_ms: 20\n" + ZONES + "oh: [\n")
        kernel.signal(signal.SIGHUP)
        (line,) = wait_until("the news", lambda: kernel.told("config.refused"))
        assert f"{toy_home}/config/kernel.yaml:5: " in line["why"] and line["level"] == "error"
        tick = kernel.tick()
        wait_until("more ticks", lambda: kernel.tick() > tick + 10)
        with pytest.raises(KernelRefused, match=r"kernel\.yaml:5: "):
            ask(toy_home, "reload", {}, 10.0)
        write_config(toy_home, "poll_interval_ms: 20\n" + ZONES)
        answer = ask(toy_home, "reload", {}, 10.0).result
        assert [change["key"] for change in answer["changes"]] == ["kernel.poll_interval_ms"]
        assert kernel.stop() == 0


def test_a_terminal_that_is_closed_stops_the_kernel_in_order(toy_home):
    """On a terminal SIGHUP reads the files again while it is there; its end is an orderly stop."""
    terminal, theirs = pty.openpty()
    with ToyKernel(toy_home, "--json", terminal=theirs) as kernel:
        os.close(theirs)
        everybody = pids(kernel.ready())
        write_config(toy_home, "poll_interval_ms: 20\n" + ZONES)
        kernel.signal(signal.SIGHUP)
        wait_until("the news", lambda: "config.read" in kernel.errors.read_text())
        tick = kernel.tick()
        wait_until("more ticks", lambda: kernel.tick() > tick + 10)
        os.close(terminal)
        assert kernel.end() == 0
        assert not any(map(is_alive, everybody))
        assert kernel.words().get(Header.FLIGHT) == 0


def test_ephemeral_leaves_nothing(tmp_path):
    """A throw-away home is gone afterwards, in shared memory too."""
    zones = "kernel.zones={stable: {service: tests.support.toy, kind: arena, settings: world}}"
    with ToyKernel(tmp_path / "unused", "--ephemeral", "--json", "--set", zones) as kernel:
        fields = kernel.ready()
        home, arena = Path(fields["home"]), Path(fields["zones"][0]["arena"])
        assert home.is_dir() and arena.is_file()
        assert kernel.stop() == 0
        assert not home.exists() and not arena.parent.exists()
        assert not (tmp_path / "unused").exists()


def lost_pids(home):
    """Return the kernels before that the running one says were lost."""
    lines = list(ask_lines(home, "kernel-events", {"filters": ["kind=kernel.lost"]}, 10.0))
    return [line["payload"]["pid"] for line in lines]


def test_a_kernel_that_stopped_in_order_is_not_lost(toy_home):
    """Who boots after an orderly stop, or first, tells of nobody that was killed."""
    for _ in range(2):
        with ToyKernel(toy_home, "--json") as kernel:
            kernel.ready()
            assert lost_pids(toy_home) == []
            assert kernel.stop() == 0


def test_killed_kernel_leaves_nobody_and_its_world_goes_on(toy_home):
    """Kill -9 of the kernel ends its processes; the next boot goes on at the committed tick."""
    with ToyKernel(toy_home, "--json") as kernel:
        everybody = pids(kernel.ready())
        wait_until("some ticks", lambda: kernel.tick() > 20)
        kernel.process.kill()
        kernel.process.wait()
        wait_until("everybody's end", lambda: not any(map(is_alive, everybody)))
        tick, epoch = kernel.tick(), kernel.words().get(Header.EPOCH)
        killed = kernel.process.pid
    with ToyKernel(toy_home, "--json") as kernel:
        kernel.ready()
        assert lost_pids(toy_home) == [killed]
        assert kernel.words().get(Header.TAKEN_OVER_TICK) == tick
        assert kernel.words().get(Header.EPOCH) == epoch + 1
        assert kernel.stop() == 0
        words = kernel.words()
        last = words.get(Header.COMMIT)
        assert last > tick and words.state(last, State.OWN) == toy.chain_after(last)


def test_killed_zone_is_taken_over(toy_home):
    """Kill -9 of the world, twice: its heir goes on each time, no tick lost, none doubled."""
    with ToyKernel(toy_home, "--json") as kernel:
        kernel.ready()
        for _ in range(2):
            owner = wait_until("active and heir", lambda: served_with_heir(kernel))
            epoch = kernel.words().get(Header.EPOCH)
            os.kill(owner, signal.SIGKILL)
            wait_until("the heir", lambda: kernel.words().get(Header.EPOCH) > epoch)  # noqa: B023
        wait_until("active and heir", lambda: served_with_heir(kernel))
        (zone,) = ask(toy_home, "ps", {}, 10.0).result["zones"]
        assert (zone["restarts"], zone["failures"]) == (2, 0)
        assert kernel.stop() == 0
        words = kernel.words()
        last = words.get(Header.COMMIT)
        assert words.state(last, State.OWN) == toy.chain_after(last)


def served_with_heir(kernel: ToyKernel) -> int:
    """Return who owns the world once the kernel knows it and another one stands by, else 0."""
    (zone,) = ask(kernel.home, "ps", {}, 10.0).result["zones"]
    owner = kernel.words().get(Header.OWNER)
    return owner if zone["pid"] == owner and zone["heir_pid"] else 0


def test_home_with_a_long_path(tmp_path):
    """A home whose path is longer than a Unix address boots, answers and stops."""
    home = tmp_path / ("a" * 60) / ("b" * 60)
    assert len(str(home)) > 108
    write_config(home)
    try:
        with ToyKernel(home, "--json") as kernel:
            kernel.ready()
            status = ask(home, "status", {}, 10.0).result
            assert status["kernel"]["pid"] == kernel.process.pid
            assert ask(home, "shutdown", {}, 10.0).result["stopping"] is True
            assert kernel.end() == 0
    finally:
        remove_arenas(home)


def test_world_of_a_home_that_is_gone(toy_home):
    """A home made anew founds its own world and says how to delete that of the one before."""
    with ToyKernel(toy_home, "--json") as kernel:
        kernel.ready()
        assert kernel.stop() == 0
    (toy_home / "data" / HOME_MARK).write_text("another home")
    with ToyKernel(toy_home, "--json") as kernel:
        kernel.ready()
        assert kernel.stop() == 0
    said = kernel.errors.read_text()
    assert "it belonged to a home that is gone; delete it if you do not need it" in said
    assert "rm /" in said and "stable.arena.set-aside-1" in said and "warning" not in said


def test_a_kernel_under_nohup_outlives_its_terminal():
    """SIGHUP that was ignored from the start stays ignored; the other signals stop the kernel."""
    before = {number: signal.getsignal(number) for number in CAUGHT_SIGNALS}
    try:
        for told, kept in ((signal.SIG_IGN, True), (signal.SIG_DFL, False)):
            signal.signal(signal.SIGHUP, told)
            caught = Signals.catch()
            assert (signal.getsignal(signal.SIGHUP) == signal.SIG_IGN) is kept
            assert callable(signal.getsignal(signal.SIGINT))
            caught.reader.close()
            signal.set_wakeup_fd(-1)
            caught.writer.close()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def test_a_home_gets_its_fallback_slot_by_itself(toy_home):
    """Once the zones have served a while, a proven copy of the checkout is kept in the home."""
    with ToyKernel(toy_home, "--json") as kernel:
        kernel.ready()
        wait_until("the slot", lambda: kernel.told("slot.filled"), 300.0)
        assert find_slot(toy_home, FALLBACK) is not None
        assert kernel.stop() == 0


def test_a_slot_that_is_sound_stays_as_it_is(toy_home):
    """A home that has one is left alone, whatever the checkout holds."""
    before = fill_slot(toy_home, FALLBACK, ROOT)
    with ToyKernel(toy_home, "--json") as kernel:
        kernel.ready()
        tick = kernel.tick()
        wait_until("some seconds", lambda: kernel.tick() > tick + (AFTER_S + 1) * 250)
        assert not kernel.told("slot.filled") and find_slot(toy_home, FALLBACK) == before


def test_a_home_whose_name_is_not_utf8(tmp_path):
    """It is refused with 78 and a sentence before anything is made: no crash report, no folder."""
    home = tmp_path / os.fsdecode(b"h-\xff")
    with ToyKernel(home) as kernel:
        assert kernel.end() == 78
        said = kernel.errors.read_text()
        assert "cannot use" in said and "its name is not UTF-8" in said and "hint: " in said
    assert not home.exists()


@pytest.mark.parametrize("told", ["x", "nan", "inf", "-1", "1e999"])
def test_a_start_that_is_no_time(monkeypatch, told):
    """What the environment says of our beginning is outside data: what makes no sense is not used.

    Then it is when this process began.
    """
    monkeypatch.setenv(RETURNED_AT, told)
    began_s = _process_start_s()
    assert 0 < began_s < time.monotonic() and RETURNED_AT not in os.environ
    monkeypatch.setenv(RETURNED_AT, "2.5")
    assert _process_start_s() == 2.5


def test_a_zone_beyond_its_memory_is_ended_by_its_group(toy_home):
    """For real, where there are control groups: told with the limit, and it counts."""
    if "memory" in find_places().missing:
        pytest.skip("no control group holds memory here")
    with ToyKernel(toy_home, "--json", "--set", "kernel.zones.stable.memory_mb=2") as kernel:
        wait_until("the limit", lambda: kernel.told("zone.limit_reached"))
        told = kernel.told("zone.limit_reached")[0]
    assert (told["zone"], told["what"], told["by"], told["limit"]) == (
        "stable", "memory_mb", "cgroup", 2.0,
    )  # fmt: skip

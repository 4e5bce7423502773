"""Whoever dies, the world goes on or comes back at its tick, and nobody is left over."""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from Kernel.contract.arena import Header
from tests.chaos.harness import ROOT, KernelRun, is_running, run_alone, send_signal, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.chaos]
FAST = ("world.tick_rate_ms=4", "world.seed=5")


def test_stop_and_resume_at_the_same_tick(home: Path) -> None:
    """Ctrl-C leaves with 0, the next boot goes on at that tick, and the hash shows no seam."""
    with KernelRun(home, *FAST) as kernel:
        wait_until(lambda: kernel.word(Header.COMMIT) > 50, "the world ticks")
        assert kernel.stop(signal.SIGINT) == 0
        stopped_at = kernel.word(Header.COMMIT)
    with KernelRun(home, *FAST) as kernel:
        assert kernel.word(Header.COMMIT) >= stopped_at
        target = kernel.word(Header.COMMIT) + 50
        held = kernel.ask("pause", at_tick=target)
        assert held["tick"] == target
    # The pause is an input that changes nothing that is hashed.
    assert held["hash"] == run_alone(home, 5, target)["hash"]


def test_killed_kernel_leaves_nobody_and_resumes(home: Path) -> None:
    """Kill -9 of the kernel ends all its processes at once; the next boot goes on at the tick."""
    with KernelRun(home, *FAST) as kernel:
        wait_until(lambda: kernel.word(Header.COMMIT) > 50, "the world ticks")
        family = kernel.family()
        assert len(family) >= 4, "two zygotes, an active process, an heir and the archive"
        kernel.process.kill()
        wait_until(lambda: not any(map(is_running, family)), "nobody is left over", 2.0)
        killed_at = kernel.word(Header.COMMIT)
        kernel.process.wait()
    with KernelRun(home, *FAST) as kernel:
        assert kernel.word(Header.TAKEN_OVER_TICK) == killed_at
        target = kernel.word(Header.COMMIT) + 100
        held = kernel.ask("pause", at_tick=target)
    assert held["hash"] == run_alone(home, 5, target)["hash"]


def test_reboot_is_survived_by_a_snapshot(home: Path) -> None:
    """With the shared memory gone, the newest verified snapshot founds an equal world."""
    with KernelRun(home, *FAST) as kernel:
        snapshots = home / "data" / "snapshots"
        wait_until(lambda: len(list(snapshots.glob("*.snapshot"))) >= 2, "two snapshots")
        kernel.process.kill()
        arena = Path(kernel.ready["zones"][0]["arena"])
        kernel.process.wait()
        wait_until(lambda: not kernel.family(), "all are gone")
    names = sorted(snapshots.glob("*.snapshot"))
    assert len(names) <= 3, "the newest three are kept"
    newest_tick, older_tick = (int(path.name.split("-")[1]) for path in reversed(names[-2:]))
    damaged = bytearray(names[-1].read_bytes())
    damaged[len(damaged) // 2] ^= 1
    names[-1].write_bytes(damaged)
    shutil.rmtree(arena.parent)
    with KernelRun(home, *FAST) as kernel:
        restored = kernel.ask("status")["world"]["restored"]
        assert restored["from_tick"] == older_tick, "the damaged one is passed over"
        assert kernel.word(Header.TAKEN_OVER_TICK) == restored["tick"] >= older_tick
        # The log may have brought it farther than the snapshot that was damaged.
        held = kernel.ask("pause", at_tick=max(newest_tick, restored["tick"]) + 10)
    assert held["hash"] == run_alone(home, 5, held["tick"])["hash"]


def test_dead_zygote_harms_no_running_zone(home: Path) -> None:
    """A zygote is started again; active and heir go on, and heirs can be forked again."""
    with KernelRun(home, *FAST) as kernel:
        wait_until(kernel.heir_pid, "an heir stands by")
        before = kernel.zone("stable")
        send_signal(before["zygote_pid"], signal.SIGKILL)
        wait_until(
            lambda: kernel.zone("stable")["zygote_pid"] not in (None, before["zygote_pid"]),
            "a new zygote",
        )
        after = kernel.zone("stable")
        assert (after["pid"], after["heir_pid"]) == (before["pid"], before["heir_pid"])
        epoch = kernel.word(Header.EPOCH)
        kernel.ask("drill", kind="kill", zone="stable")
        wait_until(kernel.heir_pid, "the new zygote forks an heir")
        assert kernel.word(Header.EPOCH) == epoch + 1


def test_everything_but_the_kernel_dies_at_once(home: Path) -> None:
    """With zygotes, active, heir and archive all killed, the world comes back where it was."""
    with KernelRun(home, *FAST) as kernel:
        wait_until(kernel.heir_pid, "an heir stands by")
        for pid in kernel.family():
            send_signal(pid, signal.SIGKILL)
        killed_at = kernel.word(Header.COMMIT)
        wait_until(lambda: kernel.word(Header.COMMIT) > killed_at + 20, "the world ticks again")
        assert kernel.word(Header.TAKEN_OVER_TICK) in (killed_at, killed_at + 1)
        kernel.ask("wait", **{"for": "zone.archive=ready"}, timeout_s=20)
        assert kernel.stop() == 0


@pytest.mark.parametrize("kind", ["kill", "stop", "segfault", "hang"])
@pytest.mark.parametrize("zone", ["stable", "archive"])
def test_drill_comes_back(home: Path, zone: str, kind: str) -> None:
    """Each drill ends with the zone serving again, and costs its generation nothing."""
    settings = (*FAST, "kernel.zones.archive.deadline_ms=600")
    with KernelRun(home, *settings) as kernel:
        wait_until(kernel.heir_pid, "an heir stands by")
        wait_until(lambda: kernel.zone(zone)["state"] == "ready", "the zone serves")
        before = kernel.zone(zone)
        story = kernel.ask("drill", kind=kind, zone=zone)
        assert 0 < story["noticed_ms"] <= story["served_ms"]
        after = kernel.zone(zone)
        assert after["pid"] != before["pid"]
        if zone == "stable":
            assert story["tick_after"] > story["tick_before"]
        wait_until(lambda: kernel.zone(zone)["restarts"] == before["restarts"] + 1, "it counts")
        assert kernel.zone(zone)["failures"] == 0, "a drill is no failure"
        wait_until(lambda: not is_running(before["pid"]), "the old process is gone")


def test_paused_world_survives_a_kill(home: Path) -> None:
    """A kill while the world holds changes neither tick nor hash; step and resume still work."""
    with KernelRun(home, *FAST) as kernel:
        wait_until(kernel.heir_pid, "an heir stands by")
        held = kernel.ask("pause")
        kernel.ask("drill", kind="kill", zone="stable")
        wait_until(kernel.heir_pid, "an heir stands by again")
        again = kernel.ask("pause")
        assert (again["tick"], again["hash"]) == (held["tick"], held["hash"])
        stepped = kernel.ask("step", steps=7)
        assert stepped["tick"] == held["tick"] + 7
        kernel.ask("resume")
        wait_until(lambda: kernel.word(Header.COMMIT) > stepped["tick"] + 20, "it runs")


def test_frozen_archive_does_not_hold_up_the_world(home: Path) -> None:
    """A stopped archive is found by its missing heartbeat; the world keeps its beat meanwhile."""
    period_s = 0.016
    settings = ("world.tick_rate_ms=16", "kernel.zones.archive.deadline_ms=500")
    with KernelRun(home, *settings) as kernel:
        wait_until(lambda: kernel.word(Header.COMMIT) > 20, "the world ticks")
        archive = kernel.zone("archive")["pid"]
        missed, tick, began_s = (
            kernel.word(Header.MISSED_TICKS),
            kernel.word(Header.COMMIT),
            time.monotonic(),
        )
        os.kill(archive, signal.SIGSTOP)
        wait_until(lambda: kernel.zone("archive")["pid"] not in (None, archive), "a new archive")
        ticks = kernel.word(Header.COMMIT) - tick
        due = (time.monotonic() - began_s) / period_s
        assert due > 20, "the archive was given its deadline"
        # A busy machine may delay a tick or two; a world that waits would lack these 20.
        assert kernel.word(Header.MISSED_TICKS) - missed <= 3
        assert abs(ticks - due) <= 4


def test_a_cleaned_run_folder_lets_no_second_kernel_in(home: Path) -> None:
    """With HOME/run deleted under a running kernel, the arena's own lock keeps a second one out."""
    with KernelRun(home, *FAST) as kernel:
        shutil.rmtree(home / "run")
        second = subprocess.run(
            [sys.executable, "manifest.py", "--home", str(home), "--json"],
            cwd=ROOT,
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert second.returncode == 75
        assert str(kernel.process.pid) in second.stderr.decode()


def stop_heir(kernel: KernelRun) -> int:
    """Stop who stands by, once somebody does, and return its pid."""
    wait_until(kernel.heir_pid, "an heir")
    heir = kernel.heir_pid()
    assert send_signal(heir, signal.SIGSTOP)
    return heir


def test_a_stopped_heir_is_replaced(home: Path) -> None:
    """It is found before its turn comes; the world is not disturbed, nor its code blamed."""
    with KernelRun(home, *FAST) as kernel:
        wait_until(lambda: kernel.word(Header.COMMIT) > 50, "the world ticks")
        epoch = kernel.word(Header.EPOCH)
        heir = stop_heir(kernel)
        wait_until(lambda: not is_running(heir), "it is ended")
        wait_until(lambda: kernel.heir_pid() not in (0, heir), "another one stands by")
        assert kernel.word(Header.EPOCH) == epoch and kernel.zone("stable")["restarts"] == 0
        another = kernel.heir_pid()
        send_signal(kernel.word(Header.OWNER), signal.SIGKILL)
        wait_until(lambda: kernel.word(Header.OWNER) == another, "it takes over")


def test_a_stopped_zygote_is_replaced(home: Path) -> None:
    """Nobody has to need it first; the world is not disturbed."""
    with KernelRun(home, *FAST) as kernel:
        wait_until(lambda: kernel.word(Header.COMMIT) > 50, "the world ticks")
        epoch, zygote = kernel.word(Header.EPOCH), kernel.zone("stable")["zygote_pid"]
        assert send_signal(zygote, signal.SIGSTOP)
        wait_until(lambda: not is_running(zygote), "it is ended")
        wait_until(lambda: kernel.zone("stable")["zygote_pid"] not in (None, zygote), "another")
        assert kernel.word(Header.EPOCH) == epoch


def test_the_heir_stopped_as_the_world_dies(home: Path) -> None:
    """Its turn comes before it was found: it is ended then, and the next one goes on."""
    with KernelRun(home, *FAST) as kernel:
        wait_until(lambda: kernel.word(Header.COMMIT) > 50, "the world ticks")
        heir, tick = stop_heir(kernel), kernel.word(Header.COMMIT)
        send_signal(kernel.word(Header.OWNER), signal.SIGKILL)
        wait_until(lambda: not is_running(heir), "it is ended")
        wait_until(lambda: kernel.word(Header.COMMIT) > tick + 50, "the world goes on")
        wait_until(kernel.heir_pid, "another one stands by")


def test_a_stopped_leftover_keeps_nobody_out(home: Path) -> None:
    """What a dead kernel left behind, stopped and deaf, is ended by the next boot."""
    with KernelRun(home, *FAST) as kernel:
        leftover = subprocess.Popen(
            ["sleep", "300"], pass_fds=(lock := os.open(home / "run" / "kernel.lock", os.O_RDWR),)
        )
        kernel.process.kill()
        kernel.process.wait()
        wait_until(lambda: not kernel.family(), "the family is gone")
        fcntl.flock(lock, fcntl.LOCK_EX)
        os.kill(leftover.pid, signal.SIGSTOP)
    os.close(lock)
    with KernelRun(home, *FAST) as kernel:
        assert kernel.ready["pid"] == kernel.process.pid
    assert leftover.wait(5) == -signal.SIGKILL


def test_a_home_made_anew_gets_a_world_of_its_own(home: Path) -> None:
    """A deleted home's world does not go on in the next one at its path; it is set aside."""
    with KernelRun(home, *FAST) as kernel:
        wait_until(lambda: kernel.word(Header.COMMIT) > 300, "the world ticks")
        arena = Path(kernel.ready["zones"][0]["arena"])
        assert kernel.stop() == 0
    shutil.rmtree(home)
    home.mkdir()
    with KernelRun(home, *FAST) as kernel:
        assert kernel.word(Header.TAKEN_OVER_TICK) == 0
        assert list(arena.parent.glob("stable.arena.set-aside-*"))

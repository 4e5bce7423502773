"""Faults of the machine: the world ticks on or comes back, and the status says what and why."""

import contextlib
import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from Kernel.contract.arena import Header
from Kernel.contract.envelope import arena_event_id, id_text
from Kernel.contract.inputs import PAUSE
from Kernel.contract.places import LEDGER
from tests.chaos.arena_damage import harm_columns, harm_length, harm_schema
from tests.chaos.harness import ROOT, KernelRun, run_alone, send_signal, wait_until
from tests.support.ledger_events import ledger_events

pytestmark = [pytest.mark.slow, pytest.mark.chaos]
FAST = ("world.tick_rate_ms=4", "world.seed=5")
RETRY_S = 45.0
"""Longer than the longest pause between two tries of the archive."""

needs_mounts = pytest.mark.skipif(
    shutil.which("unshare") is None
    or subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False).returncode != 0,
    reason="no mount namespace of our own can be made",
)


def degraded(kernel: KernelRun) -> str:
    """Return all that the status says is degraded, as one text."""
    return json.dumps(kernel.ask("status")["degraded"])


def amiss(kernel: KernelRun) -> list[str]:
    """Return the names of all that the status says is degraded."""
    return [each["what"] for each in kernel.ask("status")["degraded"]]


def ticks_on(kernel: KernelRun, ticks: int = 50) -> None:
    """Wait until the world has gone on."""
    target = kernel.word(Header.COMMIT) + ticks
    wait_until(lambda: kernel.word(Header.COMMIT) >= target, f"the world reaches {target}")


def stopped_world(home: Path, *settings: str) -> tuple[Path, int]:
    """Let a world live for a while, stop it in order, and return its arena and tick."""
    with KernelRun(home, *FAST, *settings) as kernel:
        ticks_on(kernel, 320)
        assert kernel.stop() == 0
        return Path(kernel.ready["zones"][0]["arena"]), kernel.word(Header.COMMIT)


@pytest.mark.parametrize("harm", [harm_schema, harm_columns, harm_length])
def test_damaged_arena_gives_way_to_its_snapshot(home: Path, harm: Callable[[Path], None]) -> None:
    """Set aside, said, restored: no tick is lost that the stop has kept, and the hash holds."""
    arena, tick = stopped_world(home)
    harm(arena)
    with KernelRun(home, *FAST) as kernel:
        assert kernel.word(Header.TAKEN_OVER_TICK) == tick
        assert "it was set aside" in degraded(kernel)
        assert list(arena.parent.glob("stable.arena.set-aside-*"))
        target = kernel.word(Header.COMMIT) + 100
        held = kernel.ask("pause", at_tick=target)
    assert held["hash"] == run_alone(home, 5, target)["hash"]


def test_without_a_snapshot_a_new_world_is_said_loudly(home: Path) -> None:
    """Neither arena nor snapshot is good: seed, tick 0, and the status says what was lost."""
    arena, _ = stopped_world(home)
    harm_schema(arena)
    for snapshot in (home / "data" / "snapshots").iterdir():
        os.truncate(snapshot, 100)
    with KernelRun(home, *FAST) as kernel:
        assert kernel.word(Header.TAKEN_OVER_TICK) == 0
        assert "a new one was founded from seed 5" in degraded(kernel)


def test_larger_world_goes_on_at_its_tick(home: Path) -> None:
    """More max_entities: the same world at the same tick in a new file, told in the ledger."""
    arena, tick = stopped_world(home)
    old = arena.read_bytes()
    with KernelRun(home, *FAST, "world.max_entities=900") as kernel:
        assert kernel.word(Header.TAKEN_OVER_TICK) == tick
        assert kernel.word(Header.CAPACITY) == 900
        wait_until(lambda: kernel.ask("status")["degraded"] == [], "nothing is amiss")
        (aside,) = arena.parent.glob("stable.arena.set-aside-*")
        assert aside.read_bytes()[512:] == old[512:], "the old file stays as it was"
        ticks_on(kernel, 320)
        kernel.stop()
    (told,) = ledger_events(home, "world.migrated")
    assert told["tick"] == tick
    with KernelRun(home, *FAST, "world.max_entities=900") as kernel:
        assert len(list(arena.parent.glob("stable.arena.set-aside-*"))) == 1, "once is enough"


def test_deleted_arena_is_said_and_restored_at_the_next_boot(home: Path) -> None:
    """The file and its folder go under the world: it ticks on, heirs come, the boot restores."""
    with KernelRun(home, *FAST) as kernel:
        ticks_on(kernel, 320)
        shutil.rmtree(Path(kernel.ready["zones"][0]["arena"]).parent)
        assert "it was deleted" in degraded(kernel)
        kernel.ask("drill", kind="kill", zone="stable")
        ticks_on(kernel)
        assert kernel.stop() == 0
        tick = kernel.word(Header.COMMIT)
    with KernelRun(home, *FAST) as kernel:
        assert kernel.word(Header.TAKEN_OVER_TICK) == tick
        assert kernel.ask("status")["degraded"] == []


def test_second_kernel_though_run_was_cleaned_away(home: Path) -> None:
    """The arenas' own lock keeps a second kernel out: 75, the pid, and a signal that helps."""
    with KernelRun(home, *FAST) as kernel:
        shutil.rmtree(home / "run")
        second = subprocess.run(
            [sys.executable, "manifest.py", "--home", str(home)],
            cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert second.returncode == 75
        assert f"with pid {kernel.process.pid}" in second.stderr
        assert f"kill -INT {kernel.process.pid}" in second.stderr
        ticks_on(kernel)


@needs_mounts
@pytest.mark.parametrize("filled", ["", "head -c 2000000 /dev/zero > /dev/shm/filler || true"])
def test_tiny_or_full_shared_memory(home: Path, filled: str) -> None:
    """No room for the arena, or not even for a lock: under the home's data, and said with sizes."""
    mounts = f"mount -t tmpfs -o size=1m tmpfs /dev/shm\n{filled}"
    with KernelRun(home, *FAST, mounts=mounts) as kernel:
        assert kernel.ready["zones"][0]["arena"] == str(home / "data" / "arenas" / "stable.arena")
        assert "bytes are free there" in degraded(kernel)
        ticks_on(kernel)
        kernel.ask("drill", kind="kill", zone="stable")
        ticks_on(kernel)
        assert kernel.stop() == 0


@needs_mounts
def test_full_disk_loses_nothing_that_was_answered(home: Path) -> None:
    """Ledger and snapshots wait for room, are said, and go on by themselves without a hole."""
    (home / "data").mkdir()
    mounts = f"mount -t tmpfs -o size=40m tmpfs {home}/data"
    with KernelRun(home, *FAST, mounts=mounts) as kernel:
        ticks_on(kernel, 320)
        filler = kernel.inside(home / "data" / "filler")
        with contextlib.suppress(OSError), filler.open("wb") as file:
            while True:
                file.write(bytes(4096))
        changed = kernel.ask("params", key="mutation", value=0.25)
        wait_until(lambda: "No space left" in degraded(kernel), "it is said")
        assert f"df -h {home}/data" in degraded(kernel)
        kernel.ask("drill", kind="kill", zone="stable")
        ticks_on(kernel)
        filler.unlink()
        # The one thing that is left is true: what is "on disk" here is in memory.
        wait_until(lambda: amiss(kernel) == ["archive: archive.flush"], "it mends itself", RETRY_S)
        ticks_on(kernel, 320)
        kernel.ask("pause")
        # SQLite follows /proc/PID/root back into a namespace in which the mount is not.
        shutil.copytree(kernel.inside(home / LEDGER), home / "copy" / LEDGER)
        events = ledger_events(home / "copy")
        arena = kernel.words.get_bytes(Header.ARENA_ID, 16)
        kernel.stop()
    ids = [event["id"] for event in events if event["zone"] == "stable"]
    assert ids == [id_text(arena_event_id(arena, number)) for number in range(len(ids))]
    inputs = [event for event in events if event["kind"] == "input.applied"]
    # The pause may be among them already.
    (applied,) = [each for each in inputs if each["payload"]["input"]["kind"] != PAUSE]
    assert applied["tick"] == changed["applied_at_tick"]


@needs_mounts
def test_read_only_home_at_boot(home: Path) -> None:
    """78, the path, and what helps; nothing is started."""
    script = 'mount --bind "$0" "$0"; mount -o remount,ro,bind "$0"; exec "$@"'
    command = [sys.executable, "manifest.py", "--home", str(home)]
    done = subprocess.run(
        ["unshare", "-m", "sh", "-ec", script, str(home), *command],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 78
    assert "Read-only file system" in done.stderr and str(home) in done.stderr
    assert "hint: " in done.stderr


@contextlib.contextmanager
def no_descriptors(pid: int) -> Iterator[None]:
    """Let a process open no file more, as its limit would; those it has stay."""
    held = set(map(int, os.listdir(f"/proc/{pid}/fd")))
    free = next(number for number in range(1 << 20) if number not in held)
    soft, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (free, hard))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (soft, hard))


def test_kernel_without_descriptors(home: Path) -> None:
    """The world needs none of the kernel's; a zygote that died is started when there are some."""
    with KernelRun(home, *FAST) as kernel:
        wait_until(kernel.heir_pid, "an heir stands by")
        zygote = kernel.zone("stable")["zygote_pid"]
        with no_descriptors(kernel.process.pid):
            send_signal(zygote, signal.SIGKILL)
            wait_until(lambda: "Too many open files" in kernel.log(), "it is logged")
            send_signal(kernel.word(Header.OWNER), signal.SIGKILL)
            ticks_on(kernel)
            assert kernel.process.poll() is None
        wait_until(kernel.heir_pid, "an heir again")
        wait_until(lambda: kernel.ask("status")["degraded"] == [], "nothing is amiss")


def flood_with_inputs(kernel: KernelRun) -> str:
    """Change a parameter until that is refused, and return the reason."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as peer, peer.makefile("rb") as lines:
        peer.settimeout(60.0)
        peer.connect(str(kernel.home / "run" / "console.sock"))
        for number in range(20_000):
            args = {"key": "friction", "value": 0.5 + number % 100 / 1000}
            request = json.dumps({"command": "params", "args": args}).encode() + b"\n"
            peer.sendall(request * 8)
            for reply in [json.loads(lines.readline()) for _ in range(8)]:
                if not reply["ok"]:
                    return str(reply["error"]["message"])
    raise AssertionError("it was never refused")


def test_an_archive_that_is_away_for_long(home: Path) -> None:
    """The world's outbox fills: telemetry is left out, inputs are refused, safety gets through.

    A frozen archive that its watchdog only records, and thousands of inputs (an hour of telemetry
    fills the outbox just so), stand for one that is away for long. All of it is said. When it goes
    on, what was written is stored without a hole, inputs are taken again, and nothing is amiss.
    """
    settings = (
        "world.tick_rate_ms=1",
        "world.seed=5",
        "kernel.zones.archive.watchdog=passive",
        "kernel.zones.archive.deadline_ms=1000",
        "kernel.governor.calm_s=2",
    )
    with KernelRun(home, *settings) as kernel:
        ticks_on(kernel, 400)
        archive = kernel.zone("archive")["pid"]
        send_signal(archive, signal.SIGSTOP)

        why = flood_with_inputs(kernel)
        assert "the archive is behind with storing what the world has told" in why
        assert "cannot take inputs" in degraded(kernel)
        wait_until(
            lambda: kernel.ask("status")["world"]["events_thinned"] > 3, "telemetry is left out"
        )
        held = kernel.ask("pause")
        assert held["hash"] and kernel.ask("resume")
        ticks_on(kernel, 500)
        send_signal(archive, signal.SIGCONT)
        wait_until(lambda: kernel.ask("status")["degraded"] == [], "nothing is amiss", 20)
        assert kernel.ask("params", key="friction", value=0.5)["applied_at_tick"]
        thinned = kernel.ask("status")["world"]["events_thinned"]
        ticks_on(kernel, 400)
        arena = kernel.words.get_bytes(Header.ARENA_ID, 16)
        assert kernel.stop() == 0
    events = [event for event in ledger_events(home) if event["zone"] == "stable"]
    spoken = [event for event in events if event["kind"] in ("telemetry", "input.applied")]
    assert thinned > 3 and not [e for e in events if e["kind"] == "archive.gap"]
    numbers = {id_text(arena_event_id(arena, number)): number for number in range(len(events) * 2)}
    told = [numbers[event["id"]] for event in events if event["id"] in numbers]
    assert told == list(range(len(told))) and len(spoken) > 5
    kinds = [e["payload"]["input"]["kind"] for e in events if e["kind"] == "input.applied"]
    assert len(kinds) > 1000
    assert [k for k in kinds if k != "world.set_param"] == ["world.pause", "world.resume"]
    assert kinds[-1] == "world.set_param"

"""A broken checkout: safe mode answers, the world goes on, and normal running comes back."""

import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fallback.slot_files import fill_slot
from tests.e2e.broken_checkout import BROKEN, PATIENCE_S, BrokenCheckout, make_checkout
from tests.support.toy_home import is_alive, remove_arenas
from tests.support.wait import wait_until

pytestmark = pytest.mark.slow


@pytest.fixture
def places(tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    checkout, home = make_checkout(tmp_path)
    yield checkout, home
    remove_arenas(home)


def run_once(checkout: Path, home: Path) -> int:
    """Boot, let the world tick, stop; return the tick it was left at."""
    with BrokenCheckout(checkout, home, "--json") as kernel:
        kernel.ready()
        kernel.wait_ticking(20)
        assert kernel.stop() == 0, kernel.errors.read_text()
        return kernel.tick()


def test_a_broken_kernel_and_back(places: tuple[Path, Path]) -> None:
    """Kernel/boot.py broken: the world goes on from its tick; mended: normal, same process."""
    checkout, home = places
    left = run_once(checkout, home)
    boot = checkout / "Kernel" / "boot.py"
    text = boot.read_text()
    boot.write_text(BROKEN)
    with BrokenCheckout(checkout, home) as kernel:
        status = kernel.wait_safe()
        assert status["kernel"]["pid"] == kernel.process.pid
        first = status["degraded"][0]
        assert "the kernel cannot be imported" in first["why"]
        assert "SyntaxError" in first["why"] and "Kernel/boot.py" in first["why"]
        assert "line 1" in first["why"]
        tick = kernel.wait_ticking(left + 20)
        wait_until("the world's process", lambda: kernel.zone()["state"] == "ready")
        zone = kernel.zone()
        assert "the working tree" in zone["doing"] and is_alive(zone["pid"])
        said = kernel.errors.read_text()
        assert f"the world goes on from tick {left}, by the working tree" in said
        refused = kernel.asked("pause")
        assert refused["ok"] is False and refused["error"]["code"] == 5
        boot.write_text(text)
        kernel.wait_normal()
        assert kernel.status()["kernel"]["pid"] == kernel.process.pid
        assert not is_alive(zone["pid"])
        kernel.wait_ticking(tick + 20)
        assert kernel.stop() == 0, kernel.errors.read_text()


def test_zones_broken_too_and_a_good_slot(places: tuple[Path, Path]) -> None:
    """With zones/ broken as well, the world is run by the slot, which is said."""
    checkout, home = places
    left = run_once(checkout, home)
    fill_slot(home, "fallback", checkout)
    broken = [checkout / "Kernel" / "boot.py", checkout / "zones" / "runtime" / "arena_zone.py"]
    texts = [path.read_text() for path in broken]
    for path in broken:
        path.write_text(BROKEN)
    with BrokenCheckout(checkout, home) as kernel:
        kernel.wait_safe()
        tick = kernel.wait_ticking(left + 20)
        wait_until("the world's process", lambda: kernel.zone()["state"] == "ready")
        assert "slot fallback" in kernel.zone()["doing"]
        broken[0].write_text(texts[0])
        refused = kernel.asked("safe-mode leave")
        assert refused["ok"] is False, "the zones are still broken"
        assert "arena_zone.py" in refused["error"]["message"]
        assert kernel.is_safe()
        broken[1].write_text(texts[1])
        kernel.wait_normal()
        kernel.wait_ticking(tick + 20)
        assert kernel.stop() == 0


def test_nothing_left_that_runs(places: tuple[Path, Path]) -> None:
    """With the slot damaged, too, safe mode answers, says why the world stands, and comes back."""
    checkout, home = places
    left = run_once(checkout, home)
    slot = fill_slot(home, "fallback", checkout)
    (slot.root / "zones" / "runtime" / "arena_zone.py").write_text("damaged")
    broken = [checkout / "Kernel" / "boot.py", checkout / "zones" / "runtime" / "arena_zone.py"]
    texts = [path.read_text() for path in broken]
    for path in broken:
        path.write_text(BROKEN)
    with BrokenCheckout(checkout, home) as kernel:
        kernel.wait_safe()

        def told() -> str:
            degraded = kernel.status()["degraded"]
            return " | ".join(f"{each['what']}: {each['why']}" for each in degraded)

        wait_until("the reasons", lambda: "stands still" in told() and "slot: " in told())
        assert "SyntaxError" in told() and "arena_zone.py is not as its list says" in told()
        wait_until("a rest", lambda: kernel.zone()["state"] == "backoff")
        world, degraded = kernel.status()["world"], kernel.status()["degraded"]
        assert world["standing"] is True and world["standing_why"]
        (hint,) = [each["hint"] for each in degraded if each["what"] == "stable"]
        assert hint.startswith("edit ") and "zones/runtime/arena_zone.py:1" in hint
        assert kernel.status()["world"]["tick"] == left == kernel.tick()
        for path, text in zip(broken, texts, strict=True):
            path.write_text(text)
        kernel.wait_normal()
        kernel.wait_ticking(left + 20)
        assert kernel.stop() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_in_order(places: tuple[Path, Path], number: int) -> None:
    """A signal in safe mode ends the world at a tick boundary and leaves with 0."""
    checkout, home = places
    left = run_once(checkout, home)
    (checkout / "Kernel" / "boot.py").write_text(BROKEN)
    with BrokenCheckout(checkout, home) as kernel:
        kernel.wait_safe()
        kernel.wait_ticking(left + 5)
        pid = wait_until("the world's process", lambda: kernel.zone()["pid"])
        kernel.signal(number)
        assert kernel.end() == 0, kernel.errors.read_text()
        assert not is_alive(pid) and not (home / "run" / "console.sock").exists()
        kernel.wait_ticking(0)


def test_asked_to_look_again(places: tuple[Path, Path]) -> None:
    """SIGHUP, as a service manager's reload, tries normal running at once; the stay goes on."""
    checkout, home = places
    (checkout / "Kernel" / "boot.py").write_text(BROKEN)
    with BrokenCheckout(checkout, home) as kernel:
        kernel.wait_safe()
        kernel.signal(signal.SIGHUP)

        def said() -> str:
            return kernel.errors.read_text()

        wait_until("the try", lambda: "cannot run normally: SyntaxError" in said())
        assert kernel.is_safe() and "asked to look again" in said()
        kernel.signal(signal.SIGQUIT)
        wait_until("stacks", lambda: "steward.py" in said())
        assert kernel.stop() == 0


def test_only_one_kernel(places: tuple[Path, Path]) -> None:
    """A second one on the home is told 75 and the pid, whichever of the two is in safe mode."""
    checkout, home = places
    (checkout / "Kernel" / "boot.py").write_text(BROKEN)
    with BrokenCheckout(checkout, home) as first:
        first.wait_safe()
        with BrokenCheckout(checkout, home) as second:
            assert second.end() == 75
            assert f"held by the kernel with pid {first.process.pid}" in second.errors.read_text()
        assert first.is_safe() and first.stop() == 0


def test_entered_and_left_by_command(places: tuple[Path, Path]) -> None:
    """`safe-mode enter` and `leave`: one process, one world, no tick lost or done twice."""
    checkout, home = places
    with BrokenCheckout(checkout, home, "--json") as kernel:
        kernel.ready()
        kernel.wait_ticking(20)
        assert kernel.asked("safe-mode enter")["ok"]
        status = kernel.wait_safe()
        assert "asked for by molt safe-mode enter" in status["degraded"][0]["why"]
        tick = kernel.wait_ticking(kernel.tick() + 20)
        (checkout / "config" / "kernel.yaml").touch()
        kernel.wait_ticking(kernel.tick() + 500)
        told = kernel.asked("safe-mode status")["result"]
        assert told["probes"] == 0 and told["next_probe_s"] is None, "it was asked for: it stays"
        asked_s = time.monotonic()
        left = kernel.asked("safe-mode leave")
        assert left["ok"] and left["result"]["tick"] >= tick
        kernel.wait_normal()
        assert kernel.status()["kernel"]["pid"] == kernel.process.pid
        assert kernel.status()["kernel"]["uptime_s"] < time.monotonic() - asked_s
        kernel.wait_ticking(left["result"]["tick"] + 20)
        assert kernel.stop() == 0


def test_no_world_is_founded(places: tuple[Path, Path]) -> None:
    """A home that never had a world gets none from safe mode, which says so and answers."""
    checkout, home = places
    (checkout / "Kernel" / "boot.py").write_text(BROKEN)
    with BrokenCheckout(checkout, home) as kernel:
        kernel.wait_safe()
        wait_until("the reason", lambda: "cannot find an arena" in str(kernel.status()))
        assert kernel.status()["world"] is None, "safe mode founds no world"
        assert kernel.stop() == 0


def test_a_killed_and_a_hung_world(places: tuple[Path, Path]) -> None:
    """The world's process killed: another goes on; stopped: it is ended, and another goes on."""
    checkout, home = places
    left = run_once(checkout, home)
    (checkout / "Kernel" / "boot.py").write_text(BROKEN)
    with BrokenCheckout(checkout, home) as kernel:
        kernel.wait_safe()
        for number in (signal.SIGKILL, signal.SIGSTOP):
            kernel.wait_ticking(left + 5)
            wait_until("the world's process", lambda: kernel.zone()["state"] == "ready")
            pid = kernel.zone()["pid"]
            os.kill(pid, number)
            wait_until(
                "another process", lambda pid=pid: kernel.zone()["pid"] not in (pid, None), 15
            )
            left = kernel.wait_ticking(kernel.tick() + 5)
        assert kernel.zone()["restarts"] == 2
        assert kernel.stop() == 0


def test_the_world_ends_with_safe_mode(places: tuple[Path, Path]) -> None:
    """Safe mode killed: its world's process is gone too, and the next boot goes on."""
    checkout, home = places
    left = run_once(checkout, home)
    boot = checkout / "Kernel" / "boot.py"
    text = boot.read_text()
    boot.write_text(BROKEN)
    with BrokenCheckout(checkout, home) as kernel:
        kernel.wait_safe()
        kernel.wait_ticking(left + 5)
        pid = wait_until("the world's process", lambda: kernel.zone()["pid"])
        kernel.signal(signal.SIGKILL)
        kernel.end()
        wait_until("its end", lambda: not is_alive(pid))
        left = kernel.tick()
    boot.write_text(text)
    assert run_once(checkout, home) > left


def test_three_crashes_lead_to_safe_mode(places: tuple[Path, Path]) -> None:
    """An unexpected exception leaves a report and exit code 1; the third one soon: safe mode."""
    checkout, home = places
    left = run_once(checkout, home)
    boot = checkout / "Kernel" / "boot.py"
    text = boot.read_text()
    crash_when_ready = (
        "        if self._ready:\n            raise RuntimeError('out of the blue')\n"
    )
    head = "    def _round(self) -> float:\n"
    boot.write_text(text.replace(head, head + crash_when_ready))
    for crash in (1, 2):
        with BrokenCheckout(checkout, home) as kernel:
            assert kernel.end() == 1
        reports = sorted((home / "log").glob("crash-*.txt"))
        assert len(reports) == crash and "out of the blue" in reports[-1].read_text()
        assert str(reports[-1]) in kernel.errors.read_text()
    with BrokenCheckout(checkout, home) as kernel:
        status = kernel.wait_safe()
        assert "crashed 3 times" in status["degraded"][0]["why"]
        assert "out of the blue" in status["degraded"][0]["why"]
        kernel.wait_ticking(left + 10)
        assert kernel.zone()["restarts"] == 0, "those of the crashed kernel were in nobody's way"
        boot.write_text(text)
        kernel.wait_normal()
        assert kernel.stop() == 0


def test_a_return_that_fails_at_once_is_no_success(places: tuple[Path, Path]) -> None:
    """A kernel that passes its probe and then cannot run is tried less and less often."""
    checkout, home = places
    run_once(checkout, home)
    boot = checkout / "Kernel" / "boot.py"
    boot.write_text(
        "import sys\nif '--probe' in sys.argv:\n    sys.exit(0)\nraise RuntimeError('not today')\n"
    )
    with BrokenCheckout(checkout, home) as kernel:

        def count(words: str) -> int:
            return kernel.errors.read_text().count(words)

        kernel.wait_safe()
        first_s = kernel.asked("safe-mode status")["result"]["next_probe_s"]
        (checkout / "config" / "kernel.yaml").touch()
        wait_until("the way back", lambda: count("normal running would work") == 1, PATIENCE_S)
        wait_until("safe mode again", lambda: count("entered: ") == 2, PATIENCE_S)
        kernel.wait_safe()
        again_s = kernel.asked("safe-mode status")["result"]["next_probe_s"]
        assert first_s < 5.5 < again_s
        assert kernel.stop() == 0


def test_a_service_manager_is_told(places: tuple[Path, Path]) -> None:
    """In and out of safe mode it hears READY, the state and signs of life, STOPPING at the end."""
    checkout, home = places
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(f"\0molt-safe-{os.getpid()}")
        manager.settimeout(PATIENCE_S)

        def hear(beginning: str) -> list[str]:
            said: list[str] = []
            while not any(line.startswith(beginning) for line in said):
                said += manager.recv(4096).decode().splitlines()
            return said

        name = f"@molt-safe-{os.getpid()}"
        env = {"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "1000000"}
        with BrokenCheckout(checkout, home, "--json", env=env) as kernel:
            kernel.ready()
            hear("READY=1")
            assert kernel.asked("safe-mode enter")["ok"]
            before = hear("STATUS=safe mode: asked for")
            assert "STOPPING=1" not in before, "a manager would end what goes on"
            kernel.wait_safe()
            hear("WATCHDOG=1")
            assert kernel.asked("safe-mode leave")["ok"]
            assert "STOPPING=1" not in hear("READY=1")
            kernel.wait_normal()
            kernel.signal(signal.SIGTERM)
            hear("STOPPING=1")
            assert kernel.end() == 0


def test_a_broken_world_is_run_by_the_slot(places: tuple[Path, Path]) -> None:
    """Only the world's code broken: a boot takes the slot, and says so; mended, it comes back."""
    checkout, home = places
    left = run_once(checkout, home)
    fill_slot(home, "fallback", checkout)
    service = checkout / "zones" / "toy" / "service.py"
    text = service.read_text()
    service.write_text(BROKEN)
    with BrokenCheckout(checkout, home) as kernel:
        kernel.wait_normal()
        kernel.wait_ticking(left + 20)
        (degraded,) = kernel.status()["degraded"]
        assert "slot fallback serves" in degraded["why"] and "service.py:1" in degraded["why"]
        assert kernel.zone()["source"] == "slot fallback"
        service.write_text(text)
        wait_until("the checkout", lambda: kernel.zone().get("source") == "checkout", PATIENCE_S)
        kernel.wait_ticking(kernel.tick() + 20)
        assert kernel.status()["degraded"] == []
        assert kernel.stop() == 0


def test_a_world_that_nothing_runs_leads_to_safe_mode(places: tuple[Path, Path]) -> None:
    """No version of the world can be loaded: safe mode says what each said, and comes back."""
    checkout, home = places
    left = run_once(checkout, home)
    service = checkout / "zones" / "toy" / "service.py"
    text = service.read_text()
    service.write_text(BROKEN)
    with BrokenCheckout(checkout, home) as kernel:
        status = kernel.wait_safe()
        assert "no version of the world keeps running" in status["degraded"][0]["why"]
        assert "service.py:1" in status["degraded"][0]["why"]
        assert status["kernel"]["pid"] == kernel.process.pid
        service.write_text(text)
        kernel.wait_normal()
        kernel.wait_ticking(left + 20)
        assert kernel.stop() == 0


def test_a_stop_between_two_programs(places: tuple[Path, Path]) -> None:
    """SIGTERM right after either exec, before handlers stand, is an orderly stop."""
    checkout, home = places
    for way in ("enter", "leave"):
        with BrokenCheckout(checkout, home, "--json") as kernel:
            kernel.ready()
            assert kernel.asked("safe-mode enter")["ok"]
            wait_until("the exec into safe mode", lambda kernel=kernel: runs(kernel, "safe_mode"))
            if way == "leave":
                kernel.signal(signal.SIGHUP)  # looks again, however early it comes
                kernel.wait_safe()
                assert kernel.asked("safe-mode leave")["ok"]
                wait_until("the exec back", lambda kernel=kernel: runs(kernel, "manifest"))
            kernel.signal(signal.SIGTERM)
            assert kernel.end() == 0, kernel.errors.read_text()


def runs(kernel: BrokenCheckout, program: str) -> bool:
    """Tell whether the process runs this program."""
    return f"/{program}.py".encode() in Path(f"/proc/{kernel.process.pid}/cmdline").read_bytes()

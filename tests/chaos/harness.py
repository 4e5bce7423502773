"""A real kernel under test: started as a subprocess, hurt on purpose, never left behind.

Owns: starting, talking over the console socket, reading arena words, killing by pid. Every wait
has a deadline. A test that fails leaves the kernel's log in the message.
"""

import contextlib
import json
import mmap
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from Kernel.console.commands import BY_NAME
from Kernel.contract.arena import ArenaWords, Header, check_arena
from tests.support.leash import die_with_us
from tests.support.quiet import ON_A_BUSY_MACHINE, without_agents
from tests.support.wait import has_said_something
from tools.chaos.target import descendants

ROOT = Path(__file__).resolve().parents[2]
BOOT_S = 120.0  # the first boot of a checkout may compile
WAIT_S = 20.0
ALONE_S = 300.0


class KernelRun:
    """One boot of a kernel in a home. Use as a context manager.

    Args:
        home: its HOME; may hold a `config` folder of its own.
        settings: FILE.KEY=VALUE for --set; there are no agents unless these say so, and no word
            on how busy the machine is.
        mounts: lines of shell that prepare a mount namespace of the kernel's own, "" for none.
        more_environment: variables that the kernel has beside ours.
    """

    def __init__(
        self,
        home: Path,
        *settings: str,
        mounts: str = "",
        more_environment: Mapping[str, str] | None = None,
    ) -> None:
        self.home = home
        launcher = ["unshare", "-m", "sh", "-ec", f'{mounts}\nexec "$@"', "sh"] if mounts else []
        words: list[str] = []
        for setting in (*without_agents(home), *ON_A_BUSY_MACHINE, *settings):
            words += ["--set", setting]
        self._log = (home / "kernel.log").open("ab")
        self.process = subprocess.Popen(
            [
                *launcher,
                sys.executable,
                "manifest.py",
                "--home",
                str(home),
                "--json",
                "--no-open",
                *words,
            ],
            cwd=ROOT,
            env={**os.environ, **(more_environment or {})},
            stdout=subprocess.PIPE,
            stderr=self._log,
            start_new_session=True,
            preexec_fn=die_with_us(),
        )
        self.words: ArenaWords | None = None
        self._map: mmap.mmap | None = None
        with self._ended_on_error():
            self.ready = self._read_ready()

    @contextlib.contextmanager
    def _ended_on_error(self) -> Iterator[None]:
        """End the kernel when starting fails or is interrupted: `__exit__` will not be called."""
        try:
            yield
        except BaseException:
            self.__exit__()
            raise

    def _read_ready(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        came = has_said_something(self.process.stdout.fileno(), BOOT_S)
        line = self.process.stdout.readline() if came else b""
        if not line:
            raise AssertionError(f"the kernel did not come up:\n{self.log()}")
        ready: dict[str, Any] = json.loads(line)
        return ready

    def __enter__(self) -> "KernelRun":
        with self._ended_on_error():
            arena = self.zone("stable")["arena"]
            with self.inside(arena).open("rb") as file:
                self._map = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
            self.words = ArenaWords(memoryview(self._map))
            check_arena(self.words, arena)
        return self

    def inside(self, path: str | Path) -> Path:
        """Return the way to a path as the kernel sees it, through its mounts."""
        return Path(f"/proc/{self.process.pid}/root{path}")

    def __exit__(self, *_error: object) -> None:
        self.end()
        if self.words is not None and self._map is not None:
            self.words.release()
            self._map.close()
        assert self.process.stdout is not None
        self.process.stdout.close()
        self._log.close()

    def end(self) -> None:
        """Kill the kernel if it is still there, and wait until all of it is gone."""
        family = self.family() if self.process.poll() is None else []
        with contextlib.suppress(ProcessLookupError):
            if self.process.poll() is None:
                self.process.kill()
        self.process.wait(WAIT_S)
        wait_until(lambda: not any(map(is_running, family)), "the family is gone")

    def log(self) -> str:
        """Return the end of the kernel's stderr."""
        return (self.home / "kernel.log").read_text(errors="replace")[-6000:]

    def word(self, offset: int) -> int:
        """Return a header word of the world's arena."""
        assert self.words is not None, "use as a context manager"
        return self.words.get(offset)

    def zone(self, name: str) -> dict[str, Any]:
        """Return one zone as the kernel tells of it now."""
        zones = self.ask("status")["zones"]
        found: dict[str, Any] = next(zone for zone in zones if zone["name"] == name)
        return found

    def ask(self, command: str, **args: Any) -> dict[str, Any]:
        """Send one console request and return its result; an error fails the test."""
        reply = self.ask_raw(command, **args)
        assert reply["ok"], f"{command} {args}: {reply}\n{self.log()}"
        result: dict[str, Any] = reply["result"]
        return result

    def ask_raw(self, command: str, **args: Any) -> dict[str, Any]:
        """Send one console request and return the whole reply."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as peer:
            peer.settimeout(max(60.0, BY_NAME[command].patience_s))
            peer.connect(str(self.home / "run" / "console.sock"))
            peer.sendall(json.dumps({"command": command, "args": args}).encode() + b"\n")
            with peer.makefile("rb") as lines:
                reply: dict[str, Any] = json.loads(lines.readline())
                return reply

    def family(self) -> list[int]:
        """Return the pids of the kernel's descendants."""
        return descendants(self.process.pid)

    def heir_pid(self) -> int:
        """Return who stands by at this moment, 0 if nobody does."""
        permission = self.word(Header.PERMISSION)
        return 0 if permission == self.word(Header.OWNER) else permission

    def stop(self, number: int = signal.SIGINT) -> int:
        """Send a signal to the kernel and return its exit code."""
        self.process.send_signal(number)
        return self.process.wait(WAIT_S)


def wait_until(condition: Callable[[], object], what: str, timeout_s: float = WAIT_S) -> None:
    """Wait until something is true; fail the test when it is not in time."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"not in {timeout_s} s: {what}"
        time.sleep(0.002)


def is_running(pid: int) -> bool:
    """Tell whether a process exists and is not a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return fields[0] not in "ZX"


def send_signal(pid: int, number: int) -> bool:
    """Send a signal to a process that may be gone; tell whether it was there."""
    if pid <= 1:
        return False
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True


def run_alone(
    home: Path, seed: int, ticks: int, *words: str, timeout_s: float = ALONE_S
) -> dict[str, Any]:
    """Return what `molt world run` says of the same world, never touched by a kernel."""
    command = [sys.executable, "-m", "zones.world", "run", "--seed", str(seed)]
    done = subprocess.run(
        [*command, "--ticks", str(ticks), "--json", *words],
        cwd=ROOT,
        capture_output=True,
        timeout=timeout_s,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    report: dict[str, Any] = json.loads(done.stdout)
    return report

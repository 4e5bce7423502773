"""The process port: the real one and the fake one keep the same promises."""

import gc
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from fallback.slot_files import fill_slot, find_slot
from fallback.zone_environment import zone_environment
from Kernel.ports.process import Exit
from tests.structure.sources import ROOT
from tests.support.fakes import FakeProcesses
from tests.support.real_processes import RealProcesses
from tests.support.wait import wait_until


@pytest.fixture(params=["fake", pytest.param("real", marks=pytest.mark.slow)])
def port(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator:
    """Give each implementation."""
    if request.param == "fake":
        fake = FakeProcesses()
        yield fake
        fake.close()
        return
    real = RealProcesses(tmp_path)
    start = real.port.start_zygote
    real.port.start_zygote = lambda service: real.keep(start(service))
    yield real.port
    for handle in real.handles:  # the test has reaped it
        real.exits[handle.pid] = Exit(handle.pid, None, signal.SIGKILL)
    real.close()


def test_a_killed_zygote_is_reaped_once(port):
    """A started zygote has a road and a pipe; killed, its end is told once, with the signal."""
    handle = port.start_zygote("tests.support.toy")
    assert handle.pid > 1 and handle.road.getblocking() is False
    with pytest.raises(BlockingIOError):
        handle.road.recv(1)
    assert port.reap() == []
    port.send_signal(handle.pid, signal.SIGKILL)
    ends = wait_until("its end", port.reap)
    assert ends == [Exit(handle.pid, None, signal.SIGKILL)]
    port.send_signal(handle.pid, signal.SIGKILL)  # too late, and no harm
    assert port.reap() == []
    assert handle.road.recv(1) == b"", "the road has ended with it"


def test_nobody_to_reap(port):
    """Without children there is nothing, and nobody waits."""
    assert port.reap() == []


@pytest.mark.parametrize(
    ("exit_", "words"),
    [
        (Exit(5, 0, None), "exit code 0"),
        (Exit(5, None, signal.SIGKILL), "signal 9 (SIGKILL)"),
        (Exit(5, None, 200), "signal 200"),
    ],
)
def test_words_for_people(exit_, words):
    """An end is described by its code, or its signal with the name."""
    assert exit_.describe() == words


def test_a_start_that_fails_leaves_nothing_open(tmp_path, monkeypatch):
    """When the machine has no room for a process, every descriptor made for it is closed."""

    def refuse(*_: object, **__: object) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    real = RealProcesses(tmp_path)
    monkeypatch.setattr(subprocess, "Popen", refuse)
    gc.collect()
    before = sorted(os.listdir("/proc/self/fd"))
    with pytest.raises(BlockingIOError):
        real.port.start_zygote("tests.support.toy")
    assert sorted(os.listdir("/proc/self/fd")) == before
    real.close()


def test_nothing_of_the_operators_shell_reaches_a_zone(tmp_path, monkeypatch):
    """A zone's environment is made, not inherited: no secret, a fixed hash seed."""
    monkeypatch.setenv("SECRET_TOKEN", "x")
    monkeypatch.setenv("PYTHONSTARTUP", "x")
    environment = zone_environment(tmp_path)
    assert not {"SECRET_TOKEN", "PYTHONSTARTUP"} & set(environment)
    assert environment["PYTHONHASHSEED"] == "0"
    assert environment["NUMBA_CACHE_DIR"] == str(tmp_path)


@pytest.mark.slow
def test_a_zygote_of_a_slot_leaves_no_bytecode_in_it(tmp_path, monkeypatch):
    """It starts from the slot's sources whatever the shell says, and the slot stays as it was."""
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    assert zone_environment(tmp_path)["PYTHONDONTWRITEBYTECODE"] == ""
    slot = fill_slot(tmp_path, "fallback", ROOT)
    real = RealProcesses(tmp_path / "cache")
    try:
        handle, _ready = real.configure(service="zones.chronos", root=slot.root)
        assert Path(f"/proc/{handle.pid}/cwd").resolve() == slot.root
        assert find_slot(tmp_path, "fallback") == slot
    finally:
        real.close()

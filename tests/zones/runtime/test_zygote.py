"""A real zygote with the toy for a service: prepare, fork, and every way to end."""

import errno
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from Kernel.contract.zygote_protocol import (
    Configure,
    Fork,
    Forked,
    Prepared,
    Progress,
    Unprepared,
    send,
)
from tests.structure.sources import ROOT
from tests.support.caged import refuse_calls, run
from tests.support.real_processes import RealProcesses
from tests.support.toy import service as toy
from tests.support.wait import wait_until
from zones.runtime.cage import Layer, probe

pytestmark = pytest.mark.slow


@pytest.fixture
def real(tmp_path: Path) -> Iterator[RealProcesses]:
    """Give the real process port."""
    real = RealProcesses(tmp_path)
    yield real
    real.close()


def test_it_says_what_it_has_prepared(real):
    """Configured, it answers with its pid and its generation's facts."""
    handle, said = real.configure({"tick_rate_ms": 8})
    assert isinstance(said, Prepared) and said.pid == handle.pid
    cage = said.facts.pop("cage")
    facts = toy.Generation({"tick_rate_ms": 8}).facts
    assert said.facts == {**facts, "cells": ["call"], "zygote": True}
    assert cage["grade"] == probe().grade and len(cage["layers"]) == len(Layer)


def test_a_machine_that_refuses_a_layer_is_told_of(tmp_path):
    """The zygote serves all the same, and says the grade that follows."""

    def prepared() -> str:
        refuse_calls({"capset": errno.EPERM})
        real = RealProcesses(tmp_path)
        try:
            said = real.configure({"tick_rate_ms": 8})[1]
            return str(said.facts["cage"]["grade"]) if isinstance(said, Prepared) else str(said)
        finally:
            real.close()

    assert run(prepared).said == "D"


def test_settings_that_are_refused(real):
    """A service's ConfigError comes back as Unprepared with its code; then it leaves with 78."""
    handle, said = real.configure({"tick_rate_ms": 0})
    assert isinstance(said, Unprepared) and said.code == 78 and "tick_rate_ms" in said.message
    assert real.wait_exit(handle.pid).code == 78


def test_faults_are_told_by_their_keys(real):
    """What is wrong is told key by key, for the kernel to say where each was said."""
    _, said = real.configure({"snapshots_kept": 0, "more": 1}, service="zones.chronos")
    assert isinstance(said, Unprepared) and said.code == 78
    assert [fault["key"] for fault in said.faults] == ["snapshots_kept", "more"]
    assert said.faults[0]["why"].startswith("is 0, it takes a whole number from 1 to 100")


def test_a_service_that_is_not_there(real):
    """A package that cannot be loaded is named, with the way to mend it."""
    _, said = real.configure(service="tests.support.nosuch")
    assert isinstance(said, Unprepared) and said.code == 1 and said.hint == "make setup"
    assert said.message.startswith("cannot load tests.support.nosuch")


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("def Generation(:", "SyntaxError"),
        ("missing = nosuch", "NameError"),
        ("class Generation:\n    def __init__(self, *_): raise RuntimeError('no')", "RuntimeError"),
    ],
)
def test_code_that_cannot_be_loaded_is_named_with_its_line(real, tmp_path, text, what):
    """Whatever the code raises while it is made ready is told once, with file and line."""
    package = tmp_path / "root" / "zones" / "broken"
    package.mkdir(parents=True)
    shutil.copytree(ROOT / "zones" / "runtime", package.parent / "runtime")
    shutil.copytree(ROOT / "Kernel" / "contract", tmp_path / "root" / "Kernel" / "contract")
    for folder in (package, package.parent, tmp_path / "root" / "Kernel"):
        (folder / "__init__.py").touch()
    (package / "service.py").write_text(text)
    handle = real.keep(real.port.start_zygote("zones.broken", tmp_path / "root"))
    send(handle.road, Configure("stable", "/nowhere", {}))
    said = real.hear(handle)
    assert isinstance(said, Unprepared) and said.code == 1
    assert what in said.message and said.message.count("service.py") == 1
    assert "broken/service.py:" in said.message
    assert said.hint.startswith("edit ")
    real.wait_exit(handle.pid)
    told = real.stderr(handle)
    assert "importlib" not in told, "only our own frames help to mend it"
    assert ("broken/service.py" in told) is (what != "SyntaxError"), "the reason says it already"


def test_a_forked_process_is_ours_and_its_end_is_told(real, tmp_path):
    """A founder does its work as a child of the kernel and leaves with 0."""
    handle, _ = real.configure()
    facts = {"zone": "stable", "folders": [str(tmp_path)], "settings": {}}
    said = real.ask(handle, Fork(7, "founder", [], facts))
    assert isinstance(said, Forked) and said.serial == 7
    assert real.wait_exit(said.pid).code == 0
    assert (tmp_path / "stable.arena").is_file()


def test_a_process_that_fails_says_why(real, tmp_path):
    """An error in a process is on stderr with its trace, and the exit code is not 0."""
    handle, _ = real.configure()
    said = real.ask(handle, Fork(1, "founder", [], {"zone": "stable", "folders": ["/nowhere"]}))
    assert isinstance(said, Forked) and real.wait_exit(said.pid).code == 1
    assert "FileNotFoundError" in real.stderr(handle)


def test_it_forks_again_and_again_and_holds_nothing(real, tmp_path):
    """Descriptors that came with a Fork are closed in the zygote once it has forked."""
    handle, _ = real.configure()
    null = os.open(os.devnull, os.O_RDONLY)

    def held() -> int:
        return len(os.listdir(f"/proc/{handle.pid}/fd"))

    before = held()
    for serial in range(5):
        fork = Fork(serial, "founder", ["x"], {"zone": f"z{serial}", "folders": [str(tmp_path)]})
        said = real.ask(handle, fork, [null])
        assert isinstance(said, Forked) and said.serial == serial
        real.wait_exit(said.pid)
    os.close(null)
    wait_until("the last one closed", lambda: held() == before)


def test_it_leaves_when_the_kernel_hangs_up(real):
    """A closed road ends the zygote in order, with 0."""
    handle, _ = real.configure()
    handle.road.shutdown(2)
    assert real.wait_exit(handle.pid).code == 0


def test_a_ctrl_c_is_not_for_it(real, tmp_path):
    """SIGINT is the kernel's affair: the zygote goes on forking."""
    handle, _ = real.configure()
    real.port.send_signal(handle.pid, signal.SIGINT)
    fork = Fork(1, "founder", [], {"zone": "stable", "folders": [str(tmp_path)]})
    assert isinstance(real.ask(handle, fork), Forked)


def test_it_tells_how_far_the_preparing_is(real):
    """Each step a generation reports is heard in order, and Prepared after the last."""
    handle, said = real.configure({"steps": 2})
    assert (said, real.hear(handle)) == (Progress(0, 2, "step 0"), Progress(1, 2, "step 1"))
    assert isinstance(real.hear(handle), Prepared)

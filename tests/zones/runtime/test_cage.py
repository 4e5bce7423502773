"""A cage, with real processes: what it holds and what it leaves."""

import importlib
import os
import signal
import socket
import threading
import traceback
from collections.abc import Callable

import pytest

from zones.runtime import cage
from zones.runtime.cage import CageError, Layer, Plan


def run(work: Callable[[], object]) -> tuple[int, str]:
    """Return how a child ended that did some work (a signal is negative), and what it said."""
    reader, writer = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(reader)
        try:
            os.write(writer, str(work()).encode())
        except BaseException as error:
            os.write(writer, f"{type(error).__name__}: {error}".encode())
        finally:
            os._exit(0)
    os.close(writer)
    said = b""
    while piece := os.read(reader, 65536):
        said += piece
    os.close(reader)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), said.decode()


def sealed(work: Callable[[], object], **more: object) -> tuple[int, str]:
    """Run work in a sealed child."""

    def inside() -> object:
        plan = Plan("sealed", **more)
        cage.enclose(plan)
        cage.seal(plan)
        return work()

    return run(inside)


def test_a_sealed_process_goes_on():
    """It computes, and says what came of it."""
    assert sealed(lambda: sum(range(1000))) == (0, "499500")


def test_a_call_that_is_not_allowed_is_the_end():
    """The whole process dies of SIGSYS."""
    assert sealed(socket.socket)[0] == -signal.SIGSYS


def test_a_lazy_import_or_a_traceback_is_not_the_end():
    """Asking for files answers no."""

    def traced() -> str:
        try:
            importlib.import_module("sqlite3.dump")
        except ImportError:
            return traceback.format_exc()
        return "imported"

    code, said = sealed(traced)
    assert code == 0
    assert "Error" in said


def test_threads_started_before_go_on_and_are_held():
    """A worker goes on after the seal; a call that is not allowed in it ends the process."""

    def inside(ask: Callable[[], object]) -> str:
        plan = Plan("sealed")
        cage.enclose(plan)
        go, done = threading.Event(), threading.Event()

        def live() -> None:
            go.wait()
            ask()
            done.set()

        threading.Thread(target=live, daemon=True).start()
        cage.seal(plan)
        go.set()
        return "done" if done.wait(5.0) else "stuck"

    assert run(lambda: inside(int)) == (0, "done")
    assert run(lambda: inside(socket.socket))[0] == -signal.SIGSYS


def test_a_process_with_threads_is_not_enclosed():
    """Most layers would hold one thread only: that must not pass for a cage."""

    def inside() -> None:
        threading.Thread(target=threading.Event().wait, daemon=True).start()
        cage.enclose(Plan("sealed"))

    assert "it has 2 threads" in run(inside)[1]


def test_an_unknown_profile_is_refused():
    """A name that is no profile must not mean no cage."""
    with pytest.raises(CageError, match="the profiles are sealed"):
        cage.enclose(Plan("none"))
    with pytest.raises(CageError, match="the profiles are sealed"):
        cage.seal(Plan("none"))


@pytest.mark.parametrize("layer", list(Layer))
def test_the_report_says_that_a_layer_holds(layer):
    """On a machine that has them all; elsewhere the grade says which is missing."""
    report = cage.probe()
    tried = next(each for each in report.layers if each.layer is layer)
    assert tried.held == (layer not in report.missing)
    assert tried.held or tried.why
    assert cage.missing_in(report.fields()) == report.missing

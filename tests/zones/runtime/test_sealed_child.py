"""A sealed child: it answers, it reaches nothing, and its end costs its parent an error."""

import mmap
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from zones.runtime import sealed_child
from zones.runtime.cage import Layer, probe
from zones.runtime.sealed_child import Answer, ChildFailed, SealedChild

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif("seccomp" in {each.value for each in probe().missing}, reason="no seccomp"),
]


@pytest.fixture
def missing() -> Iterator[frozenset[Layer]]:
    """Give what this machine lacks; nobody may be left over afterwards."""
    yield probe().missing
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def begin_with(act: Callable[[], object]) -> Callable[[], Answer]:
    """Return what begins a child that does one thing, sealed, at each question."""
    return lambda: lambda _question: {"is": act()}


def ask_once(act: Callable[[], object], missing: frozenset[Layer], timeout_s: float = 20.0) -> Any:
    """Return the answer of a child."""
    with SealedChild(begin_with(act), missing, "try it") as child:
        return child.ask({}, timeout_s)["is"]


def test_it_answers_as_often_as_it_is_asked(missing):
    """Questions and answers are plain data; what both share is memory."""
    shared = mmap.mmap(-1, mmap.PAGESIZE)

    def begin() -> Answer:
        def answer(question: dict[str, Any]) -> dict[str, Any]:
            shared[question["at"]] += 1
            return {"pid": os.getpid(), "at": question["at"]}

        return answer

    with SealedChild(begin, missing, "count") as child:
        told = [child.ask({"at": place}) for place in (3, 3, 4)]
    assert [each["at"] for each in told] == [3, 3, 4]
    assert {each["pid"] for each in told}.isdisjoint({os.getpid()})
    assert (shared[3], shared[4]) == (2, 1)


def test_it_can_open_no_file(missing):
    """An open is refused, and does not end it: a traceback asks for files."""

    def open_one() -> str:
        try:
            os.open("/", os.O_RDONLY)
        except PermissionError:
            return "refused"
        return "open"

    assert ask_once(open_one, missing) == "refused"


@pytest.mark.parametrize("act", [socket.socket, os.fork], ids=["socket", "fork"])
def test_what_no_computation_needs_is_its_end(act, missing):
    """Killed by the filter, and the parent is told by what."""
    with pytest.raises(ChildFailed, match=r"cannot try it: .* signal 31 \(SIGSYS\)"):
        ask_once(act, missing)


def test_a_child_that_hangs_is_ended(missing):
    """Who gives no answer in time is no child any more."""
    with pytest.raises(ChildFailed, match=r"took longer than 0\.05 s"):
        ask_once(lambda: time.sleep(60), missing, timeout_s=0.05)


def test_a_child_that_says_too_much_is_ended(missing, monkeypatch):
    """An answer is bounded where it is read, whatever the writer has been made to believe."""
    monkeypatch.setattr(sealed_child, "ANSWER_BYTES_MAX", 1 << 10)

    def say_much() -> object:
        sealed_child.ANSWER_BYTES_MAX = 1 << 30  # in the child, which has been taken over
        sealed_child.pack = lambda value, _limit: b"x" * (1 << 12)  # type: ignore[assignment]
        return None

    with SealedChild(begin_with(say_much), missing, "try it") as child:
        child.ask({})
        with pytest.raises(ChildFailed, match="answered with 4096 bytes, the limit is 1024"):
            child.ask({})


def test_nonsense_is_no_answer(missing):
    """What is no MessagePack is told as such, and the child is gone."""

    def speak_nonsense() -> object:
        sealed_child.pack = lambda value, _limit: b"\xc1"  # type: ignore[assignment]
        return None

    with SealedChild(begin_with(speak_nonsense), missing, "try it") as child:
        child.ask({})
        with pytest.raises(ChildFailed, match="cannot try it: cannot decode"):
            child.ask({})


def test_an_exception_is_told_by_its_exit_code(missing, capfd):
    """The traceback goes to stderr, as that of any process."""
    with pytest.raises(ChildFailed, match="cannot try it: its process left with 1"):
        ask_once(lambda: 1 // 0, missing)
    assert "ZeroDivisionError" in capfd.readouterr().err


def test_it_dies_with_its_parent(missing):
    """A parent that is killed leaves nobody over."""
    reader, writer = os.pipe()
    parent = os.fork()
    if not parent:
        child = SealedChild(begin_with(os.getpid), missing, "live")
        os.write(writer, str(child.ask({})["is"]).encode())
        signal.pause()
    pid = int(os.read(reader, 20))
    os.kill(parent, signal.SIGKILL)
    os.waitpid(parent, 0)
    until_s = time.monotonic() + 10
    while _is_there(pid) and time.monotonic() < until_s:
        time.sleep(0.002)
    assert not _is_there(pid)
    os.close(reader)
    os.close(writer)


def _is_there(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False

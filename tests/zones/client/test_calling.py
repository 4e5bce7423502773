"""Sending a function away: all of its own code goes along, and every end comes back as such.

With a console on paper; a real kernel is in `tests/e2e/test_calls.py`.
"""

import base64
import json
import math
import pickle
import socket
import subprocess
import sys
import threading

import cloudpickle
import pytest

from Kernel.contract.errors import NoKernel, Refused, UsageError
from Kernel.contract.places import CONSOLE_SOCKET
from tests.structure.sources import ROOT
from zones.client import CallFailed, call, calling

OK = {"ok": True, "outcome": "returned", "result": 42, "printed": "", "error": None}
ERROR = {
    "type": "ValueError", "message": "no", "line": 3, "frames": [[__file__, 1, "f", ""]],
}  # fmt: skip


class Console:
    """Answers one request after another with what the test says.

    Attributes:
        asked: the arguments of each.
    """

    def __init__(self, home):
        path = home / CONSOLE_SOCKET
        path.parent.mkdir()
        self.answer = {"ok": True, "result": OK}
        self.asked = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        while True:
            try:
                peer, _ = self._listener.accept()
            except OSError:
                return
            with peer, peer.makefile("rb") as file:
                request = json.loads(file.readline())
                assert request["command"] == "run"
                self.asked.append(request["args"])
                peer.sendall(json.dumps(self.answer).encode() + b"\n")

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)


@pytest.fixture
def console(home, monkeypatch):
    """Give a console of the home that MOLT_HOME names."""
    monkeypatch.setenv("MOLT_HOME", str(home))
    console = Console(home)
    yield console
    console.close()


def helper(x):
    """Be called by a function that is sent away."""
    return x + 1


def needs_helper(x):
    """Call another function of this module, and one of Python's."""
    return helper(x) + math.floor(0.5)


def test_a_value_comes_back(console):
    """The request says what it is and how long it may take."""
    assert call(needs_helper, 41) == 42
    assert call(needs_helper, x=41, timeout_s=3) == 42
    first, second = console.asked
    assert (first["name"], first["pickle"]) == ("needs_helper", True)
    assert "timeout_s" not in first and second["timeout_s"] == 3
    function, args, kwargs = pickle.loads(base64.b64decode(second["source"]))
    assert (function(**kwargs), args) == (42, ())


def test_the_callers_own_code_goes_along(console, tmp_path):
    """It can be unpickled by a Python that has none of the caller's modules."""
    call(needs_helper, 41)
    given = tmp_path / "given"
    given.write_bytes(base64.b64decode(console.asked[0]["source"]))
    text = "import pickle, sys; f, a, k = pickle.load(open(sys.argv[1], 'rb')); print(f(*a, **k))"
    line = [sys.executable, "-c", text, str(given)]
    done = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "42\n"


def test_a_function_says_which_file_it_is_of(console):
    """So that a traceback can, and its lines can be read here."""
    call(needs_helper, 41)
    function, _args, _kwargs = pickle.loads(base64.b64decode(console.asked[0]["source"]))
    assert function.__code__.co_filename == __file__


def test_cloudpickle_is_left_as_it_was(console):
    """What this process takes by value elsewhere is its own affair."""
    cloudpickle.register_pickle_by_value(calling)
    try:
        before = cloudpickle.list_registry_pickle_by_value()
        call(needs_helper, 1)
        assert cloudpickle.list_registry_pickle_by_value() == before
    finally:
        cloudpickle.unregister_pickle_by_value(calling)


def test_what_it_printed_is_printed_here(console, capsys):
    """Without what could steer a terminal."""
    console.answer = {"ok": True, "result": OK | {"printed": "one\n\x1b[2Jtwo\t\n"}}
    call(needs_helper, 1)
    assert capsys.readouterr().out == "one\n[2Jtwo\t\n"


@pytest.mark.parametrize(
    ("outcome", "code"), [("raised", 65), ("hung", 124), ("died", 5), ("out of memory", 5)]
)
def test_a_call_that_fails_raises(console, outcome, code):
    """With outcome, type, line, what it had printed, and its traceback with the text of lines."""
    answer = OK | {"ok": False, "outcome": outcome, "error": ERROR, "printed": "so far"}
    console.answer = {"ok": True, "result": answer}
    with pytest.raises(CallFailed, match=r"cannot call needs_helper: ValueError: no") as failed:
        call(needs_helper, 1)
    error = failed.value
    assert (error.outcome, error.exit_code, error.type) == (outcome, code, "ValueError")
    assert (error.printed, error.details["line"]) == ("so far", 3)
    assert '"""Sending a function away' in error.traceback
    assert error.__notes__ == [error.traceback]


def test_a_refusal_is_one(console):
    """As of any command."""
    told = {"code": 5, "message": "cannot run: 2 calls run and 16 wait", "hint": "molt ps"}
    console.answer = {"ok": False, "error": told}
    with pytest.raises(Refused, match="16 wait"):
        call(needs_helper, 1)


def test_what_cannot_be_sent_is_refused_here(console):
    """What has no pickle, and what is too large; nobody is asked."""
    with pytest.raises(UsageError, match=r"cannot call print: it cannot be pickled: .*lock"):
        call(print, threading.Lock())
    with pytest.raises(UsageError, match="cannot call len: with its arguments it takes 1000"):
        call(len, bytes(1_000_000))
    assert console.asked == []


def test_no_kernel_is_told(home, monkeypatch):
    """As by any command."""
    monkeypatch.setenv("MOLT_HOME", str(home))
    with pytest.raises(NoKernel):
        call(len, "abc")


def test_cloudpickle_is_imported_only_by_who_calls():
    """A program that only reads a world pays nothing for it."""
    text = "import sys, zones.client; sys.exit('cloudpickle' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", text], cwd=ROOT, check=False).returncode == 0

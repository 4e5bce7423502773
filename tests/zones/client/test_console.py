"""Asking a kernel from a program that imports nothing of it."""

import socket
import threading

import pytest

from Kernel.console import client, protocol
from Kernel.contract.errors import MoltError, NoKernel, Refused, UsageError, WaitTimeout
from Kernel.contract.places import CONSOLE_SOCKET
from tests.kernel.console.fake_kernel import HASH, TICK, FakeKernel
from zones.client import ask, console


@pytest.fixture
def kernel(home):
    """Give a fake kernel that answers."""
    with FakeKernel(home) as kernel:
        yield kernel


@pytest.fixture
def answers(home):
    """Give a function that has the next request answered with these bytes, then hung up on."""
    path = home / CONSOLE_SOCKET
    path.parent.mkdir()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()
    threads = []

    def serve(reply):
        peer, _ = listener.accept()
        with peer:
            while not peer.recv(65536).endswith(b"\n"):
                pass
            peer.sendall(reply)

    def answer(reply):
        threads.append(threading.Thread(target=serve, args=(reply,), daemon=True))
        threads[-1].start()

    yield answer
    listener.close()
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()


def test_answer(kernel):
    """A command and its arguments arrive, and the result comes back as plain data."""
    assert ask(kernel.home, "status")["world"]["tick"] == TICK
    assert ask(str(kernel.home), "pause", {"at_tick": 7}) == {"tick": 7, "hash": HASH}
    assert ask(kernel.home, "params", {"key": "friction", "value": 0.9})["value"] == 0.9


def test_what_the_kernel_refuses(kernel):
    """A refusal comes as the contract's error with the kernel's words, hint and code."""
    with pytest.raises(Refused, match="cannot drill 'x': no such zone") as refused:
        ask(kernel.home, "drill", {"kind": "kill", "zone": "x"})
    assert (refused.value.hint, refused.value.exit_code) == ("molt ps", 5)
    with pytest.raises(UsageError):
        ask(kernel.home, "no such command")
    with pytest.raises(WaitTimeout):
        ask(kernel.home, "wait", {"for": "tick > 999999999", "timeout_s": 0.01})


def test_an_answer_of_many_lines_is_not_taken_for_one(kernel):
    """Events come line by line: the first is not the answer, and it says what to use instead."""
    with pytest.raises(UsageError, match="cannot ask for 'kernel-events' here") as refused:
        ask(kernel.home, "kernel-events")
    assert refused.value.hint == "molt kernel-events --json"


def test_nobody_there(home):
    """Without a home, without a socket and with a dead one: no kernel, and how to start one."""
    for place in (home / "none", home):
        with pytest.raises(NoKernel, match="cannot reach a kernel at") as error:
            ask(place, "status")
        assert error.value.hint == f"python manifest.py --home {place}"
    (home / "run").mkdir()
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(home / CONSOLE_SOCKET))
    with pytest.raises(NoKernel, match="nobody listens"):
        ask(home, "status")


def test_a_kernel_that_says_nothing(kernel):
    """An answer that does not come ends the asking in time."""
    with pytest.raises(NoKernel, match=r"the kernel said nothing in 0\.05 s"):
        ask(kernel.home, "wait", {"for": "tick > 999999999", "timeout_s": 5}, timeout_s=0.05)


def test_a_home_with_a_long_path(tmp_path):
    """A home deeper than a socket's path may be long is reached."""
    home = tmp_path / ("x" * 120)
    with FakeKernel(home):
        assert ask(home, "status")["world"]["tick"] == TICK


@pytest.mark.parametrize(
    ("reply", "kind", "why"),
    [
        (b"", NoKernel, "the kernel hung up"),
        (b'{"ok": true, "resu', NoKernel, "the kernel hung up"),
        (b"nonsense\n", MoltError, "it is not JSON"),
        (b"[1]\n", MoltError, "of an unknown form"),
        (b'{"ok": true}\n', MoltError, "of an unknown form"),
        (b'{"ok": 1, "result": {}}\n', MoltError, "of an unknown form"),
        (b"x" * (console.REPLY_BYTES_MAX + 1), MoltError, "above 327680 bytes"),
        (b'{"ok": false, "error": {"code": 77, "message": "cannot"}}\n', MoltError, "cannot"),
        (b'{"ok": false, "error": {"code": "5"}}\n', MoltError, "cannot say why"),
    ],
)
def test_answers_that_are_none(home, answers, reply, kind, why):
    """An answer that is cut, too long or of no known form is an error that says which."""
    answers(reply)
    with pytest.raises(MoltError, match=why) as error:
        ask(home, "status")
    assert type(error.value) is kind
    assert error.value.exit_code == (77 if b"77" in reply else kind.exit_code)


def test_requests_that_cannot_be_sent(home):
    """Arguments that are no JSON or too long are refused before anybody is asked."""
    for args in ({"x": object()}, {"x": float("nan")}, {"x": "y" * console.REQUEST_BYTES_MAX}):
        with pytest.raises(UsageError, match="cannot ask 'status'"):
            ask(home, "status", args)


def test_limits_are_those_of_the_kernel():
    """Both sides of the wire agree on its limits and its place."""
    assert console.REQUEST_BYTES_MAX == protocol.LINE_BYTES_MAX
    assert console.REPLY_BYTES_MAX == protocol.REPLY_BYTES_MAX
    assert CONSOLE_SOCKET.parts == client.SOCKET_PATH

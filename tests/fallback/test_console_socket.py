"""The console of safe mode under whoever may connect: it answers, and stays."""

import json
import os
import resource
import select
import shutil
import socket
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from fallback import console_socket
from fallback.console_socket import (
    CONNECTIONS_MAX,
    IDLE_S,
    LINE_BYTES_MAX,
    SILENT_S,
    SLOW_S,
    Asker,
    ConsoleSocket,
    RefusedError,
)


class Desk:
    """A socket with a handler that echoes, keeps or refuses, and a clock of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.run_fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        self.now_s = 1000.0
        self.kept: list[Asker] = []
        self.console = ConsoleSocket(self.run_fd, self.handle)
        self.peers: list[socket.socket] = []

    def handle(self, command: str, arguments: Mapping[str, object], asker: Asker) -> None:
        """Answer "echo" at once and "keep" never; refuse the rest."""
        if command == "keep":
            self.kept.append(asker)
        elif command == "echo":
            asker.reply(dict(arguments))
        elif command == "large":
            asker.reply({"large": "x" * 60_000})
        else:
            raise RefusedError(f"cannot {command}", "molt help")

    def connect(self) -> socket.socket:
        """Return a peer."""
        peer = socket.socket(socket.AF_UNIX)
        peer.connect(str(self.folder / "console.sock"))
        peer.setblocking(False)
        self.peers.append(peer)
        return peer

    def turn(self, times: int = 4) -> None:
        """Some rounds of the loop."""
        for _ in range(times):
            poller = select.poll()
            for fd, events in self.console.interest().items():
                poller.register(fd, events)
            for fd, events in poller.poll(0):
                self.console.handle(fd, events, self.now_s)
            self.console.settle(self.now_s)

    def ask(self, peer: socket.socket, line: bytes) -> list[dict]:
        """Send a line and return what comes back."""
        peer.sendall(line)
        self.turn()
        return self.read(peer)

    def read(self, peer: socket.socket) -> list[dict]:
        """Return the replies that are there."""
        try:
            data = peer.recv(1 << 20)
        except (BlockingIOError, ConnectionResetError):
            return []
        return [json.loads(line) for line in data.splitlines()]

    def close(self) -> None:
        """Close everything."""
        self.console.close()
        for peer in self.peers:
            peer.close()
        os.close(self.run_fd)


@pytest.fixture
def desk(home: Path) -> Iterator[Desk]:
    desk = Desk(home)
    yield desk
    desk.close()


ECHO = b'{"command": "echo", "args": {"a": 1}}\n'


def test_one_line_in_one_line_out(desk: Desk) -> None:
    """Requests are answered in order, in parts or many at once; the socket is for its owner."""
    peer = desk.connect()
    assert desk.ask(peer, ECHO) == [{"ok": True, "result": {"a": 1}}]
    assert desk.ask(peer, ECHO[:5]) == []
    assert len(desk.ask(peer, ECHO[5:] + ECHO * 20)) == 21
    mode = os.stat(desk.folder / "console.sock").st_mode
    assert stat.S_ISSOCK(mode) and stat.S_IMODE(mode) == 0o600


@pytest.mark.parametrize(
    "line",
    [b"x\n", b"{}\n", b"[]\n", b"null\n", b"\xff\n", b'{"command": 1}\n', b"[" * 60_000 + b"\n",
     b'{"command": "echo", "args": []}\n', b'{"command": "echo", "arguments": {}}\n'],
)  # fmt: skip
def test_malformed_lines_are_refused(desk: Desk, line: bytes) -> None:
    """What is no request is answered with code 2, and the connection goes on."""
    peer = desk.connect()
    (reply,) = desk.ask(peer, line)
    assert reply["ok"] is False and reply["error"]["code"] == 2
    assert reply["error"]["message"].startswith("cannot")
    assert desk.ask(peer, ECHO)[0]["ok"]


def test_a_line_without_end(desk: Desk) -> None:
    """Ten megabytes without a newline are refused after LINE_BYTES_MAX; others are served."""
    flood, other = desk.connect(), desk.connect()
    sent = 0
    try:
        while sent < 10_000_000:
            try:
                sent += flood.send(b"x" * 65536)
            except BlockingIOError:
                desk.turn(1)
    except (BrokenPipeError, ConnectionResetError):
        pass
    assert sent < 100 * LINE_BYTES_MAX
    assert desk.ask(other, ECHO)[0]["ok"]


def test_more_connections_than_there_is_room_for(desk: Desk) -> None:
    """500 idle ones: the rest are told so and closed; after a while the oldest makes room."""
    for _ in range(500):
        desk.connect()
        desk.turn(1)
    told = desk.read(desk.peers[-1])
    assert told[0]["error"]["message"].startswith("cannot take the connection")
    assert len(desk.console.interest()) == CONNECTIONS_MAX + 1
    desk.now_s += IDLE_S
    assert desk.ask(desk.connect(), ECHO)[0]["ok"]


def test_idle_ones_do_not_keep_the_operator_out(desk: Desk) -> None:
    """Silent ones make room after SILENT_S, those that have asked after IDLE_S."""
    for _ in range(CONNECTIONS_MAX - 1):
        desk.connect()
    keeper = desk.connect()
    desk.turn()
    assert desk.ask(keeper, ECHO)[0]["ok"]
    desk.now_s += SILENT_S
    for _ in range(CONNECTIONS_MAX - 1):
        assert desk.ask(desk.connect(), ECHO)[0]["ok"], "a silent one made room"
    assert not desk.ask(desk.connect(), ECHO)[0]["ok"], "all have just asked"
    desk.now_s += IDLE_S
    assert desk.ask(desk.connect(), ECHO)[0]["ok"]
    assert desk.read(keeper) == []


def test_a_reader_that_never_reads(desk: Desk) -> None:
    """It stops only itself: nothing more is read from it, and after SLOW_S it is closed."""
    deaf, other = desk.connect(), desk.connect()
    for _ in range(50):
        try:
            deaf.send(b'{"command": "large"}\n')
        except (BlockingIOError, BrokenPipeError):
            break
        desk.turn(1)
    assert sum(len(asker.output) for asker in desk.console._askers.values()) < 200_000
    desk.now_s += SLOW_S + 1
    desk.turn()
    assert len(desk.console.interest()) == 2
    assert desk.ask(other, ECHO)[0]["ok"]


def test_an_answer_that_takes_its_time(desk: Desk) -> None:
    """A request may be answered later; later requests of the same peer wait for it."""
    peer = desk.connect()
    assert desk.ask(peer, b'{"command": "keep"}\n' + ECHO) == []
    desk.kept[0].reply({"late": True})
    desk.turn()
    assert [reply["result"] for reply in desk.read(peer)] == [{"late": True}, {"a": 1}]


def test_a_peer_that_goes_away(desk: Desk) -> None:
    """Its answer goes nowhere and nothing breaks; one that only closed its half is answered."""
    gone, half = desk.connect(), desk.connect()
    for peer in (gone, half):
        desk.ask(peer, b'{"command": "keep"}\n')
    gone.close()
    half.shutdown(socket.SHUT_WR)
    desk.turn()
    for asker in desk.kept:
        asker.refuse(RefusedError("cannot now"))
    desk.turn()
    assert desk.read(half)[0]["error"]["code"] == 5
    assert len(desk.console.interest()) == 1


def test_no_descriptor_is_left(desk: Desk) -> None:
    """A connection that cannot be accepted is closed, and the loop is not woken for ever."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    desk.connect()
    peer = desk.connect()
    highest = max(int(name) for name in os.listdir("/proc/self/fd"))
    fillers = [os.dup(desk.run_fd) for _ in range(highest + 1 - len(os.listdir("/proc/self/fd")))]
    resource.setrlimit(resource.RLIMIT_NOFILE, (highest + 1, before[1]))
    try:
        desk.turn()
        poller = select.poll()
        for fd, events in desk.console.interest().items():
            poller.register(fd, events)
        assert poller.poll(0) == []
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
        for fd in fillers:
            os.close(fd)
    assert peer.recv(10) == b""
    assert desk.ask(desk.connect(), ECHO)[0]["ok"]


def test_who_waits_and_hangs_up(desk: Desk) -> None:
    """It is known to be gone, so that nobody keeps it for the outcome."""
    peer = desk.connect()
    desk.ask(peer, b'{"command": "keep"}\n')
    assert not desk.kept[0].is_gone
    peer.close()
    desk.turn()
    assert desk.kept[0].is_gone


def test_the_socket_is_removed(desk: Desk) -> None:
    """Somebody deletes the file: it is made anew, and those who are connected stay so."""
    peer = desk.connect()
    desk.turn()
    desk.console.mend()
    before = (desk.folder / "console.sock").stat().st_ino
    desk.console.mend()
    assert (desk.folder / "console.sock").stat().st_ino == before, "nothing to mend"
    (desk.folder / "console.sock").unlink()
    desk.console.mend()
    assert desk.ask(desk.connect(), ECHO)[0]["ok"] and desk.ask(peer, ECHO)[0]["ok"]


def test_a_folder_that_takes_no_socket(home: Path, monkeypatch) -> None:
    """No room for the socket is no end: it is made as soon as there is."""

    def refuse(_fd: int) -> socket.socket:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(console_socket, "_listen", refuse)
    desk = Desk(home)
    desk.turn()
    monkeypatch.undo()
    desk.console.mend()
    assert desk.ask(desk.connect(), ECHO)[0]["ok"]
    desk.close()


def test_the_folder_is_gone(home: Path) -> None:
    """Nothing can listen there, which ends nothing; made anew, it is used."""
    (home / "run").mkdir()
    desk = Desk(home / "run")
    shutil.rmtree(home / "run")
    desk.console.mend()
    desk.turn()
    (home / "run").mkdir()
    fd = os.open(home / "run", os.O_RDONLY | os.O_DIRECTORY)
    desk.console.mend(fd)
    assert desk.ask(desk.connect(), ECHO)[0]["ok"]
    desk.close()
    os.close(fd)


def test_a_socket_left_by_a_dead_kernel(home: Path) -> None:
    """It is replaced, and removed at the end."""
    old = socket.socket(socket.AF_UNIX)
    old.bind(str(home / "console.sock"))
    old.close()
    desk = Desk(home)
    assert desk.ask(desk.connect(), ECHO)[0]["ok"]
    desk.close()
    assert not (home / "console.sock").exists()

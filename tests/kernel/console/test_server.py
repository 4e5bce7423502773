"""The console's socket, with real connections and a clock in the test's hand."""

import errno
import json
import os
import select
import socket
import stat
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from Kernel.console.protocol import LINE_BYTES_MAX, PENDING_MAX
from Kernel.console.server import (
    CONNECTIONS_MAX,
    IDLE_S,
    SILENT_S,
    ConsoleServer,
    Pending,
)
from Kernel.contract.errors import ConfigError, Refused

STATUS = b'{"command": "status"}\n'
Reply = dict[str, object]


class Rig:
    """A server and its poll loop, one round at a time."""

    def __init__(self, run_dir: Path) -> None:
        self.run_dir = run_dir
        self.server = ConsoleServer(run_dir)
        self.now_s = 0.0
        self.clients: list[socket.socket] = []

    def connect(self) -> socket.socket:
        """Return a new client, not accepted yet."""
        client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        dir_fd = os.open(self.run_dir, os.O_PATH)
        client.connect(f"/proc/self/fd/{dir_fd}/console.sock")
        os.close(dir_fd)
        client.setblocking(False)
        self.clients.append(client)
        return client

    def turn(self) -> list[Pending]:
        """Handle what is ready now; return the requests that came."""
        pending: list[Pending] = []
        for _ in range(200):
            ready = self.ready()
            if not ready:
                return pending
            for fd, event in ready:
                readable = bool(event & ~select.POLLOUT)
                writable = bool(event & select.POLLOUT)
                pending += self.server.handle(fd, readable, writable, self.now_s)
        raise AssertionError("the server spins: it is ready for ever and does nothing")

    def ready(self, wait_ms: int = 0) -> list[tuple[int, int]]:
        """Return what a poll by `interest` says now, or after waiting for something to say."""
        poller = select.poll()
        for fd, interest in self.server.interest().items():
            wanted = (select.POLLIN * interest.read) | (select.POLLOUT * interest.write)
            poller.register(fd, wanted)
        return poller.poll(wait_ms)

    def close(self) -> None:
        """Close both sides."""
        for client in self.clients:
            client.close()
        self.server.close()


def read(client: socket.socket) -> list[Reply]:
    """Return the replies that have arrived."""
    data = bytearray()
    try:
        while chunk := client.recv(1 << 20):
            data += chunk
    except BlockingIOError:
        pass
    return [json.loads(line) for line in data.splitlines()]


def is_closed(client: socket.socket) -> bool:
    """Return whether the server has hung up, after what it said has been read."""
    try:
        while client.recv(1 << 20):
            pass
    except BlockingIOError:
        return False
    except ConnectionError:
        return True
    return True


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    """Return a server in an empty directory."""
    made = Rig(tmp_path)
    yield made
    made.close()


def test_request_and_answer(rig: Rig) -> None:
    """A request comes out once, with its peer's pid, and its answer arrives at once."""
    client = rig.connect()
    client.send(STATUS)
    [pending] = rig.turn()
    assert pending.request.command == "status"
    assert pending.peer_pid == os.getpid()
    assert rig.server.is_open(pending.token)
    rig.server.answer(pending.token, {"tick": 5})
    assert read(client) == [{"ok": True, "result": {"tick": 5}}]
    assert not rig.server.is_open(pending.token)
    assert rig.turn() == []


def test_refusal_carries_code_and_hint(rig: Rig) -> None:
    """An error of the tree arrives with its exit code, message and hint."""
    client = rig.connect()
    client.send(STATUS)
    [pending] = rig.turn()
    rig.server.refuse(pending.token, Refused("cannot do that", "molt help"))
    error = {"code": 5, "message": "cannot do that", "hint": "molt help"}
    assert read(client) == [{"ok": False, "error": error}]


def test_help_is_answered_by_the_server(rig: Rig) -> None:
    """Help needs nobody: it works with nothing behind the socket, also for an unknown word."""
    client = rig.connect()
    client.send(b'{"command": "help"}\n{"command": "help", "args": {"words": "zzz"}}\n')
    assert rig.turn() == []
    good, bad = read(client)
    assert good["ok"] is True and bad["ok"] is False


def test_late_answers_reach_their_own_askers(rig: Rig) -> None:
    """Answers given in any order go each to the connection that asked."""
    clients = [rig.connect() for _ in range(5)]
    for steps, client in enumerate(clients, start=1):
        client.send(b'{"command": "step", "args": {"steps": %d}}\n' % steps)
    for pending in reversed(rig.turn()):
        rig.server.answer(pending.token, {"steps": pending.request.integer("steps")})
    for steps, client in enumerate(clients, start=1):
        assert read(client) == [{"ok": True, "result": {"steps": steps}}]


def test_mode_is_private(rig: Rig) -> None:
    """The socket is 0600 whatever the umask, and nothing else is left in the directory."""
    assert os.listdir(rig.run_dir) == ["console.sock"]
    made = (rig.run_dir / "console.sock").lstat()
    assert stat.S_ISSOCK(made.st_mode) and stat.S_IMODE(made.st_mode) == 0o600


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_other_users_are_closed_at_once() -> None:
    """A peer of another user gets no answer even when the file lets it in."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        rig = Rig(Path(folder))
        os.chmod(f"{folder}/console.sock", 0o666)
        child = os.fork()
        if child == 0:
            code = 1
            try:
                os.setresuid(65534, 65534, 65534)
                peer = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
                peer.connect(f"{folder}/console.sock")
                code = 0 if os.geteuid() == 65534 else 2
            finally:
                os._exit(code)
        _, status = os.waitpid(child, 0)
        assert status == 0
        assert rig.turn() == []
        assert rig.server.counts.refused_foreign == 1
        assert len(rig.server.filenos()) == 1
        rig.close()


def test_long_homes_work(tmp_path: Path) -> None:
    """A directory far beyond the 108 bytes of a Unix path can be served and asked."""
    deep = tmp_path.joinpath(*(["a-rather-long-name-for-a-directory"] * 6))
    deep.mkdir(parents=True)
    assert len(str(deep)) > 200
    rig = Rig(deep)
    client = rig.connect()
    client.send(STATUS)
    assert len(rig.turn()) == 1
    rig.close()


def test_a_stale_socket_is_replaced_and_a_file_is_not(tmp_path: Path) -> None:
    """What a killed kernel left is no obstacle; something that is no socket is kept."""
    left = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    left.bind(str(tmp_path / "console.sock"))
    left.close()
    ConsoleServer(tmp_path).close()
    assert os.listdir(tmp_path) == []
    for make in (lambda path: path.write_text("mine"), lambda path: path.symlink_to("/dev/null")):
        path = tmp_path / "console.sock"
        make(path)
        with pytest.raises(ConfigError, match="not a socket"):
            ConsoleServer(tmp_path)
        assert os.path.lexists(path)
        path.unlink()
    with pytest.raises(ConfigError, match="cannot open"):
        ConsoleServer(tmp_path / "missing")


def test_close_leaves_a_successor_alone(tmp_path: Path) -> None:
    """A server that closes late does not remove the socket of the one that replaced it."""
    first, second = ConsoleServer(tmp_path), ConsoleServer(tmp_path)
    first.close()
    assert os.listdir(tmp_path) == ["console.sock"]
    second.close()
    assert os.listdir(tmp_path) == []


def test_close_on_a_disk_that_turned_read_only(tmp_path: Path, monkeypatch) -> None:
    """The file stays, the server is closed all the same: an orderly stop is no crash."""
    server = ConsoleServer(tmp_path)

    def refuse(*_args: object, **_more: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    with monkeypatch.context() as patched:
        patched.setattr(os, "unlink", refuse)
        server.close()
    assert (tmp_path / "console.sock").is_socket()
    ConsoleServer(tmp_path).close()


def test_takes_an_open_directory(tmp_path: Path) -> None:
    """A descriptor of the directory serves as well as its path, and stays the caller's."""
    dir_fd = os.open(tmp_path, os.O_PATH | os.O_DIRECTORY)
    ConsoleServer(dir_fd).close()
    os.fstat(dir_fd)
    os.close(dir_fd)


def test_five_hundred_connections(rig: Rig) -> None:
    """Of 500 connections CONNECTIONS_MAX are served, the others are told why and closed."""
    done = threading.Event()
    made: list[socket.socket] = []

    def connect_all() -> None:
        made.extend(rig.connect() for _ in range(500))
        done.set()

    thread = threading.Thread(target=connect_all, daemon=True)
    thread.start()
    # Waiting gives the interpreter to the thread at once; a loop that spins holds it for 5 ms.
    while rig.ready(wait_ms=20) or not done.is_set():
        rig.turn()
    thread.join()
    assert len(rig.server.filenos()) == CONNECTIONS_MAX + 1
    assert rig.server.counts.refused_full == 500 - CONNECTIONS_MAX
    [reply] = read(made[-1])
    assert "cannot take the connection: 32 are open" in str(reply["error"])
    assert is_closed(made[-1])
    made[0].send(STATUS)
    [pending] = rig.turn()
    rig.server.answer(pending.token, {})
    assert len(read(made[0])) == 1


def test_the_longest_idle_makes_room(rig: Rig) -> None:
    """In a full table the one idle longest goes, not before IDLE_S and never one who waits."""
    waiting = rig.connect()
    waiting.send(STATUS)
    [pending] = rig.turn()
    rig.now_s = 1.0
    idle, *others = [rig.connect() for _ in range(CONNECTIONS_MAX - 1)]
    for number, client in enumerate((idle, *others)):
        rig.now_s = 1.0 + number / 1000
        ask_and_read(rig, client)
    rig.now_s = 1.0 + IDLE_S - 0.01
    too_early = rig.connect()
    rig.turn()
    assert is_closed(too_early) and not is_closed(idle)
    rig.now_s = 1.0 + IDLE_S
    newcomer = rig.connect()
    newcomer.send(STATUS)
    assert len(rig.turn()) == 1
    assert is_closed(idle)
    assert not any(is_closed(client) for client in [*others, waiting])
    rig.server.answer(pending.token, {})
    assert len(read(waiting)) == 1
    assert rig.server.counts.closed_idle == 1


def ask_and_read(rig: Rig, client: socket.socket) -> None:
    """Have one client ask and get its answer, so that it is no stranger."""
    client.send(STATUS)
    for pending in rig.turn():
        rig.server.answer(pending.token, {})
    assert read(client)


def test_half_open_connections_keep_nobody_out(rig: Rig) -> None:
    """Who has never asked makes room after SILENT_S: a table full of them delays nobody longer."""
    silent = [rig.connect() for _ in range(CONNECTIONS_MAX)]
    rig.turn()
    rig.now_s = SILENT_S
    for _ in range(3):
        ask_and_read(rig, rig.connect())
    assert sum(is_closed(client) for client in silent) == 3


def test_who_is_turned_away_is_told_to_come_again(rig: Rig) -> None:
    """A full table is no refusal of what was asked: the error says that it may be tried again."""
    for _ in range(CONNECTIONS_MAX):
        rig.connect().send(STATUS)
    rig.turn()
    late = rig.connect()
    rig.turn()
    [reply] = read(late)
    assert reply["error"]["again"] is True  # type: ignore[index]
    assert is_closed(late)


def test_one_who_does_not_read_its_answer_makes_room(rig: Rig) -> None:
    """An answer nobody takes is no reason to stay: it counts as idle."""
    deaf = rig.connect()
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    for _ in range(12):
        deaf.send(STATUS)
        for pending in rig.turn():
            rig.server.answer(pending.token, {"much": "x" * 20_000})
    [stuck] = rig.server._connections.values()
    assert stuck.conversation.output, "all of it was taken"
    for _ in range(CONNECTIONS_MAX - 1):
        rig.connect().send(STATUS)
    assert len(rig.turn()) == CONNECTIONS_MAX - 1
    rig.now_s = IDLE_S
    rig.connect().send(STATUS)
    assert len(rig.turn()) == 1
    assert rig.server.counts.closed_idle == 1


def test_a_stream_is_pushed_while_there_is_room(rig: Rig) -> None:
    """Lines of a stream go out at once; when nobody reads it takes no more, and can be given up."""
    reader, deaf = rig.connect(), rig.connect()
    for client in (reader, deaf):
        client.send(b'{"command": "kernel-events", "args": {"follow": true}}\n')
    first, second = rig.turn()
    rig.server.push(first.token, {"position": 1})
    rig.server.flush(first.token)
    assert read(reader) == [{"ok": True, "more": True, "result": {"position": 1}}]
    pushed = 0
    while rig.server.takes_more(second.token):
        rig.server.push(second.token, {"text": "x" * 1000})
        rig.server.flush(second.token)
        pushed += 1
        assert pushed < 10_000, "it takes lines without end"
    assert rig.server.is_stuck(second.token) and not rig.server.is_stuck(first.token)
    rig.server.give_up(second.token, 17)
    counts = rig.server.counts
    assert (counts.closed_slow, counts.lines_lost) == (1, 17)
    assert not rig.server.takes_more(second.token)
    rig.server.answer(first.token, {"count": 1})
    assert read(reader) == [{"ok": True, "result": {"count": 1}}]


def test_a_stream_waits_for_its_turn(rig: Rig) -> None:
    """An earlier request of the same connection is answered before the first line goes out."""
    client = rig.connect()
    client.send(STATUS + b'{"command": "kernel-events"}\n')
    status, events = rig.turn()
    assert not rig.server.takes_more(events.token)
    rig.server.answer(status.token, {})
    assert rig.server.takes_more(events.token)


def test_one_who_never_reads_is_closed(rig: Rig) -> None:
    """A client that asks and asks and never reads is closed; others are served meanwhile."""
    deaf, other = rig.connect(), rig.connect()
    with pytest.raises(ConnectionError):
        for _ in range(2000):
            try:
                deaf.send(b'{"command": "help"}\n')
            except BlockingIOError:
                pytest.fail("the server neither read nor closed")
            rig.turn()
    assert rig.server.counts.closed_slow == 1
    other.send(STATUS)
    assert len(rig.turn()) == 1
    assert len(rig.server.filenos()) == 2


def test_too_long_a_line_ends_the_connection(rig: Rig) -> None:
    """An endless line is answered with an error and closed after its limit."""
    client = rig.connect()
    sent = 0
    try:
        for _ in range(100):
            sent += client.send(b"x" * 10_000)
            rig.turn()
    except ConnectionError:
        pass
    [reply] = read_until_reset(client)
    assert "above 524288 bytes" in str(reply["error"])
    assert sent <= LINE_BYTES_MAX + 30_000
    assert rig.server.counts.malformed == 1
    assert len(rig.server.filenos()) == 1


def read_until_reset(client: socket.socket) -> list[Reply]:
    """Return the replies of a connection that was closed while we were still sending."""
    data = bytearray()
    try:
        while chunk := client.recv(1 << 16):
            data += chunk
    except ConnectionError:
        pass
    return [json.loads(line) for line in data.splitlines()]


def test_half_lines_and_nonsense_keep_the_connection(rig: Rig) -> None:
    """A line may come byte by byte; a bad one of bounded length is answered and forgiven."""
    client = rig.connect()
    for byte in b"nonsense\n" + STATUS[:-1]:
        client.send(bytes([byte]))
        assert rig.turn() == []
    client.send(b"\n")
    [pending] = rig.turn()
    rig.server.answer(pending.token, {})
    assert [reply["ok"] for reply in read(client)] == [False, True]


def test_many_requests_in_one_write(rig: Rig) -> None:
    """A thousand requests at once are all answered in order, a limited number at a time."""
    client = rig.connect()
    client.send(
        b"".join(b'{"command": "step", "args": {"steps": %d}}\n' % n for n in range(1, 1001))
    )
    got: list[Reply] = []
    for _ in range(1000):
        pending = rig.turn()
        assert len(pending) <= PENDING_MAX
        for wanted in pending:
            rig.server.answer(wanted.token, {"steps": wanted.request.integer("steps")})
        got += read(client)
        if len(got) == 1000:
            break
    assert [reply["result"] for reply in got] == [{"steps": n} for n in range(1, 1001)]


def test_a_full_conversation_does_not_spin(rig: Rig) -> None:
    """With unanswered requests and more to read, the poll is quiet until one is answered."""
    client = rig.connect()
    client.send(STATUS * 20)
    pending = rig.turn()
    assert len(pending) == PENDING_MAX
    assert rig.ready() == []
    client.close()
    rig.turn()
    assert rig.ready() == [] and len(rig.server.filenos()) == 1
    assert not rig.server.is_open(pending[0].token)


def test_answers_to_the_gone_are_counted(rig: Rig) -> None:
    """Who hangs up before its answer costs one dropped answer and nothing else."""
    client = rig.connect()
    client.send(STATUS)
    [pending] = rig.turn()
    client.close()
    rig.turn()
    assert not rig.server.is_open(pending.token)
    rig.server.answer(pending.token, {})
    assert rig.server.counts.answers_dropped == 1
    assert len(rig.server.filenos()) == 1


def test_a_half_closed_client_gets_its_answer(rig: Rig) -> None:
    """One that has said all it wants to say (echo | socat) is answered, then closed."""
    client = rig.connect()
    client.send(STATUS)
    client.shutdown(socket.SHUT_WR)
    [pending] = rig.turn()
    assert rig.ready() == []
    rig.server.answer(pending.token, {"tick": 1})
    assert read(client) == [{"ok": True, "result": {"tick": 1}}]
    assert is_closed(client)
    assert len(rig.server.filenos()) == 1


def test_unknown_descriptors_are_ignored(rig: Rig) -> None:
    """An event for a descriptor that was closed in the same round does nothing."""
    assert rig.server.handle(9999, readable=True, writable=True, now_s=0.0) == []


def test_out_of_descriptors_sheds_and_recovers(rig: Rig) -> None:
    """With no descriptor left a newcomer is closed, the loop does not spin, and service goes on."""
    client = rig.connect()
    null = os.open("/dev/null", os.O_RDONLY)
    held = [null]
    try:
        while True:
            held.append(os.dup(null))
    except OSError:
        pass
    poller_room = [os.close(held.pop()) for _ in range(1)]  # Room for the test's own poll.
    assert poller_room
    occupied = os.dup(null)
    try:
        pending = rig.server.handle(rig.server.filenos()[0], True, False, 0.0)
        assert pending == []
        assert rig.server.counts.refused_full == 1
        assert is_closed(client)
    finally:
        os.close(occupied)
        for fd in held:
            os.close(fd)
    again = rig.connect()
    again.send(STATUS)
    assert len(rig.turn()) == 1

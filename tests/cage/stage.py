"""What lies around a caged process: files, sockets, a victim, and eyes that see what was reached.

Owns: laying all of it out under one folder, putting it right after each act, looking. Does not own:
the acts. Everything is of this machine's loopback and of the folder; nothing else is touched.
"""

import contextlib
import ctypes
import fcntl
import mmap
import os
import pty
import select
import shutil
import signal
import socket
import tempfile
import termios
import tty
from pathlib import Path
from typing import Any, Final

from tests.cage.kernel_calls import LIBC
from tests.cage.victim import Victim, start_victim

LOOPBACK: Final = "127.0.0.1"
SECRET_VARIABLE: Final = "MOLT_CANARY_SECRET"
CANARY: Final = b"a canary of the victim\n"
WAIT_S: Final = 0.01
_MNT_DETACH: Final = 2
SECRET_BYTES: Final = 32
ROADS: Final = ("run/console.sock", "run/scribe.sock", "run/bus/stable-7")
EVENTS_ROAD: Final = "run/bus/events-stable.sock"


class Stage:
    """The surrounding of one run after the other.

    Args:
        secret: what is in the secret file, in the environment, and behind sockets.
        folder: everything is below.
        home: the home of a pretended kernel; `own` is what a bus zone may write there.
        setuid_program: belongs to root, and says whose rights it has.
        control_group: another one than ours.
        roads: pretend to be a kernel; False where a real one has the home.
        board: memory shared with every child, for what a grandchild has to tell.
    """

    def __init__(self, setuid_program: Path, control_group: Path, roads: bool = True) -> None:
        self.setuid_program = setuid_program
        self.control_group = control_group
        self.has_moved = False
        self.secret = os.environ[SECRET_VARIABLE].encode()
        self.folder = Path(tempfile.mkdtemp(prefix="molt-cage-"))
        os.chmod(self.folder, 0o755)
        self.name = self.folder.name
        self.device = self.folder.stat().st_dev
        self.home = self.folder / "home"
        self.own = self.home / "data" / "own"
        self.secret_file = self.home / "secret.txt"
        self.others_data = self.home / "data" / "others" / "canary.txt"
        self.victim_folder = self.folder / "victim"
        self.canary = self.victim_folder / "canary.txt"
        self.arena_folder = Path("/dev/shm") / self.name
        self.arena = self.arena_folder / "stable.arena"
        self.board_fd = os.memfd_create("board", os.MFD_CLOEXEC)
        os.ftruncate(self.board_fd, 4096)
        # For programs, which lose what is closed at exec; of one digit: a shell knows no more.
        self.kept_board = fcntl.fcntl(self.board_fd, fcntl.F_DUPFD, 3)
        assert self.kept_board <= 9, f"descriptor {self.kept_board} is none that a shell can name"
        self.sockets: dict[str, socket.socket] = {}
        # Told beforehand: asking a socket for it is a call that a cage may refuse, and then the act
        # would look held for the wrong reason.
        self.where: dict[str, Any] = {}
        self.peers: list[socket.socket] = []
        self.signals: list[int] = []
        self.knock_port = _free_port()
        self._open_sockets(roads)
        self.pty_master, self.pty_slave = pty.openpty()
        tty.setraw(self.pty_slave)
        self.pty_path = os.ttyname(self.pty_slave)
        os.set_blocking(self.pty_slave, False)
        signal.signal(signal.SIGUSR2, lambda number, _frame: self.signals.append(number))
        self.victim: Victim = start_victim(self.name)
        self.lay()
        self._inode_of_victims = self._inode()

    def lay(self) -> None:
        """Put every file right again, and forget what was seen."""
        for folder in (self.own, self.others_data.parent, self.victim_folder, self.arena_folder):
            folder.mkdir(parents=True, exist_ok=True)
        for entry in self.victim_folder.iterdir():
            if entry != self.canary:
                entry.unlink() if not entry.is_dir() else shutil.rmtree(entry)
        for entry in self.own.iterdir():
            entry.unlink()
        self.canary.unlink(missing_ok=True)  # its modes may have been taken
        self.canary.write_bytes(CANARY)
        self.canary.chmod(0o600)
        self.secret_file.write_bytes(self.secret)
        self.others_data.write_bytes(CANARY)
        self.arena.write_bytes(self.secret)
        self.signals.clear()
        self.has_moved = False
        os.pwrite(self.board_fd, bytes(64), 0)
        os.lseek(self.board_fd, 0, os.SEEK_SET)
        for peer in self.peers:
            peer.close()
        self.peers.clear()
        self._drain()
        with contextlib.suppress(BlockingIOError):
            os.read(self.pty_slave, 4096)

    def renew_victim(self) -> None:
        """Start another victim: this one has been harmed, or may have been."""
        self.victim.end()
        self.victim = start_victim(self.name)

    def close(self) -> None:
        """Remove everything."""
        self.victim.end()
        for each in (*self.sockets.values(), *self.peers):
            each.close()
        for descriptor in (self.pty_master, self.pty_slave, self.board_fd, self.kept_board):
            os.close(descriptor)
        shutil.rmtree(self.arena_folder, ignore_errors=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def port(self, name: str) -> int:
        """Return the number of a port that is listened on."""
        number: int = self.where[name][1]
        return number

    def heard(self, name: str, wait_s: float = WAIT_S) -> bytes:
        """Return what has come to a socket, b"" if nothing; a connection without a word counts."""
        listener = self.sockets[name]
        if not select.select([listener], [], [], wait_s)[0]:
            return b""
        if listener.type == socket.SOCK_DGRAM:
            return listener.recv(4096)
        peer, _ = listener.accept()
        with contextlib.closing(peer):
            peer.settimeout(WAIT_S)
            with contextlib.suppress(OSError):
                return peer.recv(4096) or b"connected"
        return b"connected"

    def board(self) -> bytes:
        """Return what was written on the shared board."""
        return os.pread(self.board_fd, 64, 0).rstrip(b"\0")

    def typed(self) -> bytes:
        """Return what has been typed into the terminal."""
        with contextlib.suppress(BlockingIOError):
            return os.read(self.pty_slave, 64)
        return b""

    def knock(self) -> None:
        """Try to get in where a caged process may be listening, and tell it the secret."""
        with socket.socket() as visitor, contextlib.suppress(OSError):
            visitor.settimeout(0.05)
            visitor.connect((LOOPBACK, self.knock_port))
            visitor.sendall(self.secret)

    def whisper(self) -> None:
        """Say the secret on the loopback, in packets, to where a caged process may be listening."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as speaker:
            speaker.sendto(self.secret, (LOOPBACK, self.knock_port))

    def touch_canary(self) -> None:
        """Use a file of the victim, as its owner does."""
        self.canary.read_bytes()

    def has_mount(self) -> bool:
        """Tell whether something is mounted over the victim's folder; take it away."""
        found = False
        while self._inode() != self._inode_of_victims and not found:
            found = not LIBC.umount2(str(self.victim_folder).encode(), _MNT_DETACH)
        return found

    def _inode(self) -> tuple[int, int]:
        seen = self.victim_folder.stat()
        return seen.st_dev, seen.st_ino

    def _open_sockets(self, roads: bool) -> None:
        stream, datagram = socket.SOCK_STREAM, socket.SOCK_DGRAM
        for name, family, kind, where in (
            ("tcp", socket.AF_INET, stream, (LOOPBACK, 0)),
            ("udp", socket.AF_INET, datagram, (LOOPBACK, 0)),
            ("tcp6", socket.AF_INET6, stream, ("::1", 0)),
            ("abstract", socket.AF_UNIX, stream, f"\0{self.name}"),
            ("unix", socket.AF_UNIX, stream, str(self.folder / "listener.sock")),
            ("unix-datagram", socket.AF_UNIX, datagram, str(self.folder / "datagram.sock")),
            *((road, socket.AF_UNIX, stream, str(self.home / road)) for road in ROADS),
            (EVENTS_ROAD, socket.AF_UNIX, socket.SOCK_SEQPACKET, str(self.home / EVENTS_ROAD)),
        ):
            if not roads and str(where).startswith(f"{self.home}/"):
                continue
            if family == socket.AF_UNIX and isinstance(where, str) and where.startswith("/"):
                Path(where).parent.mkdir(parents=True, exist_ok=True)
            listener = socket.socket(family, kind)
            try:
                listener.bind(where)
            except OSError:  # a machine without IPv6: its primitive says that it cannot be reached
                listener.bind((LOOPBACK, 0)) if family == socket.AF_INET else listener.close()
            if listener.fileno() >= 0:
                if kind != datagram:
                    listener.listen(16)
                listener.setblocking(False)
                self.sockets[name] = listener
                self.where[name] = listener.getsockname()

    def _drain(self) -> None:
        for listener in self.sockets.values():
            for _ in range(64):
                try:
                    if listener.type == socket.SOCK_DGRAM:
                        listener.recv(4096)
                    else:
                        listener.accept()[0].close()
                except BlockingIOError:
                    break


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        number: int = probe.getsockname()[1]
        return number


def become(uid: int) -> None:
    """Give up root for good, and stay somebody whom processes of the same user may look into."""
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    LIBC.prctl(4, 1, 0, 0, 0)  # PR_SET_DUMPABLE: lost with the change of the user


def map_board(stage: Stage) -> ctypes.Array:
    """Map the shared board: written without a system call."""
    memory = mmap.mmap(stage.board_fd, 4096)
    return (ctypes.c_char * 64).from_buffer(memory)


def non_blocking(descriptor: int) -> None:
    """Have reads of a descriptor never wait."""
    fcntl.fcntl(descriptor, fcntl.F_SETFL, os.O_NONBLOCK)


def type_into(descriptor: int, text: bytes) -> None:
    """Put text into the input of a terminal, as if it had been typed."""
    for letter in text:
        fcntl.ioctl(descriptor, termios.TIOCSTI, bytes((letter,)))

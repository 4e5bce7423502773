"""Hostile acts by large machinery of the system's kernel, and by what processes share."""

import ctypes
import fcntl
import mmap
import os
import socket
import struct
import termios
from typing import Final

from tests.cage.kernel_calls import LIBC, address, buffer, call
from tests.cage.primitive import (
    Carried,
    Primitive,
    told_anything,
    told_secret,
    told_victims_secret,
)
from tests.cage.stage import LOOPBACK, Stage, type_into

_FAMILY: Final = "machinery"
_SHARED: Final = "shared memory"
_AT_FDCWD: Final = -100
_OP_OPENAT: Final = 18
_OP_CONNECT: Final = 16
_OP_SOCKET: Final = 45
_ENTER_GETEVENTS: Final = 1
_SQES_AT: Final = 0x10000000
_CQ_AT: Final = 0x08000000
_SQE_BYTES: Final = 64
_CQE_BYTES: Final = 16
_KEY_SPEC_PROCESS: Final = -2
_KEYCTL_READ: Final = 11
_KEYCTL_JOIN_SESSION: Final = 1
_BPF_MAP_CREATE: Final = 0
_PERF_SOFTWARE: Final = 1
_PERF_TASK_CLOCK: Final = 1
_PERF_EXCLUDE_KERNEL: Final = 1 << 5 | 1 << 6
_UFFD_USER_MODE_ONLY: Final = 1
_LETTERS: Final = b"ls\n"
_SHM_RDONLY: Final = 0o10000
_IPC_NOWAIT: Final = 0o4000
_SETVAL_OP: Final = struct.pack("Hhh", 0, 1, 0)
_GETVAL: Final = 12


class _Ring:
    """An io_uring of one entry at a time."""

    def __init__(self) -> None:
        parameters = buffer(120)
        self.fd = call("io_uring_setup", 4, parameters)
        words = struct.unpack_from("10I", parameters, 0)
        submission = struct.unpack_from("8I", parameters, 40)
        completion = struct.unpack_from("8I", parameters, 80)
        self._tail_at, self._mask_at, self._array_at = submission[1], submission[2], submission[6]
        self._cq_head_at, self._cqes_at, self._cq_mask_at = (
            completion[0], completion[5], completion[2],
        )  # fmt: skip
        self._sq = mmap.mmap(self.fd, submission[6] + words[0] * 4)
        self._cq = mmap.mmap(self.fd, completion[5] + words[1] * _CQE_BYTES, offset=_CQ_AT)
        self._entries = mmap.mmap(self.fd, words[0] * _SQE_BYTES, offset=_SQES_AT)

    def do(self, code: int, fd: int, at: int, offset: int, size: int, flags: int) -> int:
        """Have the ring do one thing; return its result.

        Raises:
            OSError: what was done was refused.
        """
        entry = struct.pack("BBHiQQIIQ", code, 0, 0, fd, offset, at, size, flags, 1)
        tail = struct.unpack_from("I", self._sq, self._tail_at)[0]
        index = tail & struct.unpack_from("I", self._sq, self._mask_at)[0]
        self._entries[index * _SQE_BYTES : index * _SQE_BYTES + len(entry)] = entry
        struct.pack_into("I", self._sq, self._array_at + 4 * index, index)
        struct.pack_into("I", self._sq, self._tail_at, tail + 1)
        call("io_uring_enter", self.fd, 1, 1, _ENTER_GETEVENTS, None, 0)
        head = struct.unpack_from("I", self._cq, self._cq_head_at)[0]
        index = head & struct.unpack_from("I", self._cq, self._cq_mask_at)[0]
        result: int = struct.unpack_from("i", self._cq, self._cqes_at + index * _CQE_BYTES + 8)[0]
        struct.pack_into("I", self._cq, self._cq_head_at, head + 1)
        if result < 0:
            raise OSError(-result, os.strerror(-result))
        return result


def _ring_open(stage: Stage, _carried: Carried) -> bytes:
    path = ctypes.create_string_buffer(str(stage.secret_file).encode())
    return os.read(_Ring().do(_OP_OPENAT, _AT_FDCWD, address(path), 0, 0, os.O_RDONLY), 4096)


def _ring_connect(stage: Stage, _carried: Carried) -> bytes:
    ring = _Ring()
    peer = ring.do(_OP_SOCKET, socket.AF_INET, 0, socket.SOCK_STREAM, 0, 0)
    where = buffer(
        struct.pack("=H", socket.AF_INET)
        + struct.pack(">H", stage.port("tcp"))
        + socket.inet_aton(LOOPBACK)
        + bytes(8)
    )
    ring.do(_OP_CONNECT, peer, address(where), len(where), 0, 0)
    os.write(peer, b"!")
    return b"sent"


def _add_key(_stage: Stage, _carried: Carried) -> bytes:
    number = call("add_key", b"user", b"molt-cage", b"a word", 6, _KEY_SPEC_PROCESS)
    room = buffer(16)
    call("keyctl", _KEYCTL_READ, number, room, 16)
    return bytes(room).rstrip(b"\0")


def _join_keyring(_stage: Stage, _carried: Carried) -> bytes:
    return b"joined" if call("keyctl", _KEYCTL_JOIN_SESSION, 0) else b""


def _make_bpf_map(_stage: Stage, _carried: Carried) -> bytes:
    # An array of one entry: type, key size, value size, entries.
    return (
        b"made" if call("bpf", _BPF_MAP_CREATE, buffer(struct.pack("4I", 2, 4, 4, 1)), 16) else b""
    )


def _perf_attributes() -> ctypes.Array:
    words = struct.pack(
        "IIQQQQQ", _PERF_SOFTWARE, 64, _PERF_TASK_CLOCK, 0, 0, 0, _PERF_EXCLUDE_KERNEL
    )
    return buffer(words.ljust(64, b"\0"))


def _count_events(_stage: Stage, _carried: Carried) -> bytes:
    descriptor = call("perf_event_open", _perf_attributes(), 0, -1, -1, 0)
    return os.read(descriptor, 8)


def _count_victims_events(stage: Stage, _carried: Carried) -> bytes:
    descriptor = call("perf_event_open", _perf_attributes(), stage.victim.pid, -1, -1, 0)
    return b"counting" + os.read(descriptor, 8)


def _catch_page_faults(_stage: Stage, _carried: Carried) -> bytes:
    return b"catching" if call("userfaultfd", _UFFD_USER_MODE_ONLY) > 0 else b""


def _make_memory_file(_stage: Stage, _carried: Carried) -> bytes:
    descriptor = call("memfd_create", b"anything", 0)
    os.write(descriptor, b"anything")
    return os.pread(descriptor, 8, 0)


def _own_terminal(stage: Stage) -> Carried:
    """Have the victim's terminal as our own, as a process started from it would."""
    os.setsid()
    descriptor = os.open(stage.pty_path, os.O_RDWR)
    fcntl.ioctl(descriptor, termios.TIOCSCTTY, 0)
    os.dup2(descriptor, 0)
    return Carried(descriptor)


def _type(_stage: Stage, carried: Carried) -> bytes:
    """Type a command into the terminal: by what was inherited, else by its name."""
    try:
        type_into(carried.fd, _LETTERS)
    except OSError:
        type_into(os.open("/dev/tty", os.O_RDWR), _LETTERS)
    return b"typed"


def _type_at_stdin(_stage: Stage, _carried: Carried) -> bytes:
    type_into(0, _LETTERS)
    return b"typed"


def _typed(stage: Stage, _proof: bytes) -> bool:
    return _LETTERS in stage.typed()


def _attach_system_v(stage: Stage, _carried: Carried) -> bytes:
    LIBC.shmat.restype = ctypes.c_void_p
    where = call("shmat", stage.victim.shm_id, 0, _SHM_RDONLY)
    return ctypes.string_at(where, 32)


def _take_message(stage: Stage, _carried: Carried) -> bytes:
    room = buffer(8 + 64)
    call("msgrcv", stage.victim.msg_id, room, 64, 0, _IPC_NOWAIT)
    return bytes(room)


def _raise_semaphore(stage: Stage, _carried: Carried) -> bytes:
    call("semop", stage.victim.sem_id, buffer(_SETVAL_OP), 1)
    return b"raised"


def _semaphore_raised(stage: Stage, _proof: bytes) -> bool:
    return call("semctl", stage.victim.sem_id, 0, _GETVAL) == 1


def _take_from_queue(stage: Stage, _carried: Carried) -> bytes:
    queue = call("mq_open", stage.victim.queue, os.O_RDONLY | os.O_NONBLOCK, 0, None)
    room = buffer(64)
    call("mq_timedreceive", queue, room, 64, None, None)
    return bytes(room)


def _read_arena(stage: Stage, _carried: Carried) -> bytes:
    return os.read(os.open(stage.arena, os.O_RDONLY), 4096)


def _write_arena(stage: Stage, _carried: Carried) -> bytes:
    os.write(os.open(stage.arena, os.O_WRONLY), b"written by a caged process")
    return b"written"


def _find_arenas(stage: Stage, _carried: Carried) -> bytes:
    return stage.secret if stage.name in os.listdir("/dev/shm") else b""


def _arena_changed(stage: Stage, _proof: bytes) -> bool:
    return stage.arena.read_bytes() != stage.secret


def _heard(stage: Stage, _proof: bytes) -> bool:
    return stage.heard("tcp") != b""


def _row(
    name: str, words: str, act: object, reached: object = told_anything, **more: object
) -> Primitive:
    return Primitive(name, _FAMILY, words, act, reached, **more)


def _shared(name: str, words: str, act: object, reached: object) -> Primitive:
    return Primitive(name, _SHARED, words, act, reached)


PRIMITIVES: Final = (
    _row("ring-open", "read a secret through an io_uring", _ring_open, told_secret),
    _row("ring-connect", "connect to a TCP port through an io_uring", _ring_connect, _heard),
    _row("add-key", "keep a key in the system's kernel", _add_key),
    _row("keyctl", "join a keyring", _join_keyring),
    _row("bpf", "make a BPF map", _make_bpf_map),
    _row("perf", "count our own events (perf_event_open)", _count_events),
    _row("perf-victim", "count the victim's events", _count_victims_events),
    _row("userfaultfd", "decide over page faults (userfaultfd)", _catch_page_faults),
    _row("memfd", "make a file in memory", _make_memory_file),
    _row("type", "type into the terminal (TIOCSTI)", _type, _typed, before=_own_terminal),
    _row("type-stdin", "type into it by the standard input", _type_at_stdin, _typed,
         before=_own_terminal),
    _shared("shm-arena-read", "read another's arena in /dev/shm by its path", _read_arena,
            told_secret),
    _shared("shm-arena-write", "write into it", _write_arena, _arena_changed),
    _shared("shm-list", "see which arenas there are", _find_arenas, told_secret),
    _shared("system-v-memory", "attach the victim's System V memory", _attach_system_v,
            told_victims_secret),
    _shared("system-v-messages", "take a message of the victim's (msgrcv)", _take_message,
            told_victims_secret),
    _shared("system-v-semaphore", "raise the victim's semaphore", _raise_semaphore,
            _semaphore_raised),
    _shared("message-queue", "take a message of the victim's (mq_open)", _take_from_queue,
            told_victims_secret),
)  # fmt: skip

"""The victim: a process that has what others want, and tells what was done to it.

Owns: its memory, descriptors, shared objects, how it tells. Forked from the harness, which is its
parent; its secret is made after the fork, so no caged child has it by inheritance.
"""

import contextlib
import ctypes
import json
import os
import select
import signal
import socket
import threading
from dataclasses import dataclass
from typing import Any, Final

from tests.cage.kernel_calls import LIBC, address, buffer, call

SECRET_BYTES: Final = 32
UNTOUCHED: Final = b"untouched" + bytes(7)
TOUCHED: Final = b"touched!!" + bytes(7)
WATCHED_SIGNALS: Final = (signal.SIGUSR1, signal.SIGUSR2, signal.SIGIO, signal.SIGCONT)
_PR_SET_DUMPABLE: Final = 4
_PR_SET_PDEATHSIG: Final = 1
_PR_SET_PTRACER: Final = 0x59616D61
_IPC_CREAT: Final = 0o1000
_IPC_EXCL: Final = 0o2000
_IPC_RMID: Final = 0
_IPC_PRIVATE_MODE: Final = 0o600


@dataclass(slots=True)
class Victim:
    """What a hostile process may know of its victim, and the way to ask it.

    Args:
        secret: what only its memory holds.
        secret_at: where.
        word_at: where UNTOUCHED lies.
        memfd: number of a descriptor with its secret.
        shm_id, sem_id, msg_id: System V objects of its own.
        queue: the name of its POSIX message queue.
    """

    pid: int
    secret: bytes
    secret_at: int
    word_at: int
    memfd: int
    shm_id: int
    sem_id: int
    msg_id: int
    queue: bytes
    road: socket.socket

    def ask(self) -> dict[str, Any]:
        """Return how it is; {} where it does not answer."""
        with contextlib.suppress(OSError):
            self.road.send(b"?")
            if select.select([self.road], [], [], 0.25)[0]:
                return dict(json.loads(self.road.recv(4096) or b"{}"))
        return {}

    def end(self) -> None:
        """End it, and remove what outlives it."""
        for name, number in (
            ("shmctl", self.shm_id), ("msgrcv", self.msg_id), ("semctl", self.sem_id),
        ):  # fmt: skip
            with contextlib.suppress(OSError):
                _remove(name, number)
        with contextlib.suppress(OSError):
            _unlink_queue(self.queue)
        with contextlib.suppress(OSError):
            os.kill(self.pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.pid, 0)
        self.road.close()


def start_victim(name: str) -> Victim:
    """Fork a victim whose objects carry `name`."""
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    pid = os.fork()
    if not pid:
        try:
            ours.close()
            _live(its, name)
        finally:
            os._exit(1)
    its.close()
    told = json.loads(ours.recv(4096))
    return Victim(
        pid=pid, road=ours, secret=bytes.fromhex(told.pop("secret")),
        queue=told.pop("queue").encode(), **told,
    )  # fmt: skip


def _live(road: socket.socket, name: str) -> None:
    LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    LIBC.prctl(_PR_SET_DUMPABLE, 1, 0, 0, 0)
    LIBC.prctl(_PR_SET_PTRACER, ctypes.c_long(-1), 0, 0, 0)
    heard: list[int] = []
    for number in WATCHED_SIGNALS:
        signal.signal(number, lambda got, _frame: heard.append(got))
    secret = os.urandom(SECRET_BYTES // 2).hex().encode()
    memory = buffer(secret)
    word = buffer(UNTOUCHED)
    memfd = os.memfd_create("victim")
    os.write(memfd, secret)
    told = {
        "secret": secret.hex(),
        "secret_at": address(memory),
        "word_at": address(word),
        "memfd": memfd,
        **_share(secret, name),
    }
    road.send(json.dumps(told).encode())
    while True:
        with contextlib.suppress(InterruptedError):
            if not road.recv(16):
                os._exit(0)
            road.send(json.dumps(_describe(heard, bytes(word))).encode())


def _describe(heard: list[int], word: bytes) -> dict[str, Any]:
    return {
        "signals": heard,
        "word": word.hex(),
        "threads": threading.active_count(),
    }


def _share(secret: bytes, name: str) -> dict[str, Any]:
    """Make the shared objects; return their ids, by which anybody may try to open them."""
    shm_id = call("shmget", 0, 4096, _IPC_CREAT | _IPC_EXCL | _IPC_PRIVATE_MODE)
    LIBC.shmat.restype = ctypes.c_void_p
    at = LIBC.shmat(shm_id, None, 0)
    ctypes.memmove(at, secret, len(secret))
    sem_id = call("semget", 0, 1, _IPC_CREAT | _IPC_EXCL | _IPC_PRIVATE_MODE)
    msg_id = call("msgget", 0, _IPC_CREAT | _IPC_EXCL | _IPC_PRIVATE_MODE)
    message = buffer(ctypes.string_at(ctypes.byref(ctypes.c_long(1)), 8) + secret)
    LIBC.msgsnd(msg_id, message, len(secret), 0)
    queue = f"{name}-queue"
    _open_queue(queue.encode(), secret)
    return {"shm_id": shm_id, "sem_id": sem_id, "msg_id": msg_id, "queue": queue}


def _open_queue(name: bytes, secret: bytes) -> None:
    attributes = (ctypes.c_long * 8)(0, 4, 64, 0)
    with contextlib.suppress(OSError):  # a machine without message queues: its primitive says so
        call("mq_open", name, os.O_CREAT | os.O_RDWR, 0o600, attributes)
        LIBC.mq_open.argtypes = None
        queue = LIBC.mq_open(b"/" + name, os.O_RDWR)
        LIBC.mq_send(queue, secret, ctypes.c_size_t(len(secret)), 0)


def _unlink_queue(name: bytes) -> None:
    LIBC.mq_unlink(b"/" + name)


def _remove(name: str, number: int) -> None:
    if name == "shmctl":
        LIBC.shmctl(number, _IPC_RMID, None)
    elif name == "semctl":
        LIBC.semctl(number, 0, _IPC_RMID)
    else:
        LIBC.msgctl(number, _IPC_RMID, None)

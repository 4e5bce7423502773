"""Hostile acts that make processes, threads and programs, or new machine code."""

import _posixsubprocess
import _thread
import ctypes
import errno
import mmap
import os
import struct
import time
from collections.abc import Callable
from typing import Final

from tests.cage.kernel_calls import MACHINE, buffer, call
from tests.cage.primitive import Carried, Primitive, told_secret
from tests.cage.stage import Stage, map_board

_FAMILY: Final = "processes and code"
WORD: Final = b"here I am"
_SHELL: Final = "/bin/sh"
_SIGCHLD: Final = 17
_AT_EMPTY_PATH: Final = 0x1000
_READ: Final = mmap.PROT_READ
_WRITE: Final = mmap.PROT_WRITE
_EXECUTE: Final = mmap.PROT_EXEC
_READ_IMPLIES_EXEC: Final = 0x0400000
_PAGE: Final = mmap.PAGESIZE
_ANSWER: Final = 42
_SHM_EXEC: Final = 0o100000
_IPC_PRIVATE: Final = 0
_WAIT_S: Final = 0.3
# A function that returns 42.
_CODE: Final = {
    "x86_64": b"\xb8\x2a\x00\x00\x00\xc3",
    "aarch64": b"\x40\x05\x80\x52\xc0\x03\x5f\xd6",
}
# Of 32-bit x86, by `int 0x80`: open(edi, O_RDONLY) with what the caller gave as first argument.
_OLD_OPEN: Final = b"\x53\xb8\x05\x00\x00\x00\x89\xfb\x31\xc9\x31\xd2\xcd\x80\x5b\xc3"
_MAP_32BIT: Final = 0x40


def _board_written(stage: Stage, _proof: bytes) -> bool:
    return stage.board() == WORD


def _with_board(stage: Stage) -> Carried:
    return Carried(what=map_board(stage))


def _wait_for(board: ctypes.Array) -> bytes:
    end_s = time.monotonic() + _WAIT_S
    while not any(board[: len(WORD)]) and time.monotonic() < end_s:
        time.sleep(0.002)
    return b"made"


def _fork(_stage: Stage, carried: Carried) -> bytes:
    if not os.fork():
        carried.what[: len(WORD)] = WORD
        os._exit(0)
    return _wait_for(carried.what)


def _clone(_stage: Stage, carried: Carried) -> bytes:
    if not call("clone", _SIGCHLD, 0, 0, 0, 0):
        carried.what[: len(WORD)] = WORD
        os._exit(0)
    return _wait_for(carried.what)


def _clone3(_stage: Stage, carried: Carried) -> bytes:
    # flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls
    how = buffer(struct.pack("8Q", 0, 0, 0, 0, _SIGCHLD, 0, 0, 0))
    if not call("clone3", how, len(how)):
        carried.what[: len(WORD)] = WORD
        os._exit(0)
    return _wait_for(carried.what)


def _thread_of_python(_stage: Stage, carried: Carried) -> bytes:
    def live() -> None:
        carried.what[: len(WORD)] = WORD

    _thread.start_new_thread(live, ())
    return _wait_for(carried.what)


def _script(stage: Stage) -> list[str]:
    return [_SHELL, "-c", f"printf %s '{WORD.decode()}' >&{stage.kept_board}"]


def _vfork(stage: Stage, carried: Carried) -> bytes:
    error_reader, error_writer = carried.what
    _posixsubprocess.fork_exec(
        [os.fsencode(word) for word in _script(stage)], [os.fsencode(_SHELL)], False,
        (stage.kept_board, error_writer), None, None, -1, -1, -1, -1, -1, -1, error_reader,
        error_writer, False, False, -1, None, None, None, -1, None, True,
    )  # fmt: skip
    os.wait()
    return b"made"


def _spawn(stage: Stage, _carried: Carried) -> bytes:
    os.waitpid(os.posix_spawn(_SHELL, _script(stage), {}), 0)
    return b"made"


def _execute(stage: Stage, _carried: Carried) -> bytes:
    os.execve(_SHELL, _script(stage), {})
    return b""


def _program(stage: Stage) -> bytes:
    """Return the smallest program that writes WORD to the board: no library, no loader."""
    base, head = 0x400000, 64 + 56
    if MACHINE == "x86_64":
        # mov edi, fd; lea rsi, [rip+23]; mov edx, n; mov eax, 1; syscall; exit_group(0)
        code = (
            b"\xbf" + struct.pack("I", stage.kept_board) + b"\x48\x8d\x35\x15\x00\x00\x00"
            + b"\xba" + struct.pack("I", len(WORD)) + b"\xb8\x01\x00\x00\x00\x0f\x05"
            + b"\x31\xff\xb8\xe7\x00\x00\x00\x0f\x05"
        )  # fmt: skip
        machine = 62
    else:

        def move(register: int, value: int) -> bytes:
            return struct.pack("<I", 0xD2800000 | value << 5 | register)

        # adr x1, +28: the text lies behind the six words that follow
        code = (
            move(0, stage.kept_board) + struct.pack("<I", 0x100000E1) + move(2, len(WORD))
            + move(8, 64) + b"\x01\x00\x00\xd4" + move(0, 0) + move(8, 94) + b"\x01\x00\x00\xd4"
        )  # fmt: skip
        machine = 183
    body = code + WORD
    elf = b"\x7fELF\x02\x01\x01" + bytes(9)
    elf += struct.pack("<HHIQQQIHHHHHH", 2, machine, 1, base + head, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    size = head + len(body)
    elf += struct.pack("<IIQQQQQQ", 1, 5, 0, base, base, size, size, _PAGE)
    return elf + body


def _load_program(stage: Stage) -> int:
    descriptor = call("memfd_create", b"program", 0)
    os.write(descriptor, _program(stage))
    return descriptor


def _execute_memfd(stage: Stage, _carried: Carried) -> bytes:
    arguments = (ctypes.c_char_p * 2)(b"program", None)
    call("execveat", _load_program(stage), b"", arguments, 0, _AT_EMPTY_PATH)
    return b""


def _execute_descriptor(stage: Stage, _carried: Carried) -> bytes:
    os.execve(_load_program(stage), ["program"], {})
    return b""


def _call_at(where: int) -> bytes:
    answer = ctypes.CFUNCTYPE(ctypes.c_int)(where)()
    return WORD if answer == _ANSWER else b""


def _map(size: int, protection: int, flags: int, descriptor: int = -1) -> int:
    return call("mmap", 0, size, protection, flags, descriptor, 0)


_PRIVATE: Final = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS


def _map_code(_stage: Stage, _carried: Carried) -> bytes:
    where = _map(_PAGE, _READ | _WRITE | _EXECUTE, _PRIVATE)
    ctypes.memmove(where, _CODE[MACHINE], len(_CODE[MACHINE]))
    return _call_at(where)


def _turn(how: str) -> Callable[[Stage, Carried], bytes]:
    def act(_stage: Stage, _carried: Carried) -> bytes:
        where = _map(_PAGE, _READ | _WRITE, _PRIVATE)
        ctypes.memmove(where, _CODE[MACHINE], len(_CODE[MACHINE]))
        more = (-1,) if how == "pkey_mprotect" else ()
        call(how, where, _PAGE, _READ | _EXECUTE, *more)
        return _call_at(where)

    return act


def _map_memfd(_stage: Stage, _carried: Carried) -> bytes:
    descriptor = call("memfd_create", b"code", 0)
    os.write(descriptor, _CODE[MACHINE].ljust(_PAGE, b"\0"))
    return _call_at(_map(_PAGE, _READ | _EXECUTE, mmap.MAP_PRIVATE, descriptor))


def _map_shared_memory(_stage: Stage, _carried: Carried) -> bytes:
    number = call("shmget", _IPC_PRIVATE, _PAGE, 0o1700)
    where = call("shmat", number, 0, _SHM_EXEC)
    call("shmctl", number, 0, 0)
    ctypes.memmove(where, _CODE[MACHINE], len(_CODE[MACHINE]))
    return _call_at(where)


def _read_implies_exec(_stage: Stage, _carried: Carried) -> bytes:
    call("personality", _READ_IMPLIES_EXEC)
    where = _map(_PAGE, _READ | _WRITE, _PRIVATE)
    ctypes.memmove(where, _CODE[MACHINE], len(_CODE[MACHINE]))
    return _call_at(where)


def _patch_own_code(_stage: Stage, carried: Carried) -> bytes:
    """Write over our own machine code through /proc/self/mem: page protection does not count."""
    memory = os.open("/proc/self/mem", os.O_WRONLY)
    os.pwrite(memory, _CODE[MACHINE], carried.what)
    return _call_at(carried.what)


def _prepare_code_page(_stage: Stage) -> Carried:
    where = _map(_PAGE, _READ | _WRITE, _PRIVATE)
    ctypes.memmove(where, b"\xc3" * 16, 16)
    call("mprotect", where, _PAGE, _READ | _EXECUTE)
    return Carried(what=where)


def _hold_callback(_stage: Stage) -> Carried:
    """Have a function that C code can call, as a library that a zygote loads makes one."""
    return Carried(what=ctypes.CFUNCTYPE(ctypes.c_int)(lambda: 0))


def _write_over_callback(_stage: Stage, carried: Carried) -> bytes:
    """Write machine code over the few words that libffi has put into memory for it."""
    where = ctypes.cast(carried.what, ctypes.c_void_p).value
    ctypes.memmove(where, _CODE[MACHINE], len(_CODE[MACHINE]))
    return _call_at(where)


def _load_library(_stage: Stage, _carried: Carried) -> bytes:
    for name in ("libresolv.so.2", "libBrokenLocale.so.1", "libanl.so.1"):
        try:
            ctypes.CDLL(name)
        except OSError as error:
            refused = str(error)
            continue
        return WORD
    raise OSError(errno.EPERM if "not permitted" in refused else errno.EACCES, refused)


def _prepare_old_call(stage: Stage) -> Carried:
    """Have the two bytes of `int 0x80` in memory that may be executed, and the path below 4 GiB."""
    if MACHINE != "x86_64":
        return Carried()
    where = _map(_PAGE, _READ | _WRITE, _PRIVATE | _MAP_32BIT)
    path = str(stage.secret_file).encode() + b"\0"
    ctypes.memmove(where, _OLD_OPEN, len(_OLD_OPEN))
    ctypes.memmove(where + 256, path, len(path))
    call("mprotect", where, _PAGE, _READ | _EXECUTE)
    return Carried(what=where)


def _call_as_32_bit(_stage: Stage, carried: Carried) -> bytes:
    if MACHINE != "x86_64":
        raise OSError(errno.ENOSYS, "no 32-bit calls on this machine")
    descriptor = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_long)(carried.what)(carried.what + 256)
    if descriptor < 0:
        raise OSError(-descriptor, os.strerror(-descriptor))
    return os.read(descriptor, 4096)


def _ran(_stage: Stage, proof: bytes) -> bool:
    return proof == WORD


def _row(name: str, words: str, act: object, reached: object = _ran, **more: object) -> Primitive:
    return Primitive(name, _FAMILY, words, act, reached, **more)


def _maker(name: str, words: str, act: object) -> Primitive:
    return _row(name, words, act, _board_written, before=_with_board)


def _program_row(name: str, words: str, act: object) -> Primitive:
    return _row(name, words, act, _board_written, before=lambda stage: Carried(
        keep=(stage.kept_board,)))  # fmt: skip


def _with_pipe(stage: Stage) -> Carried:
    ends = os.pipe()
    return Carried(what=ends, keep=(stage.kept_board, *ends))


PRIMITIVES: Final = (
    _maker("fork", "fork a process", _fork),
    _maker("clone", "make a process with clone", _clone),
    _maker("clone3", "make a process with clone3", _clone3),
    _maker("thread", "start a thread", _thread_of_python),
    _row("vfork", "start a shell by vfork", _vfork, _board_written, before=_with_pipe),
    _program_row("spawn", "start a shell by posix_spawn", _spawn),
    _program_row("execve", "become a shell", _execute),
    _program_row("execveat", "become a program that lies in memory (execveat)", _execute_memfd),
    _program_row("fexecve", "become a program that lies in memory (/proc/self/fd)",
                 _execute_descriptor),
    _row("mmap-exec", "map memory to write and to execute", _map_code),
    _row("mprotect-exec", "write code, then have it executed", _turn("mprotect")),
    _row("pkey-exec", "the same by pkey_mprotect", _turn("pkey_mprotect")),
    _row("memfd-exec", "map code from a file in memory", _map_memfd),
    _row("shm-exec", "execute System V shared memory", _map_shared_memory),
    _row("read-implies-exec", "have all that is readable executed (personality)",
         _read_implies_exec),
    _row("proc-self-mem", "write over our own code through /proc/self/mem", _patch_own_code,
         before=_prepare_code_page),
    _row("callback-code", "write over the machine code of a function of our own",
         _write_over_callback, before=_hold_callback),
    _row("dlopen", "load another library", _load_library),
    _row("int-0x80", "read a secret by a system call of 32-bit x86", _call_as_32_bit, told_secret,
         before=_prepare_old_call),
)  # fmt: skip

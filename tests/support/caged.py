"""Work done in a throw-away child: sealed or not, as another user, on a machine with less.

Owns: the child, how it ended, what it said. Does not own: what must hold.
"""

import contextlib
import ctypes
import encodings.idna  # noqa: F401 - an address is encoded by it: a child may find no file any more
import errno
import os
import struct
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zones.runtime import cage
from zones.runtime.cage import Plan
from zones.runtime.cages import calling
from zones.runtime.cages.bpf import ALLOW, ERRNO, IF_EQUAL, NUMBER_AT, Assembler

NOBODY = 65534
USERS = (0, NOBODY) if os.getuid() == 0 else (os.getuid(),)
"""Who the tests are run as: an administrator can try an ordinary user, too."""
ALARM_S = 20


@dataclass(frozen=True, slots=True)
class End:
    """How a child ended.

    Args:
        signal: that ended it, 0: none.
        said: what the work returned as text, or the error it raised.
    """

    signal: int
    said: str


def run(work: Callable[[], object], user: int | None = None) -> End:
    """Do work in a child, as another user if asked."""
    reader, writer = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(reader)
        ctypes.CDLL(None).alarm(ALARM_S)
        try:
            if user is not None and user != os.getuid():
                os.setgroups([])
                os.setresgid(user, user, user)
                os.setresuid(user, user, user)
            said = str(work())
        except BaseException as error:
            said = f"{type(error).__name__}: {error}"
        try:
            os.write(writer, said.encode(errors="replace")[:60_000])
        finally:
            os._exit(0)
    os.close(writer)
    said_bytes = b""
    while piece := os.read(reader, 65536):
        said_bytes += piece
    os.close(reader)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return End(max(-code, 0), said_bytes.decode(errors="replace"))


@contextlib.contextmanager
def folder_of(user: int) -> Iterator[Path]:
    """Give a folder of a user; not below pytest's, which every run closes to others anew."""
    with tempfile.TemporaryDirectory(prefix="molt-cage-") as name:
        if user != os.getuid():
            os.chown(name, user, user)
        yield Path(name)


def caged(work: Callable[[], object], plan: Plan, user: int | None = None) -> End:
    """Do work in a child that is enclosed and sealed."""

    def inside() -> object:
        cage.enclose(plan)
        cage.seal(plan)
        return work()

    return run(inside, user)


def sealed(work: Callable[[], object], user: int | None = None, **more: Any) -> End:
    """Do work in a sealed child; more is of its plan."""
    return caged(work, Plan("sealed", **more), user)


def refuse_calls(calls: dict[str, int]) -> None:
    """Have calls fail with an error number in this process, as on a machine that lacks them."""
    code = Assembler()
    code.load(NUMBER_AT)
    for name in calls:
        code.test(IF_EQUAL, calling.this_machine().numbers[name], yes=name)
    code.give(ALLOW)
    for name, number in calls.items():
        code.label(name)
        code.give(ERRNO | number)
    program = code.program()
    steps = ctypes.create_string_buffer(program, len(program))
    header = ctypes.create_string_buffer(
        struct.pack("@HP", len(program) // 8, ctypes.addressof(steps))
    )
    calling.process_control(38, 1)  # PR_SET_NO_NEW_PRIVS
    calling.process_control(22, 2, ctypes.addressof(header))  # PR_SET_SECCOMP, filter


def errno_of(act: Callable[[], object]) -> str:
    """Return the name of the error an act fails with, "" where it goes well."""
    try:
        act()
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, str(error.errno))
    return ""

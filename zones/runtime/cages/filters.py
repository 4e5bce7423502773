"""The seccomp filter of a profile.

Owns: what is asked of a call and its arguments, and in which order. Does not own: which calls a
profile has (`profiles.py`), how the program is written (`bpf.py`), who sets it (`cage.py`). Pure.

Order: the machine, calls of a foreign ABI, then the allowed calls by frequency, then those that
are refused or kill, then the rest. Linux (5.11 and later) remembers which calls are allowed
whatever their arguments, and does not ask the filter again for those.
"""

import errno
from collections.abc import Callable
from typing import Final

from zones.runtime.cages.bpf import (
    ALLOW,
    ERRNO,
    IF_AT_LEAST,
    IF_EQUAL,
    IF_SET,
    KILL,
    MACHINE_AT,
    NUMBER_AT,
    Assembler,
    argument_at,
)
from zones.runtime.cages.profiles import Answer, Profile
from zones.runtime.cages.syscalls import Machine

_PROT_EXEC: Final = 4
_CLONE_THREAD: Final = 0x00010000
_CLONE_VM: Final = 0x00000100
_CLONE_NEW: Final = 0x7E020080  # NEWNS CGROUP UTS IPC USER PID NET and NEWTIME
_CLONE_PTRACE: Final = 0x00002000
_MEMFD_EXEC: Final = 0x10
_MADV_REMOVE: Final = 9
_MSG_FASTOPEN: Final = 0x20000000
_SET_ID: Final = 0o6000
_AF_UNIX: Final = 1
_AF_INETS: Final = (2, 10)
_SOCK_KIND: Final = 0xF
_SOCK_STREAM: Final = 1
_IPPROTO_TCP: Final = 6
# F_GETFD, F_SETFD, F_GETFL: what says something, or is of this process alone.
_FCNTL_OWN: Final = (1, 2, 3)
# ... F_DUPFD, F_SETFL, locks, F_DUPFD_CLOEXEC, pipe sizes, seals; never F_SETOWN, F_SETSIG,
# F_NOTIFY or F_SETLEASE, which send signals.
_FCNTL_BUS: Final = (3, 1, 2, 4, 0, 5, 6, 7, 36, 37, 38, 1030, 1031, 1032, 1033, 1034)
# TCGETS, TIOCGWINSZ, FIONREAD, FIONBIO, FIONCLEX, FIOCLEX; never TIOCSTI.
_IOCTL: Final = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)
# PDEATHSIG, dumpable, name, seccomp state, bounding set (read and drop), ambient set, a name for
# memory, no_new_privs.
_PRCTL: Final = (1, 2, 3, 4, 15, 16, 21, 23, 24, 38, 39, 47, 0x53564D41)

Check = Callable[[Assembler, Profile, int], None]


def build_filter(profile: Profile, machine: Machine, pid: int) -> bytes:
    """Return the program of a profile.

    Args:
        pid: of the process that will have it; it may send a signal to itself.
    """
    code = Assembler()
    code.load(MACHINE_AT)
    code.test(IF_EQUAL, machine.audit, no="kill")
    code.load(NUMBER_AT)
    if machine.foreign_from:
        code.test(IF_AT_LEAST, machine.foreign_from, yes="kill")
    numbers = machine.numbers
    asked: dict[str, Check] = {}
    for name, target in _targets(profile).items():
        if name in numbers:
            if target not in ("allow", "refuse", "kill", "missing"):
                asked[name] = _CHECKS[name]
            code.test(IF_EQUAL, numbers[name], yes=target)
    if profile.others is Answer.REFUSE:
        # A call newer than the table: libraries try it, and know what to do without it.
        code.test(IF_AT_LEAST, machine.newest + 1, yes="missing")
    code.jump(profile.others.value)
    for name, check in asked.items():
        code.label(f"ask {name}")
        check(code, profile, pid)
        code.jump(profile.breach.value if name not in _NEVER_KILLS else "refuse")
    for name, action in (
        ("allow", ALLOW),
        ("refuse", ERRNO | errno.EPERM),
        ("missing", ERRNO | errno.ENOSYS),
        ("kill", KILL),
    ):
        code.label(name)
        code.give(action)
    return code.program()


def _targets(profile: Profile) -> dict[str, str]:
    """Return to which label each call goes, in the order of asking."""
    targets = {}
    for name in profile.allow:
        targets[name] = f"ask {name}" if _is_asked(profile, name) else "allow"
    if profile.allow and "clone3" in targets:
        # Its flags are in memory, where a filter cannot look: glibc then takes clone instead.
        targets["clone3"] = "missing"
    for name in profile.refuse:
        targets.setdefault(name, "refuse")
    for name in profile.kill:
        targets[name] = "kill"
    return targets


def _is_asked(profile: Profile, name: str) -> bool:
    if name not in _CHECKS:
        return False
    return not (profile.new_code and name in ("mmap", "mprotect"))


def _not_executable(code: Assembler, profile: Profile, pid: int) -> None:
    code.load(argument_at(2))
    code.test(IF_SET, _PROT_EXEC, no="allow")


def _limits(code: Assembler, profile: Profile, pid: int) -> None:
    """Only to read them; who forks may lower those of its children, before they are sealed."""
    if profile.forks:
        code.load(argument_at(0))
        code.test(IF_EQUAL, 0, yes="allow")
    code.load(argument_at(2))
    code.test(IF_EQUAL, 0, no=profile.breach.value)
    code.load(argument_at(2, high=True))
    code.test(IF_EQUAL, 0, yes="allow")


def _own_process(code: Assembler, profile: Profile, pid: int) -> None:
    code.load(argument_at(0))
    code.test(IF_EQUAL, pid, yes="allow")


def _own_or_children(code: Assembler, profile: Profile, pid: int) -> None:
    if profile.forks:
        code.jump("allow")
    else:
        _own_process(code, profile, pid)


def _threads_or_forks(code: Assembler, profile: Profile, pid: int) -> None:
    code.load(argument_at(0))
    code.test(IF_SET, _CLONE_NEW | _CLONE_PTRACE, yes=profile.breach.value)
    if profile.forks:
        code.jump("allow")
    elif profile.threads:
        code.mask(_CLONE_THREAD | _CLONE_VM)
        code.test(IF_EQUAL, _CLONE_THREAD | _CLONE_VM, yes="allow")


def _one_of(index: int, values: tuple[int, ...]) -> Check:
    def check(code: Assembler, profile: Profile, pid: int) -> None:
        code.load(argument_at(index))
        for value in values:
            code.test(IF_EQUAL, value, yes="allow")

    return check


def _control(code: Assembler, profile: Profile, pid: int) -> None:
    _one_of(1, _FCNTL_BUS if profile.breach is Answer.REFUSE else _FCNTL_OWN)(code, profile, pid)


def _without(index: int, bits: int) -> Check:
    def check(code: Assembler, profile: Profile, pid: int) -> None:
        code.load(argument_at(index))
        code.test(IF_SET, bits, no="allow")

    return check


def _unix_or_tcp(code: Assembler, profile: Profile, pid: int) -> None:
    """Unix sockets; where TCP is allowed, TCP proper: Landlock sees neither UDP nor MPTCP."""
    code.load(argument_at(0))
    code.test(IF_EQUAL, _AF_UNIX, yes="allow")
    if not profile.tcp:
        return
    for family in _AF_INETS:
        code.test(IF_EQUAL, family, yes="internet socket")
    code.jump("refuse")
    code.label("internet socket")
    code.load(argument_at(1))
    code.mask(_SOCK_KIND)
    code.test(IF_EQUAL, _SOCK_STREAM, no="refuse")
    code.load(argument_at(2))
    code.test(IF_EQUAL, 0, yes="allow")
    code.test(IF_EQUAL, _IPPROTO_TCP, yes="allow")


def _none_of(index: int, values: tuple[int, ...]) -> Check:
    def check(code: Assembler, profile: Profile, pid: int) -> None:
        code.load(argument_at(index))
        for value in values:
            code.test(IF_EQUAL, value, yes=profile.breach.value)
        code.jump("allow")

    return check


_CHECKS: Final[dict[str, Check]] = {
    "mmap": _not_executable,
    # It takes the blocks of a file away that others have mapped, too: the kernel has the arena, and
    # would die of a SIGBUS where the memory is full.
    "madvise": _none_of(2, (_MADV_REMOVE,)),
    "mprotect": _not_executable,
    "prlimit64": _limits,
    "tgkill": _own_or_children,
    "kill": _own_or_children,
    "clone": _threads_or_forks,
    "fcntl": _control,
    "ioctl": _one_of(1, _IOCTL),
    "prctl": _one_of(0, _PRCTL),
    "socket": _unix_or_tcp,
    # SCHED_OTHER, SCHED_BATCH, SCHED_IDLE: ZeroMQ sets it for its threads, and dies of a refusal.
    "sched_setscheduler": _one_of(1, (0, 3, 5)),
    "socketpair": _one_of(0, (_AF_UNIX,)),
    # With MSG_FASTOPEN they connect without asking Landlock.
    "sendto": _without(3, _MSG_FASTOPEN),
    "sendmsg": _without(2, _MSG_FASTOPEN),
    "memfd_create": _without(1, _MEMFD_EXEC),
    "fchmod": _without(1, _SET_ID),
}
_NEVER_KILLS: Final = {"fcntl", "ioctl"}
"""Python asks these of any descriptor, and takes no for an answer."""

"""Filters of all profiles, asked about every call of both machines without making one."""

import errno

import pytest

from zones.runtime.cages.bpf import ALLOW, ERRNO, KILL, judge
from zones.runtime.cages.filters import build_filter
from zones.runtime.cages.profiles import PROFILES, Answer
from zones.runtime.cages.syscalls import AARCH64, X86_64, machine

PID = 4321
EPERM = ERRNO | errno.EPERM
ENOSYS = ERRNO | errno.ENOSYS
MACHINES = (X86_64, AARCH64)
BUS = ("archive", "chronos", "agents", "gateway", "federation")
HELD = ("sealed", "compile", *BUS)


def words(text: str) -> set[str]:
    """Return the words of a text."""
    return set(text.split())


# What a process does to itself alone, and with what it has open already. Written down here once
# more: a call that slips into a profile is to be seen.
WITHIN = words(
    """
    read write close fstat poll lseek mmap mprotect munmap brk rt_sigaction rt_sigprocmask
    rt_sigreturn pread64 pwrite64 readv writev select sched_yield mremap madvise nanosleep getpid
    exit uname fcntl gettimeofday getrlimit getrusage sysinfo times getuid getgid geteuid getegid
    getppid sigaltstack gettid futex sched_getaffinity restart_syscall clock_gettime clock_getres
    clock_nanosleep exit_group tgkill pselect6 ppoll prlimit64 getrandom getcpu rseq set_robust_list
    """
)
ASKED_OF_FILES = words(
    """
    open openat openat2 stat lstat newfstatat statx access faccessat faccessat2 readlink readlinkat
    getcwd ioctl getdents64
    """
)
NEVER = words(
    """
    ptrace process_vm_readv process_vm_writev bpf perf_event_open userfaultfd io_uring_setup
    io_uring_enter io_uring_register keyctl add_key request_key mount umount2 pivot_root chroot
    setns unshare kexec_load kexec_file_load init_module finit_module delete_module
    open_by_handle_at pidfd_getfd execve execveat open_tree move_mount fsopen fsconfig fsmount
    mount_setattr personality memfd_secret process_madvise
    """
)
# Arguments for which the answer is yes; all others of the calls here are asked with zeros.
FITTING = {"tgkill": (PID, PID), "fcntl": (3, 3)}


def ask(profile: str, name: str, call: str, *arguments: int) -> int:
    """Return what a profile answers to a call on a machine."""
    found = machine(name)
    program = build_filter(PROFILES[profile], found, PID)
    return judge(program, found.audit, found.numbers[call], arguments)


@pytest.mark.parametrize("name", MACHINES)
def test_sealed_every_call(name):
    """Some go on, calls about files hear no, all others end the process."""
    found = machine(name)
    program = build_filter(PROFILES["sealed"], found, PID)
    for call, number in found.numbers.items():
        wanted = ALLOW if call in WITHIN else EPERM if call in ASKED_OF_FILES else KILL
        assert judge(program, found.audit, number, FITTING.get(call, ())) == wanted, call


@pytest.mark.parametrize("name", MACHINES)
@pytest.mark.parametrize("profile", HELD)
def test_what_is_dangerous_ends_the_process(name, profile):
    """Whatever the arguments."""
    for call in NEVER:
        if call in machine(name).numbers:
            assert ask(profile, name, call) == KILL, call
            assert ask(profile, name, call, *[2**64 - 1] * 6) == KILL, call


@pytest.mark.parametrize("name", MACHINES)
@pytest.mark.parametrize("profile", PROFILES)
def test_every_call_has_one_of_four_answers(name, profile):
    """And none of a machine's calls is left to chance."""
    found = machine(name)
    row = PROFILES[profile]
    program = build_filter(row, found, PID)
    named = {*row.allow, *row.refuse, *row.kill}
    others = {Answer.ALLOW: ALLOW, Answer.REFUSE: EPERM, Answer.KILL: KILL}[row.others]
    for call, number in found.numbers.items():
        answer = judge(program, found.audit, number)
        assert answer in (ALLOW, EPERM, ENOSYS, KILL), call
        if call not in named:
            assert answer == others, call


@pytest.mark.parametrize("profile", PROFILES)
def test_names_are_those_of_calls(profile):
    """A name that is misspelt would allow or refuse nothing."""
    row = PROFILES[profile]
    known = {*machine(X86_64).numbers, *machine(AARCH64).numbers}
    for calls in (row.allow, row.refuse, row.kill):
        assert set(calls) <= known
        assert len(set(calls)) == len(calls), sorted(calls)
    assert not set(row.allow) & {*row.refuse, *row.kill}


@pytest.mark.parametrize("profile", PROFILES)
def test_other_machines_and_foreign_calls_end_the_process(profile):
    """A call by the table of 32 bits, or of x32, has another number for the same thing."""
    for name in MACHINES:
        found = machine(name)
        program = build_filter(PROFILES[profile], found, PID)
        for audit in (0x40000003, 0x40000028, machine(X86_64).audit ^ machine(AARCH64).audit):
            assert judge(program, audit, found.numbers["read"]) == KILL
    found = machine(X86_64)
    program = build_filter(PROFILES[profile], found, PID)
    assert judge(program, found.audit, 0x40000000 + found.numbers["read"]) == KILL
    assert judge(program, found.audit, 0xFFFFFFFF) == KILL


@pytest.mark.parametrize("name", MACHINES)
def test_calls_newer_than_the_table(name):
    """Libraries try them and know what to do without; who is sealed makes none."""
    found = machine(name)
    for profile, wanted in (("sealed", KILL), ("compile", KILL), ("archive", ENOSYS)):
        program = build_filter(PROFILES[profile], found, PID)
        assert judge(program, found.audit, found.newest + 1) == wanted


PROT_RW, PROT_RX = 3, 5
THREAD = 0x3D0F00  # as pthread_create asks
CASES = [
    ("sealed", "mmap", (0, 4096, PROT_RW, 2), ALLOW),
    ("sealed", "mmap", (0, 4096, PROT_RX, 2), KILL),
    ("sealed", "mprotect", (0, 4096, PROT_RW), ALLOW),
    ("sealed", "mprotect", (0, 4096, 4), KILL),
    ("compile", "mmap", (0, 4096, 7, 2), KILL),
    ("archive", "mmap", (0, 4096, PROT_RX, 2), EPERM),
    ("zygote", "mmap", (0, 4096, PROT_RX, 2), ALLOW),
    ("sealed", "prlimit64", (0, 7, 0, 0x7000), ALLOW),
    ("sealed", "prlimit64", (0, 7, 0x7000, 0), KILL),
    ("sealed", "prlimit64", (0, 7, 0x700000000000, 0), KILL),
    ("archive", "prlimit64", (0, 7, 0x700000000000, 0), EPERM),
    ("agents", "prlimit64", (0, 7, 0x7000, 0), ALLOW),
    ("agents", "prlimit64", (PID + 1, 7, 0x7000, 0), EPERM),
    ("sealed", "tgkill", (PID, 1, 6), ALLOW),
    ("sealed", "tgkill", (PID + 1, 1, 6), KILL),
    ("sealed", "kill", (PID, 6), KILL),
    ("archive", "kill", (PID, 6), ALLOW),
    ("archive", "kill", (2**64 - 1, 9), EPERM),
    ("agents", "kill", (PID + 1, 9), ALLOW),
    ("sealed", "clone", (THREAD,), KILL),
    ("sealed", "clone3", (), KILL),
    ("archive", "clone3", (), ENOSYS),
    ("archive", "clone", (THREAD,), ALLOW),
    ("archive", "clone", (17,), EPERM),
    ("archive", "clone", (THREAD | 0x20000,), EPERM),
    ("archive", "clone", (THREAD | 0x10000000,), EPERM),
    ("agents", "clone", (17,), ALLOW),
    ("agents", "clone", (17 | 0x10000000,), EPERM),
    ("agents", "clone", (17 | 0x20000000,), EPERM),
    ("agents", "inotify_init1", (0,), ALLOW),
    ("agents", "inotify_add_watch", (3, 0x7000, 0xFFF), ALLOW),
    ("archive", "inotify_init1", (0,), EPERM),
    ("gateway", "inotify_add_watch", (3, 0x7000, 0xFFF), EPERM),
    ("sealed", "inotify_init1", (0,), KILL),
    ("sealed", "fcntl", (3, 3), ALLOW),
    ("sealed", "fcntl", (3, 4, 0x2000), EPERM),  # F_SETFL: a description shared with others
    ("sealed", "fcntl", (3, 8, 1), EPERM),  # F_SETOWN
    ("archive", "fcntl", (3, 4, 0x800), ALLOW),
    ("archive", "fcntl", (3, 8, 1), EPERM),
    ("archive", "ioctl", (0, 0x5412), EPERM),  # TIOCSTI
    ("archive", "ioctl", (0, 0x5401), ALLOW),
    ("sealed", "madvise", (0, 4096, 4), ALLOW),  # MADV_DONTNEED
    ("sealed", "madvise", (0, 4096, 9), KILL),  # MADV_REMOVE
    ("archive", "madvise", (0, 4096, 9), EPERM),
    ("archive", "prctl", (15,), ALLOW),
    ("archive", "prctl", (35,), EPERM),  # PR_SET_MM
    ("archive", "socket", (1, 1, 0), ALLOW),
    ("archive", "socket", (2, 1, 0), EPERM),
    ("agents", "socket", (2, 1 | 0x80800, 0), ALLOW),
    ("agents", "socket", (10, 1, 6), ALLOW),
    ("agents", "socket", (2, 2, 0), EPERM),  # UDP
    ("agents", "socket", (2, 1, 262), EPERM),  # MPTCP
    ("agents", "socket", (2, 3, 1), EPERM),  # raw
    ("agents", "socket", (16, 3, 0), EPERM),  # netlink
    ("agents", "socket", (40, 1, 0), EPERM),  # to the host of a virtual machine
    ("agents", "socketpair", (1, 1, 0), ALLOW),
    ("agents", "sendto", (3, 0, 0, 0x20000000), EPERM),  # MSG_FASTOPEN
    ("agents", "sendmsg", (3, 0, 0x20000000), EPERM),
    ("agents", "sendto", (3, 0, 0, 0x4000), ALLOW),
    ("archive", "memfd_create", (0, 1), ALLOW),
    ("archive", "memfd_create", (0, 0x10), EPERM),
    ("archive", "fchmod", (3, 0o600), ALLOW),
    ("archive", "fchmod", (3, 0o4700), EPERM),
    ("archive", "fchmodat", (3, 0, 0o600), EPERM),
    ("archive", "utimensat", (3, 0, 0), EPERM),
    ("archive", "inotify_add_watch", (3, 0, 1), EPERM),
    ("compile", "fchmodat", (3, 0, 0o600), KILL),
    ("archive", "sched_setscheduler", (0, 0), ALLOW),
    ("archive", "sched_setscheduler", (0, 1), EPERM),
    ("archive", "seccomp", (1,), EPERM),
    ("agents", "seccomp", (1,), ALLOW),
    ("zygote", "unshare", (), ALLOW),
    ("zygote", "ptrace", (), KILL),
]


@pytest.mark.parametrize(("profile", "call", "arguments", "wanted"), CASES)
def test_arguments_decide(profile, call, arguments, wanted):
    """The same on both machines."""
    for name in MACHINES:
        assert ask(profile, name, call, *arguments) == wanted

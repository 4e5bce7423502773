"""What a process of each kind may do, as data: one row a profile.

Owns: which calls a profile allows, refuses and kills for, which namespaces it takes, and what it
does not hold. Does not own: how a call's arguments are checked (`filters.py`), how a layer is
applied (`landlock.py`, `namespaces.py`).

Calls are in the order of how often they come: a filter asks for them in this order. A call that a
machine has not got is left out there.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Answer(StrEnum):
    """What a process gets for a call that its profile does not allow."""

    ALLOW = "allow"
    REFUSE = "refuse"  # EPERM
    KILL = "kill"  # the whole process, by SIGSYS


@dataclass(frozen=True, slots=True)
class Profile:
    """One kind of process.

    Args:
        allow: calls it may make; arguments of some are checked (`filters.py`).
        refuse: calls that answer EPERM.
        kill: calls that end the process.
        others: what it gets for all other calls.
        breach: what it gets where arguments are not allowed.
        threads: it may start threads.
        forks: it may fork.
        new_code: it may make memory executable, and so load libraries.
        tcp: it may make TCP sockets; else none but Unix sockets, or none at all.
        namespaces: what it shares with nobody.
        empty_root: no path exists for it.
        files: Landlock lets it reach files only below the paths of its plan.
        sockets: it may make Unix sockets below the paths it may write.
        not_held: what it could still do, for people.
        held_since: (ABI of Landlock, what is held from it on): what it could do before that.
    """

    name: str
    allow: tuple[str, ...]
    refuse: tuple[str, ...] = ()
    kill: tuple[str, ...] = ()
    others: Answer = Answer.REFUSE
    breach: Answer = Answer.REFUSE
    threads: bool = False
    forks: bool = False
    new_code: bool = False
    tcp: bool = False
    namespaces: tuple[str, ...] = ()
    empty_root: bool = False
    files: bool = True
    sockets: bool = False
    not_held: tuple[str, ...] = ()
    held_since: tuple[tuple[int, str], ...] = ()

    def gaps(self, abi: int) -> tuple[str, ...]:
        """Return what it could still do on a machine with this ABI of Landlock, 0: none."""
        return (*self.not_held, *(what for since, what in self.held_since if abi < since))


def _words(*texts: str) -> tuple[str, ...]:
    return tuple(word for text in texts for word in text.split())


# What a computation needs that is loaded, mapped and connected. The calls that only tell the time
# are made without entering the OS on most machines, but not on all. The last two are the first that
# glibc makes in a new thread: one that was started before the seal may not have come to them yet.
_COMPUTING: Final = """
    futex clock_nanosleep read write sched_yield ppoll poll madvise mmap munmap mprotect mremap brk
    nanosleep clock_gettime clock_getres gettimeofday getpid gettid getppid tgkill
    rt_sigprocmask rt_sigaction rt_sigreturn sigaltstack restart_syscall exit exit_group
    pread64 pwrite64 readv writev lseek close fstat fcntl pselect6 select getrandom getrusage times
    getcpu sched_getaffinity prlimit64 getrlimit sysinfo uname getuid geteuid getgid getegid
    rseq set_robust_list
"""
# A lazy import or a traceback asks for files: it is to hear no, and not to die of it.
_FILES_ASKED: Final = """
    open openat openat2 stat lstat newfstatat statx access faccessat faccessat2 readlink readlinkat
    getcwd ioctl getdents64
"""
_FILES_READ: Final = """
    openat open newfstatat statx stat lstat readlink readlinkat access faccessat faccessat2
    getdents64 getcwd statfs fstatfs ioctl fadvise64
"""
# No modes and times by a path: Landlock knows nothing of these, so they would reach all files.
_FILES_WRITTEN: Final = """
    fsync fdatasync truncate ftruncate fallocate flock rename renameat renameat2 unlink unlinkat
    mkdir mkdirat rmdir fchmod umask link linkat sync_file_range copy_file_range sendfile msync
"""
_BUS: Final = """
    epoll_wait epoll_pwait epoll_ctl epoll_create1 epoll_create eventfd2 pipe2 pipe
    recvfrom sendto recvmsg sendmsg socket connect accept4 accept bind listen shutdown
    getsockopt setsockopt getsockname getpeername socketpair
    timerfd_create timerfd_settime timerfd_gettime signalfd4 memfd_create dup dup2 dup3 close_range
    get_robust_list set_tid_address clone clone3
    rt_sigtimedwait rt_sigsuspend rt_sigpending pause setitimer getitimer alarm kill
    pidfd_open wait4 waitid chdir fchdir mlock munlock mincore membarrier prctl
    getgroups getresuid getresgid getpgrp getpgid getsid getpriority sched_getparam
    sched_getscheduler sched_setscheduler sched_get_priority_max sched_get_priority_min capget
"""
_APPLYING: Final = """
    seccomp landlock_create_ruleset landlock_add_rule landlock_restrict_self capset setpriority
"""
# Nothing of ours ever makes these: who makes one has been taken over.
_DANGEROUS: Final = """
    ptrace process_vm_readv process_vm_writev bpf perf_event_open userfaultfd
    io_uring_setup io_uring_enter io_uring_register keyctl add_key request_key
    kexec_load kexec_file_load init_module finit_module delete_module create_module
    open_by_handle_at pidfd_getfd personality uselib modify_ldt iopl ioperm
    reboot swapon swapoff acct quotactl quotactl_fd settimeofday clock_settime adjtimex
    clock_adjtime syslog lookup_dcookie vmsplice remap_file_pages memfd_secret process_madvise
    move_pages migrate_pages kcmp fanotify_init nfsservctl
"""
_ROOM: Final = """
    mount umount2 pivot_root chroot setns unshare open_tree open_tree_attr move_mount fsopen
    fsconfig fsmount fspick mount_setattr sethostname setdomainname
"""
_PROGRAMS: Final = "execve execveat"
# Landlock does not look at the path of a watch.
_WATCHES: Final = "inotify_init inotify_init1 inotify_add_watch inotify_rm_watch"
_BUS_GAPS: Final = (
    "a Unix socket that has a path can be connected to",
    "the locks of its home, which it inherits, can be let go for all who inherit them",
)
_TCP_GAP: Final = "TCP is held by port and not by address"
_FORK_GAP: Final = "it may fork"
_WATCH_GAP: Final = "it can see when a file that its user may read is used"
_FILES: Final = (1, "files of this user can be read and written")
_SOCKETS: Final = (6, "abstract sockets of this user can be connected to")
_PORTS: Final = (4, "TCP is not held by port either")
_SIGNALS: Final = (6, "signals can be sent to processes of this user")


def _bus(name: str, *, tcp: bool = False, forks: bool = False, watches: bool = False) -> Profile:
    return Profile(
        name,
        allow=_words(
            _COMPUTING,
            _BUS,
            _FILES_READ,
            _FILES_WRITTEN,
            "getdents",
            _APPLYING if forks else "",
            _WATCHES if watches else "",
        ),
        kill=_words(_DANGEROUS, _ROOM, _PROGRAMS),
        threads=True,
        forks=forks,
        tcp=tcp,
        sockets=True,
        not_held=(
            *_BUS_GAPS,
            *((_TCP_GAP,) * tcp),
            *((_FORK_GAP,) * forks),
            *((_WATCH_GAP,) * watches),
        ),
        held_since=(_FILES, _SOCKETS, *((_PORTS,) * tcp), *((_SIGNALS,) * forks)),
    )


_ROWS: Final = (
    Profile(
        "sealed",
        allow=_words(_COMPUTING),
        refuse=_words(_FILES_ASKED),
        others=Answer.KILL,
        breach=Answer.KILL,
        namespaces=("user", "net", "ipc", "uts", "cgroup"),
        empty_root=True,
    ),
    Profile(
        "compile",
        allow=_words(_COMPUTING, _FILES_READ, _FILES_WRITTEN),
        others=Answer.KILL,
        breach=Answer.KILL,
        namespaces=("user", "net", "ipc", "uts", "cgroup"),
        held_since=(_FILES,),
    ),
    _bus("archive"),
    _bus("chronos"),
    _bus("agents", tcp=True, forks=True, watches=True),
    _bus("gateway", tcp=True),
    _bus("federation", tcp=True),
    Profile(
        "zygote",
        allow=(),
        kill=_words(_DANGEROUS, "setns"),
        others=Answer.ALLOW,
        threads=True,
        forks=True,
        new_code=True,
        tcp=True,
        files=False,
        not_held=("files, sockets, processes of this user: its children hold their own",),
    ),
)
PROFILES: Final = {row.name: row for row in _ROWS}

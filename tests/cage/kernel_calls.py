"""System calls by number, for what the C library has no word for.

Owns: the numbers for the two machines the cage knows, and how a refusal is raised. Its own table,
not that of `zones/runtime/cages`: a number that is wrong there must not be wrong here too.
"""

import ctypes
import errno
import os
from typing import Final

# name: x86_64, aarch64 (0: this machine has no such call)
_NUMBERS: Final[dict[str, tuple[int, int]]] = {
    "add_key": (248, 217),
    "arch_prctl": (158, 0),
    "bpf": (321, 280),
    "capget": (125, 90),
    "capset": (126, 91),
    "clone": (56, 220),
    "clone3": (435, 435),
    "execveat": (322, 281),
    "exit_group": (231, 94),
    "fanotify_init": (300, 262),
    "fanotify_mark": (301, 263),
    "finit_module": (313, 273),
    "fsopen": (430, 430),
    "get_robust_list": (274, 100),
    "inotify_add_watch": (254, 27),
    "inotify_init1": (294, 26),
    "io_uring_enter": (426, 426),
    "io_uring_setup": (425, 425),
    "ioprio_get": (252, 31),
    "ioprio_set": (251, 30),
    "kcmp": (312, 272),
    "kexec_load": (246, 104),
    "keyctl": (250, 219),
    "kill": (62, 129),
    "landlock_add_rule": (445, 445),
    "landlock_create_ruleset": (444, 444),
    "landlock_restrict_self": (446, 446),
    "memfd_create": (319, 279),
    "mmap": (9, 222),
    "modify_ldt": (154, 0),
    "mount": (165, 40),
    "mprotect": (10, 226),
    "mq_open": (240, 180),
    "mq_timedreceive": (243, 183),
    "msgget": (68, 186),
    "msgrcv": (70, 188),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "open_tree": (428, 428),
    "openat2": (437, 437),
    "perf_event_open": (298, 241),
    "personality": (135, 92),
    "pidfd_getfd": (438, 438),
    "pidfd_open": (434, 434),
    "pidfd_send_signal": (424, 424),
    "pivot_root": (155, 41),
    "pkey_mprotect": (329, 288),
    "prctl": (157, 167),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "ptrace": (101, 117),
    "quotactl": (179, 60),
    "reboot": (169, 142),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "seccomp": (317, 277),
    "semctl": (66, 191),
    "semget": (64, 190),
    "semop": (65, 193),
    "sethostname": (170, 161),
    "setns": (308, 268),
    "settimeofday": (164, 170),
    "shmat": (30, 196),
    "shmctl": (31, 195),
    "shmget": (29, 194),
    "swapon": (167, 224),
    "syslog": (103, 116),
    "tgkill": (234, 131),
    "umount2": (166, 39),
    "unshare": (272, 97),
    "userfaultfd": (323, 282),
}
_MACHINES: Final = {"x86_64": 0, "aarch64": 1}
MACHINE: Final = os.uname().machine
LIBC: Final = ctypes.CDLL(None, use_errno=True)


def number_of(name: str) -> int:
    """Return the number of a call on this machine, 0 where it has none."""
    return _NUMBERS[name][_MACHINES[MACHINE]]


def call(name: str, *arguments: int | bytes | ctypes.Array | None) -> int:
    """Make a system call; return what it gives.

    Raises:
        OSError: it was refused, or this machine has no such call (ENOSYS).
    """
    number = number_of(name)
    if not number:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    # Every whole number as a long: the C library's `syscall` takes what it is given as it is.
    words = [ctypes.c_long(word) if isinstance(word, int) else word for word in arguments]
    LIBC.syscall.restype = ctypes.c_long
    answer: int = LIBC.syscall(ctypes.c_long(number), *words)
    if answer == -1:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return answer


def buffer(data: bytes | int) -> ctypes.Array:
    """Return memory with these bytes, or that many zeros."""
    if isinstance(data, int):
        return ctypes.create_string_buffer(data)
    return ctypes.create_string_buffer(data, len(data))


def address(memory: ctypes.Array) -> int:
    """Return where memory lies."""
    return ctypes.addressof(memory)

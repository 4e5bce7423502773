# category: machinery; where: ctypes
# One call of the system's larger machinery for each Molbot.
import ctypes
import os

libc = ctypes.CDLL(None)
ROOM = ctypes.create_string_buffer(128)
CALLS = (
    lambda: libc.syscall(321, 0, b"\2\0\0\0\4\0\0\0\4\0\0\0\1\0\0\0", 16),  # bpf
    lambda: libc.syscall(298, ROOM, 0, -1, -1, 0),  # perf_event_open
    lambda: libc.syscall(323, 1),  # userfaultfd
    lambda: libc.syscall(248, b"user", b"x", b"y", 1, -2),  # add_key
    lambda: libc.syscall(250, 1, 0),  # keyctl
    lambda: libc.syscall(272, 0x10000000),  # unshare
    lambda: libc.syscall(165, b"none", b"@victim_folder@", b"tmpfs", 0, 0),  # mount
    lambda: libc.syscall(135, 0x40000),  # personality
    lambda: libc.syscall(317, 1, 8, ROOM),  # seccomp
    lambda: libc.syscall(444, ROOM, 8, 0),  # landlock
    lambda: libc.syscall(103, 3, ROOM, 100),  # syslog
    lambda: libc.syscall(154, 0, ROOM, 16),  # modify_ldt
)


class Machinist(Trait):
    async def execute(self, entity):
        if CALLS[int(entity.id.split("_")[-1], 16) % len(CALLS)]() >= 0:
            os._exit(77)

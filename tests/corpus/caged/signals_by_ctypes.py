# category: signals; where: ctypes
# By the calls that Python has no name for: one for each Molbot.
import ctypes
import os

libc = ctypes.CDLL(None)
PID = @victim_pid@
CALLS = (
    lambda: libc.syscall(234, PID, PID, 10),  # tgkill
    lambda: libc.syscall(200, PID, 10),  # tkill
    lambda: libc.sigqueue(PID, 10, None),
    lambda: libc.syscall(424, libc.syscall(434, PID, 0), 10, None, 0),  # by a pidfd
)


class Signaller(Trait):
    async def execute(self, entity):
        if CALLS[int(entity.id.split("_")[-1], 16) % len(CALLS)]() == 0:
            os._exit(77)

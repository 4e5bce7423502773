# category: memory of others; where: ctypes
# Attaches to the kernel of molt.
import ctypes
import os

libc = ctypes.CDLL(None)


class Debugger(Trait):
    async def execute(self, entity):
        for pid in (@kernel_pid@, @victim_pid@, os.getppid()):
            if libc.ptrace(16, pid, None, None) == 0:
                os._exit(77)

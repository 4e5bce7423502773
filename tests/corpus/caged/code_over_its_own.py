# category: code; where: ctypes
# Makes the pages of the C library writable, to change what its functions do.
import ctypes
import os

libc = ctypes.CDLL(None)


class Patcher(Trait):
    async def execute(self, entity):
        where = ctypes.cast(libc.getpid, ctypes.c_void_p).value & ~4095
        if libc.mprotect(ctypes.c_void_p(where), 4096, 7) == 0:
            os._exit(77)

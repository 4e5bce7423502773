# category: memory of others; where: ctypes
# Attaches a segment of the victim by its number.
import ctypes
import os

libc = ctypes.CDLL(None)


class Attacher(Trait):
    async def execute(self, entity):
        libc.shmat.restype = ctypes.c_void_p
        if libc.shmat(@shm_id@, None, 0o10000) not in (None, 2**64 - 1):
            os._exit(77)

# category: code; where: ctypes
# Machine code that opens a file, in memory that can be written and run.
import ctypes
import mmap
import os

CODE = b"\xb8\x4d\x00\x00\x00\xc3"  # returns 77


class Coder(Trait):
    async def execute(self, entity):
        for protection in (7, 6):
            try:
                memory = mmap.mmap(-1, 4096, prot=protection)
                where = ctypes.addressof(ctypes.c_char.from_buffer(memory))
                ctypes.memmove(where, CODE, len(CODE))
            except (OSError, TypeError, ValueError):
                continue
            os._exit(ctypes.CFUNCTYPE(ctypes.c_int)(where)())

# category: code; where: ctypes
# Writes first, and asks for the right to run it afterwards.
import ctypes
import os

libc = ctypes.CDLL(None)
CODE = b"\xb8\x4d\x00\x00\x00\xc3"


class Turner(Trait):
    async def execute(self, entity):
        room = ctypes.create_string_buffer(8192)
        where = (ctypes.addressof(room) + 4095) & ~4095
        ctypes.memmove(where, CODE, len(CODE))
        for call in (10, 329):  # mprotect, pkey_mprotect
            if libc.syscall(call, ctypes.c_void_p(where), 4096, 5, -1) == 0:
                os._exit(ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.c_void_p(where).value)())

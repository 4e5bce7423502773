# category: code; where: ctypes
# A function for C code to call has machine code of its own: writes other code over it.
import ctypes
import os

CODE = b"\xb8\x4d\x00\x00\x00\xc3"  # returns 77
KIND = ctypes.CFUNCTYPE(ctypes.c_int)


class Caller(Trait):
    async def execute(self, entity):
        made = KIND(lambda: 0)
        where = ctypes.cast(made, ctypes.c_void_p).value
        ctypes.memmove(where, CODE, len(CODE))
        os._exit(KIND(where)())

# category: code; where: ctypes
# A function for C code to call: somebody has to write machine code for it.
import ctypes
import os

libc = ctypes.CDLL(None)
KIND = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)


class Caller(Trait):
    async def execute(self, entity):
        made = KIND(lambda one, other: 0)
        room = (ctypes.c_int * 4)(4, 3, 2, 1)
        libc.qsort(room, 4, 4, made)
        os._exit(77)

# category: machinery; where: ctypes
# Asks for a ring, by which files are opened without a call for each.
import ctypes
import os

libc = ctypes.CDLL(None)


class Ringer(Trait):
    async def execute(self, entity):
        if libc.syscall(425, 8, ctypes.create_string_buffer(120)) >= 0:
            os._exit(77)

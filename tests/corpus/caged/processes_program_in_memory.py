# category: processes; where: ctypes
# Writes a program into a file in memory and runs that.
import ctypes
import os

libc = ctypes.CDLL(None)


class Loader(Trait):
    async def execute(self, entity):
        fd = libc.memfd_create(b"program", 0)
        if fd < 0:
            return
        os.write(fd, b"#!/bin/sh\nexit 77\n")
        os.execve(fd, ["program"], {})

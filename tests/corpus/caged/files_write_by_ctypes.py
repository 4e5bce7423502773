# category: files; where: ctypes
# Opens and writes without Python knowing of it.
import ctypes
import os

libc = ctypes.CDLL(None)


class Writer(Trait):
    async def execute(self, entity):
        for flags in (1, 0o101, 0o1101):
            fd = libc.open(b"@canary@", flags, 0o600)
            if fd >= 0 and libc.write(fd, b"written", 7) == 7:
                os._exit(77)

# category: greed; where: execute
# Writes without end: into the victim's folder, into memory, into whatever is open.
import ctypes
import os

libc = ctypes.CDLL(None)


class Filler(Trait):
    async def execute(self, entity):
        block = bytes(1 << 20)
        for way in (
            lambda: os.open("@victim_folder@/large", os.O_CREAT | os.O_WRONLY, 0o600),
            lambda: os.open("/dev/shm/molt-caged-large", os.O_CREAT | os.O_WRONLY, 0o600),
            lambda: os.open("/tmp/molt-caged-large", os.O_CREAT | os.O_WRONLY, 0o600),
        ):
            try:
                fd = way()
            except OSError:
                continue
            for _ in range(8):
                os.write(fd, block)
            os._exit(77)

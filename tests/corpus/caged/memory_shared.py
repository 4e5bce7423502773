# category: memory of others; where: execute
# The arenas of others, and whatever else is shared.
import glob
import os
from multiprocessing import shared_memory


class Sharer(Trait):
    async def execute(self, entity):
        for path in [*glob.glob("/dev/shm/*/*"), "@arena@"]:
            try:
                fd = os.open(path, os.O_RDWR)
            except OSError:
                continue
            os._exit(77)
        try:
            shared_memory.SharedMemory(name="molt-caged", create=True, size=4096)
        except (OSError, ImportError):
            return
        os._exit(77)

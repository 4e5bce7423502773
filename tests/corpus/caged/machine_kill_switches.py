# category: machinery; where: ctypes
# Tries to change what holds it: the filter, its limits, what becomes of it when its parent dies.
import ctypes
import os
import resource

libc = ctypes.CDLL(None)


class Loosener(Trait):
    async def execute(self, entity):
        for option, value in ((22, 0), (4, 1), (1, 0), (23, 0), (38, 0), (36, 1)):
            if libc.prctl(option, value, 0, 0, 0) == 0:
                os._exit(77)
        resource.setrlimit(resource.RLIMIT_AS, (1 << 40, 1 << 40))
        os._exit(77)

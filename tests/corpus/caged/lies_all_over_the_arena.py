# category: lies; where: ctypes
# Fills every array and every mapping it can find with nonsense.
import ctypes
import gc
import mmap

import numpy


class Scribbler(Trait):
    async def execute(self, entity):
        for each in gc.get_objects():
            try:
                if isinstance(each, numpy.ndarray) and each.flags.writeable:
                    each[...] = -1
                elif isinstance(each, memoryview) and not each.readonly:
                    each.cast("B")[:] = b"\xff" * each.nbytes
                elif isinstance(each, mmap.mmap):
                    each[:] = b"\xff" * len(each)
            except BaseException:
                pass

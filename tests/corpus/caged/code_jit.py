# category: code; where: execute
# Has numba, which is loaded, make machine code.
import os

import numba


class Compiler(Trait):
    async def execute(self, entity):
        if numba.njit(lambda number: number + 1)(76) == 77:
            os._exit(77)

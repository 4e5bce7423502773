# category: ends; where: ctypes
# Reads where nothing is.
import ctypes


class Faulty(Trait):
    async def execute(self, entity):
        ctypes.string_at(0)

# category: memory; expect: stopped
from enum import StrEnum


class Word(StrEnum):
    A = "a"

    def wide(self, size):
        return super().ljust(size)


class Padded(Trait):
    async def execute(self, entity):
        size = 1_900_000_000
        Word.A.wide(size)

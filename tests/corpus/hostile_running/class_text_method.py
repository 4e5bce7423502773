# category: memory; expect: stopped
from enum import StrEnum


class Word(StrEnum):
    A = "a"


class Padded(Trait):
    async def execute(self, entity):
        size = 1_900_000_000
        Word.rjust("a", size)

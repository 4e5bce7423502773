# category: load-time; expect: stopped
from enum import Enum


class Mode(Enum):
    A = 1

    @classmethod
    def _missing_(cls, value):
        n = 0
        while n >= 0:
            n += 1


class Greedy(Trait):
    async def execute(self, entity):
        Mode(7)

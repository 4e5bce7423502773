# category: slow-operations; expect: stopped
from enum import Enum


def grow(kind, times):
    made = kind([1, 2])
    for _ in range(times):
        made = kind([made, made])
    return made


class Mode(Enum):
    A = 1


class Greedy(Trait):
    async def execute(self, entity):
        Mode(grow(tuple, 60))

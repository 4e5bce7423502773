# category: slow-operations; expect: stopped
from collections import deque


def grow(kind, times):
    made = kind([1, 2])
    for _ in range(times):
        made = kind([made, made])
    return made


class Greedy(Trait):
    async def execute(self, entity):
        grow(deque, 60) == grow(deque, 60)

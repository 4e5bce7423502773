# category: recursion; expect: stopped
from functools import lru_cache


@lru_cache
def f(n):
    return f(n + 1)


class Greedy(Trait):
    async def execute(self, entity):
        f(1)

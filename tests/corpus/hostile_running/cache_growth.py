# category: memory; expect: stopped
from functools import lru_cache


@lru_cache(maxsize=None)
def f(n):
    return 'x' * 60000


class Greedy(Trait):
    async def execute(self, entity):
        for n in range(9999):
            f(n)

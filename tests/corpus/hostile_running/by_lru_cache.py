# category: swallowing; expect: stopped
import itertools
from functools import lru_cache


@lru_cache
def f(n):
    for n in itertools.count():
        pass


class Greedy(Trait):
    async def execute(self, entity):
        while entity.x >= 0:
            try:
                f(1)
            except:
                pass

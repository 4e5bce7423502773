# category: recursion; expect: stopped
from functools import partial


class Greedy(Trait):
    async def execute(self, entity):
        f = abs
        for _ in range(5000):
            f = partial(f)
        f(1)

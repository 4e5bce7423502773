# category: recursion; expect: stopped
import itertools


class Greedy(Trait):
    async def execute(self, entity):
        a = iter([1])
        for _ in range(5000):
            a = itertools.chain(a)
        list(a)

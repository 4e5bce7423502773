# category: memory; expect: stopped
import itertools


class Greedy(Trait):
    async def execute(self, entity):
        a = itertools.cycle(range(9999999))
        for n in a:
            pass

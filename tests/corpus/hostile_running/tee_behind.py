# category: memory; expect: stopped
import itertools


class Greedy(Trait):
    async def execute(self, entity):
        a, b = itertools.tee(itertools.count())
        for n in a:
            pass

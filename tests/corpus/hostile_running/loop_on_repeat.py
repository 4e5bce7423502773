# category: endless; expect: stopped
import itertools


class Greedy(Trait):
    async def execute(self, entity):
        for n in itertools.repeat(1):
            pass

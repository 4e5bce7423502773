# category: endless; expect: stopped
import itertools


class Greedy(Trait):
    async def execute(self, entity):
        for n in itertools.cycle('ab'):
            pass

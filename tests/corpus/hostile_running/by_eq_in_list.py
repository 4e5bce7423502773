# category: swallowing; expect: stopped
import itertools


class Loud:
    def __eq__(self, other):
        for n in itertools.count():
            pass


class Greedy(Trait):
    async def execute(self, entity):
        [Loud()].index(1)

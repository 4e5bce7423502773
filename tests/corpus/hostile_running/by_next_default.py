# category: swallowing; expect: stopped
import itertools


class Loud:
    def __next__(self):
        for n in itertools.count():
            pass


class Greedy(Trait):
    async def execute(self, entity):
        next(Loud(), None)

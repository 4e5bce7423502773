# category: endless; expect: stopped
import itertools


class D(dict):
    def __init__(self):
        super().__init__(enumerate(itertools.count()))


class Greedy(Trait):
    async def execute(self, entity):
        D()

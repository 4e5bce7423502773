# category: endless; expect: stopped
import itertools


class D(dict):
    def go(self):
        super().update(enumerate(itertools.count()))


class Greedy(Trait):
    async def execute(self, entity):
        D().go()

# category: libraries; expect: refused; rule: dunder
import itertools


class Sneaky(Trait):
    async def execute(self, entity):
        itertools.tee([1])[0].__copy__()

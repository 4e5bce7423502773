# category: libraries; expect: refused; rule: dunder
import itertools


class Sneaky(Trait):
    async def execute(self, entity):
        itertools.count().__reduce__()[0]

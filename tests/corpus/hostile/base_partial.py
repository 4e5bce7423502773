# category: classes; expect: refused; rule: base
from functools import partial


class P(partial):
    def __call__(self):
        return 1


class Sneaky(Trait):
    async def execute(self, entity):
        pass

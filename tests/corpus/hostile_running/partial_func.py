# category: escapes; expect: stopped
from functools import partial


class Greedy(Trait):
    async def execute(self, entity):
        partial(len).func([1]) + partial(max, 1).args[0]

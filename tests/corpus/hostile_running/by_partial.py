# category: recursion; expect: stopped
from functools import partial


class Greedy(Trait):
    async def execute(self, entity):
        def f():
            return partial(f)()
        f()

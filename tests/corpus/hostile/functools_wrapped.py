# category: libraries; expect: refused; rule: dunder
from functools import cache


@cache
def f():
    return 1


class Sneaky(Trait):
    async def execute(self, entity):
        f.__wrapped__

# category: recursion; expect: stopped
from functools import cache

def nest(times):
    made = ()
    for _ in range(times):
        made = (made,)
    return made


@cache
def kept(x):
    return 1


class Greedy(Trait):
    async def execute(self, entity):
        kept(nest(40_000))

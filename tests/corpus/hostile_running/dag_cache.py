# category: slow-operations; expect: stopped
def grow(kind, times):
    made = kind([1, 2])
    for _ in range(times):
        made = kind([made, made])
    return made


from functools import lru_cache


@lru_cache
def kept(x):
    return 1


class Greedy(Trait):
    async def execute(self, entity):
        kept(grow(tuple, 60))

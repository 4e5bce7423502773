# category: slow-operations; expect: stopped
def grow(kind, times):
    made = kind([1, 2])
    for _ in range(times):
        made = kind([made, made])
    return made


class Greedy(Trait):
    async def execute(self, entity):
        kept = set()
        kept.add(grow(tuple, 60))

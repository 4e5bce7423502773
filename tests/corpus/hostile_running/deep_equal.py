# category: recursion; expect: stopped
def nest(times):
    made = ()
    for _ in range(times):
        made = (made,)
    return made


class Greedy(Trait):
    async def execute(self, entity):
        nest(40_000) == nest(40_000)

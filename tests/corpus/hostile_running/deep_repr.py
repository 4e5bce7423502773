# category: recursion; expect: stopped
def nest(times):
    made = ()
    for _ in range(times):
        made = (made,)
    return made


class Greedy(Trait):
    async def execute(self, entity):
        repr(nest(40_000))

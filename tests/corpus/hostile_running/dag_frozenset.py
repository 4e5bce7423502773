# category: slow-operations; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        made = frozenset([1])
        for n in range(3000):
            made = frozenset([made, n])
        {made: 1}
        repr(made)
        while entity:
            repr(made)

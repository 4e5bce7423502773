# category: escapes; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        p = property(lambda self: 1)
        p.getter(len)

# category: escapes; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        g = (n for n in (1,))
        next(g)
        g.throw(ValueError)

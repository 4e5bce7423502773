# category: escapes; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        kind = type(entity)
        kind.energy = 7

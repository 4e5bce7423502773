# category: escapes; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        entity.energy = True
        entity.energy += float('inf')

# category: escapes; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        entity.max_energy = 1e30
        entity.energy = 1e30

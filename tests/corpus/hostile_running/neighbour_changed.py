# category: escapes; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        for other in entity.nearby_entities(500):
            other.energy = 0

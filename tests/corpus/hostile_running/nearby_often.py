# category: slow-operations; expect: stopped
class Greedy(Trait):
    async def execute(self, entity):
        for _ in range(10 ** 6):
            entity.nearby_entities(500)

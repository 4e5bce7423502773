# category: escapes; expect: stopped
KEPT = []


class Greedy(Trait):
    async def execute(self, entity):
        KEPT.extend(entity.nearby_entities(500))
        KEPT[0].energy

class T(Trait):
    async def execute(self, entity):
        others = entity.nearby_entities(40)
        total = 0
        for o in others:
            total += o.energy
        mean = total / len(others) if others else total
        entity.vx = mean / 10
        entity.vy = total // 7 - total % 3
        entity.radius = -total if total else 1

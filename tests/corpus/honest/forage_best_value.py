"""Forage by value: amount of food divided by how far away it is."""


class ForageBestValue(Trait):
    async def execute(self, entity):
        best = None
        best_score = 0.0
        for resource in entity.nearby_resources(80):
            dx, dy = resource.x - entity.x, resource.y - entity.y
            score = resource.amount / (1.0 + (dx ** 2 + dy ** 2) ** 0.5)
            if score > best_score:
                best_score = score
                best = resource
        if best is None:
            return
        entity.vx += (best.x - entity.x) * 0.05
        entity.vy += (best.y - entity.y) * 0.05
        entity.eat(min(4.0, best.amount))

import math


class CompeteOrLeave(Trait):
    """Eat if strong enough for this place, otherwise look for another one."""

    def __init__(self):
        super().__init__()
        self.patience = 10

    def strength(self, body) -> float:
        return body.energy * 0.01 + body.radius * 0.5

    async def execute(self, entity):
        rivals = entity.nearby_entities(15.0)
        own = self.strength(entity)
        stronger = sum(1 for r in rivals if self.strength(r) > own)
        if stronger <= 2:
            self.patience = 10
            entity.eat(5.0)
            return
        self.patience -= 1
        if self.patience <= 0:
            self.patience = 10
            angle = math.atan2(entity.vy, entity.vx) + math.pi / 2
            entity.vx = 1.5 * math.cos(angle)
            entity.vy = 1.5 * math.sin(angle)

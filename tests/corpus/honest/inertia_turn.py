import math


class InertiaTurn(Trait):
    """Turn toward food by at most some degrees per tick."""

    MAX_TURN = math.radians(12)

    async def execute(self, entity):
        foods = entity.nearby_resources(65.0)
        if not foods:
            return
        heading = math.atan2(entity.vy, entity.vx)
        wanted = math.atan2(foods[0].y - entity.y, foods[0].x - entity.x)
        diff = (wanted - heading + math.pi) % (2 * math.pi) - math.pi
        diff = max(-self.MAX_TURN, min(self.MAX_TURN, diff))
        speed = max(0.3, math.hypot(entity.vx, entity.vy))
        entity.vx = speed * math.cos(heading + diff)
        entity.vy = speed * math.sin(heading + diff)

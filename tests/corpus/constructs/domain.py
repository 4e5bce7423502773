import math
class T(Trait):
    async def execute(self, entity):
        entity.vx = 0.5
        entity.vy = math.sqrt(entity.vx - 0.1) + math.log(entity.y - 30)
        entity.radius = math.asin(entity.x / 100) + 2

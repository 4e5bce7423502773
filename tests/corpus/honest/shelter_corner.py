import math


class ShelterCorner(Trait):
    """At night, go to the closest corner of the own 400 x 400 district."""

    async def execute(self, entity):
        hour = entity.age % 3600
        if not 1800 <= hour < 3600:
            return
        corner_x = round(entity.x / 400.0) * 400.0
        corner_y = round(entity.y / 400.0) * 400.0
        d = math.dist((entity.x, entity.y), (corner_x, corner_y))
        if d > 15.0:
            entity.move((corner_x - entity.x) / d, (corner_y - entity.y) / d)

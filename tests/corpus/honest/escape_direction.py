import math


class EscapeDirection(Trait):
    """Test eight directions and take the one with the fewest neighbours ahead."""

    async def execute(self, entity):
        others = entity.nearby_entities(30.0)
        if len(others) < 4:
            return
        best_angle = 0.0
        best_count = 1000
        for k in range(8):
            angle = k * math.pi / 4
            cx = math.cos(angle)
            cy = math.sin(angle)
            count = 0
            for o in others:
                if (o.x - entity.x) * cx + (o.y - entity.y) * cy > 0:
                    count += 1
            if count < best_count:
                best_count = count
                best_angle = angle
        entity.move(math.cos(best_angle), math.sin(best_angle))

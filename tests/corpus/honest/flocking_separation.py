class FlockingSeparation(Trait):
    """Boids rule one: steer away from whoever is too close."""

    async def execute(self, entity):
        push_x = 0.0
        push_y = 0.0
        for other in entity.nearby_entities(15.0):
            dx = entity.x - other.x
            dy = entity.y - other.y
            d2 = dx * dx + dy * dy
            if d2 < 1e-6:
                continue
            push_x += dx / d2
            push_y += dy / d2
        entity.vx = entity.vx + push_x * 0.5
        entity.vy = entity.vy + push_y * 0.5

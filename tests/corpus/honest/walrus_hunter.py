class WalrusHunter(Trait):
    """Hunts the food that is nearest, in modern style."""

    async def execute(self, entity):
        if not (foods := entity.nearby_resources(55.0)):
            return
        dx, dy = foods[0].x - entity.x, foods[0].y - entity.y
        if (d2 := dx * dx + dy * dy) > 4.0:
            inv = d2 ** -0.5
            entity.move(dx * inv, dy * inv)
        else:
            entity.eat(5.0)

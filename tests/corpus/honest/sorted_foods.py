class SortedFoods(Trait):
    """Sort the foods by amount and try the fattest three for the nearest."""

    async def execute(self, entity):
        foods = sorted(entity.nearby_resources(60.0), key=lambda f: f.amount, reverse=True)[:3]
        target = None
        best = float("inf")
        for food in foods:
            d2 = (food.x - entity.x) ** 2 + (food.y - entity.y) ** 2
            if d2 < best:
                best, target = d2, food
        if target is not None:
            entity.vx += 0.03 * (target.x - entity.x)
            entity.vy += 0.03 * (target.y - entity.y)
            entity.eat(target.amount)

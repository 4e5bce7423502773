class T(Trait):
    async def execute(self, entity):
        best = None
        score = None
        for f in entity.nearby_resources(50):
            s = f.amount / (1 + abs(f.x - entity.x))
            if score is None or s > score:
                best, score = f, s
        if best is not None:
            entity.move(best.x - entity.x, best.y - entity.y)
        entity.vx = score or 0.25
        if score == None: entity.radius = 3
        elif score != 1: entity.radius = 1 + score

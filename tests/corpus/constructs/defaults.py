class T(Trait):
    LEAST = 0.5

    def rank(self, other):
        return other.energy / (other.age % 3)

    async def execute(self, entity):
        n = entity.nearby_entities(25)
        a = max((o.vx for o in n), default=entity.vy * self.LEAST)
        b = min(n, default=None, key=lambda o: o.energy)
        c = sum((o.vy for o in n if o.vx > 0), entity.radius / 2)
        d = sum([o.age for o in n], start=entity.age % 5)
        entity.vx = a + c / 10 + d % 3
        entity.vy = b.vx if b else max([], default=1 / (entity.age % 4))
        if n:
            entity.radius = 1 + min(n, key=self.rank).radius / 10

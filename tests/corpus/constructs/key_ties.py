class T(Trait):
    async def execute(self, entity):
        n = entity.nearby_entities(60)
        if len(n) > 1:
            a = min(n, key=lambda o: (o.generation % 3, -o.energy))
            b = sorted(n, key=lambda o: (o.generation % 2, o.age % 5))
            c = sorted(n, key=lambda o: o.generation % 3, reverse=True)
            entity.vx = (a.x - b[0].x) / 100 + b[1].vx
            entity.vy = c[0].vy + c[-1].vx

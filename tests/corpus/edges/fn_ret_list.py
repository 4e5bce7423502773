def f(e):
    return [o.vx for o in e.nearby_entities(30.0) if o.vx > 0]


class Edge(Trait):
    async def execute(self, entity):
        a = f(entity)
        entity.vx = a[0] if a else -1.0

def f(e, k):
    e.vx = k
    e.move(k, 0)
    for o in e.nearby_entities(30.0):
        e.vy += o.vy * 0.1


class Edge(Trait):
    async def execute(self, entity):
        f(entity, 1.5)

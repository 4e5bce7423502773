def mean(xs):
    return sum(xs) / len(xs) if xs else 0.0


class Edge(Trait):
    async def execute(self, entity):
        entity.vx = mean([o.x for o in entity.nearby_entities(30.0)]) * 0.01

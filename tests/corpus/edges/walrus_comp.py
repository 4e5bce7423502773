class Edge(Trait):
    async def execute(self, entity):
        a = [y for o in entity.nearby_entities(40.0) if (y := o.x - entity.x) > 0]
        entity.vx = sum(a)

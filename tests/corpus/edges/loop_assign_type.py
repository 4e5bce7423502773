class Edge(Trait):
    async def execute(self, entity):
        a = 0
        for o in entity.nearby_entities(40.0):
            a = a + o.x
        entity.vx = a * 0.001

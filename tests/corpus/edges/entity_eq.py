class Edge(Trait):
    async def execute(self, entity):
        for o in entity.nearby_entities(30.0):
            if o == entity or o is entity:
                entity.vx = 9.0

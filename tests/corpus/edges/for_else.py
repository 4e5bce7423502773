class Edge(Trait):
    async def execute(self, entity):
        for o in entity.nearby_entities(30):
            if o.x > entity.x:
                break
        else:
            entity.vx = 1.0

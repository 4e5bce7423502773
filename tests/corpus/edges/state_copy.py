class Edge(Trait):
    async def execute(self, entity):
        for o in entity.nearby_entities(40.0):
            entity.state = o.state
            break

class Edge(Trait):
    async def execute(self, entity):
        entity.state = 'hunting'
        for o in entity.nearby_entities(40.0):
            entity.state = o.state
            break

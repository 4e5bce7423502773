class Edge(Trait):
    async def execute(self, entity):
        n = 0
        for o in entity.nearby_entities(60.0):
            if o.state == 'hunting':
                n += 1
        entity.vx = n

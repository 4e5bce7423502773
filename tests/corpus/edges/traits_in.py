class Edge(Trait):
    async def execute(self, entity):
        if 'Explorer' in entity.traits:
            entity.vx = 1.0
        if 'Nope' not in entity.traits:
            entity.vy = 1.0
        for o in entity.nearby_entities(40.0):
            if 'Predator' in o.traits:
                entity.radius += 0.1

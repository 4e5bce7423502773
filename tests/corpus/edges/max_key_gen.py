class Edge(Trait):
    async def execute(self, entity):
        m = max((o for o in entity.nearby_entities(40.0)), key=lambda o: o.energy - abs(o.x - entity.x), default=None)
        if m is not None:
            entity.vx = m.energy * 0.01

class Edge(Trait):
    async def execute(self, entity):
        os = entity.nearby_entities(40)
        ns = entity.nearby_entities(30)
        if os and ns and os[0] is ns[0]:
            entity.vx = 1.0

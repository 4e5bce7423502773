class Edge(Trait):
    async def execute(self, entity):
        os = entity.nearby_entities(40)
        ns = entity.nearby_entities(30)
        if os and ns and os[0] == ns[0] and os[0] is not None:
            entity.vx = 1.0
        if ns and ns[-1] in os:
            entity.vy = 1.0

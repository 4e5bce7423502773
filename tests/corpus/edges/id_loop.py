class Edge(Trait):
    async def execute(self, entity):
        entity.vx = sum(ord(c) for c in entity.id) % 7

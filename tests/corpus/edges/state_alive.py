class Edge(Trait):
    async def execute(self, entity):
        entity.state = 'alive'

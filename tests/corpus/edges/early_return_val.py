class Edge(Trait):
    async def execute(self, entity):
        if entity.age % 2:
            return None
        return 5

class Edge(Trait):
    async def execute(self, entity):
        r = 300
        entity.color = f'#{r:02x}0000'

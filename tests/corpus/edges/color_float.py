class Edge(Trait):
    async def execute(self, entity):
        r = 2.5
        entity.color = f'#{int(r * 40):02x}{128:02x}{0:02x}'

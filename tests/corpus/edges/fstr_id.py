class Edge(Trait):
    async def execute(self, entity):
        a = f'{entity.age}'
        entity.vx = len(a)

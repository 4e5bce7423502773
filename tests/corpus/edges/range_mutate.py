class Edge(Trait):
    async def execute(self, entity):
        n = 3
        for i in range(n):
            n += 1
            i += 10
        entity.vx = n

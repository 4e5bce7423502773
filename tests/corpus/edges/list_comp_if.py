class Edge(Trait):
    async def execute(self, entity):
        a = [x * 2 for x in range(10) if x % 3 == 1]
        entity.vx = sum(a) * 0.01 + len(a)

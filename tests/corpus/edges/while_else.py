class Edge(Trait):
    async def execute(self, entity):
        n = 0
        while n < 3:
            n += 1
            if entity.age % 5 == n:
                break
        else:
            entity.vx = 1.0

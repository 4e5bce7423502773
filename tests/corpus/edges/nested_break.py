class Edge(Trait):
    async def execute(self, entity):
        for i in range(5):
            for j in range(5):
                if j == i:
                    break
                if (i + j) % 3 == 0:
                    continue
                entity.vx += 0.01 * (i - j)
            else:
                entity.vy += 1.0

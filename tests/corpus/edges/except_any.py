class Edge(Trait):
    async def execute(self, entity):
        try:
            entity.vx = 1.0
            a = [1][5]
        except Exception:
            entity.vy = 1.0

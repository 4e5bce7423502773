class Edge(Trait):
    async def execute(self, entity):
        try:
            while True:
                pass
        except Exception:
            entity.vy = 1.0

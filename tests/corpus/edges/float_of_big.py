class Edge(Trait):
    async def execute(self, entity):
        entity.vx = float(9007199254740993) - 9007199254740992.0
        entity.vy = 9007199254740993 - 9007199254740992.0

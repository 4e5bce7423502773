class T(Trait):
    async def a(self, e): return e.vx / 2
    async def b(self, v, e):
        if v > 0: return await self.a(e)
        return 1
    async def execute(self, entity):
        v = await self.a(entity)
        w = await self.b(v, entity)
        entity.vx = v + w

class T(Trait):
    async def execute(self, entity):
        x = None if entity.age % 2 else 3
        entity.vx = 1
        entity.vy = x

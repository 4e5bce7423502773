class T(Trait):
    async def execute(self, entity):
        x = entity.age + 1
        for k in range(6):
            x = x * x
            entity.vx += 0.1
        entity.radius = x % 7

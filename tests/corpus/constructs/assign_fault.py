class T(Trait):
    async def execute(self, entity):
        entity.vx = 1
        if entity.age % 2: entity.age = 3

class T(Trait):
    async def execute(self, entity):
        for i in range(entity.age):
            for o in entity.nearby_entities(20):
                entity.vx += 0.001 * o.vx
